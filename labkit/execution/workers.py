"""Several workers side by side: what is to be called goes in, what happens comes out as it does."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Hashable, Iterable, Iterator, Mapping
from queue import Empty, SimpleQueue
from typing import Any

from labkit.execution.performer import Call, Event, Performer
from labkit.kernels import forked

__all__ = ["Worker", "WorkerError", "Workers"]

LAST_WORDS = 10.0
"""Seconds that a worker has to put its work in order when the run is interrupted."""


class WorkerError(RuntimeError):
    """A worker died, or the function it called raised."""


class Worker:
    """One worker process.

    Parameters
    ----------
    environment
        Of the worker, and of the kernels that it starts.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process, self._input, self._output = _started(environment)
        self._gone = False

    def call(self, function: str, arguments: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """Yield ``("told", value)`` as it is told, then ``("done", value)``.

        Raises
        ------
        WorkerError
            When the function raises, or the worker dies before it has answered.
        """
        line = json.dumps({"function": function, "arguments": arguments}, default=str)
        with contextlib.suppress(BrokenPipeError):  # told below, where its end is known
            self._input.write(line + "\n")
            self._input.flush()
        for answer in map(json.loads, self._output):
            if "error" in answer:
                raise WorkerError(answer["traceback"])
            [(kind, value)] = answer.items()
            yield kind, value
            if kind == "done":
                return
        raise WorkerError(f"the worker ended with code {self._process.wait()}")

    def interrupt(self) -> None:
        """Ask the function under way to stop; it still answers."""
        if sys.platform == "win32":
            self._process.kill()  # no signal reaches a process of another group there
        else:
            self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End the worker at once."""
        self._process.kill()

    def close(self) -> None:
        """Let the worker end."""
        for stream in (self._input, self._output):
            with contextlib.suppress(OSError):
                stream.close()
        try:
            self._process.wait(timeout=LAST_WORDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Workers(Performer):
    """A number of workers that share a list of calls.

    Parameters
    ----------
    count
        How many at once.
    environment
        Of the workers and their kernels.
    """

    def __init__(self, count: int, environment: Mapping[str, str]) -> None:
        self._count, self._environment = count, dict(environment)
        self._events: SimpleQueue[tuple[Event, threading.Event] | None] = SimpleQueue()
        # No events: who sets one holds a lock, in which the next signal would find its own thread.
        self._finishing = self._interrupted = False
        self._working: set[Worker] = set()
        # Taken by a signal's handler too, which another signal may interrupt.
        self._lock = threading.RLock()

    def perform(self, calls: Iterable[Call]) -> Iterator[Event]:
        """Yield what happens, until every call that was begun is done or lost."""
        waiting = iter(list(calls))
        threads = [
            threading.Thread(target=self._work, args=(waiting,), daemon=True)
            for _ in range(self._count)
        ]
        for thread in threads:
            thread.start()
        living = len(threads)
        while living:
            if (told := self._next_event()) is not None:
                event, heard = told
                yield event
                heard.set()
            else:
                living -= 1

    def finish(self) -> None:
        """Begin no other call."""
        self._finishing = True

    def interrupt(self) -> None:
        """Begin no other call, and ask those under way to stop; asked again, kill them."""
        self._finishing = True
        again = self._interrupted
        self._interrupted = True
        with self._lock:
            for worker in self._working:
                worker.kill() if again else worker.interrupt()

    def _tell(self, key: Hashable, kind: str, value: Any = None) -> None:
        """Hand over what happened; after the end of a call wait until it was heard.

        Who hears of it may want that no other call begins.
        """
        heard = threading.Event()
        self._events.put((Event(key, kind, value), heard))
        if kind in ("done", "lost"):
            heard.wait()

    def _next_event(self) -> tuple[Event, threading.Event] | None:
        while True:
            with contextlib.suppress(Empty):
                # Not for ever: Ctrl-C has to come through on Windows too.
                return self._events.get(timeout=0.5)

    def _work(self, waiting: Iterator[Call]) -> None:
        worker: Worker | None = None
        try:
            while (call := self._next_call(waiting)) is not None:
                self._tell(call.key, "begun")
                worker = self._perform(call, worker)
            if worker is not None:
                worker.close()
        finally:
            self._events.put(None)

    def _next_call(self, waiting: Iterator[Call]) -> Call | None:
        with self._lock:
            return None if self._finishing else next(waiting, None)

    def _perform(self, call: Call, worker: Worker | None) -> Worker | None:
        """Have a worker perform a call; return it if it can perform another."""
        try:
            worker = worker or Worker(self._environment)
            with self._watched(worker):
                for kind, value in worker.call(call.function, call.arguments):
                    self._tell(call.key, kind, value)
        except Exception as error:  # whatever it is, nobody may wait for an answer in vain
            self._tell(call.key, "lost", str(error))
            if worker is not None:
                worker.kill()
                worker.close()
            return None
        return worker

    @contextlib.contextmanager
    def _watched(self, worker: Worker) -> Iterator[None]:
        with self._lock:
            self._working.add(worker)
            if self._interrupted:
                worker.interrupt()
        try:
            yield
        finally:
            with self._lock:
                self._working.discard(worker)


def _started(environment: Mapping[str, str]) -> tuple[Any, Any, Any]:
    """Start a worker; return its process and both ends of the talk with it."""
    theirs_in, ours_in = os.pipe()
    ours_out, theirs_out = os.pipe()
    try:
        process = _process(environment, theirs_in, theirs_out)
    except BaseException:
        os.close(ours_in)
        os.close(ours_out)
        raise
    finally:
        os.close(theirs_in)
        os.close(theirs_out)
    return (
        process,
        os.fdopen(ours_in, "w", encoding="utf-8"),
        os.fdopen(ours_out, encoding="utf-8"),
    )


def _process(environment: Mapping[str, str], stdin: int, stdout: int) -> Any:
    """Fork a worker from the server that has imported what it needs, or start it from nothing."""
    if not forked.why_not():
        with contextlib.suppress(OSError, forked.ForkError):
            return forked.fork(
                "worker",
                {"argv": []},
                stdin=stdin,
                stdout=stdout,
                stderr=2,
                env=environment,
                cwd=os.getcwd(),
            )
    command = [sys.executable, "-m", "labkit.execution.worker"]
    return subprocess.Popen(
        command, stdin=stdin, stdout=stdout, env=environment, start_new_session=True
    )
