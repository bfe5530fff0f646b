"""Run somebody else's function so that nothing it does can stop the caller.

The function runs in a thread of its own. A thread cannot be killed, but an exception can be set in
it; that is portable, where signals and forks are not.
"""

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event, Thread
from types import TracebackType
from typing import Any

__all__ = ["Outcome", "Worker"]

TICK = 0.2  # seconds; the main thread looks up this often, so that Ctrl-C works on Windows too
PATIENCE = 2.0  # seconds spent on stopping a function before it is left behind
CALLS = 6  # all calls together may take as long as this many calls


@dataclass(frozen=True)
class Outcome:
    """What became of one call: a value, an exception, or neither because time ran out."""

    value: Any = None
    error: BaseException | None = None
    too_slow: bool = False


class Worker:
    """One daemon thread that makes one call after the other, each within a time limit.

    Parameters
    ----------
    timeout
        Seconds that one call may take, and a sixth of what all may take together. After a call
        that took longer the worker is over.

    Attributes
    ----------
    gave_up
        Whether a call took too long; no other is made then.

    Examples
    --------
    >>> with Worker(timeout=5.0) as worker:
    ...     worker.run(lambda: 6 * 7).value
    42
    """

    def __init__(self, timeout: float | int) -> None:
        self.timeout = timeout
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self.gave_up = False
        self._leaving = False
        self._over = Event()
        self._thread = Thread(target=self._serve, name="labkit-check", daemon=True)

    def __enter__(self) -> "Worker":
        self._end = time.monotonic() + CALLS * self.timeout
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop(interrupt=kind is not None)

    @property
    def left_running(self) -> bool:
        """Whether the thread goes on although it was told to stop."""
        return not self._over.is_set()

    def run(self, function: Callable[[], Any]) -> Outcome:
        """Call ``function`` in the thread and wait for it, at most ``timeout`` seconds."""
        if self.gave_up:
            return Outcome(too_slow=True)
        outcomes: list[Outcome] = []
        done = Event()
        self._jobs.put(lambda: self._attempt(function, outcomes, done))
        give_up = min(time.monotonic() + self.timeout, self._end)
        while not done.wait(max(0.0, min(TICK, give_up - time.monotonic()))):
            if time.monotonic() >= give_up:
                self.gave_up = True
                self.stop(interrupt=True)
                return Outcome(too_slow=True)
        return outcomes[0]

    def stop(self, *, interrupt: bool) -> None:
        """Let the thread end after its last call; with ``interrupt``, in the middle of it."""
        self._leaving = interrupt
        self._jobs.put(None)
        give_up = time.monotonic() + PATIENCE
        while not self._over.is_set() and time.monotonic() < give_up:
            if interrupt:
                self._raise_inside()
            self._over.wait(0.05)
        self._thread.join(0.05)

    def _raise_inside(self) -> None:
        # SystemExit, because threading says nothing about a thread that ends with it.
        thread_id = ctypes.c_ulong(self._thread.ident or 0)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(thread_id, ctypes.py_object(SystemExit))

    def _serve(self) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                job()
        except SystemExit:
            return  # it was told to stop
        finally:
            self._over.set()

    def _attempt(self, function: Callable[[], Any], outcomes: list[Outcome], done: Event) -> None:
        try:
            outcomes.append(Outcome(value=function()))
        except BaseException as error:
            # A learner's sys.exit() is an answer like any other; our own way out is not.
            if self._leaving:
                raise
            outcomes.append(Outcome(error=error))
        done.set()
