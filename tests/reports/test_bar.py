import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from labkit.execution.outcomes import Outcome
from labkit.reports.bar import WIDTH, bar, slowest


def outcome(cells, seconds):
    return Outcome(Path("a.ipynb"), "passed", cell_seconds=cells, seconds=seconds)


def boxes(outcome):
    """Return kind → start and width of every box of the bar."""
    svg = ElementTree.fromstring(bar(outcome))
    return {
        path.get("class"): [
            (float(x), float(w)) for x, w in re.findall(r"M(\S+) 0h(\S+?)v8", path.get("d"))
        ]
        for path in svg
    }


def test_the_parts_are_as_wide_as_the_cells_took_long():
    found = boxes(outcome({1: 1.0, 3: 2.0, 5: 0.5, 7: 4.0}, 10.0))
    assert [x for x, _ in found["slow"]] == [250, 350, 600], "kernel first: 2.5 s of 10"
    assert [w for _, w in found["slow"]] == pytest.approx([100, 200, 400], abs=4)
    assert found["other"] == [(550, pytest.approx(50, abs=4))]


def test_cells_stand_in_order_whatever_order_they_came_in():
    assert boxes(outcome({5: 1.0, 2: 3.0}, 4.0)) == boxes(outcome({2: 3.0, 5: 1.0}, 4.0))


def test_nothing_leaves_the_bar_when_the_cells_took_longer_than_the_notebook():
    found = boxes(outcome({0: 2.0, 1: 2.0}, 1.0))
    assert max(x + w for x, w in found["slow"]) <= WIDTH
    assert min(x for x, _ in found["slow"]) == 0


def test_a_screen_reader_is_told_the_whole():
    svg = ElementTree.fromstring(bar(outcome({1: 0.5, 3: 1.0}, 2.0)))
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == "2 cells took 1.5 s of 2.0 s"


def test_nothing_ran_and_nothing_is_drawn():
    assert bar(outcome({}, 1.0)) == ""
    assert slowest(outcome({}, 1.0)) == []
    assert "M" not in "".join(ElementTree.fromstring(bar(outcome({1: 0.0}, 0.0))).itertext())


def test_at_most_three_cells_are_slow_and_none_of_little_weight():
    cells = {0: 1.0, 1: 3.0, 2: 2.0, 3: 2.5}
    assert slowest(outcome(cells, 10.0)) == [(1, 3.0), (3, 2.5), (2, 2.0)]
    assert slowest(outcome({0: 0.01, 1: 9.0}, 10.0)) == [(1, 9.0)]
    assert slowest(outcome({0: 0.001}, 10.0)) == [(0, 0.001)], "the slowest is always told"
