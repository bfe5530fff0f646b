import json
import re

import pytest

from labkit.reports.comparison import compare
from labkit.reports.comparison_page import page, write

from .two_runs import ran, summary


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def store(folder, name, data):
    (folder / name).write_text(json.dumps(data), encoding="utf-8")


def headings(html):
    return re.findall(r"<h1[^>]*>(.*?)</h1>", html)


def on(device):
    return ran(f"a--device-{device}", parameters={"device": device})


def test_a_page_says_at_once_whether_something_is_worse(folder):
    html = page([compare(summary(ran("a")), summary(ran("a", "failed")))], at=folder)
    assert 'class="headline worse">1 notebook passes no longer' in html
    html = page([compare(summary(ran("a")), summary(ran("a")))], at=folder)
    assert 'class="headline fine">nothing is worse' in html


def test_every_link_within_the_page_leads_somewhere(folder):
    runs = summary(ran("a"), ran("b", "passed", ("x", 1.0)))
    html = page([compare(runs, runs), compare(runs, runs)], at=folder)
    anchors = re.findall(r'href="#([^"]+)"', html)
    assert len(anchors) == len(set(anchors)) == 4
    for anchor in anchors:
        assert html.count(f'id="{anchor}"') == 1


def test_what_differs_between_the_runs_is_told_and_what_does_not_is_not(folder):
    old = summary(ran("a", versions={"torch": "2.10", "numpy": "2.3"}, device="cpu"))
    new = summary(
        ran("a", versions={"torch": "2.11", "numpy": "2.3"}, device="cpu"),
        ran("b"),
        machine={"host": "<build>"},
    )
    html = page([compare(old, new)], at=folder)
    assert "<td>2.10</td><td>2.11</td>" in html
    assert "<td>–</td><td>&lt;build&gt;</td>" in html
    for words in ("numpy", "Device", "Started"):
        assert words not in html
    assert "Only in the new run: b" in html


def test_nothing_is_loaded(folder):
    html = page([compare(summary(ran("a")), summary(ran("a")))], at=folder, home="index.html")
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)
    assert "default-src 'none'" in html
    assert '<a href="index.html">' in html


def test_a_run_with_one_before_it_is_compared_with_that(folder):
    store(folder, "summary.json", summary(ran("a")))
    store(folder, "previous.json", summary(ran("a", "failed")))
    assert write(folder) == folder / "compare.html"
    html = (folder / "compare.html").read_text(encoding="utf-8")
    assert headings(html) == ["the run before → this run"]
    assert "1 notebook passes that did not" in html
    assert "labkit compare" in html, "says how pictures are compared"


def test_a_run_on_two_devices_is_compared_with_itself(folder):
    store(folder, "summary.json", summary(on("cpu"), on("cuda")))
    html = write(folder).read_text(encoding="utf-8")
    assert headings(html) == ["cpu → cuda"]
    assert "labkit compare" not in html
    store(folder, "previous.json", summary(on("cpu")))
    html = write(folder).read_text(encoding="utf-8")
    assert headings(html) == ["cpu → cuda", "the run before → this run"]


@pytest.mark.parametrize(
    "previous",
    [None, "{", "[]", json.dumps({"schema": "labkit.summary/0", "notebooks": []})],
)
def test_where_there_is_nothing_to_compare_with_no_old_page_stays(folder, previous):
    store(folder, "summary.json", summary(ran("a")))
    if previous is not None:
        (folder / "previous.json").write_text(previous)
    (folder / "compare.html").write_text("of an earlier run")
    assert write(folder) is None
    assert not (folder / "compare.html").exists()


def test_runs_without_a_common_notebook_are_not_compared(folder):
    store(folder, "summary.json", summary(ran("a")))
    store(folder, "previous.json", summary(ran("b")))
    assert write(folder) is None
