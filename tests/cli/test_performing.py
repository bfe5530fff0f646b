import json
from pathlib import Path

import pytest

from labkit.cli.performing import perform
from labkit.execution import jobs, outcomes
from labkit.execution.jobs import Job
from labkit.reports import report


@pytest.fixture
def job(write_notebook, tmp_path):
    path = write_notebook("n.ipynb", "print('fine')")
    return jobs.as_data(Job(path, "more/n", tmp_path / "reports/executed/more/n.ipynb"))


def performed(job, tmp_path, places=None):
    told = []
    data = perform(job, str(tmp_path / "reports"), places or {}, told.append)
    assert outcomes.from_data(json.loads(json.dumps(data))).name == job["name"]
    return data, told


def test_a_notebook_is_run_and_its_page_written(job, tmp_path):
    data, told = performed(job, tmp_path)
    assert data["status"] == "passed"
    assert told == [(0, 1), (1, 1)]
    assert "fine" in Path(data["output"]).read_text(encoding="utf-8")
    page = (tmp_path / "reports/pages/more/n.html").read_text(encoding="utf-8")
    assert "fine" in page
    assert data["notes"] == []


def test_its_page_leads_to_the_pages_of_other_notebooks(write_notebook, tmp_path):
    path = write_notebook("n.ipynb", "#md [next](m.ipynb)", "x = 1")
    other = write_notebook("m.ipynb", "x = 1")
    job = jobs.as_data(Job(path, "n", tmp_path / "reports/executed/n.ipynb"))
    performed(job, tmp_path, {str(path): "n", str(other): "m"})
    page = (tmp_path / "reports/pages/n.html").read_text(encoding="utf-8")
    assert 'href="m.html"' in page


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device"), "could not be written: No space left on device"),
        (KeyError("missing"), "could not be made: KeyError: 'missing'"),
    ],
)
def test_a_page_that_cannot_be_written_costs_no_verdict(job, tmp_path, monkeypatch, error, told):
    def refuse(*_):
        raise error

    monkeypatch.setattr(report, "write_page", refuse)
    data, _ = performed(job, tmp_path)
    assert data["status"] == "passed"
    assert data["notes"] == [f"its page {told}"]


def test_what_is_refused_has_no_page(tmp_path):
    path = tmp_path / "n.ipynb"
    path.write_text("no notebook")
    job = jobs.as_data(Job(path, "n", tmp_path / "reports/executed/n.ipynb"))
    data, told = performed(job, tmp_path)
    assert (data["status"], data["output"], told) == ("refused", None, [])
    assert not (tmp_path / "reports").exists()
