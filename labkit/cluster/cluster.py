"""A Dask cluster as a performer: each job runs on any of its machines, and once more if one dies.

Dask decides where. It is given no more tasks than there are threads, so that the jobs begin in
their order and none is waiting there when a run stops.
"""

import contextlib
import platform
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from distributed import Client, Future
from distributed.comm import get_address_host

from labkit.cluster import cluster_worker
from labkit.cluster.connection import LOCAL, connected
from labkit.cluster.errand import Errand, deliver, errand
from labkit.execution import environment
from labkit.execution.performer import Call, Event, Performer
from labkit.kernels import forked

__all__ = ["Cluster"]

PATIENCE = 60.0
"""Seconds that a cluster may be without a worker before the run gives up."""

TICK = 0.5
"""Seconds after which the cluster is looked at, though nothing was heard of it."""

LAST_WORDS = 10.0
"""Seconds that a message to the workers may take."""


@dataclass
class _Task:
    """A call that was given to the cluster."""

    call: Call
    errand: Errand
    future: Future
    begun: bool = False


class Cluster(Performer):
    """The machines of a Dask cluster.

    Parameters
    ----------
    address
        Of its scheduler, ``tcp://HOST:PORT``; ``local`` starts one on this machine.
    workers
        How many notebooks run at once: at most as many as the cluster has threads, which is what
        ``None`` means. Of ``local``, the number of its processes.
    """

    def __init__(self, address: str, *, workers: int | None = None) -> None:
        self._address, self._workers = address, workers
        self._topic = f"labkit-{secrets.token_hex(8)}"
        self._heard: SimpleQueue[tuple[int, str, Any] | None] = SimpleQueue()
        self._tasks: dict[int, _Task] = {}
        self._finishing = False
        self._interrupts = 0
        self._shared: dict[str, str] | None = None

    def perform(self, calls: Iterable[Call]) -> Iterator[Event]:
        """Yield what happens, until every call that was begun is done or lost.

        Raises
        ------
        OptionError
            When there is no such cluster, or its workers have another labkit.
        """
        waiting = deque(enumerate(calls))
        if not waiting:
            return
        count = min(self._workers or environment.default_workers(), len(waiting))
        if self._address == LOCAL:
            self._shared = environment.shared_by(count)
            if not forked.why_not():
                # It imports PyTorch while the cluster starts.
                forked.start("kernel", self._shared)
        with connected(self._address, count) as client:
            client.subscribe_topic(self._topic, lambda event: self._heard.put(tuple(event[1])))
            yield from self._conduct(client, waiting)

    def finish(self) -> None:
        """Begin no other call."""
        self._finishing = True

    def interrupt(self) -> None:
        """Begin no other call, and ask those under way to stop; asked again, end them."""
        # No more than this, as it may interrupt whatever this thread is doing.
        self._finishing = True
        self._interrupts += 1
        self._heard.put(None)

    def _conduct(self, client: Client, waiting: deque[tuple[int, Call]]) -> Iterator[Event]:
        cluster, interrupted = _Sight(client), False
        while True:
            if self._finishing:
                waiting.clear()
                self._withdraw()
            if self._interrupts and not interrupted:
                interrupted = True
                _interrupt(client, self._topic)
            if (why := cluster.is_lost()) or self._interrupts > 1:
                yield from self._give_up(waiting, f"the cluster at {self._address} {why}")
                return
            if client.status == "running":
                self._submit(client, waiting, cluster.threads())
            if not self._tasks and not waiting:
                return
            yield from self._next_events()

    def _submit(
        self, client: Client, waiting: deque[tuple[int, Call]], threads: Counter[str]
    ) -> None:
        # One that has no worker yet may grow when there is something to do.
        most = threads.total() or 1
        most = min(most, self._workers or most)
        while waiting and len(self._tasks) < most:
            number, call = waiting.popleft()
            sent = errand(call)
            beside = {host: min(count, most) for host, count in threads.items()}
            future = client.submit(
                cluster_worker.perform,
                sent,
                number,
                self._topic,
                shared=self._shared,
                beside=beside,
                key=f"{self._topic}-{number}",
                priority=-number,
                pure=False,
            )
            self._tasks[number] = _Task(call, sent, future)
            threading.Thread(target=self._wait, args=(number, future), daemon=True).start()

    def _wait(self, number: int, future: Future) -> None:
        """Wait for what comes of a task, also when it is computed once more meanwhile."""
        try:
            self._heard.put((number, "done", future.result()))
        except CancelledError:
            self._heard.put((number, "lost", f"the cluster at {self._address} has gone"))
        except Exception as error:  # whatever it is, nobody may wait for an answer in vain
            self._heard.put((number, "lost", str(error) or type(error).__name__))

    def _next_events(self) -> Iterator[Event]:
        """Yield what the next thing that is heard means; nothing when nothing is heard."""
        try:
            number, kind, value = self._heard.get(timeout=TICK) or (-1, "", None)
        except Empty:
            return
        if (task := self._tasks.get(number)) is None:
            return
        if not task.begun:
            task.begun = True
            yield Event(task.call.key, "begun")
        if kind in {"done", "lost"}:
            del self._tasks[number]
            value = _outcome(task.errand, *value) if kind == "done" else value
        if kind != "begun":
            yield Event(task.call.key, kind, value)

    def _withdraw(self) -> None:
        """Take back what has not begun."""
        for number in [number for number, task in self._tasks.items() if not task.begun]:
            self._tasks.pop(number).future.cancel()

    def _give_up(self, waiting: deque[tuple[int, Call]], why: str) -> Iterator[Event]:
        for task in self._tasks.values():
            task.future.cancel()
        for call in [*(task.call for task in self._tasks.values()), *(c for _, c in waiting)]:
            yield Event(call.key, "lost", why)


