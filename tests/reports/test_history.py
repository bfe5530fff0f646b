from dataclasses import replace
from pathlib import Path

import pytest

from labkit.execution.outcomes import Failure, Outcome
from labkit.reports import history, summary
from labkit.reports.history import Change
from labkit.reports.run import Run
from labkit.results import Result

FAILURE = Failure("ValueError", "too large", cell=2)


def outcome(status="passed", started="2025-03-01T10:00:00+00:00", **given):
    failure = FAILURE if status == "failed" else None
    return Outcome(Path("a/one.ipynb"), status, started=started, failure=failure, **given)


def runs(*statuses):
    """Return what the last of several runs in a row says, each with the summary before it."""
    previous = None
    for day, status in enumerate(statuses, start=1):
        last = history.of(outcome(status, f"2025-03-{day:02d}"), previous)
        previous = summary.as_data(Run([outcome(status, f"2025-03-{day:02d}")], previous=previous))
    return last


def test_a_verdict_counts_the_runs_that_it_lasts():
    assert (runs("passed").since, runs("passed").runs) == ("2025-03-01", 1)
    last = runs("passed", "failed", "timeout", "died")
    assert (last.since, last.runs) == ("2025-03-02", 3), "broken is broken, in whatever way"
    last = runs("failed", "failed", "passed")
    assert (last.since, last.runs, last.before["status"]) == ("2025-03-03", 1, "failed")


def test_what_is_taken_over_is_not_one_run_more():
    previous = summary.as_data(Run([outcome("passed", "2025-03-01")]))
    again = outcome("passed", "2025-03-01")
    assert history.of(again, previous).runs == 2
    assert history.of(replace(again, resumed=True), previous).runs == 1


def test_only_the_same_notebook_with_the_same_values_is_compared():
    previous = summary.as_data(Run([outcome(parameters={"seed": 1}, name="one")]))
    assert history.of(outcome(parameters={"seed": 1}, name="x"), previous).before is not None
    for other in (
        outcome(parameters={"seed": 2}, name="one"),
        outcome(name="one"),
        outcome(parameters={"seed": 1}, repetition=2),
        replace(outcome(parameters={"seed": 1}), path=Path("a/two.ipynb")),
    ):
        assert history.of(other, previous).before is None


def test_of_two_notebooks_of_one_name_that_at_the_same_place_is_meant():
    first, second = outcome(name="x/one"), outcome("failed", name="y/one")
    previous = summary.as_data(Run([first, second]))
    assert history.of(outcome(name="y/one"), previous).before["status"] == "failed"
    assert history.of(outcome(name="z/one"), previous).before is None, "it may be either"


def test_results_of_the_same_name_and_unit_are_compared():
    before = outcome(results=(Result("a", 1.0, "ms"), Result("b", 2.0, "s"), Result("c", 3.0)))
    now = outcome(results=(Result("a", 1.5, "ms", 0.2), Result("b", 2.0, "ms"), Result("d", 3.0)))
    changes = history.of(now, summary.as_data(Run([before]))).changes
    assert list(changes.values()) == [Change("a", 1.0, 1.5, "ms", 0.2)]


@pytest.mark.parametrize(
    ("before", "after", "tolerance", "beyond"),
    [
        (0.94, 0.97, 0.02, True),
        (0.95, 0.97, 0.02, False),  # as binary numbers they are further apart than 0.02
        (0.97, 0.95, 0.02, False),
        (1.0, 1.0, 0, False),
        (1.0, 1.0 + 1e-9, 0, True),
        (5.0, 9.0, None, None),
    ],
)
def test_a_change_is_beyond_when_it_exceeds_the_tolerance(before, after, tolerance, beyond):
    assert Change("a", before, after, tolerance=tolerance).beyond is beyond


def test_a_summary_is_read_back(tmp_path):
    assert history.read(tmp_path / "summary.json") is None
    data = summary.as_data(Run([outcome()]))
    (tmp_path / "summary.json").write_text(summary.dumps(data), encoding="utf-8")
    assert history.read(tmp_path / "summary.json") == data


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"schema": "labkit.summary/1", "notebooks": []}',
        '{"schema": "labkit.summary/2"}',
        '{"schema": "labkit.summary/2", "notebooks": [{"name": "one"}]}',
        '{"schema": "labkit.summary/2", "notebooks": ["one"]}',
    ],
)
def test_what_is_no_summary_of_today_is_as_if_there_were_none(tmp_path, text):
    (tmp_path / "summary.json").write_text(text, encoding="utf-8")
    assert history.read(tmp_path / "summary.json") is None


@pytest.mark.parametrize("data", [None, {}, {"schema": "labkit.summary/1", "notebooks": []}])
def test_a_run_without_such_a_summary_has_no_past(data):
    assert history.checked(data) is None
    run = Run([outcome()], previous=data)
    assert run.histories["one"] == history.History(since=outcome().started)
