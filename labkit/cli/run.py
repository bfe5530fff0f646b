"""`labkit run`: execute notebooks, one line for each, and write the report."""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from labkit.errors import NotebookError, ParameterError
from labkit.execution import documents, parameters, running
from labkit.execution.finding import find, lessons_folder
from labkit.execution.outcomes import Failure, Outcome
from labkit.reports import report
from labkit.reports.frame import WORDS, seconds
from labkit.reports.summary import headline

__all__ = ["main", "said"]


def main(options: argparse.Namespace) -> int:
    """Execute the notebooks and write the report; return the exit code."""
    notebooks = find(options.paths or [lessons_folder()])
    given = {path: _given(path, options) for path in notebooks}
    outcomes = _run_all(given, options)
    table = report.write(options.out, outcomes)
    print(f"\n{headline(outcomes)}\nReport: {table}")
    if any(o.status == "interrupted" for o in outcomes):
        return 130
    return 0 if all(o.passed for o in outcomes) else 1


def said(outcome: Outcome) -> str:
    """Say in a line or two what became of a notebook."""
    sign = "✓" if outcome.passed else "✗"
    time = f"  {seconds(outcome.seconds)}" if outcome.seconds else ""
    line = f"{sign} {outcome.path.stem}  {WORDS[outcome.status]}{time}"
    told = outcome.failure or outcome.reason
    return f"{line}\n    {told}" if told else line


def _given(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters of one notebook, checked before anything runs."""
    asked = {"device": options.device, "budget": options.budget}
    try:
        notebook = documents.read(path)
        known = parameters.declared(notebook)
        where_declared = {k: v for k, v in asked.items() if v is not None and k in known}
        return parameters.resolve(notebook, {**where_declared, **dict(options.given)})
    except ParameterError as error:
        raise ParameterError(f"{path}: {error}") from error
    except NotebookError:
        return {}  # told when its turn comes, so that the others still run


def _run_all(given: Mapping[Path, Mapping[str, Any]], options: argparse.Namespace) -> list[Outcome]:
    outcomes: list[Outcome] = []
    root = _common_folder(list(given))
    for path, values in given.items():
        if reason := _reason_to_stop(outcomes, options.keep_going):
            outcomes.append(Outcome(path, "skipped", reason=reason))
            continue
        output = Path(options.out, report.EXECUTED, os.path.relpath(path, root))
        outcomes.append(_attempt(path, output, values, options.timeout))
        print(said(outcomes[-1]), flush=True)
    return outcomes


def _common_folder(paths: Sequence[Path]) -> Path:
    return Path(os.path.commonpath([p.absolute().parent for p in paths]))


def _reason_to_stop(outcomes: Sequence[Outcome], keep_going: bool) -> str:
    for outcome in outcomes:
        if outcome.status == "interrupted":
            return "the run was interrupted before it"
        if not outcome.passed and not keep_going and outcome.status != "skipped":
            return f"{outcome.path.stem} did not pass; use --keep-going to run the rest"
    return ""


def _attempt(path: Path, output: Path, values: Mapping[str, Any], timeout: int) -> Outcome:
    try:
        return running.run(path, output=output, given=values, timeout=timeout, progress=True)
    except NotebookError as error:
        return Outcome(path, "refused", failure=Failure(type(error).__name__, str(error)))
    except KeyboardInterrupt:
        return Outcome(path, "interrupted", reason="stopped with Ctrl-C")
