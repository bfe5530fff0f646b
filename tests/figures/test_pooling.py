import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from PIL import Image
from torch.nn.functional import avg_pool2d, max_pool2d

from labkit.errors import OptionError
from labkit.figures.pooling import pooling_poster, pooling_step


@pytest.fixture
def ax():
    return Figure().add_axes((0, 0, 1, 1))


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_numbers_on_the_picture_are_the_ones_worked_by_hand(ax):
    image = torch.tensor([[1.0, 2.0, 0.0, 1.0], [4.0, 3.0, 1.0, 5.0]])
    pooling_step(image, position=1, ax=ax)
    said = words(ax)
    assert {"2 × 4", "1 × 2", "output[0, 1]"} <= set(said)
    start = said.index("window") + 1
    assert said[start : start + 4] == ["0", "1", "1", "5"]
    assert said[-2] == "5"
    rings = [patch for patch in ax.patches if isinstance(patch, Ellipse)]
    assert len(rings) == 2 * 2  # in the input and in the window, each a white and an orange line


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize(
    "options", [{}, {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}]
)
def test_every_position_writes_torchs_output(kind, options):
    image = torch.arange(42.0).reshape(6, 7) * 90
    pool = max_pool2d if kind == "max" else avg_pool2d
    output = pool(image[None], **{"kernel_size": 2, **options})[0].flatten()
    for position in range(0, output.numel(), 5):
        ax = Figure().add_axes((0, 0, 1, 1))
        pooling_step(image, kind=kind, position=position, ax=ax, **options)
        assert float(words(ax)[-2]) == pytest.approx(output[position].item(), abs=0.51)


def test_padding_that_never_wins_and_left_over_rows_are_drawn(ax):
    pooling_step(torch.ones(8, 8), kernel_size=3, stride=2, padding=1, ax=ax)
    assert "8 × 8, padded by 1" in words(ax)
    assert words(ax).count("−∞") == 10 * 10 - 8 * 8 + 5
    hatched = [patch for patch in ax.patches if patch.get_hatch()]
    assert len(hatched) == 2  # (8 + 2 − 3) % 2 = 1 row, and 1 column


def test_a_last_window_over_the_edge_leaves_nothing_over(ax):
    options = {"kernel_size": 3, "stride": 3, "ceil_mode": True}
    pooling_step(torch.ones(8, 8), position=8, ax=ax, **options)
    assert [patch for patch in ax.patches if patch.get_hatch()] == []
    assert words(ax)[-1] == "output[2, 2]"


def test_an_answer_kept_back_is_nowhere_on_the_picture(ax):
    pooling_step(torch.arange(16.0).reshape(4, 4), kind="average", reveal=False, ax=ax)
    assert words(ax).count("?") == 4 + 1
    assert "2.5" not in words(ax)  # (0 + 1 + 4 + 5) / 4
    figure = pooling_step(torch.eye(4), reveal=False).figure
    assert not [patch for patch in figure.axes[0].patches if isinstance(patch, Ellipse)]
    plt.close(figure)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"position": 4}, "an index from 0 to 3 into the 2 × 2 output"),
        ({"position": -1}, "position is -1"),
        ({"kind": "median"}, "kind is 'median'; expected max or average"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, message):
    figures = plt.get_fignums()
    with pytest.raises(OptionError, match=message):
        pooling_step(torch.eye(4), **options)
    assert plt.get_fignums() == figures


def test_poster_is_a_small_png_where_the_window_has_the_accent():
    picture = pooling_poster(torch.rand(8, 8), kernel_size=3, stride=1, position=7)
    assert len(picture) < 60_000
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    accent = (np.abs(pixels - [0xD5, 0x5E, 0x00]).sum(axis=-1) < 24).sum()
    assert accent > 500
