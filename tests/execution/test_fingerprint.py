import json
from dataclasses import replace
from pathlib import Path

import pytest

from labkit.execution import fingerprint, surroundings
from labkit.execution.fingerprint import parts, why
from labkit.execution.jobs import Job

SOURCES = ("#md # 卷积", ("device = 'cpu'", "parameters"), "import helper\nopen('data/x.csv')")


@pytest.fixture
def job(write_notebook, tmp_path):
    path = write_notebook("我的 课/a.ipynb", *SOURCES)
    (path.parent / "helper.py").write_text("names = open('names.txt')")
    (path.parent / "names.txt").write_text("one")
    (path.parent / "data").mkdir()
    (path.parent / "data" / "x.csv").write_text("1,2")
    return Job(path, "a", parameters={"device": "cpu"})


def changed(job, change):
    """Return the words for what ``change`` does to the fingerprint of a job."""
    before = fingerprint.fingerprint(job)
    after = fingerprint.fingerprint(change(job) or job)
    return why(before, after)


def edited(edit):
    """Return a change that edits the notebook as JSON."""

    def change(job):
        notebook = json.loads(job.path.read_bytes())
        edit(notebook)
        job.path.write_text(json.dumps(notebook, indent=2), encoding="utf-8")

    return change


def written(name, text):
    return lambda job: (job.path.parent / name).write_text(text) and None


