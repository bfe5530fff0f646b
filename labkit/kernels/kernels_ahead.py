"""The next notebook's kernel starts while this one runs; this one's ends while the next begins.

A forked kernel is ready after a tenth of a second and gone after half of that. Whoever runs one
notebook after the other need not wait for either.
"""

import asyncio
from collections.abc import Callable, Coroutine
from subprocess import DEVNULL, PIPE
from typing import Any

from labkit.kernels.kernel_manager import KernelManager

__all__ = ["KernelsAhead", "started"]

NO_HISTORY = "--HistoryManager.hist_file=:memory:"
"""What runs here belongs to nobody's history, and a file of it is slow."""

Wanted = tuple[str, str]
"""Name of the kernel, and its folder."""


class KernelsAhead:
    """Starts and ends kernels in one event loop, which outlives each notebook."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._next: tuple[Wanted, asyncio.Task[KernelManager]] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    def run(self, attempt: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Run a coroutine to its end; kernels go on starting and ending meanwhile."""
        return self._runner.run(attempt())

    def prepare(self, kernel: str, folder: str) -> None:
        """Start a kernel that will soon be wanted, without waiting for it."""
        if self._next is None:
            self._next = (kernel, folder), asyncio.create_task(started(kernel, folder))

    async def take(self, kernel: str, folder: str) -> KernelManager:
        """Return the manager of a fresh kernel: the one that is prepared, if it fits."""
        wanted, preparing = self._next or (None, None)
        self._next = None
        if preparing is not None:
            if wanted == (kernel, folder) and (ready := await _alive(preparing)):
                return ready
            self.later(_discarded(preparing))
        return await started(kernel, folder)

    def later(self, ending: Coroutine[Any, Any, None]) -> None:
        """Let a kernel end without waiting for it; ``close`` waits."""
        task = asyncio.create_task(ending)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def close(self) -> None:
        """Wait until all kernels have ended; end the one that nobody wanted."""
        self._runner.run(self._settle())
        self._runner.close()

    async def _settle(self) -> None:
        if self._next is not None:
            self.later(_discarded(self._next[1]))
        await asyncio.gather(*self._ending, return_exceptions=True)


async def started(kernel: str, folder: str) -> KernelManager:
    """Start a kernel in a folder, and return its manager."""
    manager = KernelManager(kernel)
    try:
        await manager.start_kernel(
            cwd=folder,
            extra_arguments=[NO_HISTORY] if manager.is_labkits else [],
            # Not to the terminal, where a table may be: a cell's output arrives in the notebook.
            stdout=DEVNULL,
            stderr=PIPE,
        )
    except BaseException:
        await manager.cleanup_resources()
        raise
    return manager


async def _alive(preparing: "asyncio.Task[KernelManager]") -> KernelManager | None:
    """Return the manager once its kernel has started; ``None`` when it failed or died."""
    try:
        manager = await preparing
    except Exception:
        return None
    return manager if await manager.is_alive() else None


async def _discarded(preparing: "asyncio.Task[KernelManager]") -> None:
    try:
        manager = await preparing
    except Exception:
        return  # it has put itself away
    await manager.shutdown_kernel(now=True)
    await manager.cleanup_resources()
