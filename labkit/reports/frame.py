"""The frame around every page of a report: one look, no request, readable anywhere."""

from datetime import UTC, datetime
from functools import cache
from html import escape
from importlib.resources import files

from labkit.reports.offline import POLICY

__all__ = ["WORDS", "asset", "badge", "folded", "framed", "memory", "moment", "named", "seconds"]

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


def memory(size: int) -> str:
    """Write a number of bytes so that it can be read at a glance.

    Examples
    --------
    >>> memory(3_400), memory(412_300_000), memory(1_530_000_000)
    ('3 kB', '412 MB', '1.5 GB')
    """
    if size < 1e6:
        return f"{size / 1e3:.0f} kB"
    return f"{size / 1e6:.0f} MB" if size < 999.5e6 else f"{size / 1e9:.1f} GB"


def moment(started: str) -> str:
    """Write a moment, given as ISO 8601, in UTC to the minute; what is no moment stays.

    Examples
    --------
    >>> moment("2025-03-01T09:05:00.123+00:00")
    '2025-03-01 09:05 UTC'
    """
    try:
        told = datetime.fromisoformat(started)
    except ValueError:
        return started
    told = told.astimezone(UTC) if told.tzinfo else told
    return f"{told:%Y-%m-%d %H:%M} UTC"


def named(number: int, noun: str) -> str:
    """Return a number with its noun in singular or plural.

    Examples
    --------
    >>> named(1, "warning"), named(3, "warning")
    ('1 warning', '3 warnings')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


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
