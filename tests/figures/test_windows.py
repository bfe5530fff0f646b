"""labkit.figures.windows: where the maps lie, and that the window stands over the right cells."""

import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from labkit.figures.cells import WIDTH, new_pen
from labkit.figures.windows import WindowMaps, draw_total


@pytest.fixture
def pen():
    return new_pen(600.0, Figure().add_axes((0, 0, 1, 1)))


def frames(pen):
    """Left, top, width and height of each outline, once."""
    outlines = [p for p in pen.ax.patches if not p.get_fill()]
    return [(*p.get_xy(), p.get_width(), p.get_height()) for p in outlines[::2]]


@pytest.mark.parametrize("shapes", [[(8, 8), (4, 4)], [(40, 3), (1, 1)], [(9, 9), (8, 8), (8, 8)]])
def test_maps_lie_beside_each_other_within_the_canvas(shapes):
    maps = WindowMaps(shapes, 0, 0, 2, (2, 2))
    end = 0.0
    for which, (rows, columns) in enumerate(shapes):
        left, top = maps.corner(which)
        assert left > end
        end = left + columns * maps.cell
        assert top + rows * maps.cell < maps.bottom
    assert end < WIDTH


def test_the_window_stands_over_the_cells_that_it_reads(pen):
    maps = WindowMaps([(8, 8), (3, 3)], row=1, column=2, stride=2, spans=(3, 4))
    maps.draw_window(pen)
    window, output = frames(pen)
    x, y, *_ = maps.box(0, 1 * 2, 2 * 2)
    assert window == pytest.approx((x, y, 4 * maps.cell, 3 * maps.cell))
    assert output == pytest.approx(maps.box(1, 1, 2))
    (beam,) = [p for p in pen.ax.patches if isinstance(p, Polygon) and p.get_alpha() == 0.2]
    reach = beam.get_xy()[:, 0]
    assert (reach.min(), reach.max()) == pytest.approx((window[0] + window[2], output[0]))


@pytest.mark.parametrize(("cells", "hatched"), [((0, 0), 0), ((1, 0), 1), ((2, 1), 2)])
def test_cells_left_over_are_hatched(pen, cells, hatched):
    WindowMaps([(8, 6), (3, 2)], 0, 0, 2, (2, 2)).draw_left_over(pen, cells)
    assert len([patch for patch in pen.ax.patches if patch.get_hatch()]) == hatched


def test_an_answer_kept_back_is_a_question_mark(pen):
    draw_total(pen, "output[0, 0]", "7", (1.0, 1.0, 1.0), (100.0, 100.0))
    draw_total(pen, "output[0, 0]", None, (1.0, 1.0, 1.0), (300.0, 100.0))
    assert [t.get_text() for t in pen.ax.texts] == ["7", "output[0, 0]", "?", "output[0, 0]"]
