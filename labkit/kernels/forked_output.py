"""What is printed in a cell, by whomever, all of it, before the cell has ended or the kernel dies.

C libraries and other processes print to the descriptors 1 and 2, which are pipes that the kernel
itself reads in a thread. ipykernel ends a cell without asking whether anything is still in them,
and takes for flushed what a dying kernel takes along.
"""

import codecs
import fcntl
import os
import select
import struct
import termios
import threading
import time
from contextlib import suppress
from typing import Any

from ipykernel.iostream import OutStream

from labkit.kernels import io_threads

__all__ = ["WholeOutput"]

PATIENCE = 1.0
"""Seconds that a cell waits at most for what was printed before its end."""


class WholeOutput(OutStream):
    """ipykernel's ``sys.stdout`` and ``sys.stderr``, whose ``flush`` empties the pipe behind it."""

    _taken = 0  # bytes, so far
    _written = _sent = None  # what was written last, and what of it is known to be sent

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._taking = threading.Lock()
        super().__init__(*arguments, **options)

    def flush(self) -> None:
        """Send what was printed, in whatever way, by now."""
        reader = getattr(self, "watch_fd_thread", None)
        sender = self.pub_thread and self.pub_thread.thread
        if threading.current_thread() not in (reader, sender):
            if reader and self._is_master_process():
                with suppress(OSError):
                    self._wait_for_the_reader(reader)
            if sender and sender.is_alive():
                # A kernel flushes four times for each cell, mostly with nothing to say.
                if (written := self._written) is not self._sent:
                    self._wait_for_the_sender(sender)
                    self._sent = written
                return
        super().flush()

    def write(self, string: str) -> int | None:
        """Take what is printed; it is sent a little later, or at the next ``flush``.

        Halves of a pair of surrogates, as in the names of files in another encoding, cannot be
        sent. ipykernel would lose all that is printed with them.
        """
        if isinstance(string, str) and not string.isascii():
            string = string.encode("utf-8", "backslashreplace").decode("utf-8")
        taken = super().write(string)
        self._written = object()
        return taken

    def _wait_for_the_sender(self, sender: threading.Thread) -> None:
        sent = threading.Event()

        def send() -> None:
            try:
                self._flush()  # puts it at the end of the sender's queue, and no further
            finally:
                self.pub_thread.schedule(sent.set)

        self.pub_thread.schedule(send)
        deadline = time.monotonic() + self.flush_timeout
        # ipykernel waits for a sender that has just ended, too: ten seconds when a kernel ends.
        while sender.is_alive() and not sent.wait(0.05) and time.monotonic() < deadline:
            pass
        io_threads.written()

    def _wait_for_the_reader(self, reader: threading.Thread) -> None:
        with self._taking:
            printed = self._taken + _unread(self._fid)
        deadline = time.monotonic() + PATIENCE
        while self._taken < printed and reader.is_alive() and time.monotonic() < deadline:
            time.sleep(0.0005)

    def _watch_pipe_fd(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        with suppress(OSError, ValueError):
            while self._should_watch:
                select.select([self._fid], [], [])
                with self._taking:
                    printed = os.read(self._fid, 2**16)
                    if not printed or not self._should_watch:
                        return
                    self.write(decoder.decode(printed))
                    self._taken += len(printed)
                os.write(self._original_stdstream_copy, printed)


def _unread(descriptor: int) -> int:
    return struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4))[0]
