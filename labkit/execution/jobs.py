"""What a run has to do: each notebook with each device, each set of values, each repetition."""

import itertools
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path, PurePath
from typing import Any

__all__ = ["Job", "as_data", "from_data", "matrix", "places"]

CELL_TIMEOUT = 600
NOTEBOOK_TIMEOUT = 3600

MOST_OF_A_VALUE = 40
"""Characters of a parameter's value that a name shows; file systems end a name at 255 bytes."""

Variant = tuple[Path, Mapping[str, Any]]
"""A notebook and the values of its parameters."""


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
    cell_timeout: int | float = CELL_TIMEOUT
    notebook_timeout: int | float = NOTEBOOK_TIMEOUT
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
    # By their text, because True == 1 == 1.0, which are three values to a notebook.
    values: dict[str, dict[str, Any]] = {}
    for name, value in given:
        values.setdefault(name, {}).setdefault(repr(value), value)
    chosen = itertools.product(*(different.values() for different in values.values()))
    return [dict(zip(values, combination, strict=True)) for combination in chosen]


def places(
    variants: Sequence[Variant], repeat: int = 1
) -> Iterator[tuple[Path, Mapping[str, Any], int, str]]:
    """Yield path, values, repetition and the unique name of each job.

    A name says no more than it must: values stand in it where they tell two runs of one notebook
    apart. The same notebook with the same values is one job, however often and under whatever
    path it is named. Names differ by more than the case of their letters, since some file systems
    do not see it.
    """
    different = _each_once(variants)
    stems = _stems([_absolute(path) for path, _ in different])
    values_of: dict[str, list[Mapping[str, Any]]] = {}
    for stem, (_, values) in zip(stems, different, strict=True):
        values_of.setdefault(stem, []).append(values)
    taken: set[str] = set()
    for stem, (path, values) in zip(stems, different, strict=True):
        name = _unused("--".join([stem, *_telling(values, values_of[stem])]), taken)
        for repetition in range(1, repeat + 1):
            suffix = f"--run-{repetition}" if repeat > 1 else ""
            yield path, values, repetition, name + suffix


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # unlike Path.absolute, it takes ".." out


def _each_once(variants: Iterable[Variant]) -> list[Variant]:
    different: dict[tuple[Path, str], Variant] = {}
    for path, values in variants:
        different.setdefault((_absolute(path), repr(sorted(values.items()))), (path, values))
    return list(different.values())


def _stems(files: Sequence[PurePath]) -> list[str]:
    """Return the path of each file from the folder that all have in common, without its ending.

    On Windows two drives have no folder in common; there each path begins with its drive.
    """
    levels = zip(*(file.parent.parts for file in files), strict=False)
    shared = sum(1 for _ in itertools.takewhile(lambda level: len({*level}) == 1, levels))
    return ["/".join([*_parts(file.parent)[shared:], file.stem]) for file in files]


def _parts(folder: PurePath) -> list[str]:
    drive = "_".join(re.findall(r"[^:\\/]+", folder.anchor))
    return [drive, *folder.parts[1:]]


def _telling(values: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return ``name-value`` of each value that is not the same in all variants of a notebook."""
    return [
        f"{name}-{_as_a_name(value)}"
        for name, value in values.items()
        if any(name not in other or repr(other[name]) != repr(value) for other in others)
    ]


def _as_a_name(value: Any) -> str:
    return re.sub(r"[^\w.+-]+", "_", str(value))[:MOST_OF_A_VALUE]


def _unused(name: str, taken: set[str]) -> str:
    """Return the name, with a number behind it when another job has it already."""
    numbered = (f"{name}--{i}" for i in itertools.count(2))
    found = next(n for n in itertools.chain([name], numbered) if n.casefold() not in taken)
    taken.add(found.casefold())
    return found
