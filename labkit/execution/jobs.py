"""What a run has to do: each notebook with each device, each set of values, each repetition."""

import itertools
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

__all__ = ["Job", "as_data", "from_data", "matrix", "places"]

CELL_TIMEOUT = 600
NOTEBOOK_TIMEOUT = 3600


@dataclass(frozen=True)
class Job:
    """One notebook to be run once.

    Parameters
    ----------
    path
        The notebook, which is not changed.
    name
        Unique within a run, and its place in the report: ``executed/<name>.ipynb``.
    output
        Where the executed notebook goes; nowhere when ``None``.
    parameters
        Name → value, already checked against what the notebook declares.
    repetition
        Which of several equal runs this is, from 1.
    kernel
        Name of a kernel; ``None`` leaves it to the notebook.
    cell_timeout, notebook_timeout
        Seconds that one cell, and the whole notebook, may take.
    fingerprint
        Of everything that the outcome depends on.
    """

    path: Path
    name: str
    output: Path | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    repetition: int = 1
    kernel: str | None = None
    cell_timeout: float = CELL_TIMEOUT
    notebook_timeout: float = NOTEBOOK_TIMEOUT
    fingerprint: str = ""


def as_data(job: Job) -> dict[str, Any]:
    """Return a job as plain data that JSON can hold; ``from_data`` takes it back."""
    output = None if job.output is None else str(job.output)
    return {**asdict(job), "path": str(job.path), "output": output}


def from_data(data: Mapping[str, Any]) -> Job:
    """Return the job that ``as_data`` described."""
    known = {f.name for f in fields(Job)}
    values = {name: value for name, value in data.items() if name in known}
    output = Path(data["output"]) if data.get("output") else None
    return Job(**{**values, "path": Path(data["path"]), "output": output})


def matrix(given: Iterable[tuple[str, Any]]) -> list[dict[str, Any]]:
    """Return every combination of values; a name that is given twice has two values.

    Examples
    --------
    >>> matrix([("seed", 0), ("seed", 1), ("device", "cpu")])
    [{'seed': 0, 'device': 'cpu'}, {'seed': 1, 'device': 'cpu'}]
    >>> matrix([])
    [{}]
    """
    values: dict[str, list[Any]] = {}
    for name, value in given:
        if value not in values.setdefault(name, []):
            values[name].append(value)
    return [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]


def places(
    variants: Sequence[tuple[Path, Mapping[str, Any]]], repeat: int = 1
) -> Iterator[tuple[Path, Mapping[str, Any], int, str]]:
    """Yield path, values, repetition and the unique name of each job.

    A name says no more than it must: values stand in it where they tell two runs of one notebook
    apart.
    """
    root = Path(os.path.commonpath([path.absolute().parent for path, _ in variants]))
    for path, values in variants:
        stem = Path(os.path.relpath(path.absolute(), root)).with_suffix("").as_posix()
        others = [given for other, given in variants if other == path]
        parts = [stem, *_telling(values, others)]
        for repetition in range(1, repeat + 1):
            suffix = [f"run-{repetition}"] if repeat > 1 else []
            yield path, values, repetition, "--".join([*parts, *suffix])


def _telling(values: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return ``name-value`` of each value that is not the same in all variants of a notebook."""
    differing = [n for n in values if any(o.get(n) != values[n] for o in others)]
    return [f"{name}-{re.sub(r'[^0-9A-Za-z._+-]+', '_', str(values[name]))}" for name in differing]
