"""Write everything a run leaves: the table, a page for each notebook, and the same as data."""

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from labkit.execution import documents
from labkit.execution.outcomes import Outcome
from labkit.reports import index, junit, summary
from labkit.reports.page import page

__all__ = ["EXECUTED", "write"]

EXECUTED = "executed"
"""The folder within a report that holds the executed notebooks."""

PAGES = "pages"


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
    pages = {o.path: _write_page(folder, o) for o in outcomes if o.output is not None}
    data = json.dumps(summary.as_data(outcomes), indent=1, ensure_ascii=False, default=str)
    documents.write_text(data + "\n", folder / "summary.json")
    documents.write_text(summary.as_markdown(outcomes), folder / "summary.md")
    documents.write_text(junit.as_xml(outcomes), folder / "junit.xml")
    table = folder / "index.html"
    documents.write_text(index.index(outcomes, pages), table)
    return table


def _write_page(folder: Path, outcome: Outcome) -> str:
    """Write the page of one notebook and return the link to it from the table."""
    place = outcome.output.relative_to(folder / EXECUTED).with_suffix(".html")
    home = "../" * len(place.parts) + "index.html"
    text = page(
        documents.read(outcome.output),
        name=outcome.path.stem,
        folder=outcome.path.parent,
        outcome=outcome,
        home=home,
    )
    documents.write_text(text, folder / PAGES / place)
    return quote(f"{PAGES}/{place.as_posix()}")
