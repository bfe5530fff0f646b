"""How long a fresh kernel takes to its first result with PyTorch."""

import asyncio
import subprocess
import time
from collections.abc import Callable
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from runners import servers
from runners.figures import Bar, Spread, shown, spread

from labkit.kernels import ready
from labkit.kernels.kernel_manager import KernelManager

__all__ = ["NAME", "ROWS", "bars", "lines", "measure"]

NAME = "first result"
HEADER = ["a fresh kernel to its first result with PyTorch", "s"]
CODE = "import torch; torch.ones(2, 2).sum().item()"
LIMIT = 0.15
PATIENCE = 120.0
FORKED = "forked"
ROWS = {
    # What it is called → the manager of the kernel, and whether labkit waits for it or the client.
    FORKED: (lambda: KernelManager("labkit"), True),
    "forked, jupyter_client's own waiting": (lambda: KernelManager("labkit"), False),
    "ordinary": (lambda: AsyncKernelManager(kernel_name="python3"), False),
    "ordinary, labkit's waiting": (lambda: AsyncKernelManager(kernel_name="python3"), True),
}


def measure(rounds: int, tick: Callable[[str], None]) -> dict[str, Spread]:
    """Start each kind of kernel in turn; the servers are warm, and PyTorch's files in memory."""
    servers.warm()
    asyncio.run(_seconds(*ROWS[FORKED]))  # what this process imports at its first kernel
    servers.settle()
    times: dict[str, list[float]] = {name: [] for name in ROWS}
    for _ in range(rounds):
        tick(NAME)
        for name, (manager, ours) in ROWS.items():
            times[name].append(asyncio.run(_seconds(manager, ours)))
    return {name: spread(seconds) for name, seconds in times.items()}


async def _seconds(make: Callable[[], Any], ours: bool) -> float:
    manager = make()
    start = time.perf_counter()
    await manager.start_kernel(stderr=subprocess.DEVNULL)
    client = manager.client()
    client.start_channels()
    try:
        if ours:
            await ready.answers(client, manager.is_alive, PATIENCE)
        else:
            await client.wait_for_ready(timeout=PATIENCE)
        result = await _evaluated(client)
        seconds = time.perf_counter() - start
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
    if result != "4.0":
        raise RuntimeError(f"expected the kernel to answer 4.0, got {result}")
    return seconds


async def _evaluated(client: Any) -> str:
    """Return what the code shows, once the reply is here too."""
    asked = client.execute(CODE)
    reply = await client.get_shell_msg(timeout=PATIENCE)
    while reply["parent_header"].get("msg_id") != asked:
        reply = await client.get_shell_msg(timeout=PATIENCE)
    while (said := await client.get_iopub_msg(timeout=PATIENCE))["msg_type"] != "execute_result":
        pass
    return said["content"]["data"]["text/plain"]


def lines(figures: dict[str, Spread]) -> list[list[str]]:
    """Return the table, its header first."""
    return [HEADER, *([name, shown(figure, 3)] for name, figure in figures.items())]


def bars(figures: dict[str, Spread]) -> list[Bar]:
    """Judge the forked kernel."""
    claim = "first result in a forked kernel, s"
    return [Bar(claim, LIMIT, figures[FORKED]["median"])]
