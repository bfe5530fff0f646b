"""labkit.figures.timeline: panels over the same steps."""

import pytest
import torch

from labkit.figures.cells import WIDTH, new_pen
from labkit.figures.timeline import PLOT, TOP, Timeline, draw_curve, draw_unit_map


def texts(pen):
    return [text.get_text() for text in pen.ax.texts]


@pytest.fixture
def line():
    return Timeline(steps=4, units=2, position=2, unit=1, labels=("a", "b", "c", "d"))


@pytest.fixture
def pen(line):
    from matplotlib.figure import Figure

    return new_pen(line.height, Figure().add_axes((0, 0, 1, 1)))


@pytest.mark.parametrize("steps", [1, 5, 17, 64])
@pytest.mark.parametrize("units", [1, 7, 16])
def test_two_columns_fit_beside_each_other(steps, units):
    line = Timeline(steps, units, 0, 0, ())
    assert line.left >= 0
    assert line.left + line.width < line.right
    assert line.right + line.width <= WIDTH
    assert TOP < line.bottom < line.plot_top < line.plot_top + PLOT < line.height


def test_a_map_has_units_as_rows_and_steps_as_columns(pen, line):
    values = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, -8.0]])
    known = torch.ones_like(values, dtype=torch.bool)
    known[3, 0] = False
    draw_unit_map(pen, line, line.left, ("States", "more"), (values, known))
    said = texts(pen)
    assert said[:2] == ["States", "more"]
    assert said[2:10] == ["1", "3", "5", "2", "4", "6", "−8", "a"]
    assert said[8:14] == ["−8", "a", "b", "c", "d", "0"]
    bold = [text.get_text() for text in pen.ax.texts if text.get_weight() == "bold"]
    assert bold == ["States", "c", "1"]


def test_many_steps_are_one_image_with_few_labels():
    line = Timeline(64, 3, 30, 1, tuple(map(str, range(64))))
    from matplotlib.figure import Figure

    pen = new_pen(line.height, Figure().add_axes((0, 0, 1, 1)))
    values = torch.randn(64, 3)
    draw_unit_map(pen, line, line.left, ("", ""), (values, torch.ones_like(values).bool()))
    image = pen.ax.images[0].get_array()
    assert torch.equal(torch.tensor(image), values.T)
    numbers = [text for text in texts(pen) if text.isdigit()]
    assert "30" in numbers
    assert "29" not in numbers
    assert len(numbers) < 30


def test_a_token_without_a_font_is_called_by_its_step(pen):
    line = Timeline(2, 1, 0, 0, ("a", "\U0010fffd"))
    draw_unit_map(pen, line, line.left, ("", ""), (torch.ones(2, 1), torch.ones(2, 1).bool()))
    assert {"a", "1"} <= set(texts(pen))


def test_a_curve_goes_through_the_middle_of_its_steps(pen, line):
    draw_curve(pen, line, line.left, ("Unit", ""), {"1": 0.0}, ([0.0, 0.5, 0.25, 1.0], {}))
    curve, dot = pen.ax.lines[1], pen.ax.lines[3]
    assert list(curve.get_ydata()) == [line.plot_top + PLOT * s for s in (0, 0.5, 0.25, 1)]
    assert list(curve.get_xdata()) == [line.left + (t + 0.5) * line.column for t in range(4)]
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (
        line.left + 2.5 * line.column,
        line.plot_top + 0.25 * PLOT,
    )
