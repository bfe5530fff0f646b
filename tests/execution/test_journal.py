import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from labkit.errors import NotebookError
from labkit.execution.jobs import Job
from labkit.execution.journal import Journal
from labkit.execution.outcomes import Failure, Outcome
from labkit.results import Result


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "报告 1") as journal:
        yield journal


def executed(journal, name, text="{}"):
    """Leave an executed notebook behind, as a worker does, and return the outcome."""
    output = journal.folder / "executed" / f"{name}.ipynb"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text)
    results = (Result("accuracy", 0.97),)
    return Outcome(
        Path(f"{name}.ipynb"),
        "passed",
        output,
        name=name,
        fingerprint="notebook:1",
        results=results,
    )


def job_of(outcome):
    return Job(outcome.path, outcome.name, outcome.output, fingerprint=outcome.fingerprint)


@contextmanager
def full_disk():
    """Let this process write nothing, as a disk without room does."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def files(folder):
    found = (p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return sorted(name for name in found if not name.startswith(".labkit"))


def test_an_outcome_is_on_disk_at_once(journal):
    outcome = executed(journal, "more/a")
    failed = Outcome(Path("b.ipynb"), "failed", failure=Failure("ValueError", "\udc80 卷积"))
    assert journal.save(outcome)
    assert journal.save(failed)
    assert Journal(journal.folder).load() == {"b": failed, "more/a": outcome}


def test_the_last_of_two_outcomes_counts(journal):
    journal.save(Outcome(Path("a.ipynb"), "died"))
    journal.save(Outcome(Path("a.ipynb"), "passed"))
    assert journal.load()["a"].passed


def test_a_folder_without_a_run_has_no_outcomes(tmp_path):
    assert Journal(tmp_path / "missing").load() == {}
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize(
    "damaged",
    ["", "{", "[]", "{}", '"text"', '{"schema": "labkit.record/1"}', "\xff", "other schema",
     "other status", "other name"],
)  # fmt: skip
@pytest.mark.usefixtures("as_learners_run_it")
def test_damaged_and_foreign_files_are_left_out(journal, damaged):
    journal.save(Outcome(Path("a.ipynb"), "passed"))
    record = (journal.folder / "records" / "a.json").read_text()
    changes = {
        "other schema": record.replace("labkit.record/1", "labkit.record/2"),
        "other status": record.replace('"passed"', '"splendid"'),
        "other name": record.replace('"name": "a"', '"name": "../../a"'),
    }
    text = changes.get(damaged, damaged)
    assert text != record
    (journal.folder / "records" / "b.json").write_bytes(text.encode("latin-1"))
    if damaged.startswith("other"):
        (journal.folder / "records" / "a.json").write_text(text)
        assert journal.load() == {}
    else:
        assert list(journal.load()) == ["a"]


def test_a_report_that_was_moved_finds_its_executed_notebooks(journal, tmp_path):
    outcome = executed(journal, "more/a")
    journal.save(outcome)
    elsewhere = journal.folder.rename(tmp_path / "elsewhere")
    moved = Journal(elsewhere).load()["more/a"]
    assert moved.output == elsewhere / "executed" / "more" / "a.ipynb"
    assert Journal(elsewhere).reusable(replace(job_of(outcome), output=moved.output), moved) == ""
    (elsewhere.parent / "报告 1").mkdir()


def test_what_passed_and_is_unchanged_may_be_taken_over(journal):
    outcome = executed(journal, "a")
    journal.save(outcome)
    assert journal.reusable(job_of(outcome), journal.load()["a"]) == ""
    assert journal.reusable(replace(job_of(outcome), output=None), outcome) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "failed"}, "it failed"),
        ({"status": "timeout"}, "it took too long"),
        ({"status": "died"}, "its kernel died"),
        ({"status": "not-run"}, "not all of it ran"),
        ({"status": "refused"}, "it was refused"),
        ({"status": "interrupted"}, "it was interrupted"),
        ({"status": "skipped"}, "it was skipped"),
        ({"fingerprint": "notebook:2"}, "the notebook changed"),
        ({"fingerprint": ""}, "nobody knows whether it changed"),
    ],
)
def test_why_a_notebook_runs_again(journal, change, words):
    outcome = executed(journal, "a")
    journal.save(replace(outcome, **change))
    assert journal.reusable(job_of(outcome), journal.load()["a"]) == words


def test_a_notebook_runs_again_without_what_it_left(journal):
    outcome = executed(journal, "a")
    assert journal.reusable(job_of(outcome), None) == "it never ran here"
    assert "not the one that passed" in journal.reusable(job_of(outcome), outcome), "never recorded"
    journal.save(outcome)
    outcome.output.write_text("of a run that was killed before it could tell its outcome")
    assert journal.reusable(job_of(outcome), outcome) == (
        "its executed notebook is not the one that passed"
    )
    outcome.output.unlink()
    assert journal.reusable(job_of(outcome), outcome) == "its executed notebook is gone"
    assert "nobody knows" in journal.reusable(replace(job_of(outcome), fingerprint=""), outcome)


def test_beginning_removes_what_labkit_kept_of_other_notebooks_and_nothing_else(journal):
    for name in ("a", "B", "more/old", "more/deep/older"):
        journal.save(executed(journal, name))
        page = journal.folder / "pages" / f"{name}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("")
    mine = ["thesis.txt", "pages/mine.html", "records/mine.json", "executed/more/mine.ipynb"]
    for name in mine:
        (journal.folder / name).write_text("{}")
    journal.begin([Job(Path(f"{name}.ipynb"), name) for name in ("A", "b", "new")])
    labkits = {"executed": "ipynb", "pages": "html", "records": "json"}
    kept = [f"{kind}/{name}.{ending}" for kind, ending in labkits.items() for name in "aB"]
    assert files(journal.folder) == sorted(mine + kept)
    assert not (journal.folder / "pages" / "more").exists()
    assert not (journal.folder / "executed" / "more" / "deep").exists()


def test_beginning_keeps_the_summary_and_takes_old_verdicts_away(journal):
    summary = json.dumps({"schema": "labkit.summary/1", "passed": True})
    for name in ("index.html", "junit.xml", "summary.md", "compare.html"):
        (journal.folder / name).write_text("all passed")
    (journal.folder / "summary.json").write_text(summary)
    journal.begin([])
    assert files(journal.folder) == ["previous.json"]
    assert (journal.folder / "previous.json").read_text() == summary
    journal.begin([])
    assert files(journal.folder) == ["previous.json"], "a run that was killed before its summary"


@pytest.mark.parametrize("foreign", ["", "[]", '{"schema": "mine"}', '{"schema": 7}'])
def test_a_summary_of_somebody_else_stays_with_its_pages(journal, foreign):
    for name in ("index.html", "summary.json"):
        (journal.folder / name).write_text(foreign)
    journal.begin([])
    assert files(journal.folder) == ["index.html", "summary.json"]


def test_beginning_sweeps_up_what_was_half_written(journal):
    for name in (".partial-1.json", "records/.partial-2.json", "executed/more/.partial-3.ipynb"):
        (journal.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (journal.folder / name).write_text("{")
    assert journal.load() == {}
    journal.begin([])
    assert files(journal.folder) == []


def test_a_full_disk_loses_no_outcome(journal):
    first, second = executed(journal, "a"), executed(journal, "b")
    with full_disk():
        assert not journal.save(first)
    assert journal.unsaved == (first,)
    assert journal.load() == {}
    assert journal.save(second), "there is room again, for both"
    assert journal.unsaved == ()
    assert journal.load() == {"a": first, "b": second}


def test_what_was_not_saved_is_tried_once_more_at_the_end(tmp_path):
    with Journal(tmp_path) as journal, full_disk():
        journal.save(Outcome(Path("a.ipynb"), "passed"))
    assert journal.unsaved == ()
    assert list(journal.load()) == ["a"]


def test_no_room_is_told_before_anything_runs(tmp_path):
    with full_disk(), pytest.raises(NotebookError, match=r"can be written, got .*nothing was run"):
        Journal(tmp_path).__enter__()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["", "records", "executed", "pages"])
def test_a_file_in_the_place_of_a_folder(tmp_path, place):
    folder = tmp_path / "reports"
    path = folder / place
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    with pytest.raises(NotebookError, match=r"expected a folder.*nothing was run.*--out"):
        Journal(folder).__enter__()
    assert path.read_text() == "mine"


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a folder nobody may write to")
def test_a_folder_that_nobody_may_write_to():
    with pytest.raises(NotebookError, match=r"/sys/kernel.*can be written.*nothing was run"):
        Journal("/sys/kernel/reports").__enter__()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write there")
def test_a_read_only_folder(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(NotebookError, match=r"Permission denied.*nothing was run"):
        Journal(tmp_path).__enter__()


def test_two_runs_do_not_share_a_folder(journal):
    journal.save(Outcome(Path("a.ipynb"), "passed"))
    with pytest.raises(NotebookError, match=f"process {os.getpid()}"):
        Journal(journal.folder).__enter__()
    assert list(Journal(journal.folder).load()) == ["a"], "reading is free"


def test_the_folder_is_free_after_a_run_that_raised(tmp_path):
    with pytest.raises(KeyboardInterrupt), Journal(tmp_path):
        raise KeyboardInterrupt
    with Journal(tmp_path):
        pass


ENDLESS = """
import itertools, sys
from pathlib import Path
from labkit.execution.journal import Journal
from labkit.execution.outcomes import Outcome
with Journal(sys.argv[1]) as journal:
    for number in itertools.count():
        name = f"n{number % 5}"
        journal.save(Outcome(Path(f"{name}.ipynb"), "passed", notes=("x" * 20_000,), name=name))
        print(name, flush=True)
