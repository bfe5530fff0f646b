"""nbclient without its fixed waits, within limits of time and of output, and with a memory of both.

What is waited for here is waited for exactly: the kernel's welcome instead of two tenths of a
second, the end of its process instead of the next full second. A cell that takes too long is
interrupted first, so that its traceback says where it was, and its kernel is killed if it is deaf.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from nbclient.exceptions import DeadKernelError
from nbclient.util import ensure_async

from labkit.execution import kernel_facts, limits, streams
from labkit.execution.ready_at_once import ReadyAtOnce
from labkit.kernels.kernel_manager import KernelManager
from labkit.kernels.kernels_ahead import KernelsAhead, started
from labkit.kernels.last_words import LastWords

__all__ = ["Client", "Overdue"]

GRACE = 2.0
"""Seconds that an interrupted cell has to end before its kernel is killed."""

Overdue = tuple[str, int | float]
"""What took too long (``"cell"`` or ``"notebook"``), and the seconds it had."""


class Client(ReadyAtOnce):
    """Executes one notebook in a kernel of its own.

    Parameters
    ----------
    notebook
        As nbformat has it; outputs and timings are stored in it.
    kernel
        Name of the kernel.
    folder
        The kernel's working directory.
    run
        What marks each executed cell as one of this run.
    cell_timeout, notebook_timeout
        Seconds that one cell, and all of them together, may take.
    tell
        Is called with the number of cells done, and of all, whenever one begins.

    Attributes
    ----------
    at
        Position of the cell that was begun last; ``None`` before the first.
    overdue
        What took too long; ``None`` while nothing has.
    left_out
        Position of a cell → bytes of its output that were left out.
    facts
        What the kernel said of itself at the end.
    process
        How the kernel's process ended.
    last_words
        What that process printed last, outside of any cell.
    """

    def __init__(
        self,
        notebook: Any,
        *,
        kernel: str,
        folder: str,
        run: str,
        cell_timeout: int | float,
        notebook_timeout: int | float,
        tell: Callable[[int, int], None] = lambda done, of: None,
    ) -> None:
        super().__init__(
            notebook,
            kernel_name=kernel,
            resources={"metadata": {"path": folder}},
            timeout=None,
            # The last outputs of a flood come long after the reply; none is lost in silence.
            iopub_timeout=60,
            raise_on_iopub_timeout=True,
            startup_timeout=120,
            store_widget_state=True,
        )
        self.run = run
        self.cell_timeout, self.notebook_timeout = cell_timeout, notebook_timeout
        self.tell = tell
        self._wanted = (kernel, folder)
        self.go_ahead(None, False)
        self.at: int | None = None
        self.overdue: Overdue | None = None
        self.left_out: Counter[int] = Counter()
        self.facts: Mapping[str, Any] = {}
        self.process = kernel_facts.Ended()
        self.last_words = LastWords()
        self._room = limits.Room()

    def go_ahead(self, ahead: KernelsAhead | None, another: bool) -> None:
        """Say where the kernel comes from and goes to, and whether one like it is wanted next."""
        self._ahead, self._another = ahead, another

    async def attempt(self) -> tuple[BaseException | None, bool]:
        """Execute the cells in order until one fails; return why, and whether it was Ctrl-C."""
        self.reset_execution_trackers()
        try:
            async with self._kernel():
                try:
                    async with self._within("notebook", self.notebook_timeout):
                        await self._execute_cells()
                finally:
                    self.set_widgets_metadata()
                    if not _cancelled():
                        self.facts = await kernel_facts.facts(self.kc, self.km, self.nb.metadata)
        except (Exception, asyncio.CancelledError) as stopped:
            return stopped, _cancelled()
        return None, False

    async def _execute_cells(self) -> None:
        positions = [i for i, c in enumerate(self.nb.cells) if c.cell_type == "code"]
        for done, position in enumerate(positions):
            self.tell(done, len(positions))
            self.at = position
            await self.async_execute_cell(self.nb.cells[position], position)
            if self.overdue:
                raise TimeoutError
        self.tell(len(positions), len(positions))

    @contextlib.asynccontextmanager
    async def _kernel(self) -> AsyncIterator[None]:
        start = self._ahead.take if self._ahead else started
        manager = self.km = await start(*self._wanted)
        try:
            self.last_words.listen(kernel_facts.error_stream(manager))
            await self.async_start_new_kernel_client()
            if self._ahead and self._another:
                self._ahead.prepare(*self._wanted)
            yield
        finally:
            self.process = await kernel_facts.ended(manager)
            healthy = not self.overdue and not _cancelled() and await manager.is_alive()
            if healthy and self._ahead:
                self._ahead.later(self._end(manager, healthy))
            else:
                await self._end(manager, healthy)

    async def _end(self, manager: KernelManager, healthy: bool) -> None:
        """End the kernel in good order, or at once when its notebook went wrong.

        jupyter_client would interrupt it first, which a kernel that is idle complains about.
        """
        if healthy:
            await manager.request_shutdown()
            await manager.finish_shutdown()
        if self.kc is not None:
            self.shutdown_kernel = "immediate"
            await self._async_cleanup_kernel()
        await manager.cleanup_resources()

    async def async_execute_cell(self, cell: Any, cell_index: int, *rest: Any, **more: Any) -> Any:
        """Execute one cell within its time, and mark it as executed in this run."""
        try:
            async with self._within("cell", self.cell_timeout):
                return await super().async_execute_cell(cell, cell_index, *rest, **more)
        finally:
            if "execution" in cell.metadata:
                cell.metadata["execution"]["labkit.run"] = self.run
            for output in cell.get("outputs", []):
                if output["output_type"] == "stream":
                    output["text"] = streams.shown(output["text"])
            if cell_index in self.left_out:
                cell.outputs.append(limits.notice(self.left_out[cell_index]))

    @contextlib.asynccontextmanager
    async def _within(self, what: str, seconds: int | float) -> AsyncIterator[None]:
        watch = asyncio.create_task(self._stop_after(what, seconds))
        try:
            yield
        finally:
            watch.cancel()

    async def _stop_after(self, what: str, seconds: int | float) -> None:
        await asyncio.sleep(seconds)
        self.overdue = (what, seconds)
        await ensure_async(self.km.interrupt_kernel())
        await asyncio.sleep(GRACE)
        await self.km.provisioner.kill()

    async def _async_check_alive(self) -> None:
        if not await ensure_async(self.kc.is_alive()):
            raise DeadKernelError("Kernel died")

    def output(
        self, outs: list[Any], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> Any:
        """Take an output, or leave it out when the cell has said too much already."""
        goes_on = self._goes_on(outs, msg)
        if excess := self._room.cut(cell_index, msg, goes_on=goes_on):
            self.left_out[cell_index] += excess
        if limits.is_empty(msg):
            return None
        if goes_on:
            outs[-1]["text"] += msg["content"]["text"]
            return None
        return super().output(outs, msg, display_id, cell_index)

    def clear_output(self, outs: list[Any], msg: dict[str, Any], cell_index: int) -> None:
        """Forget the outputs of a cell and how much they were, as animations do all the time."""
        super().clear_output(outs, msg, cell_index)
        self._room.clear(cell_index)
        self.left_out.pop(cell_index, None)

    def _update_display_id(self, display_id: str, msg: dict[str, Any]) -> None:
        """Put something in the place of an output, if it is not too large for any place."""
        update = msg["header"]["msg_type"] == "update_display_data"
        if update and (excess := self._room.cut_update(msg)) and self.at is not None:
            self.left_out[self.at] += excess
        super()._update_display_id(display_id, msg)

    def _goes_on(self, outs: list[Any], msg: dict[str, Any]) -> bool:
        caught = self.output_hook_stack[msg["parent_header"].get("msg_id")]  # by an Output widget
        plain = msg["msg_type"] == "stream" and not caught and not self.clear_before_next_output
        return plain and streams.continues(outs, msg["content"])


def _cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
