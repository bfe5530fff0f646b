"""What a report knows of a run: its outcomes, their pages, their past, what differs among them."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from labkit.execution.outcomes import Outcome
from labkit.execution.repeating import Difference
from labkit.reports import history

__all__ = ["Group", "Run", "place_of"]

Group = tuple[Outcome, ...]
"""Repetitions of one notebook with the same values; mostly there is one."""


@dataclass(frozen=True)
class Run:
    """One run, as its report tells it.

    Parameters
    ----------
    outcomes
        One for each notebook with each set of values and each repetition, in the order they began.
    seconds
        Wall time of the run; ``None`` takes the sum over the notebooks.
    previous
        The summary of the run before; one of another shape is as none.
    differences
        What differs between repetitions of a notebook.
    pages
        Name of an outcome → link to its page, for those that have one.
    """

    outcomes: Sequence[Outcome]
    seconds: float | None = None
    previous: Mapping[str, Any] | None = None
    differences: Sequence[Difference] = ()
    pages: Mapping[str, str] = field(default_factory=dict)

    @property
    def wall_seconds(self) -> float:
        """Wall time as far as it is known."""
        return self.notebook_seconds if self.seconds is None else self.seconds

    @property
    def notebook_seconds(self) -> float:
        """Seconds that the notebooks took one by one; those of an earlier run do not count."""
        return sum((o.seconds for o in self.outcomes if not o.resumed), 0.0)

    @property
    def passed(self) -> bool:
        """Whether something passed and nothing broke."""
        verdicts = {history.verdict(o.status) for o in self.outcomes}
        return "passed" in verdicts and "broken" not in verdicts

    @property
    def started(self) -> str:
        """When the first notebook of this run began; ISO 8601, empty where none says."""
        own = [o.started for o in self.outcomes if o.started and not o.resumed]
        return min(own, default="")

    @cached_property
    def histories(self) -> dict[str, history.History]:
        """Name of an outcome → what the run before says of it."""
        previous = history.checked(self.previous)
        return {o.name: history.of(o, previous) for o in self.outcomes}

    @cached_property
    def versions(self) -> dict[str, str]:
        """The versions that most kernels had; empty where no kernel said."""
        told = Counter(json.dumps(dict(o.versions)) for o in self.outcomes if o.versions)
        return json.loads(told.most_common(1)[0][0]) if told else {}

    @property
    def broken(self) -> list[Outcome]:
        """What did not end as it should, in the order it began."""
        return [o for o in self.outcomes if history.verdict(o.status) == "broken"]

    @property
    def groups(self) -> list[Group]:
        """Return the outcomes with repetitions side by side, those that broke first."""
        found: dict[tuple[str, str], list[Outcome]] = {}
        for o in self.outcomes:
            values = json.dumps(dict(o.parameters), sort_keys=True, default=repr)
            found.setdefault((o.path.as_posix(), values), []).append(o)
        return sorted(map(tuple, found.values()), key=_is_whole)

    def differing(self, group: Group) -> list[Difference]:
        """Return what differs between some of these outcomes and their other repetitions."""
        names = {o.name for o in group}
        return [each for each in self.differences if names & set(each.runs)]

    def is_new(self, outcome: Outcome) -> bool:
        """Tell whether a notebook broke that passed in the run before."""
        past = self.histories[outcome.name]
        passed_before = past.before is not None and past.before["status"] == "passed"
        return passed_before and history.verdict(outcome.status) == "broken"


def place_of(outcome: Outcome) -> str:
    """Return where a notebook lies among those of its run, without what tells its variants apart.

    Examples
    --------
    >>> from pathlib import Path
    >>> place_of(Outcome(Path("a/more/02_plain.ipynb"), "passed", name="more/02_plain--run-2"))
    'more/02_plain'
    """
    before, stem, _ = outcome.name.rpartition(outcome.path.stem)
    return before + stem if stem else outcome.name


def _is_whole(group: Group) -> bool:
    return all(history.verdict(o.status) != "broken" for o in group)
