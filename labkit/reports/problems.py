"""What broke a run: notebooks that failed in the same way are one problem, new ones come first."""

from collections.abc import Sequence
from dataclasses import dataclass

from labkit.execution.outcomes import Outcome
from labkit.reports.frame import WORDS, moment
from labkit.reports.history import verdict
from labkit.reports.run import Run

__all__ = ["Problem", "problems", "since"]


@dataclass(frozen=True)
class Problem:
    """One cause, as far as an error message tells causes apart.

    Parameters
    ----------
    name
        The class of the error, or how the notebook ended where there was none.
    message
        What the error said, or why the notebook did not run.
    outcomes
        The notebooks with this problem; at least one.
    new
        Whether one of them passed in the run before.
    """

    name: str
    message: str
    outcomes: Sequence[Outcome]
    new: bool


def problems(run: Run) -> list[Problem]:
    """Return what broke a run: what is new first, then what breaks most notebooks."""
    found: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in run.broken:
        found.setdefault(_cause(outcome), []).append(outcome)
    told = [Problem(*cause, hit, any(map(run.is_new, hit))) for cause, hit in found.items()]
    return sorted(told, key=lambda p: (not p.new, -len(p.outcomes)))


def since(run: Run, outcome: Outcome) -> str:
    """Say since when a notebook is broken, or that it works again; empty where that is unknown.

    Examples
    --------
    >>> from pathlib import Path
    >>> broken = Outcome(Path("a.ipynb"), "failed")
    >>> since(Run([broken]), broken)
    ''
    """
    past = run.histories[outcome.name]
    if run.is_new(outcome):
        return "new: it passed in the last run"
    if verdict(outcome.status) == "broken" and past.runs > 1:
        return f"broken for {past.runs} runs, since {moment(past.since)}"
    if outcome.passed and past.before is not None and past.before["status"] != "passed":
        return f"last run: {WORDS.get(past.before['status'], past.before['status'])}"
    return ""


def _cause(outcome: Outcome) -> tuple[str, str]:
    if outcome.failure is None:
        return WORDS[outcome.status], outcome.reason
    return outcome.failure.name, outcome.failure.message