class _Sight:
    """What is seen of a cluster, which is looked at now and then."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._threads: Counter[str] = Counter()
        self._looked, self._seen = 0.0, time.monotonic()

    def threads(self) -> Counter[str]:
        """Return machine → how many tasks its workers can do at once."""
        if time.monotonic() - self._looked > TICK:
            self._threads = self._look()
            self._looked = time.monotonic()
        if self._threads:
            self._seen = time.monotonic()
        return self._threads

    def is_lost(self) -> str:
        """Return why nothing can be expected of the cluster any more; "" when something can."""
        if self._client.status in {"closing", "closed"}:
            return "has gone"
        if not self.threads() and time.monotonic() - self._seen > PATIENCE:
            told = f"has had no worker for {PATIENCE:.0f} s"
            return f'{told}; start one with "dask worker ADDRESS"'
        return ""

    def _look(self) -> Counter[str]:
        found: Counter[str] = Counter()
        if self._client.status == "running":
            with contextlib.suppress(OSError, RuntimeError):
                for address, threads in self._client.nthreads().items():
                    found[get_address_host(address)] += threads
        return found


def _interrupt(client: Client, topic: str) -> None:
    """Ask all workers to stop what they do for this run, and wait a while for them to hear it."""

    def ask() -> None:
        with contextlib.suppress(Exception):  # a worker that is gone has nothing to stop
            client.run(cluster_worker.interrupt, topic, on_error="ignore")

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(LAST_WORDS)


def _outcome(sent: Errand, result: Any, before: list[str]) -> dict[str, Any]:
    outcome = deliver(result, sent)
    theirs, ours = outcome["versions"].get("python", ""), platform.python_version()
    if theirs and theirs.split(".")[:2] != ours.split(".")[:2]:
        outcome["notes"].append(f"ran with Python {theirs}; this machine has {ours}")
    if before:
        outcome["notes"].append(f"ran again after a worker died ({before[-1]})")
    return outcome
