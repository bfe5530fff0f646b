"""One run as data, for programs: ``summary.json``, described by ``summary.schema.json``."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, get_args

from labkit.execution.outcomes import Outcome, Status
from labkit.execution.outcomes import as_data as outcome_as_data
from labkit.reports.frame import WORDS, seconds
from labkit.reports.history import SCHEMA, Change, History, checked
from labkit.reports.machine import machine, versions
from labkit.reports.run import Run

__all__ = ["SCHEMA", "SCHEMA_FILE", "as_data", "dumps", "headline"]

SCHEMA_FILE = "summary.schema.json"
SLOWEST = 3


def as_data(run: Run) -> dict[str, Any]:
    """Return a run as JSON-ready data of the shape that ``summary.schema.json`` describes."""
    return {
        "$schema": SCHEMA_FILE,
        "schema": SCHEMA,
        "passed": run.passed,
        "counts": _counts(run),
        "started": run.started,
        "seconds": round(run.wall_seconds, 3),
        "notebook_seconds": round(run.notebook_seconds, 3),
        "machine": machine(),
        "versions": {**versions(), **run.versions},
        "previous": _previous(run.previous),
        "differences": [{**asdict(each), "text": str(each)} for each in run.differences],
        "notebooks": [_notebook(o, run) for o in run.outcomes],
    }


def dumps(data: Mapping[str, Any]) -> str:
    """Return data as strict JSON: what JSON has no form for becomes a string.

    Examples
    --------
    >>> print(dumps({"rate": float("nan")}))
    {
     "rate": "nan"
    }
    """
    strict = _strict(data)
    return json.dumps(strict, indent=1, ensure_ascii=False, allow_nan=False, default=str)


def headline(outcomes: Sequence[Outcome], wall_seconds: float | None = None) -> str:
    """Say in one line how a run went.

    Parameters
    ----------
    outcomes
        One for each notebook.
    wall_seconds
        How long the run took; without it the sum over the notebooks is told.

    Examples
    --------
    >>> from pathlib import Path
    >>> good = Outcome(Path("a.ipynb"), "passed", seconds=2.0)
    >>> headline([good, Outcome(Path("b.ipynb"), "died")])
    '1 of 2 notebooks passed · 1 kernel died · 2.0 s'
    """
    counts = Counter(o.status for o in outcomes)
    others = [f"{n} {WORDS[s]}" for s, n in counts.items() if s != "passed"]
    noun = "notebook" if len(outcomes) == 1 else "notebooks"
    passed = f"{counts['passed']} of {len(outcomes)} {noun} passed"
    taken = sum((o.seconds for o in outcomes), 0.0) if wall_seconds is None else wall_seconds
    return " · ".join([passed, *others, seconds(taken)])


def _counts(run: Run) -> dict[str, int]:
    found = Counter(o.status for o in run.outcomes)
    return {
        "notebooks": len(run.outcomes),
        **{status: found[status] for status in get_args(Status)},
        "broken": len(run.broken),
        "newly_broken": sum(map(run.is_new, run.outcomes)),
        "differing": len({each.name for each in run.differences if not each.tolerated}),
    }


def _previous(previous: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if checked(previous) is None:
        return None
    return {key: previous.get(key) for key in ("started", "passed", "seconds", "counts")}


def _notebook(outcome: Outcome, run: Run) -> dict[str, Any]:
    past = run.histories[outcome.name]
    slowest = sorted(outcome.cell_seconds.items(), key=lambda item: -item[1])[:SLOWEST]
    return {
        **outcome_as_data(outcome),
        "page": run.pages.get(outcome.name),
        "slowest": [{"cell": cell, "seconds": round(s, 4)} for cell, s in slowest],
        "since": past.since,
        "runs": past.runs,
        "before": _before(past),
        "changes": [_change(change) for change in past.changes.values()],
    }


def _before(past: History) -> dict[str, Any] | None:
    if past.before is None:
        return None
    return {key: past.before.get(key) for key in ("status", "started", "seconds", "device")}


def _change(change: Change) -> dict[str, Any]:
    return {**asdict(change), "difference": change.difference, "beyond": change.beyond}


def _strict(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {str(key): _strict(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_strict(value) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return str(data)
    return data
