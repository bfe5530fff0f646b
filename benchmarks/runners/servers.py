"""The fork servers of this measurement: its own, apart from those that anybody else uses."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from labkit.kernels import forked
from labkit.kernels.server_address import FOLDER

__all__ = ["cool", "private", "running", "settle", "warm"]

RECIPES = ("kernel", "worker")
MODULE = "labkit.kernels.forkserver"
PATIENCE = 120.0
CALM = 1.5
"""Seconds without work after which a server counts as idle: longer than it pauses itself."""

# For every contender alike, so that none gains or loses by its number of threads. What labkit sets
# for its kernels by itself is among them: one server then serves all.
EQUAL = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}


@contextmanager
def private() -> Iterator[None]:
    """Have own servers within the block, and none of them after it."""
    with tempfile.TemporaryDirectory(prefix="labkit-") as folder:
        os.environ.update(EQUAL, **{FOLDER: folder})
        try:
            yield
        finally:
            cool()


def running() -> list[psutil.Process]:
    """Return the servers: of this process's own children, as it adopts them."""
    return [p for p in psutil.Process().children() if MODULE in _command(p)]


def warm() -> None:
    """Have both servers ready."""
    deadline = time.monotonic() + PATIENCE
    while not all(forked.status(recipe, os.environ) for recipe in RECIPES):
        for recipe in RECIPES:
            forked.start(recipe, os.environ)
        if time.monotonic() > deadline:
            raise RuntimeError(f"expected two fork servers to start, got {running()}")
        time.sleep(0.05)


def settle() -> None:
    """Wait until the servers have nothing to do: in pauses they import what may come next."""
    servers, before = running(), None
    while servers and before != (now := [server.cpu_times() for server in servers]):
        before = now
        time.sleep(CALM)


def cool() -> None:
    """Stop all servers, and wait until they have ended."""
    ending = running()
    for recipe in RECIPES:
        forked.stop(recipe, os.environ)
    for server in ending:
        with suppress(psutil.NoSuchProcess):
            server.terminate()  # also one that was asked for with another environment
            server.wait(PATIENCE)


def _command(process: psutil.Process) -> list[str]:
    with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return process.cmdline()
    return []
