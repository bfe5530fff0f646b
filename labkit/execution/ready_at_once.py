"""nbclient, but a kernel counts as ready when it answers, and as dead when it has ended."""

import asyncio
from typing import Any

from nbclient import NotebookClient
from nbclient.util import ensure_async, run_sync

from labkit.kernels import ready

__all__ = ["ReadyAtOnce"]

SILENCES = 2
"""Times that nothing has arrived in a twentieth of a second, until a kernel that has ended has
said all it had to say. Only once could be a moment in which this process itself had no turn.
"""


class ReadyAtOnce(NotebookClient):
    """A client that begins when the kernel answers, without waiting longer to be sure."""

    _heard = 0  # messages, so far

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
        await self._hear_the_last()
        self.task_poll_for_reply.cancel()

    async def _hear_the_last(self) -> None:
        """Wait while what a kernel had said before it ended still arrives."""
        heard, silent = None, 0
        while silent < SILENCES:
            heard, silent = self._heard, silent + 1 if heard == self._heard else 0
            await asyncio.sleep(0.05)

    def process_message(self, msg: dict[str, Any], *cell: Any) -> Any:
        """Take what the kernel said of a cell."""
        self._heard += 1
        return super().process_message(msg, *cell)
