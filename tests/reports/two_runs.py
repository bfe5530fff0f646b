"""Summaries of runs as they might have gone, for the tests of their comparison."""

from pathlib import Path

from labkit.execution.outcomes import Failure, Outcome, as_data
from labkit.reports.history import SCHEMA
from labkit.results import Result


def ran(name, status="passed", *results, **fields):
    """Return an outcome; each result is ``(name, value)`` or ``(name, value, tolerance)``."""
    kept = tuple(Result(n, v, "", *tolerance) for n, v, *tolerance in results)
    failure = None if status == "passed" else Failure("ValueError", "too <large>", cell=1)
    fields = {"seconds": 2.0, **fields}
    path = Path(f"{name}.ipynb")
    return Outcome(path, status, name=name, results=kept, failure=failure, **fields)


def summary(*outcomes, **facts):
    """Return the data of a run's ``summary.json``, as far as a comparison reads it."""
    return {"schema": SCHEMA, "notebooks": [as_data(o) for o in outcomes], **facts}
