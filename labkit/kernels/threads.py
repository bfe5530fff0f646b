"""How many threads the libraries of a forked process compute with.

They read this from their environment when they are loaded, which was in the server.
"""

import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["cores", "find_pools", "set_threads", "wanted"]

SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
ENVIRONMENT = {"openmp": "OMP", "openblas": "OPENBLAS", "mkl": "MKL"}


def wanted(environment: Mapping[str, str], library: str = "OMP") -> int:
    """Return how many threads an environment asks for.

    Its variable ``<library>_NUM_THREADS`` says so, or ``OMP_NUM_THREADS``; else one for each core.

    Examples
    --------
    >>> wanted({"OMP_NUM_THREADS": "3,2"})
    3
    >>> wanted({"OMP_NUM_THREADS": "3", "MKL_NUM_THREADS": "2"}, "MKL")
    2
    """
    for name in (library, "OMP"):
        # For regions within regions a list may be given.
        first = environment.get(f"{name}_NUM_THREADS", "").partition(",")[0].strip()
        if first.isdecimal() and int(first) > 0:
            return int(first)
    return cores()


def cores() -> int:
    """Return how many cores this process may use; two that share one core count once."""
    usable = os.sched_getaffinity(0)
    try:
        return len({Path(SIBLINGS.format(number)).read_text() for number in usable})
    except OSError:
        return len(usable)


@cache
def find_pools() -> Any:
    """Find the libraries with threads among those that are loaded; a server does so once for all.

    ``None`` when threadpoolctl is not installed.
    """
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController()


def set_threads(environment: Mapping[str, str]) -> None:
    """Give PyTorch and the libraries of linear algebra the threads that an environment asks for."""
    torch = sys.modules.get("torch")
    # To set a number, even that which it is, starts threads that spin for a while.
    if torch and torch.get_num_threads() != wanted(environment):
        torch.set_num_threads(wanted(environment))
    if pools := find_pools():
        for kind, library in ENVIRONMENT.items():
            pools.select(internal_api=kind).limit(limits=wanted(environment, library))
