"""The loop of a fork server: it hears requests, forks, and tells how its children ended."""

import gc
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.kernels import huge_pages
from labkit.kernels.fork_protocol import receive, tell
from labkit.kernels.preload import preload
from labkit.kernels.threads import find_pools

__all__ = ["IDLE", "ForkServer", "Request", "thread_count"]

IDLE = 600.0
"""Seconds without a child after which a server ends."""

PAUSE = 1.0
"""Seconds without a request after which a server prepares for the next."""


@dataclass(frozen=True)
class Request:
    """What a child has to become; only the child reads it.

    Parameters
    ----------
    connection
        To the one who asked.
    descriptors
        Of the request as JSON, and of standard input, output and error.
    """

    connection: socket.socket
    descriptors: list[int]


@dataclass(frozen=True)
class _Child:
    """A process that was forked and has not been reaped."""

    pid: int
    connection: socket.socket


class ForkServer:
    """Forks a child for each request, until it is idle for long or its socket is taken away.

    Parameters
    ----------
    listener
        The socket that requests come to.
    path
        Of that socket. It is removed in the end, with the log and the lock beside it.
    idle
        Seconds without a child after which it ends.
    lock
        Descriptor that is held as long as it accepts requests; nobody starts another meanwhile.
    later
        Modules to import when there is time.
    """

    def __init__(
        self,
        listener: socket.socket,
        path: Path,
        *,
        idle: float = IDLE,
        lock: int = -1,
        later: tuple[str, ...] = (),
    ) -> None:
        self._listener: socket.socket | None = listener
        self._path, self._inode = path, _inode(path)
        self._idle, self._lock, self._later = idle, lock, list(later)
        self._gathering = huge_pages.gather()
        self._children: dict[int, _Child] = {}
        self._served, self._last_used = 0, time.monotonic()
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ, self._accept)

    def serve(self) -> Request | None:
        """Serve until there is nothing left to do, and return ``None``.

        It returns a second time in each child, there with what the child has to become.
        """
        # An interrupt of a child that is too young to hear it waits until it can.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        pause = PAUSE
        while not self._has_finished():
            events = self._selector.select(min(pause, self._idle))
            # One event at a time: to answer it may take the next one away.
            for key, _ in events[:1]:
                act: Callable[[Any], Request | None] = key.data
                if request := act(key.fileobj):
                    return request
            pause = PAUSE if events or not self._use_the_pause() else 0
        self._stop_listening()
        return None

    def _use_the_pause(self) -> bool:
        """Import one more module, or make one more fork a little shorter; return False if done."""
        if not self._served:
            return False
        if self._later:
            preload([self._later.pop(0)])
            find_pools.cache_clear()
            find_pools()
            gc.freeze()
            return True
        return not self._children and next(self._gathering, False)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # whoever it was has gone again
            connection, _ = listener.accept()
            self._selector.register(connection, selectors.EVENT_READ, self._hear)

    def _hear(self, connection: socket.socket) -> Request | None:
        word, descriptors = receive(connection)
        if word == "fork" and len(descriptors) == 4:
            return self._fork(connection, descriptors)
        _close(descriptors)
        if word == "status":
            tell(connection, self._status())
        elif word == "stop":
            self._stop_listening()
            tell(connection, self._status())
        else:
            self._hang_up(connection)
        return None

    def _fork(self, connection: socket.socket, descriptors: list[int]) -> Request | None:
        pid, why_not = _forked()
        if pid == 0:
            self._leave(connection)
            return Request(connection, descriptors)
        _close(descriptors)
        if why_not:
            tell(connection, {"error": why_not})
            return None
        pidfd = os.pidfd_open(pid)
        self._children[pidfd] = _Child(pid, connection)
        self._selector.register(pidfd, selectors.EVENT_READ, self._reap)
        self._served += 1
        tell(connection, {"pid": pid}, [pidfd])
        return None

    def _reap(self, pidfd: int) -> None:
        """Tell how a child ended; the processes that it left behind end with it."""
        self._selector.unregister(pidfd)
        child = self._children.pop(pidfd)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)  # before its number can belong to anybody else
        _, status, usage = os.wait4(child.pid, 0)
        os.close(pidfd)
        ended = {"exit": os.waitstatus_to_exitcode(status), "peak_memory": usage.ru_maxrss * 1024}
        tell(child.connection, ended)
        self._hang_up(child.connection)
        self._last_used = time.monotonic()

    def _hang_up(self, connection: socket.socket) -> None:
        """Close a connection; the child at its end, if there is one, ends too."""
        for pidfd, child in self._children.items():
            if child.connection is connection:
                _kill(pidfd, child.pid)
        if connection.fileno() >= 0:
            self._selector.unregister(connection)
            connection.close()

    def _has_finished(self) -> bool:
        if self._listener is not None and _inode(self._path) != self._inode:
            self._stop_listening()
        if self._children:
            return False
        return self._listener is None or time.monotonic() - self._last_used > self._idle

    def _stop_listening(self) -> None:
        """Make room for another server; this one stays only for its children."""
        if self._listener is None:
            return
        if _inode(self._path) == self._inode:
            # The lock is the last to go: from then on another server may take this path.
            for suffix in ("", ".log", ".lock"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self._selector.unregister(self._listener)
        self._listener.close()
        self._listener = None
        if self._lock >= 0:
            os.close(self._lock)

    def _leave(self, kept: socket.socket) -> None:
        """In a child: close what belongs to the server, so that nothing closes it later."""
        held = [key.fileobj for key in self._selector.get_map().values()]
        self._selector.close()
        for item in held:
            if item is not kept:
                os.close(item) if isinstance(item, int) else item.close()

    def _status(self) -> dict[str, Any]:
        return {"server": os.getpid(), "threads": thread_count(), "children": len(self._children)}


def thread_count() -> int:
    """Return how many threads this process has, those of C libraries included."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("Threads:"))


def _forked() -> tuple[int, str]:
    """Fork; return the number of the child (0 in the child), or -1 and why there is none."""
    if (threads := thread_count()) != 1:
        return -1, f"the fork server has {threads} threads, and only one of them would be forked"
    try:
        return os.fork(), ""
    except OSError as error:
        return -1, f"no process can be forked ({error.strerror})"


def _kill(pidfd: int, group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    with suppress(ProcessLookupError):  # it may be too young to have a group
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _inode(path: Path) -> int | None:
    with suppress(OSError):
        return path.stat().st_ino
    return None
