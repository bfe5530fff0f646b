"""Links from one notebook to another lead, within a report, from page to page."""

import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote

__all__ = ["among_pages"]

NOTEBOOK_LINK = re.compile(r'<a href="([^":#]+\.ipynb)(?=["#])')


def among_pages(html: str, *, source: Path, page: str, pages: Mapping[str, str]) -> str:
    """Let each link to a notebook lead to its page, where the report has one.

    Parameters
    ----------
    html
        The page of a notebook.
    source
        The notebook, from whose folder its links start.
    page
        Where its page lies among the pages.
    pages
        Absolute path of a notebook → where its page lies among the pages.

    Examples
    --------
    >>> there = os.path.abspath("more/b.ipynb")
    >>> html = '<a href="more/b.ipynb#Part">'
    >>> among_pages(html, source=Path("a.ipynb"), page="x/a.html", pages={there: "b.html"})
    '<a href="../b.html#Part">'
    """
    here = PurePosixPath(page).parent

    def to_page(match: re.Match[str]) -> str:
        target = pages.get(os.path.abspath(source.parent / unquote(match[1])))
        if target is None:
            return match[0]
        return f'<a href="{quote(Path(os.path.relpath(target, here)).as_posix())}'

    return NOTEBOOK_LINK.sub(to_page, html)
