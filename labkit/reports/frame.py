"""The frame around every page of a report: one look, no request, readable anywhere."""

from functools import cache
from html import escape
from importlib.resources import files

from labkit.reports.offline import POLICY

__all__ = ["asset", "badge", "folded", "framed", "seconds"]

WORDS = {
    "passed": "passed",
    "failed": "failed",
    "timeout": "timed out",
    "died": "kernel died",
    "not-run": "did not run",
    "refused": "refused",
    "interrupted": "interrupted",
    "skipped": "skipped",
}
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='3' fill='%230072B2'/%3E"
    "%3Crect x='3' y='3' width='6' height='6' fill='%23fff'/%3E%3C/svg%3E"
)


@cache
def asset(name: str) -> str:
    """Return the text of a file that lies beside this module."""
    return files("labkit.reports").joinpath(name).read_text(encoding="utf-8")


def badge(status: str) -> str:
    """Return a verdict as a small label: a word, a sign and a colour."""
    sign = {"passed": "✓", "skipped": "–"}.get(status, "✗")
    hidden = f'<span aria-hidden="true">{sign}</span>'
    return f'<span class="badge {status}">{hidden} {WORDS[status]}</span>'


def folded(title: str, text: str) -> str:
    """Return text that a click unfolds; nothing when there is no text."""
    if not text:
        return ""
    return f"<details><summary>{escape(title)}</summary><pre>{escape(text)}</pre></details>"


def seconds(value: float) -> str:
    """Write a time so that it can be read at a glance.

    Examples
    --------
    >>> seconds(0.0421), seconds(3.14159), seconds(125.0)
    ('42 ms', '3.1 s', '2 min 05 s')
    """
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s"


def framed(title: str, body: str, *, style: str = "page.css") -> str:
    """Return a whole HTML document that loads nothing.

    Parameters
    ----------
    title
        What the browser's tab says.
    body
        What stands in its ``body``, as HTML.
    style
        The style sheet of this kind of page; ``frame.css``, which all share, comes before it.
    """
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<link rel="icon" href="{ICON}">
<style>
{asset("frame.css")}
{asset(style)}</style>
</head>
<body>
{body}
</body>
</html>
"""
