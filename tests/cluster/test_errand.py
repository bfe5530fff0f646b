import json
import os
import platform
from pathlib import Path

import pytest

from labkit.cluster.errand import deliver, errand, run_errand
from labkit.execution import jobs, outcomes
from labkit.execution.jobs import Job
from labkit.execution.outcomes import Outcome
from labkit.execution.performer import Call
from labkit.reports import report

MACHINE = platform.node()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Give the folder in which somebody wants something done; paths are relative to it."""
    (tmp_path / "here/course").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def call(name="n", **places):
    job = Job(Path(f"course/{name}.ipynb"), name, Path(f"reports/executed/{name}.ipynb"))
    arguments = {"job": jobs.as_data(job), "folder": "reports", "places": places}
    return Call(name, "a:b", arguments)


def done(sent, tmp_path, act=lambda job, folder: None, **outcome):
    """Do an errand with a function that acts instead of running a notebook."""

    def perform(function, arguments):
        assert function == "a:b"
        job = jobs.from_data(arguments["job"])
        act(job, Path(arguments["folder"]))
        told = {"path": str(job.path), "output": str(job.output), "notes": [], "host": ""}
        return {**told, **outcome}

    scratch = (tmp_path / "there").resolve()
    scratch.mkdir()
    return run_errand(sent, scratch, perform)


def write(path, text="x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_files_lie_there_as_they_lie_here(folder, tmp_path, write_notebook):
    write(folder / "data/x.csv", "3,4")
    write_notebook("here/course/n.ipynb", "open('../data/x.csv')")
    seen = []

    def act(job, reports):
        seen.append((job.path.parent / "../data/x.csv").read_text())
        assert job.path.read_bytes() == Path("course/n.ipynb").read_bytes()
        assert tmp_path / "there" in job.path.parents
        assert tmp_path / "there" in reports.parents
        assert job.output == reports / "executed/n.ipynb"

    done(errand(call()), tmp_path, act)
    assert seen == ["3,4"]


def test_it_comes_back_to_where_a_run_here_would_have_left_it(folder, tmp_path, write_notebook):
    write_notebook("here/course/n.ipynb", "x = 1")

    def act(job, reports):
        write(job.output, "executed")
        write(reports / "pages/n.html", "page")
        write(job.path.parent / "图/made.txt", "made")

    sent = errand(call())
    outcome = deliver(done(sent, tmp_path, act), sent)
    assert Path("reports/executed/n.ipynb").read_text() == "executed"
    assert Path("reports/pages/n.html").read_text() == "page"
    newer, older = Path("reports/pages/n.html"), Path("reports/executed/n.ipynb")
    assert newer.stat().st_mtime_ns >= older.stat().st_mtime_ns
    assert Path("course/图/made.txt").read_text() == "made"
    assert outcome["path"] == "course/n.ipynb"
    assert outcome["output"] == "reports/executed/n.ipynb"
    assert outcome["host"] == MACHINE
    assert outcome["notes"] == []


def test_what_was_only_read_does_not_come_back(folder, tmp_path, write_notebook):
    write(folder / "course/read.txt")
    write(folder / "course/changed.txt", "before")
    write_notebook("here/course/n.ipynb", "open('read.txt'), open('changed.txt')")
    sent = errand(call())
    result = done(sent, tmp_path, lambda job, _: write(job.path.parent / "changed.txt", "after it"))
    assert list(result.written.files) == ["changed.txt"]
    deliver(result, sent)
    assert Path("course/changed.txt").read_text() == "after it"


def test_a_notebook_that_is_here_is_never_replaced(folder, tmp_path, write_notebook):
    write_notebook("here/course/n.ipynb", "x = 1")
    before = Path("course/n.ipynb").read_bytes()

    def act(job, _):
        write(job.path, "changed itself")
        write(job.path.with_name("new.ipynb"), "new")

    sent = errand(call())
    outcome = deliver(done(sent, tmp_path, act), sent)
    assert Path("course/n.ipynb").read_bytes() == before
    assert Path("course/new.ipynb").read_text() == "new"
    (note,) = outcome["notes"]
    assert note.startswith("n.ipynb was written, and did not take the place")


def test_folders_there_get_the_names_from_here(folder, tmp_path, write_notebook):
    write_notebook("here/course/n.ipynb", "x = 1")

    def act(job, reports):
        told = f"{job.path.parent} {reports}"
        write(job.output, json.dumps(told))
        write(job.path.parent / "own.txt", told)

    sent = errand(call())
    there = str(tmp_path / "there/files/helper.py")
    result = done(sent, tmp_path, act, failure={"traceback": f'File "{there}", line 1'})
    outcome = deliver(result, sent)
    told = json.loads(Path("reports/executed/n.ipynb").read_text(encoding="utf-8"))
    assert told == f"{folder / 'course'} {folder / 'reports'}"
    assert str(folder / "course/helper.py") in outcome["failure"]["traceback"]
    own = Path("course/own.txt").read_text()
    assert str(tmp_path / "there") in own, "what a notebook has written itself is not touched"


def test_what_is_too_large_is_told(folder, tmp_path, write_notebook):
    (folder / "course/large.bin").write_bytes(b"0" * 5000)
    write_notebook("here/course/n.ipynb", "open('large.bin')")
    sent = errand(call(), most=4000)
    assert list(sent.parcel.files) == ["n.ipynb"], "the notebook itself always goes"
    (folder / "course/large.bin").write_bytes(b"0" * 6000)  # as where the folder is not shared
    (note,) = deliver(done(sent, tmp_path), sent)["notes"]
    assert note.startswith("large.bin (0.005 MB) was too large to be sent to")


def test_what_is_too_large_to_come_back_is_told(folder, tmp_path, write_notebook):
    write_notebook("here/course/n.ipynb", "x = 1")
    sent = errand(call())
    scratch = (tmp_path / "there").resolve()
    scratch.mkdir()

    def perform(_, arguments):
        write(Path(arguments["job"]["path"]).with_name("big.bin"), "0" * 5000)
        return {"output": None, "notes": [], "host": "far"}

    outcome = deliver(run_errand(sent, scratch, perform, most=4000), sent)
    assert outcome["notes"] == ["big.bin (0.005 MB) stayed on far: too large to be sent"]
    assert not Path("course/big.bin").exists()


def test_a_path_that_is_absolute_is_told_where_nothing_is(folder, tmp_path, write_notebook):
    for name in ("stays.txt", "goes.txt"):
        write(tmp_path / name)
    names = [str(tmp_path / "stays.txt"), str(tmp_path / "goes.txt")]
    write_notebook("here/course/n.ipynb", f"names = {names!r}")
    sent = errand(call())
    (tmp_path / "goes.txt").unlink()
    (note,) = deliver(done(sent, tmp_path), sent)["notes"]
    assert note == f"{names[1]} is not on {MACHINE}: only what has a relative path is sent"


def test_links_between_notebooks_lead_to_their_pages(folder, tmp_path, write_notebook):
    write_notebook(
        "here/course/n.ipynb", "#md # N\n[next](../more/m.ipynb) [self](n.ipynb)", "x = 1"
    )
    other, itself = (str(folder / name) for name in ("more/m.ipynb", "course/n.ipynb"))
    sent = errand(call(**{other: "m", itself: "n"}))

    def perform(_, arguments):
        job = jobs.from_data(arguments["job"])
        write(job.output, job.path.read_text(encoding="utf-8"))
        outcome = outcomes.as_data(Outcome(job.path, "passed", output=job.output))
        report.write_page(outcome, arguments["folder"], arguments["places"])
        return outcome

    scratch = (tmp_path / "there").resolve()
    scratch.mkdir()
    deliver(run_errand(sent, scratch, perform), sent)
    page = Path("reports/pages/n.html").read_text(encoding="utf-8")
    assert 'href="m.html"' in page
    assert 'href="n.html"' in page
    assert str(tmp_path / "there") not in page


def test_a_report_that_cannot_be_written_costs_no_outcome(folder, tmp_path, write_notebook):
    write_notebook("here/course/n.ipynb", "x = 1")
    (folder / "reports").write_text("a file where a folder should be")
    sent = errand(call())
    outcome = deliver(done(sent, tmp_path, lambda job, _: write(job.output)), sent)
    assert outcome["output"] is None
    assert outcome["notes"][0].startswith("executed/n.ipynb could not be written: ")


def test_what_the_errand_needs_does_not_depend_on_the_folder_there(
    folder, tmp_path, write_notebook, monkeypatch
):
    write_notebook("here/course/n.ipynb", "x = 1")
    sent = errand(call())
    os.mkdir(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path / "elsewhere")
    result = done(sent, tmp_path, lambda job, _: write(job.output))
    assert list(result.report.files) == ["executed/n.ipynb"]
