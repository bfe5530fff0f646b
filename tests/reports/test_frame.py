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


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 kB"), (999_400, "999 kB"), (1e6, "1 MB"), (999.4e6, "999 MB"), (999.6e6, "1.0 GB")],
)
def test_sizes_read_well(size, text):
    assert frame.memory(int(size)) == text


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("2025-03-01T01:30:59+02:00", "2025-02-28 23:30 UTC"),
        ("2025-03-01T01:30:59Z", "2025-03-01 01:30 UTC"),
        ("2025-03-01T01:30:59", "2025-03-01 01:30 UTC"),
        ("yesterday", "yesterday"),
        ("", ""),
    ],
)
def test_moments_are_told_in_utc(given, text):
    assert frame.moment(given) == text


def test_each_kind_of_page_has_its_style_over_the_one_of_all():
    page, table = frame.framed("a", "b"), frame.framed("a", "b", style="table.css")
    assert frame.asset("frame.css") in page
    assert frame.asset("frame.css") in table
    assert ".notebooks" in table
    assert ".notebooks" not in page


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
