"""labkit.figures.neural_network: the numbers are on the picture; what is not known is not."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from PIL import Image

from labkit.errors import OptionError, ShapeError
from labkit.figures.neural_network import neural_network_poster, neural_network_step
from labkit.figures.style import ACCENT
from labkit.ops.backpropagation import Layer

LAYERS = [
    Layer(torch.tensor([[0.5, 1.0], [1.0, -1.5]]), torch.tensor([0.11, 0.22])),
    Layer(torch.tensor([[1.25, -1.75]]), torch.tensor([0.33])),
]
VALUES = [torch.tensor([2.5, 1.5]), torch.tensor([3.5, 4.5]), torch.tensor([5.5])]
TARGET, LOSSES = torch.tensor([6.5]), [9.0, 4.0, 1.0]
NAN = torch.nan
SLOPES = [torch.tensor([NAN, NAN]), torch.tensor([-7.5])]
GRADIENTS = [
    Layer(torch.full((2, 2), NAN), torch.full((2,), NAN)),
    Layer(torch.tensor([[8.5, 9.5]]), torch.tensor([NAN])),
]


@pytest.fixture
def ax():
    return Figure().add_axes((0, 0, 1, 1))


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_every_number_of_the_way_forward_is_written(ax):
    neural_network_step(LAYERS, VALUES, TARGET, LOSSES, ax=ax)
    numbers = {"0.5", "1", "−1.5", "b 0.11", "b 0.22", "1.25", "−1.75", "b 0.33"}
    numbers |= {"2.5", "1.5", "3.5", "4.5", "5.5", "t 6.5", "x₁", "h₂", "y", "loss"}
    assert numbers | {"Forward →", "1 after 2 steps"} <= set(words(ax))
    assert not [word for word in words(ax) if "∂" in word]


def test_on_the_way_back_gradients_take_the_place_of_weights(ax):
    neural_network_step(
        LAYERS, VALUES, TARGET, LOSSES, cursor=("weight", 1, 0, 1), slopes=SLOPES,
        gradients=GRADIENTS, ax=ax,
    )  # fmt: skip
    said = words(ax)
    assert {"← Backward", "∂ −7.5", "8.5", "9.5", "b 0.33", "−1.5"} <= set(said)
    assert "−1.75" not in said
    assert "∂ ?" not in said


def test_what_is_not_known_is_a_question(ax):
    values = [VALUES[0], torch.tensor([3.5, NAN]), torch.tensor([NAN])]
    neural_network_step(LAYERS, values, TARGET, [9.0, NAN], cursor=("sum", 0, 1, 0), ax=ax)
    assert words(ax).count("?") == 3
    assert "? after 1 step" in words(ax)


@pytest.mark.parametrize(
    ("cursor", "ringed"),
    [(("sum", 0, 1, 0), 1), (("slope", 1, 0, 0), 1), (("loss", 0, 0, 0), 0)],
)
def test_the_neuron_under_the_cursor_is_ringed(ax, cursor, ringed):
    neural_network_step(LAYERS, VALUES, TARGET, LOSSES, cursor=cursor, ax=ax)
    colours = [to_hex(p.get_facecolor()) for p in ax.patches if isinstance(p, Circle)]
    assert colours.count(ACCENT.lower()) == ringed
    assert len(colours) == 5 + ringed


def test_the_curve_is_the_loss_over_the_steps(ax):
    neural_network_step(LAYERS, VALUES, TARGET, LOSSES, ax=ax)
    heights = ax.lines[-2].get_ydata()
    floor = max(line.get_ydata()[0] for line in ax.lines if line.get_color() == "#d5d9e0")
    shares = [(floor - y) for y in heights]
    assert [share / shares[0] for share in shares] == pytest.approx([1, 4 / 9, 1 / 9])


def test_without_axes_a_figure_of_its_own_is_made():
    ax = neural_network_step(LAYERS, VALUES, TARGET, LOSSES)
    assert ax.figure.number in plt.get_fignums()
    plt.close(ax.figure)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"cursor": ("sum", 2, 0, 0)}, OptionError, r"cursor is \('sum', 2, 0, 0\)"),
        ({"cursor": ("weight", 1, 0, 3)}, OptionError, r"of a network of \(2, 2, 1\)"),
        ({"cursor": ("step", 0, 0, 0)}, OptionError, "expected 'sum', 'loss'"),
        ({"values": VALUES[:2]}, ShapeError, "one vector of values more than layers"),
        ({"target": torch.zeros(2)}, ShapeError, r"a target of \(2,\)"),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_what_cannot_be_drawn_is_refused(change, error, message):
    figures = plt.get_fignums()
    with pytest.raises(error, match=message):
        neural_network_step(
            **{"layers": LAYERS, "values": VALUES, "target": TARGET, "losses": LOSSES} | change
        )
    assert plt.get_fignums() == figures


def test_poster_is_a_small_png_where_the_cursor_has_the_accent():
    picture = neural_network_poster(LAYERS, VALUES, TARGET, LOSSES, cursor=("sum", 0, 0, 0))
    assert len(picture) < 60_000
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    assert (np.abs(pixels - [0xD5, 0x5E, 0x00]).sum(axis=-1) < 24).sum() > 200
    assert picture != neural_network_poster(LAYERS, VALUES, TARGET, LOSSES)
