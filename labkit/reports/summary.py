"""One run as data: ``summary.json`` for programs, ``summary.md`` for the job page."""

import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from labkit import results
from labkit.execution.outcomes import Outcome
from labkit.reports.frame import WORDS, seconds

__all__ = ["SCHEMA", "as_data", "as_markdown", "headline", "results_of", "versions"]

SCHEMA = "labkit.summary/1"
NAMED = ("labkit", "torch", "torchvision", "numpy", "matplotlib", "ipykernel")


def as_data(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return a run as JSON-ready data; ``schema`` names the shape and its version."""
    return {
        "schema": SCHEMA,
        "passed": all(o.status in {"passed", "skipped"} for o in outcomes),
        "counts": dict(Counter(o.status for o in outcomes)),
        "seconds": round(sum(o.seconds for o in outcomes), 3),
        "versions": versions(),
        "notebooks": [_notebook(o) for o in outcomes],
    }


def as_markdown(outcomes: Sequence[Outcome]) -> str:
    """Return a run as a Markdown table, for the page of a CI job."""
    rows = [
        "| notebook | verdict | time | results |",
        "|---|---|---:|---|",
        *(_row(outcome) for outcome in outcomes),
    ]
    return f"### {headline(outcomes)}\n\n" + "\n".join(rows) + "\n"


def headline(outcomes: Sequence[Outcome]) -> str:
    """Say in one line how a run went.

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
    return " · ".join([passed, *others, seconds(sum(o.seconds for o in outcomes))])


def results_of(outcome: Outcome) -> list[results.Result]:
    """Return the named results that a notebook recorded, as far as it came."""
    return [] if outcome.output is None else list(results.read(outcome.output).values())


def versions() -> dict[str, str]:
    """Return the versions of what runs the notebooks, without importing any of it."""
    found = {"python": platform.python_version(), "platform": platform.platform(terse=True)}
    for name in NAMED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _notebook(outcome: Outcome) -> dict[str, Any]:
    return {
        "path": outcome.path.as_posix(),
        "status": outcome.status,
        "seconds": round(outcome.seconds, 3),
        "cell_seconds": {str(i): round(s, 4) for i, s in outcome.cell_seconds.items()},
        "parameters": dict(outcome.parameters),
        "failure": None if outcome.failure is None else asdict(outcome.failure),
        "reason": outcome.reason,
        "results": [asdict(r) for r in results_of(outcome)],
    }


def _row(outcome: Outcome) -> str:
    found = "; ".join(map(str, results_of(outcome)))
    told = outcome.failure or outcome.reason or found
    cells = [outcome.path.stem, WORDS[outcome.status], seconds(outcome.seconds), str(told)]
    return "| " + " | ".join(_one_line(cell) for cell in cells) + " |"


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
