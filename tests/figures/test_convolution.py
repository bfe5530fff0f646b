import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from PIL import Image
from torch.nn.functional import conv2d

from labkit.errors import OptionError, ShapeError
from labkit.figures.convolution import convolution_poster, convolution_step


@pytest.fixture
def ax():
    return Figure().add_axes((0, 0, 1, 1))


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_numbers_on_the_picture_are_the_ones_worked_by_hand(ax):
    image = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    convolution_step(image, torch.tensor([[1.0, 0.0], [0.0, -1.0]]), position=3, ax=ax)
    said = words(ax)
    assert {"3 × 3", "2 × 2", "output[1, 1]"} <= set(said)
    products = [str(5 * 1), str(6 * 0), str(8 * 0), f"−{9 * 1}"]
    start = said.index("products") + 1
    assert said[start : start + 4] == products
    assert said[-2] == "−4"  # 5 − 9


@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"padding": 2, "dilation": 2}])
def test_every_position_writes_torchs_sum(options):
    image, kernel = torch.arange(42.0).reshape(6, 7), torch.tensor([[1.0, -2.0], [3.0, 0.0]])
    output = conv2d(image[None, None], kernel[None, None], **options)[0, 0].flatten()
    for position in range(0, output.numel(), 5):
        ax = convolution_step(
            image, kernel, position=position, ax=Figure().add_axes((0, 0, 1, 1)), **options
        )
        assert words(ax)[-2] == f"{output[position]:.0f}".replace("-", "−")


def test_padding_and_left_over_rows_are_drawn(ax):
    convolution_step(torch.ones(8, 8), torch.ones(3, 3), stride=2, padding=1, ax=ax)
    assert "8 × 8, padded by 1" in words(ax)
    hatched = [patch for patch in ax.patches if patch.get_hatch()]
    assert len(hatched) == 2  # (8 + 2 − 3) % 2 = 1 row, and 1 column


def test_an_answer_kept_back_is_nowhere_on_the_picture(ax):
    image, kernel = torch.arange(16.0).reshape(4, 4), torch.ones(2, 2)
    convolution_step(image, -kernel, reveal=False, ax=ax)  # −0 − 1 − 4 − 5
    said = words(ax)
    assert said.count("?") == 9 + 1
    assert "−10" not in said
    assert said[said.index("products") + 1] == "Σ"


def test_without_axes_a_figure_of_its_own_is_made():
    ax = convolution_step(torch.eye(4), torch.ones(2, 2))
    assert ax.figure.number in plt.get_fignums()
    assert ax.get_aspect() == 1
    plt.close(ax.figure)


def test_tensors_of_any_dtype_and_with_gradients_are_drawn(ax):
    image = torch.arange(16).reshape(4, 4).double().requires_grad_()
    convolution_step(image, torch.ones(2, 2, dtype=torch.float64), ax=ax)
    assert words(ax)[-2] == "10"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"position": 4}, OptionError, "an index from 0 to 3 into the 2 × 2 output"),
        ({"position": -1}, OptionError, "position is -1"),
        ({"dilation": 3}, ShapeError, "kernel of 2 pixels, .* does not fit an axis of 3"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, error, message):
    figures = plt.get_fignums()
    with pytest.raises(error, match=message):
        convolution_step(torch.eye(3), torch.ones(2, 2), **options)
    assert plt.get_fignums() == figures


def test_poster_is_a_small_png_where_the_window_has_the_accent():
    picture = convolution_poster(torch.rand(8, 8), torch.randn(3, 3), position=7)
    assert len(picture) < 60_000
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    accent = (np.abs(pixels - [0xD5, 0x5E, 0x00]).sum(axis=-1) < 24).sum()
    assert accent > 500


def test_total_has_the_colour_of_its_cell(ax):
    image = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    convolution_step(image, torch.tensor([[1.0]]), position=3, ax=ax)
    (total,) = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    assert total.get_facecolor()[:3] == pytest.approx(plt.get_cmap("cividis")(1.0)[:3])
