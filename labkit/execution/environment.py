"""The environment that a run gives its kernels: a fair share of the machine, and no more."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

__all__ = ["cores", "default_workers", "memory", "shared_by"]

SHARE_OF_MEMORY = 0.9
"""Of the machine's memory, what one kernel may take before it is refused more."""

CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def shared_by(workers: int, own: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment for kernels of which ``workers`` run at once.

    Threads times workers stay within the cores: two kernels with two threads each on two cores
    were seen to make a step of one millisecond take three hundred. What the user has set stays.
    """
    share = {"OMP_NUM_THREADS": str(max(1, cores() // workers)), "OMP_WAIT_POLICY": "passive"}
    if (total := memory()) is not None:
        share["LABKIT_MEMORY_LIMIT"] = str(int(total * SHARE_OF_MEMORY))
    return {**share, **own}


def default_workers() -> int:
    """Return how many notebooks run at once where nobody says: on half of the cores, at most 4."""
    return max(1, min(4, cores() // 2))


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int | None:
    """Return the bytes of memory that this machine, or this container, has; ``None`` if unknown."""
    if sys.platform != "linux":
        return None
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in CGROUP_LIMITS:
        with suppress(OSError, ValueError):  # "max", or no such file
            found.append(int(Path(name).read_text(encoding="ascii")))
    return min(found)
