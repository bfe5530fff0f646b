"""The table of all notebooks: a row for each run of one, and a line below for what went wrong."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

from labkit.execution.outcomes import Outcome
from labkit.reports import frame, history
from labkit.reports.bar import bar, slowest
from labkit.reports.findings import checks, results
from labkit.reports.links import linked, to_cell
from labkit.reports.problems import since
from labkit.reports.remarks import remarks
from labkit.reports.run import Group, Run, place_of

__all__ = ["marks", "table"]

RANK = {"passed": 0, "skipped": 1, "broken": 2}


@dataclass(frozen=True)
class _Column:
    """What one column shows of an outcome, as HTML, and what it can be sorted by."""

    title: str
    html: Callable[[Run, Outcome], str]
    kind: str = ""
    number: Callable[[Outcome], float | None] | None = None
    by_text: bool = False
    finding: bool = False


def table(run: Run) -> str:
    """Return the table as HTML; a column that would be empty in every row is left out."""
    columns = [c for c in COLUMNS if any(c.html(run, o) for o in run.outcomes)]
    heads = "".join(map(_head, [NOTEBOOK, *columns]))
    bodies = "\n".join(_body(run, group, columns) for group in run.groups)
    return (
        '<table class="notebooks"><caption class="unseen">All notebooks of this run</caption>'
        f"<thead><tr>{heads}</tr></thead>\n{bodies}\n</table>"
    )


def marks(run: Run, outcome: Outcome) -> Iterator[str]:
    """Yield what a reader can filter by."""
    yield outcome.status
    if run.is_new(outcome):
        yield "new"
    if outcome.warnings:
        yield "warnings"
    if any(change.beyond for change in run.histories[outcome.name].changes.values()):
        yield "changed"
    if not all(each.tolerated for each in run.differing((outcome,))):
        yield "differing"


def _head(column: _Column) -> str:
    order = "number" if column.number else "text" if column.by_text else ""
    by = f' data-order="{order}"' if order else ""
    return f'<th scope="col"{_kind(column)}{by}>{column.title}</th>'


def _body(run: Run, group: Group, columns: list[_Column]) -> str:
    found = " ".join(dict.fromkeys(mark for o in group for mark in marks(run, o)))
    rows = (_row(run, o, group[0], columns) for o in group)
    told = remarks(run, group)
    below = f'<tr class="remarks"><td colspan="{len(columns) + 1}">{told}</td></tr>' if told else ""
    return f'<tbody data-marks="{found}">{"".join(rows)}{below}</tbody>'


def _row(run: Run, outcome: Outcome, first: Outcome, columns: list[_Column]) -> str:
    """Return a row; of a repetition, what is as in the first is not told again."""
    title = _title(run, outcome) if outcome is first else _repetition(run, outcome)
    found = (outcome.results, outcome.checks)
    told_above = outcome is not first and found == (first.results, first.checks)
    cells = "".join(
        _cell(column, outcome, "" if told_above and column.finding else column.html(run, outcome))
        for column in columns
    )
    return f'<tr><th scope="row">{title}</th>{cells}</tr>'


def _cell(column: _Column, outcome: Outcome, html: str) -> str:
    number = None if column.number is None else column.number(outcome)
    by = "" if number is None else f' data-by="{number:.6g}"'
    return f'<td{_kind(column)} data-label="{column.title}"{by}>{html}</td>'


def _kind(column: _Column) -> str:
    return f' class="{column.kind}"' if column.kind else ""


def _title(run: Run, outcome: Outcome) -> str:
    place = escape(place_of(outcome)).replace("_", "_<wbr>").replace("/", "/<wbr>")
    given = (f"{name} = {value!r}" for name, value in outcome.parameters.items())
    values = "".join(f"<code>{escape(each)}</code>" for each in given)
    resumed = '<span class="resumed">taken over from the last run</span>' if outcome.resumed else ""
    return f'<span class="name">{linked(run, outcome, place)}</span>{values}{resumed}'


def _repetition(run: Run, outcome: Outcome) -> str:
    which = linked(run, outcome, f"run {outcome.repetition}")
    return f'<span class="again">{which}</span>'


def _verdict(run: Run, outcome: Outcome) -> str:
    past = since(run, outcome)
    new = "since new" if run.is_new(outcome) else "since"
    return frame.badge(outcome.status) + (f'<p class="{new}">{escape(past)}</p>' if past else "")


def _time(run: Run, outcome: Outcome) -> str:
    before = run.histories[outcome.name].before or {}
    told = f"<p>{frame.seconds(outcome.seconds)}</p>" if outcome.seconds else ""
    was = before.get("seconds") or 0.0
    if outcome.passed and was and outcome.seconds > max(1.5 * was, was + 1):
        told += f'<p class="was">was {frame.seconds(was)}</p>'
    return told


def _slowest(run: Run, outcome: Outcome) -> str:
    named = [
        f"<li>{to_cell(run, outcome, cell)} {frame.seconds(taken)}</li>"
        for cell, taken in slowest(outcome)
    ]
    return f"{bar(outcome)}<ol>{''.join(named)}</ol>" if named else ""


def _memory(_: Run, outcome: Outcome) -> str:
    sizes = {"": outcome.peak_memory, "GPU ": outcome.gpu_memory}
    return "".join(f"<p>{where}{frame.memory(size)}</p>" for where, size in sizes.items() if size)


def _device(run: Run, outcome: Outcome) -> str:
    """Return the device where there are several; one for all is told once, below the table."""
    several = len({o.device for o in run.outcomes if o.device}) > 1
    return escape(outcome.device) if several else ""


NOTEBOOK = _Column("Notebook", _title, by_text=True)
COLUMNS = [
    _Column("Verdict", _verdict, number=lambda o: RANK[history.verdict(o.status)]),
    _Column("Time", _time, "number", lambda o: o.seconds),
    _Column("Slowest cells", _slowest, "cells", lambda o: (o.slowest or (0, 0.0))[1]),
    _Column("Memory", _memory, "number", lambda o: o.peak_memory),
    _Column("Device", _device, by_text=True),
    _Column("Results", results, "results", finding=True),
    _Column("Checks", checks, "checks", finding=True),
]
