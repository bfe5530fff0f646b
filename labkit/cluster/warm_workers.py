"""Workers that stay for a while when they have done something, in case there is more to do."""

import threading
from collections import defaultdict
from collections.abc import Mapping

from labkit.execution.workers import Worker

__all__ = ["WarmWorkers"]

IDLE = 30.0
"""Seconds that a worker waits for more."""

Environment = frozenset[tuple[str, str]]


class WarmWorkers:
    """Workers of which each serves one thread at a time.

    A worker that has run one notebook begins the next without importing anything.

    Parameters
    ----------
    idle
        Seconds after which one that nobody takes is ended.
    """

    def __init__(self, idle: float = IDLE) -> None:
        self._idle = idle
        self._waiting: dict[Environment, list[tuple[Worker, threading.Timer]]] = defaultdict(list)
        self._lock = threading.Lock()

    def take(self, environment: Mapping[str, str]) -> Worker:
        """Return a worker with an environment, which is the caller's until it is given back."""
        with self._lock:
            waiting = self._waiting[frozenset(environment.items())]
            worker, timer = waiting.pop() if waiting else (None, None)
        if timer is not None:
            timer.cancel()
        return worker or Worker(environment)

    def give_back(self, worker: Worker, environment: Mapping[str, str]) -> None:
        """Let the next who takes one have a worker that has done its work."""
        timer = threading.Timer(self._idle, self._end, (worker,))
        timer.daemon = True
        with self._lock:
            self._waiting[frozenset(environment.items())].append((worker, timer))
        timer.start()

    def _end(self, worker: Worker) -> None:
        with self._lock:
            for environment, waiting in [*self._waiting.items()]:
                left = [each for each in waiting if each[0] is not worker]
                if len(left) < len(waiting):
                    self._waiting[environment] = left
                    break
            else:
                return  # somebody took it just now
        worker.close()
