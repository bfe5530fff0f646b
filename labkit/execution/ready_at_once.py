"""nbclient, but a kernel counts as ready when it answers, and as dead when it has ended."""

import asyncio
from typing import Any

from nbclient import NotebookClient
from nbclient.util import ensure_async, run_sync

from labkit.kernels import ready

__all__ = ["ReadyAtOnce"]


class ReadyAtOnce(NotebookClient):
    """A client that begins when the kernel answers, without waiting longer to be sure."""

    async def async_start_new_kernel_client(self) -> Any:
        """Connect to the kernel, and return the connection once outputs arrive over it."""
        self.kc = self.km.client()
        self.kc.start_channels()
        try:
            await ready.answers(self.kc, self.km.is_alive, self.startup_timeout)
        except BaseException:
            await self._async_cleanup_kernel()
            raise
        self.kc.allow_stdin = False
        return self.kc

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    async def _async_poll_kernel_alive(self) -> None:
        # Who cancels a cell leaves this behind, and takes the client away.
        while self.kc is not None and await ensure_async(self.kc.is_alive()):
            await asyncio.sleep(0.1)
        # What the kernel said last may still be on its way.
        await asyncio.sleep(0.1)
        self.task_poll_for_reply.cancel()
