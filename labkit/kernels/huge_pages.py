"""Memory in pages of two megabytes instead of four kilobytes, for forks that are short.

A fork copies the table of all pages, and the end of a process takes it apart again: with huge pages
that table is short. Needs Linux 6.1; where it is not to be had, nothing changes.
"""

import ctypes
import mmap
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["gather", "places"]

COLLAPSE = 25
"""``MADV_COLLAPSE`` of ``madvise``: put what lies in small pages here into a huge one, now."""

ENOUGH = 0.9
"""Of a huge page that is in memory already, so that to fill it up costs little."""

ENTRY, PRESENT = 8, 63
"""Bytes of an entry of ``/proc/self/pagemap``, and its bit for a page that is in memory."""

ANONYMOUS = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw-p 0+ 00:00 0\s*(?:\[heap\])?$", re.MULTILINE)
SIZE = Path("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size")


def gather() -> Iterator[bool]:
    """Put this process's memory into huge pages, one with each step, which takes milliseconds.

    No other process should share that memory at the time: it would keep the small pages for itself.
    """
    try:
        size = int(SIZE.read_text())
        madvise = ctypes.CDLL(None).madvise
    except (AttributeError, OSError, ValueError):
        return
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    with suppress(OSError):
        for place in list(places(Path("/proc/self/maps").read_text(), size)):
            if _filled(place, size) > ENOUGH:
                madvise(place, size, COLLAPSE)  # or not: some memory has to stay as it is
                yield True


def _filled(place: int, size: int) -> float:
    """Return how much of a huge page is in memory, between 0 and 1."""
    # Opened for each step: nothing may be open in a server when it forks between two of them.
    with open("/proc/self/pagemap", "rb", buffering=0) as pages:
        pages.seek(place // mmap.PAGESIZE * ENTRY)
        entries = memoryview(pages.read(size // mmap.PAGESIZE * ENTRY)).cast("Q")
    return sum(entry >> PRESENT for entry in entries) / (len(entries) or 1)


def places(maps: str, size: int) -> Iterator[int]:
    r"""Yield the addresses at which private memory, as ``/proc/self/maps`` lists it, fills a page.

    Examples
    --------
    >>> maps = "1000-9000 rw-p 00000000 00:00 0 \n9000-f000 r--p 00000000 00:00 0 \n"
    >>> [hex(place) for place in places(maps, 0x4000)]
    ['0x4000']
    """
    for found in ANONYMOUS.finditer(maps):
        start, end = (int(number, 16) for number in found.groups())
        yield from range(-(-start // size) * size, end - size + 1, size)