"""


def test_a_killed_run_leaves_what_it_had_done(tmp_path):
    """At any moment: also in the middle of writing."""
    for pause in (0.0, 0.02, 0.05):
        process = subprocess.Popen(
            [sys.executable, "-c", ENDLESS, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        first = process.stdout.readline()
        time.sleep(pause)
        process.kill()
        done = {first.strip(), *process.communicate()[0].split()}
        with Journal(tmp_path) as journal:
            assert done <= journal.load().keys()
            assert all(len(o.notes[0]) == 20_000 for o in journal.load().values())
            journal.begin([])
        assert files(tmp_path) == []


CUT_SHORT = """
import resource, signal, sys
from pathlib import Path
from labkit.execution.journal import Journal
from labkit.execution.outcomes import Outcome
with Journal(sys.argv[1]) as journal:
    journal.save(Outcome(Path("a.ipynb"), "passed"))
    # The system ends this process within the write that makes a file longer than that.
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    journal.save(Outcome(Path("a.ipynb"), "failed", notes=("x" * 20_000,)))
"""


def test_a_run_that_ends_within_a_write_spoils_nothing(tmp_path):
    pytest.importorskip("resource")
    ended = subprocess.run([sys.executable, "-c", CUT_SHORT, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGXFSZ
    with Journal(tmp_path) as journal:
        assert journal.load()["a"].passed
        journal.begin([Job(Path("a.ipynb"), "a")])
    assert files(tmp_path) == ["records/a.json"]
