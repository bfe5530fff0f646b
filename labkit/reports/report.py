"""Write everything a run leaves: the table, a page for each notebook, and the same as data."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, unquote

from labkit.execution import documents
from labkit.execution.outcomes import Outcome
from labkit.reports import index, junit, summary
from labkit.reports.page import page

__all__ = ["EXECUTED", "write"]

EXECUTED = "executed"
"""The folder within a report that holds the executed notebooks."""

PAGES = "pages"
NOTEBOOK_LINK = re.compile(r'<a href="([^":#]+\.ipynb)(?=["#])')


def write(folder: str | Path, outcomes: Sequence[Outcome]) -> Path:
    """Write the report of a run and return the path of its table.

    Parameters
    ----------
    folder
        Where the report goes; the executed notebooks lie in its folder ``executed``.
    outcomes
        One for each notebook, in the order they ran.
    """
    folder = Path(folder)
    places = {o.path.resolve(): _place(folder, o) for o in outcomes if o.output is not None}
    for outcome in outcomes:
        if outcome.output is not None:
            _write_page(folder / PAGES, outcome, places)
    pages = {o.path: _link(places[o.path.resolve()]) for o in outcomes if o.output is not None}
    data = json.dumps(summary.as_data(outcomes), indent=1, ensure_ascii=False, default=str)
    documents.write_text(data + "\n", folder / "summary.json")
    documents.write_text(summary.as_markdown(outcomes), folder / "summary.md")
    documents.write_text(junit.as_xml(outcomes), folder / "junit.xml")
    table = folder / "index.html"
    documents.write_text(index.index(outcomes, pages), table)
    return table


def _place(folder: Path, outcome: Outcome) -> Path:
    """Return where the page of a notebook lies among the pages."""
    return outcome.output.relative_to(folder / EXECUTED).with_suffix(".html")


def _link(place: Path) -> str:
    return quote(f"{PAGES}/{place.as_posix()}")


def _write_page(pages: Path, outcome: Outcome, places: Mapping[Path, Path]) -> None:
    place = places[outcome.path.resolve()]
    text = page(
        documents.read(outcome.output),
        name=outcome.path.stem,
        folder=outcome.path.parent,
        outcome=outcome,
        home="../" * len(place.parts) + "index.html",
    )
    documents.write_text(_among_pages(text, outcome.path.parent, place, places), pages / place)


def _among_pages(html: str, folder: Path, place: Path, places: Mapping[Path, Path]) -> str:
    """Let links from one notebook to another lead to its page, where the report has one."""

    def to_page(match: re.Match[str]) -> str:
        target = places.get((folder / unquote(match[1])).resolve())
        if target is None:
            return match[0]
        return f'<a href="{quote(Path(os.path.relpath(target, place.parent)).as_posix())}'

    return NOTEBOOK_LINK.sub(to_page, html)
