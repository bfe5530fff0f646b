from dataclasses import replace
from pathlib import Path

import pytest

from labkit.execution.outcomes import Outcome
from labkit.reports import summary
from labkit.reports.run import Run, place_of


def outcome(stem, status="passed", **given):
    return Outcome(Path(f"{stem}.ipynb"), status, **given)


@pytest.mark.parametrize(
    ("statuses", "passed"),
    [
        (["passed"], True),
        (["passed", "skipped"], True),
        (["passed", "failed"], False),
        (["passed", "not-run"], False),
        (["skipped"], False),  # green must not mean that nothing ran
        ([], False),
    ],
)
def test_a_run_passed_when_something_did_and_nothing_broke(statuses, passed):
    assert Run([outcome(str(i), s) for i, s in enumerate(statuses)]).passed is passed


def test_what_broke_comes_first_and_the_rest_as_it_began():
    a, b, c, d = outcome("a"), outcome("b", "died"), outcome("c", "skipped"), outcome("d", "failed")
    assert Run([a, b, c, d]).groups == [(b,), (d,), (a,), (c,)]
    assert Run([a, b, c, d]).broken == [b, d]


def test_repetitions_stand_together_and_other_values_apart():
    one = outcome("a", name="a--run-1", parameters={"x": [1]})
    two = replace(one, name="a--run-2", repetition=2, status="failed")
    other = replace(one, name="a--x-2", parameters={"x": [2]})
    assert Run([other, one, two]).groups == [(one, two), (other,)], "one of them broke"


def test_what_was_taken_over_took_no_time_in_this_run():
    before = outcome("a", seconds=5.0, started="2025-03-01", resumed=True)
    now = outcome("b", seconds=2.0, started="2025-03-02")
    run = Run([before, now])
    assert (run.notebook_seconds, run.wall_seconds, run.started) == (2.0, 2.0, "2025-03-02")
    assert Run([before, now], seconds=1.5).wall_seconds == 1.5
    assert Run([]).started == ""


def test_versions_are_those_that_most_kernels_had():
    old, new = {"torch": "2.10"}, {"torch": "2.11"}
    told = [outcome(str(i), versions=v) for i, v in enumerate([{}, {}, {}, old, new, new])]
    assert Run(told).versions == new
    assert Run([outcome("a")]).versions == {}


def test_new_is_what_passed_before():
    good, bad = outcome("a"), outcome("a", "failed")
    for before, now, new in [(good, bad, True), (bad, bad, False), (good, good, False)]:
        assert Run([now], previous=summary.as_data(Run([before]))).is_new(now) is new
    assert not Run([bad]).is_new(bad), "nobody knows"


@pytest.mark.parametrize(
    ("stem", "name", "place"),
    [
        ("one", "one", "one"),
        ("one", "more/one--device-cuda--run-2", "more/one"),
        ("one", "one/one--x-1", "one/one"),
        ("a--b", "a--b--run-1", "a--b"),
        ("one", "other", "other"),
    ],
)
def test_a_place_is_the_name_without_what_tells_variants_apart(stem, name, place):
    assert place_of(Outcome(Path(f"{stem}.ipynb"), "passed", name=name)) == place
