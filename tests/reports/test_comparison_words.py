from pathlib import Path

import pytest

from labkit.execution.outcomes import Outcome
from labkit.reports.comparison import Pair, compare
from labkit.reports.comparison_words import difference, headline, kept, ratio, status
from labkit.reports.history import Change

from .two_runs import ran, summary

GOOD, BAD = ran("a"), ran("a", "failed")
FAR, NEAR = ran("b", "passed", ("x", 9.0, 1.0), ("y", 9.0, 1.0)), ran("b", "passed", ("x", 1.0))
HALF = ran("b", "passed", ("x", 9.0, 1.0))


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ([GOOD], [GOOD], "nothing is worse"),
        ([BAD], [GOOD], "nothing is worse · 1 notebook passes that did not"),
        ([GOOD], [BAD], "1 notebook passes no longer"),
        ([NEAR], [HALF], "1 result beyond its tolerance"),
        ([GOOD, ran("c")], [BAD, ran("c", "died")], "2 notebooks pass no longer"),
        (
            [ran("b", "passed", ("x", 1.0), ("y", 1.0)), GOOD],
            [FAR, BAD],
            "1 notebook passes no longer · 2 results beyond their tolerance",
        ),
        ([GOOD], [NEAR], "nothing to compare: no notebook is in both runs"),
    ],
)
def test_one_line_says_whether_something_is_worse(old, new, line):
    assert headline(compare(summary(*old), summary(*new))) == line


def test_a_verdict_names_what_was_before_only_where_it_differs():
    assert status(Pair(GOOD, GOOD)) == "passed"
    assert status(Pair(BAD, Outcome(Path("a"), "timeout"))) == "failed → timed out"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (1.0, 1.09, "about the same"),
        (1.09, 1.0, "about the same"),
        (1.0, 2.5, "2.5× more"),
        (30.0, 2.0, "15.0× less"),
        (0, 2.0, ""),
        (2.0, None, ""),
    ],
)
def test_a_factor_is_told_in_the_direction_of_the_change(old, new, words):
    assert ratio(old, new, "less", "more") == words


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [(1.0, 1.0, "0"), (0.97, 0.95, "−0.02"), (1.0, 3.0, "+2"), (2e-4, 0.0, "−0.0002")],
)
def test_a_difference_has_its_sign_and_no_noise(before, after, text):
    assert difference(Change("a", before, after)) == text


def test_results_are_counted_by_what_was_promised():
    found = [Change("a", 1.0, 1.0, tolerance=0.5)] * 2 + [Change("b", 1.0, 2.0, tolerance=0.5)]
    assert kept(found) == "1 beyond, 2 within"
    assert kept([Change("c", 1.0, 2.0)]) == "1 without a tolerance"
    assert kept([]) == ""
