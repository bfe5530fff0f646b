from pathlib import Path

from labkit.execution.outcomes import Outcome
from labkit.reports.pairing import paired


def ran(name, path=None, repetition=1, **parameters):
    path = Path(path or f"notebooks/{name.partition('--')[0]}.ipynb")
    return Outcome(path, "passed", name=name, repetition=repetition, parameters=parameters)


def names(old, new):
    return sorted((o.name, n.name) for o, n in paired(old, new))


def test_the_same_values_belong_together():
    old = [ran("a--seed-1", seed=1), ran("a--seed-2", seed=2)]
    new = [ran("a--seed-2", seed=2), ran("a--seed-1", seed=1)]
    assert names(old, new) == [("a--seed-1", "a--seed-1"), ("a--seed-2", "a--seed-2")]


def test_two_devices_in_both_runs_stay_apart():
    runs = [ran("a--device-cpu", device="cpu"), ran("a--device-cuda", device="cuda")]
    assert names(runs, runs) == [(o.name, o.name) for o in runs]


def test_one_notebook_on_two_devices_belongs_together():
    cpu = [ran("a", device="cpu", seed=1), ran("b", device="cpu", seed=1)]
    gpu = [ran("b", device="cuda", seed=1), ran("a", device="cuda", seed=1)]
    assert names(cpu, gpu) == [("a", "a"), ("b", "b")]


def test_a_notebook_that_was_run_from_elsewhere_is_the_same():
    old, new = ran("plain", "more/plain.ipynb"), ran("more/plain", "/x/more/plain.ipynb")
    assert names([old], [new]) == [("plain", "more/plain")]


def test_notebooks_from_elsewhere_are_told_apart_by_their_values():
    old = [ran(f"n--seed-{i}", "more/n.ipynb", seed=i) for i in (1, 2)]
    new = [ran(f"more/n--seed-{i}", "/x/more/n.ipynb", seed=i) for i in (2, 1)]
    assert names(old, new) == [(f"n--seed-{i}", f"more/n--seed-{i}") for i in (1, 2)]


def test_other_values_are_paired_where_there_is_no_doubt():
    assert names([ran("a")], [ran("a", seed=7)]) == [("a", "a")]
    two = [ran("a--seed-7", seed=7), ran("a--seed-8", seed=8)]
    assert names([ran("a")], two) == []


def test_an_exact_match_is_not_taken_away_by_a_likely_one():
    old = [ran("a", device="cuda", seed=1)]
    new = [ran("a--1", device="cpu", seed=1), ran("a--2", device="cuda", seed=1)]
    assert names(old, new) == [("a", "a--2")]


def test_repetitions_belong_together_by_number():
    old = [ran("a--run-1", repetition=1), ran("a--run-2", repetition=2)]
    assert names(old, old[::-1]) == [("a--run-1", "a--run-1"), ("a--run-2", "a--run-2")]


def test_strangers_stay_alone():
    assert names([ran("a")], [ran("b")]) == []
    assert names([], [ran("b")]) == []
