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
        The name of its page.
    pages
        Path of a notebook, absolute and without links → name of its page, which lies among the
        pages under that name.

    Examples
    --------
    >>> there = str(Path("more/b.ipynb").resolve())
    >>> html = '<a href="more/b.ipynb#Part">'
    >>> among_pages(html, source=Path("a.ipynb"), page="x/a", pages={there: "b"})
    '<a href="../b.html#Part">'
    """
    here = PurePosixPath(page).parent

    def to_page(match: re.Match[str]) -> str:
        target = pages.get(str((source.parent / unquote(match[1])).resolve()))
        if target is None:
            return match[0]
        return f'<a href="{quote(Path(os.path.relpath(target, here)).as_posix())}.html'

    return NOTEBOOK_LINK.sub(to_page, html)
