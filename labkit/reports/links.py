"""Links from the table into the page of a notebook, where it has one."""

from html import escape

from labkit.execution.outcomes import Outcome
from labkit.reports.run import Run

__all__ = ["linked", "to_cell"]


def linked(run: Run, outcome: Outcome, html: str, cell: int | None = None) -> str:
    """Let HTML lead to the page of a notebook, or to a cell in it, where there is a page.

    Examples
    --------
    >>> from pathlib import Path
    >>> outcome = Outcome(Path("a.ipynb"), "passed")
    >>> linked(Run([outcome], pages={"a": "pages/a.html"}), outcome, "here", cell=3)
    '<a href="pages/a.html#cell-id=3">here</a>'
    >>> linked(Run([outcome]), outcome, "here")
    'here'
    """
    page = run.pages.get(outcome.name)
    if page is None:
        return html
    anchor = "" if cell is None else f"#cell-id={cell}"
    return f'<a href="{escape(page)}{anchor}">{html}</a>'


def to_cell(run: Run, outcome: Outcome, cell: int) -> str:
    """Return the number of a cell, as a link where the notebook has a page."""
    return linked(run, outcome, f"cell {cell}", cell)
