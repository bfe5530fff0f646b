from dataclasses import replace
from pathlib import Path

import pytest

from labkit.execution.outcomes import Outcome
from labkit.execution.repeating import Difference
from labkit.reports import summary
from labkit.reports.run import Run
from labkit.reports.table import marks, table
from labkit.results import Result

from .reading import read
from .runs import random_run


def rows(run):
    """Return each row as column → text, with those that remark on the one above left out."""
    html = read(table(run))
    heads = [th.text for th in html.all("thead")[0].all("th")]
    found = [tr for body in html.all("tbody") for tr in body.all("tr") if tr["class"] != "remarks"]
    cells = ([c for c in row.children if c.tag in {"th", "td"}] for row in found)
    return [dict(zip(heads, (c.text for c in row), strict=True)) for row in cells]


def test_a_row_says_all_that_is_known_of_a_notebook(outcomes):
    good = replace(outcomes[0], gpu_memory=1_500_000_000, resumed=True)
    _, row, _ = rows(Run([good, *outcomes[1:]], pages={"good one": "pages/good%20one.html"}))
    assert row == {
        "Notebook": "good one seed = 3 taken over from the last run",
        "Verdict": "✓ passed",
        "Time": "2.5 s",
        "Slowest cells": "cell 1 500 ms",
        "Memory": "412 MB GPU 1.5 GB",
        "Results": "accuracy 0.97 ± 0.02",
        "Checks": "✗ conv2d : kernel flipped".replace(" :", ":"),
    }


def test_links_lead_to_the_page_and_to_cells_only_where_there_is_one(outcomes):
    pages = {"good one": "pages/good%20one.html"}
    links = [a["href"] for a in read(table(Run(outcomes, pages=pages))).all("a")]
    page = "pages/good%20one.html"
    assert links == [page, f"{page}#cell-id=1", f"{page}#cell-id=1"]
    assert read(table(Run(outcomes))).all("a") == []


def test_what_broke_stands_on_top(outcomes):
    assert [row["Verdict"] for row in rows(Run(outcomes))] == ["✗ failed", "✓ passed", "– skipped"]


def test_a_column_that_says_nothing_is_left_out(outcomes):
    plain = Outcome(Path("a.ipynb"), "passed", seconds=1.0)
    assert list(rows(Run([plain]))[0]) == ["Notebook", "Verdict", "Time"]
    cpu, gpu = replace(plain, device="cpu"), replace(plain, name="b", device="H200")
    assert "Device" not in rows(Run([cpu]))[0], "one device for all stands below the table"
    assert [row["Device"] for row in rows(Run([cpu, gpu]))] == ["cpu", "H200"]


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (2.0, 3.5, "3.5 s was 2.0 s"),
        (2.0, 0.5, "500 ms"),
        (0.2, 1.1, "1.1 s"),  # less than a second more
        (10.0, 14.0, "14.0 s"),  # less than half as long again
        (10.0, 15.5, "15.5 s was 10.0 s"),
    ],
)
def test_a_notebook_that_became_much_slower_says_so(before, now, told):
    was = Outcome(Path("a.ipynb"), "passed", seconds=before)
    run = Run([replace(was, seconds=now)], previous=summary.as_data(Run([was])))
    assert rows(run)[0]["Time"] == told


def test_a_verdict_says_since_when():
    good, bad = (Outcome(Path("a.ipynb"), status) for status in ("passed", "failed"))
    run = Run([bad], previous=summary.as_data(Run([good])))
    assert rows(run)[0]["Verdict"] == "✗ failed new: it passed in the last run"


def test_repetitions_share_a_body_and_do_not_repeat_their_findings():
    first = Outcome(
        Path("a.ipynb"), "passed", name="a--run-1", results=(Result("loss", 0.5),), seconds=1.0
    )
    same = replace(first, name="a--run-2", repetition=2)
    other = replace(first, name="a--run-3", repetition=3, results=(Result("loss", 0.6),))
    run = Run([first, same, other])
    assert len(read(table(run)).all("tbody")) == 1
    told = rows(run)
    assert [row["Notebook"] for row in told] == ["a", "run 2", "run 3"]
    assert [row["Results"] for row in told] == ["loss 0.5", "", "loss 0.6"]


def test_marks_are_what_a_reader_filters_by():
    before = Outcome(Path("a.ipynb"), "passed", results=(Result("x", 1.0),))
    now = Outcome(
        Path("a.ipynb"), "failed", results=(Result("x", 2.0, "", 0.5),), warnings=("cell 1: w",)
    )
    differing = Difference("a", 1, "x", ("1", "2"), False, ("a", "b"))
    run = Run([now], previous=summary.as_data(Run([before])), differences=[differing])
    assert list(marks(run, now)) == ["failed", "new", "warnings", "changed", "differing"]
    assert list(marks(Run([before]), before)) == ["passed"]
    small = replace(differing, tolerated=True)
    nearly = replace(before, results=(Result("x", 1.1, "", 0.5),))
    again = Run([nearly], previous=summary.as_data(Run([before])), differences=[small])
    assert list(marks(again, nearly)) == ["passed"]
    assert read(table(run)).all("tbody")[0]["data-marks"] == " ".join(marks(run, now))


@pytest.mark.parametrize("seed", range(10))
def test_whatever_a_notebook_says_stays_text(seed):
    run = random_run(seed)
    html = read(table(run))
    assert html.all("script") == []
    bold = {b.text for b in html.all("b")}
    assert "bold" not in bold
    assert len(html.all("tbody")) == len(run.groups)
    assert all(len(row) == len(rows(run)[0]) for row in rows(run))
