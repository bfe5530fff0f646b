"""The machine and the packages that a run had, found without importing any of them."""

import os
import platform
from pathlib import Path
from typing import Any

__all__ = ["machine", "versions"]

NAMED = ("labkit", "torch", "torchvision", "numpy", "matplotlib", "ipykernel")
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
PROCESSORS = Path("/proc/cpuinfo")


def versions() -> dict[str, str]:
    """Return package → version of what this Python has installed."""
    from importlib.metadata import PackageNotFoundError, version  # a third of a report's imports

    found = {"python": platform.python_version()}
    for name in NAMED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """Return what a run could use of this machine: its processor, cores, and memory in bytes."""
    return {
        "host": platform.node(),
        "platform": platform.platform(terse=True),
        "processor": _processor(),
        "cores": _cores(),
        "memory_bytes": _memory(),
    }


def _processor() -> str:
    try:
        lines = PROCESSORS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(filter(None, named), platform.machine())


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> int | None:
    """Return the memory of the machine, or less where a container allows less."""
    try:
        installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None
    try:
        return min(installed, int(CGROUP_LIMIT.read_text(encoding="ascii")))
    except (OSError, ValueError):
        return installed
