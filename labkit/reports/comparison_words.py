"""How a comparison of two runs is told, in a terminal and on a page."""

from collections.abc import Sequence

from labkit.reports.comparison import Comparison, Pair
from labkit.reports.frame import WORDS, named
from labkit.reports.history import Change

__all__ = ["difference", "headline", "kept", "ratio", "status"]

ALIKE = 1.1
"""Times and memory that are less than this factor apart are called about the same."""


def headline(comparison: Comparison) -> str:
    """Say in one line whether something is worse, and what.

    Examples
    --------
    >>> from labkit.reports.comparison import Side
    >>> headline(Comparison(Side("cpu"), Side("cuda"), []))
    'nothing to compare: no notebook is in both runs'
    """
    pairs = comparison.pairs
    if not pairs:
        return "nothing to compare: no notebook is in both runs"
    lost, beyond = sum(p.worse for p in pairs), sum(len(p.beyond) for p in pairs)
    won = sum(p.better for p in pairs)
    told = [
        f"{_pass(lost)} no longer" if lost else "",
        f"{named(beyond, 'result')} beyond its tolerance" if beyond == 1 else "",
        f"{named(beyond, 'result')} beyond their tolerance" if beyond > 1 else "",
        "" if comparison.worse else "nothing is worse",
        f"{_pass(won)} that did not" if won else "",
    ]
    return " · ".join(filter(None, told))


def status(pair: Pair) -> str:
    """Say what became of a notebook, and what before where that was something else.

    Examples
    --------
    >>> from pathlib import Path
    >>> from labkit.execution.outcomes import Outcome
    >>> status(Pair(Outcome(Path("n"), "passed"), Outcome(Path("n"), "died")))
    'passed → kernel died'
    """
    old, new = WORDS[pair.old.status], WORDS[pair.new.status]
    return new if old == new else f"{old} → {new}"


def ratio(old: int | float | None, new: int | float | None, less: str, more: str) -> str:
    """Say by which factor a time or a size changed; empty where one of them is not known.

    Examples
    --------
    >>> ratio(2.0, 1.0, "faster", "slower"), ratio(1.0, 1.05, "faster", "slower")
    ('2.0× faster', 'about the same')
    """
    if not old or not new:
        return ""
    factor = max(old, new) / min(old, new)
    if factor < ALIKE:
        return "about the same"
    return f"{factor:.1f}× {less if new < old else more}"


def difference(change: Change) -> str:
    """Write how far a result moved, with as many digits as tell something.

    Examples
    --------
    >>> difference(Change("accuracy", 0.97, 0.95, tolerance=0.03))
    '−0.02'
    """
    if change.difference == 0:
        return "0"
    return f"{change.difference:+.3g}".replace("-", "−")


def kept(changes: Sequence[Change]) -> str:
    """Say how many results lie within and beyond their tolerance, and how many have none.

    Examples
    --------
    >>> kept([Change("a", 1.0, 2.0, tolerance=0.5), Change("b", 1.0, 2.0)])
    '1 beyond, 1 without a tolerance'
    """
    counts = {
        "beyond": sum(change.beyond is True for change in changes),
        "within": sum(change.beyond is False for change in changes),
        "without a tolerance": sum(change.beyond is None for change in changes),
    }
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def _pass(number: int) -> str:
    return f"{number} notebook passes" if number == 1 else f"{number} notebooks pass"
