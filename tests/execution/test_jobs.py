import json
from pathlib import Path, PureWindowsPath

import pytest

from labkit.execution import jobs
from labkit.execution.jobs import Job, matrix, places


def names(variants, repeat=1):
    return [name for *_, name in places([(Path(p), values) for p, values in variants], repeat)]


def test_every_combination_of_values():
    given = [("device", "cpu"), ("device", "cuda"), ("seed", 0), ("seed", 1), ("budget", 2)]
    combined = matrix(given)
    assert [(c["device"], c["seed"]) for c in combined] == [
        ("cpu", 0),
        ("cpu", 1),
        ("cuda", 0),
        ("cuda", 1),
    ]
    assert all(c["budget"] == 2 for c in combined)


def test_a_value_given_twice_is_one_value_but_one_and_true_are_two():
    assert matrix([("x", 1), ("x", 1)]) == [{"x": 1}]
    assert [repr(c["x"]) for c in matrix([("x", 1), ("x", True), ("x", 1.0)])] == [
        "1",
        "True",
        "1.0",
    ]
    assert matrix([("x", [1]), ("x", [1]), ("x", [2])]) == [{"x": [1]}, {"x": [2]}]


def test_a_name_is_the_path_below_the_folder_that_all_share():
    assert names([("notebooks/a.ipynb", {}), ("notebooks/more/b.ipynb", {})]) == ["a", "more/b"]
    assert names([("x/a.ipynb", {})]) == ["a"]
    assert names([]) == []


def test_a_name_keeps_dots_spaces_and_chinese():
    assert names([("我的 课/卷积 2.1.ipynb", {}), ("other/b.ipynb", {})]) == [
        "我的 课/卷积 2.1",
        "other/b",
    ]
    assert names([("a.ipynb", {"t": "卷积"}), ("a.ipynb", {"t": "池化"})]) == [
        "a--t-卷积",
        "a--t-池化",
    ]


def test_only_values_that_tell_two_runs_apart_stand_in_a_name():
    variants = [
        ("a.ipynb", {"device": "cpu", "seed": 0}),
        ("a.ipynb", {"device": "cuda", "seed": 0}),
        ("b.ipynb", {"seed": 0}),
    ]
    assert names(variants) == ["a--device-cpu", "a--device-cuda", "b"]


def test_a_value_that_others_lack_tells_them_apart_even_when_it_is_none():
    assert names([("a.ipynb", {"x": None}), ("a.ipynb", {})]) == ["a--x-None", "a"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("a/b", "a b"), ("SGD", "sgd"), ("x" * 300, "x" * 301), ("", "?"), (1, "1"), (1, True)],
)
def test_different_values_have_different_names_on_any_file_system(one, other):
    found = names([("n.ipynb", {"v": one}), ("n.ipynb", {"v": other})])
    assert len({name.casefold() for name in found}) == 2
    assert all(len(name) < 100 and "/" not in name for name in found)


def test_a_name_that_a_notebook_has_already_is_not_taken_again():
    found = names([("n.ipynb", {"v": 1}), ("n.ipynb", {"v": 2}), ("n--v-1.ipynb", {})])
    assert len(set(found)) == 3
    assert found[:2] == ["n--v-1", "n--v-2"]


def test_one_notebook_named_twice_is_one_job():
    found = list(places([(Path("x/a.ipynb"), {}), (Path("x/../x/./a.ipynb"), {})]))
    assert found == [(Path("x/a.ipynb"), {}, 1, "a")]
    assert len(names([("a.ipynb", {"v": 1, "w": 2}), ("a.ipynb", {"w": 2, "v": 1})])) == 1
    assert len(names([("a.ipynb", {"v": 1}), ("a.ipynb", {"v": 1.0})])) == 2


def test_no_name_leads_out_of_the_report():
    found = names([("x/../other/a.ipynb", {}), ("x/b.ipynb", {"v": "../.."}), ("x/b.ipynb", {})])
    assert found[0] == "other/a"
    assert not any(name.startswith("/") or ".." in name.split("/") for name in found)


def test_repetitions_are_numbered():
    found = [(r, name) for *_, r, name in places([(Path("a.ipynb"), {})], repeat=3)]
    assert found == [(1, "a--run-1"), (2, "a--run-2"), (3, "a--run-3")]


def test_on_two_drives_a_name_begins_with_its_drive():
    files = ["C:/lessons/a.ipynb", "D:/a.ipynb", "//server/shared/x/a.ipynb"]
    stems = jobs._stems([PureWindowsPath(file) for file in files])
    assert stems == ["C/lessons/a", "D/a", "server_shared/x/a"]
    assert jobs._stems([PureWindowsPath(file) for file in files[:1]]) == ["a"]


def test_a_job_survives_json():
    job = Job(
        Path("我的 课/a.ipynb"),
        "a--x-1",
        Path("out/a.ipynb"),
        {"x": [1, None]},
        2,
        "labkit",
        5,
        60,
        "f",
    )
    assert jobs.from_data(json.loads(json.dumps(jobs.as_data(job)))) == job
    bare = Job(Path("a.ipynb"), "a")
    assert jobs.from_data(json.loads(json.dumps(jobs.as_data(bare)))) == bare


def test_a_job_of_a_newer_labkit_is_understood():
    assert jobs.from_data({"path": "a.ipynb", "name": "a", "colour": "red"}).name == "a"
