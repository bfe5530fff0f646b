"""The table over a comparison: a row for each notebook that both runs have."""

from collections.abc import Iterable
from html import escape

from labkit.reports import frame
from labkit.reports.comparison import Pair
from labkit.reports.comparison_words import kept, ratio, status

__all__ = ["overview", "verdict"]


def overview(pairs: Iterable[Pair], anchors: Iterable[str]) -> str:
    """Return a table of notebooks, each with a link to its part of the page."""
    rows = "".join(_row(pair, anchor) for pair, anchor in zip(pairs, anchors, strict=True))
    return (
        '<table class="pairs"><thead><tr><th>Notebook</th><th>Verdict</th><th>Time</th>'
        f"<th>Memory</th><th>Results</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def verdict(pair: Pair) -> str:
    """Return what became of a notebook in both runs as a small label."""
    told = frame.badge(pair.new.status)
    if pair.old.status == pair.new.status:
        return told
    return f'<span class="was">{escape(status(pair).partition(" → ")[0])} →</span> {told}'


def _row(pair: Pair, anchor: str) -> str:
    old, new = pair.old, pair.new
    beyond = ' class="beyond"' if pair.beyond else ""
    return (
        f'<tr><th scope="row"><a href="#{anchor}">{escape(pair.name)}</a></th>'
        f"<td>{verdict(pair)}</td>"
        f'<td data-label="Time">{_time(old.seconds, new.seconds)}</td>'
        f'<td data-label="Memory">{_memory(old.peak_memory, new.peak_memory)}</td>'
        f'<td data-label="Results"{beyond}>{kept(pair.changes)}</td></tr>'
    )


def _time(old: float, new: float) -> str:
    if not old or not new:
        return ""
    factor = ratio(old, new, "faster", "slower")
    return f"{frame.seconds(old)} → {frame.seconds(new)} <small>{factor}</small>"


def _memory(old: int | None, new: int | None) -> str:
    if not old or not new:
        return ""
    factor = ratio(old, new, "less", "more")
    return f"{frame.memory(old)} → {frame.memory(new)} <small>{factor}</small>"
