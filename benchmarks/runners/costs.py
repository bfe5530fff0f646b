"""What commands cost: wall time, and the processor time of everything that worked for them.

A forked kernel is no descendant of the command that uses it but of the fork server, and rivals may
leave processes behind that nobody waits for. So this process adopts (on Linux) whatever loses its
parent, waits for all of it, and adds what the fork servers and their children have used meanwhile.
"""

import ctypes
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from runners import servers

__all__ = ["Cost", "adopt_orphans", "spent"]

PATIENCE = 20.0
"""Seconds that what a command leaves behind has to end."""


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock and of processors."""

    wall: float
    cpu: float


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, where the system allows it."""
    if sys.platform == "linux":
        set_child_subreaper = 36  # its number in sys/prctl.h
        ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def spent(commands: Sequence[Sequence[str]], folder: Path) -> Cost:
    """Run commands in a folder one after the other, and return what all of them cost.

    Raises
    ------
    RuntimeError
        When one fails, with the end of what it said.
    """
    log = folder / "output.log"
    cpu = _cpu_seconds()
    start = time.perf_counter()
    with log.open("wb") as output:
        codes = [_run(command, folder, output.fileno()) for command in commands]
    wall = time.perf_counter() - start
    _wait_for_all()
    if any(codes):
        said = log.read_text(encoding="utf-8", errors="replace")[-3000:]
        raise RuntimeError(f"{' '.join(commands[-1])} ended with codes {codes}:\n{said}")
    return Cost(wall, _cpu_seconds() - cpu)


def _run(command: Sequence[str], folder: Path, output: int) -> int:
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
    )
    return process.wait()


def _cpu_seconds() -> float:
    """Return what ended descendants, the fork servers and their ended children have used so far.

    A server that ends moves from one sum to the other.
    """
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = ended.ru_utime + ended.ru_stime
    for server in servers.running():
        seconds += sum(server.cpu_times()[:4])  # its own, then its children's
    return seconds


def _wait_for_all() -> None:
    """Wait until only fork servers without children are left."""
    deadline = time.monotonic() + PATIENCE
    while busy := _left_behind():
        if time.monotonic() > deadline:
            for process in busy:
                process.kill()
            raise RuntimeError(f"processes were left behind: {busy}")
        time.sleep(0.01)


def _left_behind() -> list[psutil.Process]:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    idle = {server.pid for server in servers.running()}
    return [p for p in psutil.Process().children(recursive=True) if p.pid not in idle]
