"""Nothing in a page is fetched: what an output would load from elsewhere becomes a plain link.

The page also carries a content security policy, with which the browser itself refuses every request
that this file does not foresee.
"""

import re
from html import escape

__all__ = ["POLICY", "without_remote"]

POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "script-src 'unsafe-inline' blob:",
        "img-src data: blob:",
        "font-src data:",
        "media-src data: blob:",
        "frame-src data:",
    ]
)

REMOTE = r"""["']?\s*((?:https?:)?//[^"'\s>]++)["']?"""
# Bounded, because a search through megabytes for the end of each of many broken elements takes
# hours. What lies beyond is left to the policy.
ATTRIBUTES = "[^>]{0,1000}"
LOADING = re.compile(
    rf"<(img|script|link|iframe|source|video|audio|embed|object)\b{ATTRIBUTES}?"
    rf"\b(?:src|href|data|srcset)\s*=\s*{REMOTE}{ATTRIBUTES}+>(?:\s*</(?:script|iframe|object)>)?",
    re.IGNORECASE,
)


def without_remote(html: str) -> str:
    """Replace every element that would load something by a link to it.

    Examples
    --------
    >>> without_remote('<img src="https://example.org/a.png">')
    '<a href="https://example.org/a.png">https://example.org/a.png</a>'
    >>> without_remote('<script src="https://example.org/a.js"></script>')
    ''
    """
    return LOADING.sub(_link, html)


def _link(match: re.Match[str]) -> str:
    element, address = match[1].lower(), escape(match[2])
    if element in {"script", "link", "source"}:
        return ""
    return f'<a href="{address}">{address}</a>'
