"""What all parts of the measurement say in the same way: a spread, a bar, a line of a table."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Bar", "Spread", "shown", "spread"]

Spread = dict[str, float]


@dataclass(frozen=True)
class Bar:
    """A claim, and what was measured.

    Attributes
    ----------
    claim
        In words, with its unit.
    limit, measured
        In that unit.
    at_least
        Whether more is better.
    """

    claim: str
    limit: float
    measured: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the claim holds."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return (
            f"{self.claim}: {self.measured:.3g} (bar: {sign} {self.limit:g}), "
            f"{'met' if self.met else 'MISSED'}"
        )


def spread(values: Sequence[float]) -> Spread:
    """Return the median, the least and the most of all rounds."""
    return {
        "median": round(statistics.median(values), 4),
        "low": round(min(values), 4),
        "high": round(max(values), 4),
    }


def shown(figure: Spread, digits: int = 2) -> str:
    """Write a spread for a table.

    Examples
    --------
    >>> shown({"median": 2.5, "low": 2.0, "high": 3.25})
    '2.50 (2.00–3.25)'
    """
    return "{median:.{0}f} ({low:.{0}f}–{high:.{0}f})".format(digits, **figure)
