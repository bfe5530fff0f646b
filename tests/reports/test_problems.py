from dataclasses import replace
from pathlib import Path

from labkit.execution.outcomes import Failure, Outcome
from labkit.reports import summary
from labkit.reports.problems import problems, since
from labkit.reports.run import Run

MISSING = Failure("ModuleNotFoundError", "No module named 'x'", cell=1)
SHAPE = Failure("ShapeError", "7 does not fit 5", cell=4)


def broken(name, failure, status="failed"):
    return Outcome(Path(f"{name}.ipynb"), status, failure=failure, started="2025-03-01T09:00+00:00")


def test_one_cause_is_one_problem_and_what_breaks_most_comes_first():
    a, b, c = broken("a", SHAPE), broken("b", MISSING), broken("c", replace(MISSING, cell=7))
    good = Outcome(Path("d.ipynb"), "passed")
    first, second = problems(Run([a, b, good, c]))
    assert (first.name, first.outcomes) == ("ModuleNotFoundError", [b, c])
    assert (second.message, second.outcomes) == ("7 does not fit 5", [a])


def test_what_is_new_comes_before_what_is_known():
    before = [Outcome(Path("a.ipynb"), "passed"), broken("b", MISSING), broken("c", MISSING)]
    now = [broken("a", SHAPE), *before[1:]]
    found = problems(Run(now, previous=summary.as_data(Run(before))))
    assert [(p.name, p.new) for p in found] == [
        ("ShapeError", True),
        ("ModuleNotFoundError", False),
    ]


def test_what_ended_without_an_error_is_named_after_its_end():
    stopped = Outcome(Path("a.ipynb"), "interrupted", reason="stopped with Ctrl-C")
    (problem,) = problems(Run([stopped]))
    assert (problem.name, problem.message) == ("interrupted", "stopped with Ctrl-C")


def test_since_when():
    bad, good = broken("a", SHAPE), Outcome(Path("a.ipynb"), "passed")

    def told(*history):
        previous = None
        for outcome in history:
            run = Run([outcome], previous=previous)
            previous = summary.as_data(run)
        return since(run, outcome)

    assert told(bad) == told(good) == told(good, good) == ""
    assert told(good, bad) == "new: it passed in the last run"
    assert told(good, bad, bad) == "broken for 2 runs, since 2025-03-01 09:00 UTC"
    assert told(bad, good) == "last run: failed"
    assert told(bad, replace(good, status="skipped")) == ""
