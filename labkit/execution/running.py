"""Execute one notebook in a fresh kernel, and say what became of it."""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.errors import NotebookError
from labkit.execution import documents, evidence, guard, kernel_facts, limits, parameters
from labkit.execution.documents import Notebook
from labkit.execution.jobs import CELL_TIMEOUT, Job
from labkit.execution.outcomes import Failure, Outcome
from labkit.execution.timings import cell_seconds
from labkit.execution.verdicts import verdict
from labkit.kernels.light_imports import without_grammars
from labkit.results import from_notebook

if TYPE_CHECKING:
    from labkit.execution.client import Client
    from labkit.kernels.kernels_ahead import KernelsAhead

__all__ = ["Executed", "run", "run_job"]

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


def run(
    path: str | Path,
    *,
    output: str | Path | None = None,
    given: Mapping[str, Any] | None = None,
    timeout: int | float = CELL_TIMEOUT,
    kernel: str | None = None,
    tell: Tell | None = None,
) -> Outcome:
    """Execute a notebook in its own folder and return its outcome; a failing cell is an outcome.

    Parameters
    ----------
    path
        The notebook, which is not changed.
    output
        Where to write the executed notebook, also when it fails; nowhere when ``None``.
    given
        Parameters, name → value; text is converted to the type the notebook declares.
    timeout
        Seconds that one cell may take.
    kernel
        Name of the kernel; left to the notebook when ``None``.
    tell
        Is called with the number of cells done, and of all, whenever one begins.

    Raises
    ------
    NotebookError
        When the file is not a notebook of format 4, or ``output`` would overwrite it.
    ParameterError
        When a parameter is not declared by the notebook or has the wrong type.
    """
    path = Path(path)
    place = None if output is None else Path(output)
    job = Job(path, path.stem, place, given or {}, kernel=kernel, cell_timeout=timeout)
    _spare(job)
    return _outcome(job, documents.read(path), tell)


def run_job(
    job: Job, tell: Tell | None = None, ahead: "KernelsAhead | None" = None, another: bool = False
) -> Outcome:
    """Execute a notebook as a part of a run: whatever is wrong with it is its outcome.

    Parameters
    ----------
    job
        What is to be run.
    tell
        Is called with the number of cells done, and of all, whenever one begins.
    ahead
        Where kernels come from and go to, for who runs one notebook after the other.
    another
        Whether a notebook of the same folder and kernel comes next.
    """
    try:
        _spare(job)
        return _outcome(job, documents.read(job.path), tell, ahead, another)
    except NotebookError as error:
        failure = Failure(type(error).__name__, str(error))
        return Outcome(
            job.path,
            "refused",
            failure=failure,
            parameters=job.parameters,
            name=job.name,
            repetition=job.repetition,
            started=_now().isoformat(),
            fingerprint=job.fingerprint,
        )


def _outcome(
    job: Job,
    notebook: Notebook,
    tell: Tell | None,
    ahead: "KernelsAhead | None" = None,
    another: bool = False,
) -> Outcome:
    values = parameters.resolve(notebook, job.parameters)
    start = time.perf_counter()
    client = _client(job, parameters.injected(notebook, values), values, tell)
    client.go_ahead(ahead, another)
    executed = _execute(client, ahead)
    seconds = time.perf_counter() - start
    status, failure = verdict(executed)
    place, notes = _stored(job, executed)
    facts = executed.facts
    return Outcome(
        path=job.path,
        status=status,
        output=place,
        seconds=seconds,
        cell_seconds=cell_seconds(executed.notebook),
        failure=failure,
        parameters=values,
        reason="stopped with Ctrl-C" if status == "interrupted" else "",
        name=job.name,
        repetition=job.repetition,
        started=executed.began.isoformat(timespec="milliseconds"),
        kernel=executed.kernel,
        device=facts.get("device", ""),
        peak_memory=facts.get("peak_memory", executed.peak_memory),
        gpu_memory=facts.get("gpu_memory"),
        versions=facts.get("versions", {}),
        results=tuple(from_notebook(executed.notebook).values()),
        checks=evidence.checks(executed.notebook),
        warnings=evidence.warnings(executed.notebook),
        notes=notes,
        fingerprint=job.fingerprint,
        host=facts.get("host", ""),
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


def _execute(client: "Client", ahead: "KernelsAhead | None") -> Executed:
    began = _now()
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


def _in_a_loop(attempt: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine to its end, also for a caller who is in an event loop, as notebooks are."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(attempt())
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(attempt())).result()


def _stored(job: Job, executed: Executed) -> tuple[Path | None, tuple[str, ...]]:
    """Write the executed notebook; a disk that is full costs the file and not the outcome."""
    notes = [
        f"cell {cell}: {limits.amount(count)} of its output were left out"
        for cell, count in sorted(executed.left_out.items())
    ]
    notes += evidence.notes(executed.notebook)
    if job.output is None:
        return None, tuple(notes)
    try:
        documents.write(executed.notebook, job.output)
    except OSError as error:
        return None, (*notes, f"the executed notebook could not be written: {error.strerror}")
    return job.output, tuple(notes)


def _spare(job: Job) -> None:
    if job.output is not None and job.output.resolve() == job.path.resolve():
        raise NotebookError(
            f"{job.path}: expected another file for the executed notebook, got the notebook "
            'itself; to store outputs in a lesson use "labkit refresh"'
        )


def _now() -> datetime:
    return datetime.now(UTC)
