"""What became of a notebook in the run before, and since when it has been so.

Each summary carries on the count of the one before it, so one file is enough to tell how long a
notebook has been broken.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from labkit.execution.outcomes import Outcome
from labkit.results import Result

__all__ = ["SCHEMA", "Change", "History", "Verdict", "checked", "of", "read", "verdict"]

SCHEMA = "labkit.summary/2"
"""Name and version of the shape of a summary; see ``summary.schema.json``."""

USED = {"name", "parameters", "path", "repetition", "results", "runs", "since", "status"}
"""What is read of an entry; a summary without it is of no use here."""

Verdict = Literal["passed", "skipped", "broken"]
Summary = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """A named result beside the one of the run before.

    Parameters
    ----------
    name
        What was measured.
    before, after
        Its values, in ``unit``.
    unit
        Their unit, empty for a plain number.
    tolerance
        How far they may differ, in the same unit; ``None`` where nothing is promised.

    Examples
    --------
    >>> change = Change("accuracy", before=0.94, after=0.97, tolerance=0.02)
    >>> change.beyond
    True
    >>> round(change.difference, 6)
    0.03
    """

    name: str
    before: int | float
    after: int | float
    unit: str = ""
    tolerance: int | float | None = None

    @property
    def difference(self) -> int | float:
        """How much more it is than before."""
        return self.after - self.before

    @property
    def beyond(self) -> bool | None:
        """Whether it is further from before than promised; ``None`` where nothing is promised."""
        if self.tolerance is None:
            return None
        # Two decimals that are exactly as far apart as they may be can be a little further as
        # binary numbers: the least of their digits, not of the difference's, decides.
        slack = 1e-12 * max(abs(self.before), abs(self.after), self.tolerance)
        return abs(self.difference) > self.tolerance + slack


@dataclass(frozen=True)
class History:
    """Where a notebook comes from.

    Parameters
    ----------
    before
        Its entry in the summary of the run before; ``None`` where it was not part of that.
    since
        When the first of the runs began that all ended with this verdict; ISO 8601.
    runs
        How many these are, this one included.
    changes
        Name of a result → its change, for those that both runs have in the same unit.
    """

    before: Mapping[str, Any] | None = None
    since: str = ""
    runs: int = 1
    changes: Mapping[str, Change] = field(default_factory=dict)


def verdict(status: str) -> Verdict:
    """Return what a status means for the run: every end that is not foreseen is ``broken``."""
    return status if status in {"passed", "skipped"} else "broken"


def read(path: str | Path) -> Summary | None:
    """Return the summary in a file; ``None`` where there is none of today's shape."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return checked(data)


def checked(data: Any) -> Summary | None:
    """Return a summary if it is one of today's shape, with all that a later run reads."""
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        return None
    entries = data.get("notebooks")
    return data if isinstance(entries, list) and all(map(_is_entry, entries)) else None


def of(outcome: Outcome, previous: Summary | None) -> History:
    """Look a notebook up in the summary of the run before.

    The same notebook is the one with the same file name and the same parameters: a run with other
    values says nothing about this one.

    Parameters
    ----------
    outcome
        What became of it.
    previous
        The summary of the run before, if there is one, as ``checked`` returns it.
    """
    before = _entry(outcome, previous)
    if before is None:
        return History(since=outcome.started)
    changes = _changes(outcome.results, before["results"])
    if verdict(before["status"]) != verdict(outcome.status):
        return History(before, outcome.started, 1, changes)
    runs = before["runs"] + (not outcome.resumed)
    return History(before, before["since"] or outcome.started, runs, changes)


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.keys() >= USED


def _entry(outcome: Outcome, previous: Summary | None) -> Mapping[str, Any] | None:
    if previous is None:
        return None
    alike = [entry for entry in previous["notebooks"] if _is_same(entry, outcome)]
    named = [entry for entry in alike if entry["name"] == outcome.name]
    found = named or alike
    return found[0] if len(found) == 1 else None


def _is_same(entry: Mapping[str, Any], outcome: Outcome) -> bool:
    return (
        entry["path"].rpartition("/")[2] == outcome.path.name
        and entry["parameters"] == dict(outcome.parameters)
        and entry["repetition"] == outcome.repetition
    )


def _changes(now: Sequence[Result], before: Sequence[Mapping[str, Any]]) -> dict[str, Change]:
    old = {(r["name"], r["unit"]): r["value"] for r in before}
    return {
        r.name: Change(r.name, old[r.name, r.unit], r.value, r.unit, r.tolerance)
        for r in now
        if (r.name, r.unit) in old
    }