CHANGES = {
    "a line of code": (
        edited(lambda n: n["cells"][2].update(source="import helper")),
        "the notebook changed; data/x.csv is gone",
    ),
    "its text": (edited(lambda n: n["cells"][0].update(source="#")), "the notebook changed"),
    "a tag": (
        edited(lambda n: n["cells"][2]["metadata"].update(tags=["x"])),
        "the notebook changed",
    ),
    "the order": (edited(lambda n: n["cells"].reverse()), "the notebook changed"),
    "code made text": (
        edited(lambda n: n["cells"][1].update(cell_type="raw")),
        "the notebook changed",
    ),
    "a parameter": (
        lambda job: replace(job, parameters={"device": "cuda"}),
        "its parameters changed",
    ),
    "the kernel": (lambda job: replace(job, kernel="labkit"), "kernel  → labkit"),
    "the kernel it names": (
        edited(lambda n: n["metadata"].update(kernelspec={"name": "python3"})),
        "kernel  → python3",
    ),
    "data": (written("data/x.csv", "1,3"), "data/x.csv changed"),
    "a module": (written("helper.py", "open('names.txt')\nx = 1"), "helper changed"),
    "data of a module": (written("names.txt", "two"), "names.txt changed"),
    "a file in a parameter": (
        lambda job: replace(job, parameters={"device": "data"}),
        "its parameters changed; data is new",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen_and_said(job, name):
    change, words = CHANGES[name]
    assert changed(job, change) == words


def run_before(notebook):
    cell = notebook["cells"][2]
    cell.update(
        execution_count=7, outputs=[{"output_type": "stream", "name": "stdout", "text": "a"}]
    )
    cell["metadata"].update(execution={"x": 1}, papermill={"y": 2})
    notebook["metadata"].update(widgets={}, papermill={})


UNCHANGED = {
    "nothing": lambda job: None,
    "outputs, counts, timings, widgets": edited(run_before),
    "sources split into lines": edited(
        lambda n: n["cells"][2].update(source=n["cells"][2]["source"].splitlines(keepends=True))
    ),
    "limits, place and repetition": lambda job: replace(
        job, cell_timeout=1, notebook_timeout=2, name="b", repetition=2, fingerprint="x"
    ),
    "a file that nobody names": written("data/y.csv", "1"),
}


@pytest.mark.parametrize("name", UNCHANGED)
def test_what_changes_no_outcome_changes_no_fingerprint(job, name):
    assert changed(job, UNCHANGED[name]) == ""


def test_the_same_notebook_elsewhere_has_the_same_fingerprint(job, tmp_path):
    before = fingerprint.fingerprint(job)
    folder = job.path.parent.rename(tmp_path / "elsewhere")
    assert fingerprint.fingerprint(replace(job, path=folder / "a.ipynb")) == before


def test_labkit_itself_counts(job, monkeypatch, tmp_path):
    package = tmp_path / "site" / "labkit"
    (package / "execution").mkdir(parents=True)
    monkeypatch.setattr(fingerprint, "__file__", str(package / "execution" / "fingerprint.py"))

    def look(text):
        (package / "explorer.js").write_text(text)
        fingerprint._labkit.cache_clear()
        return fingerprint.fingerprint(job)

    try:
        assert why(look("1"), look("2")) == "labkit changed"
    finally:
        fingerprint._labkit.cache_clear()


def test_the_environment_counts_and_can_be_given(job, monkeypatch):
    machines = [{"torch": "2.11.0", "gpu": "A"}, {"torch": "2.12.0"}]
    told = []
    for machine in machines:
        monkeypatch.setattr(surroundings, "parts", lambda machine=machine: machine)
        told.append(fingerprint.fingerprint(job))
    assert why(*told) == "gpu is gone; torch 2.11.0 → 2.12.0"
    given = [fingerprint.fingerprint(job, environment=name) for name in ("one", "two")]
    assert why(*given) == "environment changed"
    assert "torch" not in parts(job, environment="one")


@pytest.mark.parametrize(
    "code", ["from labkit.datasets import images", "from labkit import datasets"]
)
def test_data_sets_count_where_they_are_used(write_notebook, monkeypatch, tmp_path, code):
    root = tmp_path / "sets"
    root.mkdir()
    monkeypatch.setenv("LABKIT_DATA", str(root))
    job = Job(write_notebook("a.ipynb", code), "a")
    assert changed(job, lambda _: (root / "mnist").write_text("1") and None) == (
        "the data sets changed"
    )
    plain = Job(write_notebook("b.ipynb", "import labkit"), "b")
    assert changed(plain, lambda _: (root / "cifar").write_text("1") and None) == ""


def test_data_sets_lie_where_lessons_look_for_them(monkeypatch):
    from labkit.datasets.root import data_root

    for place in ("~/sets", "/sets", ""):
        monkeypatch.setenv("LABKIT_DATA", place)
        assert fingerprint._data_root() == data_root()


@pytest.mark.parametrize(
    "content",
    [
        b"# a script",
        b"",
        '{"cells": ["é"]}'.encode("latin-1"),
        b'{"nbformat": 3, "worksheets": []}',
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "", "outputs": [{}]}]}',
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "", "metadata": []}]}',
        b"[" * 100_000,
    ],
    ids=["text", "empty", "latin-1", "format 3", "no output type", "no metadata", "too deep"],
)
def test_a_damaged_notebook_has_a_fingerprint_too(tmp_path, content):
    job = Job(tmp_path / "a.ipynb", "a")
    job.path.write_bytes(content)
    assert changed(job, lambda job: None) == ""
    assert changed(job, lambda job: job.path.write_bytes(content + b" x") and None) == (
        "the notebook changed"
    )


def test_a_notebook_that_is_gone_has_one():
    assert fingerprint.fingerprint(Job(Path("missing.ipynb"), "missing"))


def test_odd_names_survive(write_notebook, tmp_path):
    (tmp_path / "a,b:c %20é").write_text("1")
    job = Job(write_notebook("a.ipynb", "open('a,b:c %20é')"), "a")
    told = changed(job, lambda _: (tmp_path / "a,b:c %20é").write_text("2") and None)
    assert told == "a,b:c %20é changed"


def test_why_tells_the_first_reasons_and_counts_the_rest():
    old = "notebook:1,labkit:1,file%20a:1,file%20b:1,torch:1"
    new = "notebook:2,labkit:2,file%20a:2,file%20b:2,torch:2"
    assert why(old, new) == "labkit changed; the notebook changed; a changed; and 2 more"


def test_why_with_a_run_that_left_none():
    assert why("", "notebook:1") == "one of the two runs left no fingerprint"
    assert why("variable%20LABKIT_DATA:1", "variable%20LABKIT_DATA:2") == (
        "the variable LABKIT_DATA changed"
    )
