"""How many threads the libraries of a forked process compute with.

They read this from their environment when they are loaded, in the server, where it is one.
"""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

__all__ = ["cores", "set_threads", "wanted"]

SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


def wanted(environment: Mapping[str, str]) -> int:
    """Return how many threads an environment asks for: ``OMP_NUM_THREADS``, or one for each core.

    Examples
    --------
    >>> wanted({"OMP_NUM_THREADS": "3,2"})
    3
    """
    first = environment.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) > 0 else cores()


def cores() -> int:
    """Return how many cores this process may use; two that share one core count once."""
    usable = os.sched_getaffinity(0)
    try:
        return len({Path(SIBLINGS.format(number)).read_text() for number in usable})
    except OSError:
        return len(usable)


def set_threads(environment: Mapping[str, str]) -> None:
    """Give PyTorch and the libraries of linear algebra the threads that an environment asks for."""
    count = wanted(environment)
    if count == 1:
        return
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(count)
    with suppress(ImportError):
        from threadpoolctl import threadpool_limits

        threadpool_limits(count)
