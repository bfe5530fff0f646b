from dataclasses import replace
from pathlib import Path

import pytest

from labkit.execution.outcomes import CheckVerdict, Outcome
from labkit.reports import summary
from labkit.reports.findings import SHOWN, checks, results
from labkit.reports.run import Run
from labkit.results import Result

from .reading import read

OUTCOME = Outcome(Path("a.ipynb"), "passed")


def told(before, after):
    """Return what is told of results, after the run before had others."""
    old, new = replace(OUTCOME, results=before), replace(OUTCOME, results=after)
    return read(results(Run([new], previous=summary.as_data(Run([old]))), new))


@pytest.mark.parametrize(
    ("before", "after", "tolerance", "text"),
    [
        (0.94, 0.97, 0.02, "▲ 0.03 > 0.02"),
        (0.97, 0.94, 0.02, "▼ 0.03 > 0.02"),
        (0.96, 0.97, 0.02, "▲ 0.01 ≤ 0.02"),
        (12.0, 10.5, None, "▼ 1.5"),
        (0.97, 0.97, 0.02, "="),
        (0.97, 0.97, None, "="),
    ],
)
def test_a_change_tells_its_direction_its_size_and_what_was_promised(
    before, after, tolerance, text
):
    html = told((Result("x", before),), (Result("x", after, "", tolerance),))
    (change,) = html.all(of_class="change")
    assert change.text == text
    assert ("beyond" in change["class"]) == (">" in text)
    assert "last run" in change["title"]


def test_without_a_run_before_the_tolerance_stands_alone():
    outcome = replace(OUTCOME, results=(Result("time <b>", 12.5, "ms", 0.5), Result("y", 3)))
    first, second = read(results(Run([outcome]), outcome)).all("li")
    assert first.text == "time <b> 12.5 ms ± 0.5"
    assert second.text == "y 3"


def test_of_many_results_those_beyond_their_tolerance_are_never_folded():
    before = tuple(Result(str(i), 1.0) for i in range(12))
    values = [2.0 if i in {9, 11} else 1.0 for i in range(12)]
    after = tuple(Result(str(i), value, "", 0.1) for i, value in enumerate(values))
    html = told(before, after)
    (folded,) = html.all("details")
    assert [li.all("span")[0].text for li in html.all("li")] == [
        *("9", "11"),
        *(str(i) for i in range(12) if i not in {9, 11}),
    ]
    assert len(folded.all("li")) == 12 - SHOWN
    assert folded.all("summary")[0].text == f"{12 - SHOWN} more"


def test_nothing_is_folded_to_save_one_line():
    some = tuple(Result(str(i), 1.0) for i in range(SHOWN + 1))
    assert told((), some).all("details") == []
    assert results(Run([OUTCOME]), OUTCOME) == checks(Run([OUTCOME]), OUTCOME) == ""


def test_equal_verdicts_are_told_once_and_lead_to_the_first():
    given = [("conv2d", True, None, 1), ("conv2d", False, "kernel flipped", 3)]
    given += [("conv2d", True, None, 5), ("<lstm>", False, None, 7)]
    outcome = replace(OUTCOME, checks=tuple(CheckVerdict(*g) for g in given))
    html = read(checks(Run([outcome], pages={"a": "p.html"}), outcome))
    texts = [li.text for li in html.all("li")]
    assert texts == ["✓ conv2d ×2", "✗ conv2d: kernel flipped", "✗ <lstm>: wrong"]
    assert [a["href"] for a in html.all("a")] == [f"p.html#cell-id={i}" for i in (1, 3, 7)]
