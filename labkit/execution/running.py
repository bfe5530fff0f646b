"""Execute one notebook in a fresh kernel, and say what became of it."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.errors import NotebookError
from labkit.execution import documents, evidence, limits, parameters
from labkit.execution.documents import Notebook
from labkit.execution.executing import Executed, Tell, execute
from labkit.execution.jobs import CELL_TIMEOUT, Job
from labkit.execution.outcomes import Failure, Outcome
from labkit.execution.timings import cell_seconds
from labkit.execution.verdicts import verdict
from labkit.results import from_notebook

if TYPE_CHECKING:
    from labkit.kernels.kernels_ahead import KernelsAhead

__all__ = ["run", "run_job"]


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
    executed = execute(job, parameters.injected(notebook, values), values, tell, ahead, another)
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
