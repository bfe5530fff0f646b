"""The table of all notebooks of a run: verdict, time, slowest cell, results, errors."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from labkit.execution.outcomes import Outcome
from labkit.reports import frame, summary

__all__ = ["index"]


def index(outcomes: Sequence[Outcome], pages: Mapping[Path, str]) -> str:
    """Return the table as one HTML document.

    Parameters
    ----------
    outcomes
        One for each notebook, in the order they ran.
    pages
        Path of a notebook → link to its page.
    """
    rows = "".join(_row(o, pages.get(o.path)) for o in outcomes)
    versions = " · ".join(f"{name} {v}" for name, v in summary.versions().items())
    body = f"""<main class="overview">
<h1>Notebooks</h1>
<p class="lead">{escape(summary.headline(outcomes))}</p>
<table class="notebooks">
<thead><tr><th>Notebook</th><th>Verdict</th><th class="number">Time</th>
<th>Slowest cell</th><th>Results</th></tr></thead>
<tbody>{rows}</tbody>
</table>
<p class="facts">{escape(versions)}</p>
</main>"""
    return frame.framed("Notebooks · " + summary.headline(outcomes), body, style="table.css")


def _row(outcome: Outcome, page: str | None) -> str:
    name = escape(outcome.path.stem)
    title = f'<a href="{escape(page)}">{name}</a>' if page else name
    given = ", ".join(f"{k} = {v!r}" for k, v in outcome.parameters.items())
    found = "".join(f"<li>{escape(str(r))}</li>" for r in summary.results_of(outcome))
    return (
        f'<tr><th scope="row">{title}{f"<code>{escape(given)}</code>" if given else ""}</th>'
        f"<td>{frame.badge(outcome.status)}</td>"
        f'<td class="number" data-label="Time">{frame.seconds(outcome.seconds)}</td>'
        f'<td data-label="Slowest cell">{_slowest(outcome, page)}</td>'
        f"<td>{f'<ul>{found}</ul>' if found else ''}</td></tr>{_error(outcome, page)}"
    )


def _slowest(outcome: Outcome, page: str | None) -> str:
    if outcome.slowest is None:
        return ""
    cell, seconds = outcome.slowest
    return f"{_cell_link(cell, page)}, {frame.seconds(seconds)}"


def _cell_link(cell: int, page: str | None) -> str:
    return f'<a href="{escape(page)}#cell-id={cell}">cell {cell}</a>' if page else f"cell {cell}"


def _error(outcome: Outcome, page: str | None) -> str:
    told = escape(outcome.reason)
    if (failure := outcome.failure) is not None:
        where = "" if failure.cell is None else _cell_link(failure.cell, page) + ": "
        trace = frame.folded("Traceback", failure.traceback)
        told = f"{where}<strong>{escape(failure.name)}</strong> {escape(failure.message)}{trace}"
    return f'<tr class="error"><td colspan="5">{told}</td></tr>' if told else ""
