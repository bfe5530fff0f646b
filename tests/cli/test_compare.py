import json

import pytest

from labkit.cli.main import main
from labkit.execution.outcomes import Failure, Outcome, as_data
from labkit.reports.history import SCHEMA
from labkit.results import Result


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Give ``runs(name, status, value)``: the folder of a run of one notebook with one result."""
    monkeypatch.chdir(tmp_path)

    def store(name, status="passed", value=0.97):
        failure = None if status == "passed" else Failure("ValueError", "too large")
        result = Result("accuracy", value, "", 0.02)
        outcome = Outcome(tmp_path / "n.ipynb", status, results=(result,), failure=failure)
        folder = tmp_path / name
        folder.mkdir(parents=True)
        data = {"schema": SCHEMA, "notebooks": [as_data(outcome)]}
        (folder / "summary.json").write_text(json.dumps(data), encoding="utf-8")
        return str(folder)

    return store


def test_runs_that_agree_are_0(runs, tmp_path, capsys):
    assert main(["compare", runs("old"), runs("new", value=0.98)]) == 0
    said = capsys.readouterr().out
    assert "old → new: nothing is worse" in said
    assert "✓ n  passed" in said
    assert "1 within" in said
    assert "<h1" in (tmp_path / "compare.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "failed"}, "✗ n  passed → failed"),
        ({"value": 0.9}, "accuracy: −0.07, beyond ± 0.02"),
    ],
)
def test_what_is_worse_is_told_and_1(runs, capsys, change, words):
    old, new = runs("old"), runs("new", **change)
    assert main(["compare", old, new, "--out", "deep/page.html"]) == 1
    assert words in capsys.readouterr().out
    assert main(["compare", new, old]) == (0 if "status" in change else 1)


def test_a_summary_may_be_named_itself(runs, capsys):
    old, new = runs("a/reports"), runs("b/reports")
    assert main(["compare", f"{old}/summary.json", f"{new}/summary.json"]) == 0
    said = capsys.readouterr().out
    assert f"{old}/summary.json → {new}/summary.json" in said, "equal names do not tell them apart"


@pytest.mark.parametrize("content", [None, "{", "[]", '{"schema": "other/1", "notebooks": []}'])
def test_what_is_no_run_is_2(runs, tmp_path, capsys, content):
    (tmp_path / "other").mkdir()
    if content is not None:
        (tmp_path / "other" / "summary.json").write_text(content)
    assert main(["compare", runs("old"), "other"]) == 2
    said = capsys.readouterr().err
    assert "expected the summary of a run" in said
    assert not (tmp_path / "compare.html").exists()


def test_a_page_that_cannot_be_written_is_4(runs, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    arguments = ["compare", runs("old"), runs("new"), "--out", "file/page.html"]
    assert main(arguments) == 4
    assert "could not be written" in capsys.readouterr().out


def test_notebooks_of_one_run_alone_are_named(runs, tmp_path, capsys):
    old, new = runs("old"), runs("new")
    file = tmp_path / "new" / "summary.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    other = {**data["notebooks"][0], "name": "other", "path": "other.ipynb"}
    file.write_text(json.dumps({**data, "notebooks": [*data["notebooks"], other]}))
    main(["compare", old, new])
    assert "Only in new: other" in capsys.readouterr().out
