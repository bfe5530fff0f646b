"""One run at a time in a report folder; the lock of a process that was killed is free at once."""

import json
import os
import platform
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from labkit.errors import NotebookError
from labkit.execution import documents

__all__ = ["FolderLock"]

LOCK = ".labkit.lock"
OWNER = ".labkit.owner"
"""Says who holds the lock; beside it, because Windows lets nobody read a file that is locked."""


class FolderLock:
    """The right of one run to write to a folder.

    Parameters
    ----------
    folder
        An existing folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def acquire(self) -> None:
        """Take the lock, without waiting for it.

        Raises
        ------
        NotebookError
            When another run has it, or the folder cannot be locked.
        """
        import filelock  # takes longer than all the rest of a refused command

        self._lock = filelock.FileLock(self._folder / LOCK, timeout=0, thread_local=False)
        try:
            self._lock.acquire()
        except filelock.Timeout:
            raise NotebookError(
                f"{self._folder}: expected a report folder that no other run writes to, got that "
                f"of {self._owner()}; nothing was run: wait for it, or give this run a folder of "
                "its own with --out"
            ) from None
        except OSError as error:
            raise NotebookError(
                f"{self._folder}: expected a folder that can be locked, got {error.strerror!r}; "
                "nothing was run: give another folder with --out"
            ) from error
        self._sign()

    def release(self) -> None:
        """Give the lock back."""
        (self._folder / OWNER).unlink(missing_ok=True)
        self._lock.release()

    def _sign(self) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        signed = {"process": os.getpid(), "host": platform.node(), "since": now}
        with suppress(OSError):  # the lock holds all the same
            documents.write_text(json.dumps(signed), self._folder / OWNER)

    def _owner(self) -> str:
        try:
            signed = json.loads((self._folder / OWNER).read_text(encoding="utf-8"))
            return "process {process} on {host}, since {since}".format(**signed)
        except (OSError, ValueError, LookupError, TypeError):
            return "another process"
