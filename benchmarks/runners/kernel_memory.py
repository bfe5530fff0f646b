"""What four kernels hold in memory after some work, forked and ordinary."""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from runners import notebooks, servers
from runners.figures import Bar, Spread, shown, spread
from runners.first_result import ROWS

from labkit.kernels import ready

__all__ = ["NAME", "bars", "lines", "measure"]

NAME = "memory"
COUNT = 4
HEADER = [f"memory of {COUNT} kernels after work", "kernels, MB", "server, MB", "together, MB"]
FORKED, ORDINARY = "forked", "ordinary"
LIMIT = 0.5
PATIENCE = 120.0


def measure(rounds: int, tick: Callable[[str], None]) -> dict[str, dict[str, Spread]]:
    """Run the cells of a notebook in four kernels, and add up what they hold, alone and shared.

    What several processes share counts as a part for each, so that the sum over all of them is the
    memory in use. Forked kernels share with their server, which counts with them and is not there
    for the ordinary ones; all of them share the files of PyTorch.
    """
    held: dict[str, list[tuple[float, float]]] = {FORKED: [], ORDINARY: []}
    with tempfile.TemporaryDirectory(prefix="memory-") as folder:
        os.environ[notebooks.WITNESS] = str(Path(folder, "witness"))
        for kind in held:
            servers.cool()  # others may have left one for an environment of their own
            if kind == FORKED:
                servers.warm()
                asyncio.run(_four(kind))  # only a server that was used imports more while idle
            servers.settle()
            for _ in range(rounds):
                if kind == FORKED:
                    tick(NAME)
                held[kind].append(asyncio.run(_four(kind)))
    return {
        kind: {
            "kernels_mb": spread([kernels for kernels, _ in each]),
            "server_mb": spread([server for _, server in each]),
            "together_mb": spread([server + kernels for kernels, server in each]),
        }
        for kind, each in held.items()
    }


async def _four(kind: str) -> tuple[float, float]:
    make, _ = ROWS[kind]
    managers = [make() for _ in range(COUNT)]
    try:
        numbers = [await _worked(manager) for manager in managers]
        return sum(map(_held, numbers)), sum(map(_held, _servers()))
    finally:
        for manager in managers:
            await manager.shutdown_kernel(now=True)


async def _worked(manager: Any) -> int:
    """Start a kernel and run the cells; return the number of its process."""
    await manager.start_kernel(stderr=subprocess.DEVNULL)
    client = manager.client()
    client.start_channels()
    await ready.answers(client, manager.is_alive, PATIENCE)
    for cell in notebooks.CELLS:
        reply = await client.execute_interactive(
            cell.format(number=1),
            user_expressions={"number": "os.getpid()"},
            output_hook=lambda said: None,
            timeout=PATIENCE,
        )
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"a cell failed: {reply['content']}")
    client.stop_channels()
    return int(reply["content"]["user_expressions"]["number"]["data"]["text/plain"])


def _servers() -> list[int]:
    """Return the numbers of the servers of kernels: those of workers have no part in this."""
    return [each.pid for each in servers.running() if "kernel" in each.cmdline()]


def _held(number: int) -> float:
    """Return a process's share of the memory in use, in megabytes."""
    return round(psutil.Process(number).memory_full_info().pss / 1e6, 1)


def lines(figures: dict[str, dict[str, Spread]]) -> list[list[str]]:
    """Return the table, its header first."""
    return [
        HEADER,
        *([kind, *(shown(value, 0) for value in each.values())] for kind, each in figures.items()),
    ]


def bars(figures: dict[str, dict[str, Spread]]) -> list[Bar]:
    """Judge the forked kernels, their server included."""
    forked, ordinary = (figures[kind]["together_mb"]["median"] for kind in (FORKED, ORDINARY))
    return [Bar(f"memory of {COUNT} forked kernels ÷ ordinary", LIMIT, forked / ordinary)]
