import typing

import pytest

from labkit.execution.outcomes import Status
from labkit.reports import frame
from labkit.reports.offline import POLICY


@pytest.mark.parametrize("status", typing.get_args(Status))
def test_every_status_has_words(status):
    html = frame.badge(status)
    assert frame.WORDS[status] in html
    assert ("✓" in html) == (status == "passed")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0 ms"), (0.9994, "999 ms"), (1.0, "1.0 s"), (59.94, "59.9 s"), (60.0, "1 min 00 s")],
)
def test_times_read_well(value, text):
    assert frame.seconds(value) == text


def test_a_page_is_complete_and_its_title_is_escaped():
    html = frame.framed("a < b", "<p>body</p>")
    assert html.startswith("<!doctype html>")
    assert "<title>a &lt; b</title>" in html
    assert f'content="{POLICY}"' in html
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_nothing_is_folded_where_there_is_nothing():
    assert frame.folded("Traceback", "") == ""
    assert "<pre>a &lt; b</pre>" in frame.folded("Traceback", "a < b")
