"""Have the cells of one notebook executed, and keep all that is to be known of how it went."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from labkit.execution import guard, kernel_facts
from labkit.execution.documents import Notebook
from labkit.execution.jobs import Job
from labkit.kernels.light_imports import without_grammars

if TYPE_CHECKING:
    from labkit.execution.client import Client
    from labkit.kernels.kernels_ahead import KernelsAhead

__all__ = ["Executed", "Tell", "execute"]

Tell = Callable[[int, int], None]
"""Is told how many cells are done, of how many."""


@dataclass(frozen=True)
class Executed:
    """A notebook as far as it came, and how it ended.

    Parameters
    ----------
    notebook
        With the outputs of this run and no others.
    run
        What marks each executed cell as one of this run.
    began
        When it did.
    cell
        Position of the cell that was begun last.
    error
        What stopped it.
    overdue
        What took too long, and the seconds it had.
    interrupted
        Whether somebody asked the run to stop.
    exit_code
        Of a kernel that died; negative for a signal.
    peak_memory
        Bytes that a kernel which died held at most.
    left_out
        Position of a cell → characters of its output that were left out.
    facts
        What the kernel said of itself.
    kernel
        ``forked`` or ``ordinary``.
    last_words
        What the kernel's process printed last, outside of any cell.
    """

    notebook: Notebook
    run: str
    began: datetime
    cell: int | None = None
    error: BaseException | None = None
    overdue: tuple[str, int | float] | None = None
    interrupted: bool = False
    exit_code: int | None = None
    peak_memory: int | None = None
    left_out: Mapping[int, int] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    kernel: str = ""
    last_words: str = ""


def execute(
    job: Job,
    notebook: Notebook,
    values: Mapping[str, Any],
    tell: Tell | None = None,
    ahead: "KernelsAhead | None" = None,
    another: bool = False,
) -> Executed:
    """Execute a notebook as far as it goes.

    Parameters
    ----------
    job
        Names its kernel, its folder and its limits of time.
    notebook
        The cell with ``values`` already in it.
    values
        What this run gives, name → value.
    tell, ahead, another
        As ``running.run_job`` has them.
    """
    client = _client(job, notebook, values, tell)
    client.go_ahead(ahead, another)
    began = datetime.now(UTC)
    error, interrupted = ahead.run(client.attempt) if ahead else _in_a_loop(client.attempt)
    process = client.process
    return Executed(
        notebook=client.nb,
        run=client.run,
        began=began,
        cell=client.at,
        error=error,
        overdue=client.overdue,
        interrupted=interrupted,
        exit_code=process.exit_code,
        peak_memory=process.peak_memory,
        left_out=dict(client.left_out),
        facts=client.facts,
        kernel="forked" if process.forked else "ordinary",
        last_words=client.last_words.text() if error else "",
    )


def _client(job: Job, notebook: Notebook, values: Mapping[str, Any], tell: Tell | None) -> "Client":
    with without_grammars():
        import nbformat

        from labkit.execution.client import Client

    run = secrets.token_hex(8)
    node = nbformat.from_dict(guard.cleared(notebook))
    node.metadata["labkit"] = {"run": run, "parameters": dict(values)}
    return Client(
        node,
        kernel=kernel_facts.chosen(notebook, job.kernel),
        folder=str(job.path.resolve().parent),
        run=run,
        cell_timeout=job.cell_timeout,
        notebook_timeout=job.notebook_timeout,
        tell=tell or (lambda done, of: None),
    )


def _in_a_loop(attempt: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine to its end, also for a caller who is in an event loop, as notebooks are."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(attempt())
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(attempt())).result()
