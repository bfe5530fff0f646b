import errno
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from labkit.execution.jobs import Job
from labkit.execution.outcomes import Outcome, as_data
from labkit.execution.repeating import Difference
from labkit.reports import report

from .runs import random_run

FILES = {"index.html", "junit.xml", "summary.json", "summary.md", "summary.schema.json"}


def contents(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_everything_is_written_and_every_link_leads_somewhere(outcomes, tmp_path):
    folder = tmp_path / "report"
    table = report.write(folder, outcomes)
    assert table == folder / "index.html"
    assert {p.name for p in folder.iterdir() if p.is_file()} == FILES
    pages = [folder / "pages" / "good one.html", folder / "pages" / "deep" / "bad.html"]
    for page in [table, *pages]:
        html = page.read_text(encoding="utf-8")
        for link in re.findall(r'<a href="([^"]+)"', html):
            path, _, anchor = unquote(link).partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), f"{page} links to {link}"
            if anchor.startswith("cell-id"):
                assert f'id="{anchor}"' in target.read_text(encoding="utf-8")


def test_the_executed_notebooks_are_not_touched(outcomes, tmp_path):
    before = contents(tmp_path / "report" / "executed")
    report.write(tmp_path / "report", outcomes)
    assert contents(tmp_path / "report" / "executed") == before


def test_the_run_before_is_told(outcomes, tmp_path):
    report.write(tmp_path / "report", outcomes, render=None)
    before = json.loads((tmp_path / "report" / "summary.json").read_text(encoding="utf-8"))
    broken = replace(outcomes[0], status="died")
    report.write(tmp_path / "report", [broken], previous=before, seconds=4.5, render=None)
    after = json.loads((tmp_path / "report" / "summary.json").read_text(encoding="utf-8"))
    assert (after["counts"]["newly_broken"], after["seconds"]) == (1, 4.5)
    for name in ("index.html", "summary.md"):
        text = (tmp_path / "report" / name).read_text(encoding="utf-8")
        assert "it passed in the last run" in text.replace("&#58;", ":")


def test_what_differs_is_told_once(outcomes, tmp_path):
    loss = Difference("good one", 1, "loss", ("1", "2"), False, ("good one", "deep/bad"))
    differing = {name: [loss] for name in loss.runs}
    report.write(tmp_path, outcomes, differences=differing, render=None)
    data = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert [each["text"] for each in data["differences"]] == ["good one, cell 1: loss: 1 | 2"]


def test_the_summary_left_in_the_folder_is_the_run_before(outcomes, tmp_path):
    folder = tmp_path / "report"
    report.write(folder, outcomes, render=None)
    assert "compare.html" not in (folder / "index.html").read_text(encoding="utf-8")
    os.replace(folder / "summary.json", folder / "previous.json")
    report.write(folder, [replace(outcomes[0], status="died")], render=None)
    data = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert data["counts"]["newly_broken"] == 1
    assert "compare.html" in (folder / "index.html").read_text(encoding="utf-8")
    report.write(folder, [replace(outcomes[0], path=Path("new.ipynb"), name="new")], render=None)
    assert "compare.html" not in (folder / "index.html").read_text(encoding="utf-8")


def test_links_between_notebooks_lead_to_their_pages(outcomes, write_notebook, tmp_path):
    links = "[next](deep/bad.ipynb#Part) [other](not-run.ipynb) [far](https://example.org/a.ipynb)"
    write_notebook("report/executed/good one.ipynb", f"#md {links}", "x")
    back = "#md [back](../good%20one.ipynb)"
    write_notebook("report/executed/deep/bad.ipynb", back, "1 < 'a'", "y")
    report.write(tmp_path / "report", outcomes)
    pages = tmp_path / "report" / "pages"
    good = (pages / "good one.html").read_text(encoding="utf-8")
    assert '<a href="deep/bad.html#Part">next</a>' in good
    assert '<a href="not-run.ipynb">other</a>' in good, "it has no page here"
    assert '<a href="https://example.org/a.ipynb">far</a>' in good
    bad = (pages / "deep" / "bad.html").read_text(encoding="utf-8")
    assert '<a href="../good%20one.html">back</a>' in bad


def test_a_page_is_written_from_what_a_worker_can_be_told(outcomes, tmp_path):
    told = json.loads(json.dumps([as_data(outcomes[1]), str(tmp_path), report.places(outcomes)]))
    page = Path(report.write_page(*told))
    assert page == tmp_path / "pages" / "deep" / "bad.html"
    html = page.read_text(encoding="utf-8")
    assert 'href="../../index.html"' in html
    assert "TypeError" in html


