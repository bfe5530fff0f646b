"""Short digests of texts, files and folders, by which two runs know that nothing changed."""

import hashlib
import itertools
import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

__all__ = ["of_bytes", "of_file", "of_files", "of_folder"]

LENGTH = 6
"""Bytes of a digest: two changes in 10¹⁴ would go unseen."""

LARGE = 2**20
"""Bytes from which on a file is not read twice."""

HUGE = 32 * 2**20
"""Bytes from which on a file is not read at all: its size and its time speak for it."""

MOST_FILES = 2000
"""Files of a folder that are looked at, in the order of their names."""


def of_bytes(content: bytes) -> str:
    """Return the digest of some bytes.

    Examples
    --------
    >>> of_bytes(b"one") == of_bytes(b"one"), of_bytes(b"one") == of_bytes(b"two")
    (True, False)
    """
    return hashlib.blake2b(content, digest_size=LENGTH).hexdigest()


def of_file(path: Path) -> str:
    """Return the digest of what a file holds; of its size and time when it is larger than 32 MB."""
    try:
        state = path.stat()
        if state.st_size > HUGE:
            return of_bytes(f"{state.st_size} {state.st_mtime_ns}".encode())
        if state.st_size > LARGE:
            return _of_large(path, state.st_ino, state.st_size, state.st_mtime_ns)
        return of_bytes(path.read_bytes())
    except OSError as error:
        return of_bytes(f"cannot be read: {error.errno}".encode())


def of_files(files: Iterable[Path], folder: Path) -> str:
    """Return one digest of several files in a folder: of their names and what they hold."""
    lines = (f"{path.relative_to(folder).as_posix()} {of_file(path)}" for path in sorted(files))
    return of_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))


def of_folder(folder: Path) -> str:
    """Return the digest of a folder: of the name, size and time of each file at any depth.

    Hidden files and Python's caches do not count, and after two thousand files nothing does.
    """
    lines = itertools.islice(_described(folder), MOST_FILES)
    return of_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))


@lru_cache(maxsize=256)
def _of_large(path: Path, number: int, size: int, time: int) -> str:
    del number, size, time  # they tell lru_cache whether the file is still the same
    return of_bytes(path.read_bytes())


def _described(folder: Path) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if _counts(name))
        for name in sorted(filter(_counts, files)):
            path = os.path.join(parent, name)
            try:
                state = os.stat(path)
            except OSError:
                yield f"{path} leads nowhere"
            else:
                yield f"{os.path.relpath(path, folder)} {state.st_size} {state.st_mtime_ns}"


def _counts(name: str) -> bool:
    return not name.startswith(".") and name != "__pycache__"
