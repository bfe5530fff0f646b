"""A process that somebody else forked, held like one's own: by its descriptor and its lifeline."""

import os
import select
import signal
import socket
import struct
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from labkit.errors import ForkError
from labkit.kernels.fork_protocol import answers

__all__ = ["Forked", "is_running"]

LOOK_UP = 0.5
"""Seconds after which somebody who waits for a server looks whether it still lives."""

LAST_WORDS = 2.0
"""Seconds that a server may take to tell how its child ended."""


class Forked:
    """A forked process, with the interface of ``subprocess.Popen``. It ends when this is closed.

    Parameters
    ----------
    connection
        To the server, which was asked to fork.
    patience
        Seconds that the server may take.

    Attributes
    ----------
    returncode
        As ``subprocess`` has it; ``None`` while the process lives. When the server was killed
        first, nobody knows how a child was killed: then it is -9.
    peak_memory
        Bytes that the process held at most, those it shares with the server included; ``None``
        while it lives, or when the server was killed first.

    Raises
    ------
    ForkError
        When the server refuses.
    EOFError
        When it ends instead of answering.
    """

    def __init__(self, connection: socket.socket, patience: float | int) -> None:
        self.stdin: IO[Any] | None = None
        self.stdout: IO[Any] | None = None
        self.stderr: IO[Any] | None = None
        self.returncode: int | None = None
        self.peak_memory: int | None = None
        self._connection, self._pidfd = connection, -1
        self._told: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._hear_of_it(patience)
        if self._pidfd < 0:
            raise ForkError("the fork server did not answer in time")
        self.pid: int = self._told["pid"]

    def ready(self, patience: float | int) -> dict[str, Any] | None:
        """Wait until the process says that it is ready; return what it says.

        ``None`` when it ended, or said nothing in all the seconds of ``patience``.
        """
        with self._lock, suppress(EOFError):
            self._hear_until("ready", patience)
        return self._told.get("ready")

    def fileno(self) -> int:
        """Return a descriptor that is readable when the process has ended."""
        return self._pidfd

    def poll(self) -> int | None:
        """Return the exit code, or ``None`` while the process lives."""
        with self._lock:
            if self.returncode is None and self._has_ended(0):
                self._conclude()
            return self.returncode

    def wait(self, timeout: float | int | None = None) -> int:
        """Wait for the end; return the exit code.

        Raises
        ------
        subprocess.TimeoutExpired
            When it still lives after ``timeout`` seconds.
        """
        if self.returncode is None and not self._has_ended(timeout):
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        with self._lock, suppress(ProcessLookupError):
            if self.poll() is None:
                signal.pidfd_send_signal(self._pidfd, number)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process at once."""
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Let go of the process, which ends it if it still lives."""
        with self._lock:
            self._connection.close()
            if self._pidfd >= 0:
                os.close(self._pidfd)
                self._pidfd = -1

    def __del__(self) -> None:
        self.close()

    def _has_ended(self, timeout: float | int | None) -> bool:
        poll = select.poll()
        try:
            poll.register(self._pidfd, select.POLLIN)
        except ValueError:  # closed by another thread, which saw the end first
            return True
        return bool(poll.poll(None if timeout is None else timeout * 1000))

    def _conclude(self) -> None:
        with suppress(EOFError, OSError):
            self._hear_until("exit", LAST_WORDS)
        unseen = self._told.get("leaving", -signal.SIGKILL)
        self.returncode = self._told.get("exit", unseen)
        self.peak_memory = self._told.get("peak_memory")
        self.close()

    def _hear_of_it(self, patience: int | float) -> None:
        """Wait for the process to be there, as long as the server lives that was asked for it.

        The connection alone does not tell: a child that was forked a moment before its server was
        killed holds it open, and nobody will ever say that it is there.
        """
        credentials = self._connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        server, _, _ = struct.unpack("3i", credentials)
        deadline = time.monotonic() + patience
        while "pid" not in self._told and time.monotonic() < deadline:
            lives = is_running(server)
            self._hear_until("pid", LOOK_UP)
            if "pid" not in self._told and not lives:
                raise EOFError("the fork server ended before it answered")

    def _hear_until(self, fact: str, patience: float | int) -> None:
        """Read what is told until a fact is among it or time is up; the order is not certain."""
        deadline = time.monotonic() + patience
        while fact not in self._told and (left := deadline - time.monotonic()) > 0:
            self._connection.settimeout(left)
            try:
                told, descriptors = answers(self._connection)
            except TimeoutError:
                return
            self._pidfd = descriptors[0] if descriptors else self._pidfd
            self._told |= told
            if "error" in told:
                raise ForkError(told["error"])


def is_running(process: int) -> bool:
    """Tell whether a process lives; one that has ended and waits for its parent does not."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
