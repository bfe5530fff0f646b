"""Which numbers differ between equal runs of one notebook: what a reader should not rely on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from labkit import results
from labkit.errors import NotebookError
from labkit.execution import digests, documents, printed
from labkit.execution.documents import Notebook
from labkit.execution.outcomes import Outcome

__all__ = ["Difference", "differences"]

DECLARED = "nbval-ignore-output"
"""Tag of a cell whose output is said to vary."""

STOPPED = {"interrupted", "skipped"}
"""Verdicts that say nothing about a notebook."""

TIMES = {"min", "ms", "ns", "s", "us", "µs", "μs"}

MOST_LINES = 10
"""Lines of one output that are told one by one."""

MISSING = "missing"

Cell = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """What is not the same in all repetitions of a notebook.

    Parameters
    ----------
    name
        The notebook's, without the number of a repetition.
    cell
        Position among all cells of the executed notebook; ``None`` for the verdict on it.
    what
        The name of a result; a printed line with ``…`` for the numbers that differ; ``text``,
        ``figure``, ``outputs`` (how many there are) or ``verdict``.
    values
        What each repetition has there.
    tolerated
        Whether it was promised to stay this small, or said to vary, or is a picture.
    runs
        Names of the outcomes that ``values`` are of.
    """

    name: str
    cell: int | None
    what: str
    values: tuple[str, ...]
    tolerated: bool
    runs: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = self.name if self.cell is None else f"{self.name}, cell {self.cell}"
        if self.what == "figure":
            return f"{where}: the figure is not the same in every run"
        tolerated = " (tolerated)" if self.tolerated else ""
        values = f": {' | '.join(self.values)}" if self.values else ""
        return f"{where}: {self.what}{values}{tolerated}"


def differences(outcomes: Sequence[Outcome]) -> list[Difference]:
    """Return what differs between outcomes of one notebook with equal parameters.

    Named results are compared by their values, printed output and figures cell by cell; only
    notebooks that passed are looked into. Not told are times, addresses and progress bars, nor
    what cells print that are tagged ``nbval-ignore-output``.
    """
    groups: dict[tuple[Any, ...], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.status not in STOPPED:
            key = (outcome.path.resolve(), repr(sorted(outcome.parameters.items())))
            groups.setdefault(key, []).append(outcome)
    return [found for runs in groups.values() if len(runs) > 1 for found in _between(runs)]


def _between(runs: Sequence[Outcome]) -> Iterator[Difference]:
    name = runs[0].name.removesuffix(f"--run-{runs[0].repetition}")
    verdicts = tuple(str(run.status) for run in runs)
    if len({*verdicts}) > 1:
        yield Difference(name, None, "verdict", verdicts, False, tuple(run.name for run in runs))
    read = [(run.name, notebook) for run in runs if (notebook := _executed(run))]
    names = tuple(name for name, _ in read)
    if len(read) > 1:
        cells = zip(*(notebook["cells"] for _, notebook in read), strict=False)
        for position, column in enumerate(cells):
            for what, values, tolerated in _in_cell(column):
                yield Difference(name, position, what, values, tolerated, names)


def _executed(run: Outcome) -> Notebook | None:
    try:
        return documents.read(run.output) if run.passed and run.output else None
    except NotebookError:
        return None  # somebody removed it


Told = tuple[str, tuple[str, ...], bool]
"""What differs, what each run has there, and whether that is tolerated."""


def _in_cell(cells: Sequence[Cell]) -> Iterator[Told]:
    outputs = [cell.get("outputs", []) for cell in cells]
    declared = DECLARED in documents.tags(cells[0])
    yield from _in_results([_results(each) for each in outputs], declared)
    if not declared:
        for stream in ("stdout", "stderr"):
            yield from _in_text([_printed(each, stream) for each in outputs])
        yield from _in_displays([_displays(each) for each in outputs])


def _in_results(recorded: Sequence[dict[str, Any]], declared: bool) -> Iterator[Told]:
    for name in dict.fromkeys(name for run in recorded for name in run):
        found = [run.get(name) for run in recorded]
        there = [result for result in found if result is not None]
        numbers = [result.value for result in there]
        is_everywhere = len(there) == len(found)
        if is_everywhere and (len({*numbers}) == 1 or _is_time(there[0])):
            continue
        tolerance = there[0].tolerance
        # A tolerance is a promise, also in a cell that is said to vary. 0.98 − 0.97 > 0.01 in
        # binary numbers, therefore a little more.
        slack = 1e-9 * max(map(abs, numbers))
        within = declared if tolerance is None else max(numbers) - min(numbers) <= tolerance + slack
        yield name, tuple(map(_value, found)), is_everywhere and within


def _in_text(texts: Sequence[str]) -> Iterator[Told]:
    found = printed.differing(texts)
    yield from ((what, values, False) for what, values in found[:MOST_LINES])
    if len(found) > MOST_LINES:
        yield f"and {len(found) - MOST_LINES} more lines", (), False


def _in_displays(displays: Sequence[Sequence[dict[str, Any]]]) -> Iterator[Told]:
    if len({len(each) for each in displays}) > 1:
        yield "outputs", tuple(str(len(each)) for each in displays), False
    for bundles in zip(*displays, strict=False):
        yield from _in_text([str(bundle.get("text/plain", "")) for bundle in bundles])
        pictures = tuple(map(_picture, bundles))
        if len({*pictures}) > 1:
            yield "figure", pictures, True


def _results(outputs: Sequence[dict[str, Any]]) -> dict[str, results.Result]:
    return results.from_notebook({"cells": [{"outputs": outputs}]})


def _printed(outputs: Sequence[dict[str, Any]], stream: str) -> str:
    return "".join(output["text"] for output in outputs if output.get("name") == stream)


def _displays(outputs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    bundles = (output.get("data", {}) for output in outputs)
    return [bundle for bundle in bundles if bundle and results.MIME not in bundle]


def _picture(bundle: dict[str, Any]) -> str:
    """Return a digest of the pictures in an output; nothing where there is none."""
    found = {mime: data for mime, data in bundle.items() if mime.startswith("image/")}
    return digests.of_bytes(repr(sorted(found.items())).encode()) if found else ""


def _is_time(result: results.Result) -> bool:
    return result.tolerance is None and (result.unit in TIMES or result.unit.endswith("/s"))


def _value(result: results.Result | None) -> str:
    if result is None:
        return MISSING
    return f"{result.value:.15g} {result.unit}".strip()
