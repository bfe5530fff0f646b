"""The end of what a kernel's process prints outside of any cell: mostly, why it did not start."""

import threading
from collections import deque
from contextlib import suppress
from typing import IO

__all__ = ["LastWords"]

LINES, LONGEST = 30, 500
"""Lines that are kept, and characters of each."""


class LastWords:
    """Reads a stream to its end, so that its writer never waits, and remembers the last of it."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=LINES)
        self._reader: threading.Thread | None = None

    def listen(self, stream: IO[bytes] | None) -> None:
        """Begin to read; the stream is closed at its end."""
        if stream is not None:
            self._reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
            self._reader.start()

    def text(self, patience: int | float = 1.0) -> str:
        """Return the last lines, once the stream has ended or after some seconds of patience."""
        if self._reader is not None:
            self._reader.join(patience)
        return "\n".join(self._lines)

    def _read(self, stream: IO[bytes]) -> None:
        with stream, suppress(OSError, ValueError):
            while line := stream.readline(2**16):
                self._lines.append(line.decode("utf-8", "replace").rstrip()[:LONGEST])