def test_only_pages_that_are_missing_or_old_are_written(outcomes, tmp_path):
    folder, asked = tmp_path / "report", []

    def render(outcome, where, places):
        asked.append(outcome["name"])
        return report.write_page(outcome, where, places)

    report.write(folder, outcomes, render=render)
    assert asked == ["good one", "deep/bad"]
    report.write(folder, outcomes, render=render)
    assert len(asked) == 2
    os.utime(folder / "pages" / "deep" / "bad.html", (1, 1))
    report.write(folder, outcomes, render=render)
    assert asked[2:] == ["deep/bad"]


def test_a_page_of_an_earlier_run_is_not_linked(outcomes, tmp_path):
    folder = tmp_path / "report"
    report.write(folder, outcomes)
    page = folder / "pages" / "good one.html"
    index = folder / "index.html"
    assert "good%20one.html" in index.read_text(encoding="utf-8")
    os.utime(page, (1, 1))
    report.write(folder, outcomes, render=None)
    assert "good%20one.html" not in index.read_text(encoding="utf-8")
    kept = [replace(outcomes[0], resumed=True)]
    report.write(folder, kept, render=None)
    assert "good%20one.html" in index.read_text(encoding="utf-8"), "it was taken over as it is"
    page.unlink()
    report.write(folder, kept, render=None)
    assert "good%20one.html" not in index.read_text(encoding="utf-8")


def test_a_page_that_cannot_be_drawn_costs_only_itself(outcomes, tmp_path):
    def render(outcome, folder, places):
        if outcome["name"] == "good one":
            raise RuntimeError("put in by a test")
        return report.write_page(outcome, folder, places)

    report.write(tmp_path / "report", outcomes, render=render)
    html = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "RuntimeError: put in by a test" in html
    assert "pages/deep/bad.html" in html
    assert "pages/good%20one.html" not in html


@pytest.mark.parametrize("fails_at", range(1, 6))
def test_a_full_disk_leaves_the_report_before_it_whole(outcomes, tmp_path, monkeypatch, fails_at):
    folder = tmp_path / "report"
    report.write(folder, outcomes)
    before = contents(folder)
    written = []
    write_bytes = Path.write_bytes

    def full(path, data):
        written.append(path)
        if len(written) == fails_at:
            write_bytes(path, data[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        report.write(folder, outcomes[:1], render=None)
    assert len(written) == fails_at
    assert contents(folder) == before, "also without anything left half-written"


def test_a_full_disk_for_a_page_is_told_too(outcomes, tmp_path):
    def render(outcome, folder, places):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        report.write(tmp_path / "report", outcomes, render=render)
    assert not (tmp_path / "report" / "index.html").exists()


@pytest.mark.parametrize("seed", range(5))
def test_whatever_notebooks_say_can_be_written(seed, tmp_path):
    run = random_run(seed)
    differing = dict.fromkeys(run.differences[0].runs, run.differences)
    report.write(tmp_path, run.outcomes, previous=run.previous, differences=differing)
    assert {p.name for p in tmp_path.iterdir()} == FILES
    assert all(p.read_text(encoding="utf-8") for p in tmp_path.iterdir())


def test_a_place_is_that_of_the_run_with_most_values_in_common():
    values = [{"device": "cpu", "seed": 1}, {"device": "cuda", "seed": 1}, {"device": "cuda"}]
    jobs = [Job(Path(n), f"{n[0]}{i}", parameters=v) for n in "ab" for i, v in enumerate(values)]
    a, b = str(Path("a").resolve()), str(Path("b").resolve())
    assert report.places(jobs) == {a: "a0", b: "b0"}
    assert report.places(jobs, jobs[1]) == {a: "a1", b: "b1"}
    like = Outcome(Path("c.ipynb"), "passed", parameters={"device": "cuda"})
    assert report.places(jobs, like) == {a: "a1", b: "b1"}


def test_a_run_reports_without_what_draws_pages(tmp_path):
    code = f"""\
import sys
from pathlib import Path
from labkit.execution.outcomes import Outcome
from labkit.execution.repeating import Difference
from labkit.reports import report
report.write({str(tmp_path)!r}, [Outcome(Path("a.ipynb"), "skipped")])
print(*sys.modules)"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"asyncio", "jinja2", "jsonschema", "nbclient", "nbconvert", "nbformat", "numpy"}
    assert heavy.isdisjoint(told.stdout.split())
