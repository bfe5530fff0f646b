"""An executed notebook as one HTML file that works from a disk, its explorers still alive."""

import json
import re
from html import escape, unescape
from pathlib import Path

from labkit.execution.documents import Notebook
from labkit.execution.outcomes import Outcome
from labkit.execution.timings import cell_seconds
from labkit.reports import frame, live, offline
from labkit.reports.cells import cells_html
from labkit.reports.failing import failing
from labkit.reports.masthead import about, masthead

__all__ = ["page", "title_of"]

CONTENTS_FROM = 3
"""A table of contents is worth its place from this many sections on."""


def page(
    notebook: Notebook,
    *,
    name: str,
    folder: Path | None = None,
    outcome: Outcome | None = None,
    home: str | None = None,
    executed: str | None = None,
) -> str:
    """Return an executed notebook as one HTML document that loads nothing.

    Parameters
    ----------
    notebook
        The executed notebook, with the state of its widgets.
    name
        What the report calls it, shown above it.
    folder
        Where pictures named in its text lie.
    outcome
        What became of it, told above it with a link to the cell that failed.
    home
        Link to the table of all notebooks.
    executed
        Link to the executed notebook, for what is too large to be shown.
    """
    seconds = cell_seconds(notebook) if outcome is None else outcome.cell_seconds
    cells = cells_html(notebook, folder=folder, executed=executed, seconds=seconds)
    body = offline.without_remote(cells)
    folds = '<details class="source">' in body
    parts = [
        masthead(name, outcome, home, folds=folds),
        _contents(body),
        f"<main>{failing(outcome, notebook)}{about(outcome)}{body}</main>",
        _live_script(live.packed(notebook)),
    ]
    whole = "\n".join(parts)
    script = f"<script>{frame.asset('page.js')}</script>" if "<details" in whole else ""
    return frame.framed(title_of(notebook) or name, whole + script)


def title_of(notebook: Notebook) -> str | None:
    """Return the first heading of a notebook, without markup."""
    for cell in notebook["cells"]:
        heading = re.search(r"^#\s+(.+?)\s*#*$", cell["source"], re.MULTILINE)
        if cell["cell_type"] == "markdown" and heading:
            return re.sub(r"[*_`]", "", heading[1])
    return None


def _contents(body: str) -> str:
    headings = re.findall(r'<h2 id="([^"]+)">(.*?)(?:<a class="anchor-link".*?)?</h2>', body, re.S)
    if len(headings) < CONTENTS_FROM:
        return ""
    plain = ((anchor, unescape(re.sub(r"<[^>]+>", "", text))) for anchor, text in headings)
    items = "".join(f'<li><a href="#{a}">{escape(text)}</a></li>' for a, text in plain)
    return f'<nav class="contents" aria-label="Sections"><ol>{items}</ol></nav>'


def _live_script(packed: live.Live) -> str:
    if not packed:
        return ""
    # "</script>" inside the data would end the element.
    data = json.dumps(packed, ensure_ascii=False).replace("<", "\\u003c")
    host = frame.asset("host.js")
    return (
        f'<script type="application/json" id="live">{data}</script>\n'
        f'<script type="module">\n{host}</script>'
    )
