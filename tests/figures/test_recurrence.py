"""labkit.figures.recurrence: the numbers are on the picture, and an answer kept back is not."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from labkit.errors import OptionError, ShapeError
from labkit.figures.recurrence import recurrence_poster, recurrence_step
from labkit.figures.timeline import PLOT, Timeline

STATES = torch.tensor([[0.11, -0.22], [0.33, 0.44], [-0.55, 0.66], [0.77, -0.88]])
CHANGES = torch.tensor([[0.0, 0.0], [0.5, -0.25], [0.12, 0.06], [0.01, 0.02]])
GRADIENTS = torch.tensor([0.001, 0.01, 0.1, 1.0])


@pytest.fixture
def ax():
    return Figure().add_axes((0, 0, 1, 1))


def words(ax):
    return [text.get_text() for text in ax.texts]


def curves(ax):
    """The lines that are neither grid nor cursor nor marker, as heights."""
    return [line.get_ydata() for line in ax.lines if len(line.get_ydata()) == len(STATES)]


def test_states_and_changes_are_written_and_what_precedes_the_change_is_empty(ax):
    recurrence_step(STATES, CHANGES, GRADIENTS, position=2, unit=1, perturbed=1, ax=ax)
    said = words(ax)
    assert {"RNN states", "2 units × 4 steps", "Unit 1", "input of step 1 changed"} <= set(said)
    for number in STATES.flatten().tolist():
        assert f"{number:.2f}".replace("-", "−") in said
    start = said.index("input of step 1 changed") + 1
    assert said[start : start + 6] == ["0.50", "0.12", "0.01", "−0.25", "0.06", "0.02"]


def test_curves_are_the_unit_over_time_and_the_logarithm_of_the_gradient(ax):
    recurrence_step(STATES, CHANGES, GRADIENTS, position=2, unit=1, perturbed=1, ax=ax)
    top = Timeline(4, 2, 0, 0, ()).plot_top
    changed, as_it_is, gradient = curves(ax)
    high = 0.88
    np.testing.assert_allclose(as_it_is, top + PLOT * (1 - STATES[:, 1] / high) / 2, rtol=1e-6)
    after = (STATES + CHANGES)[1:, 1]
    np.testing.assert_allclose(changed[1:], top + PLOT * (1 - after / high) / 2, rtol=1e-6)
    assert np.isnan(changed[0])
    np.testing.assert_allclose(gradient, top + PLOT * np.array([1, 2 / 3, 1 / 3, 0]), rtol=1e-5)
    assert {"$10^{0}$", "$10^{-1}$", "$10^{-2}$", "$10^{-3}$"} <= set(words(ax))


def test_a_gradient_of_zero_lies_at_the_bottom(ax):
    recurrence_step(STATES, CHANGES, torch.tensor([0.0, 1e-30, 1e-3, 1.0]), ax=ax)
    heights = curves(ax)[-1]
    assert heights[0] == heights[1] == max(heights)


@pytest.mark.parametrize(("reach", "end"), [(2, 3), (None, 4)])
def test_the_line_under_the_changes_ends_where_they_fade(ax, reach, end):
    recurrence_step(STATES, CHANGES, GRADIENTS, perturbed=1, reach=reach, ax=ax)
    line = Timeline(4, 2, 0, 0, ())
    (arrow,) = [text for text in ax.texts if text.get_text() == "" and hasattr(text, "arrow_patch")]
    assert arrow.xy[0] == pytest.approx(line.right + end * line.column)
    assert arrow.xyann[0] == pytest.approx(line.right + 1 * line.column)


def test_an_answer_kept_back_is_nowhere_on_the_picture(ax):
    recurrence_step(STATES, CHANGES, GRADIENTS, position=2, unit=1, reveal=False, ax=ax)
    said = words(ax)
    assert "0.66" not in said
    assert "−0.88" not in said[: said.index("Change of the states") - 3]  # but on the scale
    assert {"0.44", "−0.55"} <= set(said)
    as_it_is = curves(ax)[1]
    assert np.isnan(as_it_is).tolist() == [False, False, True, True]


def test_without_axes_a_figure_of_its_own_is_made():
    ax = recurrence_step(STATES, CHANGES, GRADIENTS)
    assert ax.figure.number in plt.get_fignums()
    plt.close(ax.figure)


def test_all_zero_states_one_step_and_one_unit_are_drawn(ax):
    recurrence_step(torch.zeros(1, 1), torch.zeros(1, 1), torch.zeros(1), ax=ax)
    assert "1.00" in words(ax)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"position": 4}, OptionError, "position is 4; expected an index from 0 to 3"),
        ({"unit": 2}, OptionError, "unit is 2; expected an index from 0 to 1"),
        ({"perturbed": -1}, OptionError, "perturbed is -1"),
        ({"tokens": "abc"}, ShapeError, "3 tokens do not fit together"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, error, message):
    figures = plt.get_fignums()
    with pytest.raises(error, match=message):
        recurrence_step(STATES, CHANGES, GRADIENTS, **options)
    assert plt.get_fignums() == figures


@pytest.mark.usefixtures("as_learners_run_it")
def test_numbers_of_other_shapes_are_refused():
    with pytest.raises(ShapeError, match=r"states \(4, 2\), differences \(3, 2\)"):
        recurrence_step(STATES, CHANGES[1:], GRADIENTS)


def test_poster_is_a_small_png_where_the_cursor_has_the_accent():
    picture = recurrence_poster(STATES, CHANGES, GRADIENTS, position=1)
    assert len(picture) < 60_000
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    assert (np.abs(pixels - [0xD5, 0x5E, 0x00]).sum(axis=-1) < 24).sum() > 300
    assert picture != recurrence_poster(STATES, CHANGES, GRADIENTS, position=2)
