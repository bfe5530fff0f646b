"""Is a kernel ready? It is when it has answered and its outputs arrive."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from queue import Empty
from typing import Any

__all__ = ["answers"]

ASK_AGAIN = 0.25
"""Seconds after which a kernel that does not greet its listeners is asked again."""


async def answers(
    client: Any, is_alive: Callable[[], Awaitable[bool]], timeout: int | float
) -> dict[str, Any]:
    """Wait until a kernel has answered and its outputs arrive; return its answer.

    ipykernel from version 7 on greets whoever listens to its outputs; any other kernel is asked
    again until its outputs are heard. jupyter_client instead waits until nothing has been heard
    for two tenths of a second, each time.

    Raises
    ------
    RuntimeError
        When the kernel ends, or does not answer within ``timeout`` seconds.
    """
    deadline = time.monotonic() + timeout
    answer, heard = None, False
    while answer is None or not heard:
        if not await is_alive():
            raise RuntimeError("the kernel ended before it was ready")
        if time.monotonic() > deadline:
            raise RuntimeError(f"the kernel did not answer within {timeout:g} s")
        client.kernel_info()
        until = asyncio.get_running_loop().time() + ASK_AGAIN
        if answer is None:
            answer = await _next(client.shell_channel, until)
        if answer is not None and not heard:
            heard = await _next(client.iopub_channel, until) is not None
    client._handle_kernel_info_reply(answer)
    return answer["content"]


async def _next(channel: Any, until: int | float) -> dict[str, Any] | None:
    """Return the next message of a channel; ``None`` when there is none in time."""
    try:
        return await channel.get_msg(timeout=max(0.001, until - asyncio.get_running_loop().time()))
    except Empty:
        return None
