"""labkit.figures.attention: the numbers are on the picture, and an answer kept back is not."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from labkit.errors import OptionError, ShapeError
from labkit.figures.attention import attention_poster, attention_step

WEIGHTS = torch.tensor([[1.0, 0.0, 0.0], [0.25, 0.75, 0.0]])
VALUES = torch.tensor([[0.11, -0.22], [0.35, 0.46], [-0.55, 0.66]])
ALLOWED = torch.tensor([[True, False, False], [True, True, False]])


@pytest.fixture
def ax():
    return Figure().add_axes((0, 0, 1, 1))


def words(ax):
    return [text.get_text() for text in ax.texts]


def written(values):
    return [f"{value:.2f}".replace("-", "−") for value in values.flatten().tolist()]


def test_weights_values_and_their_sum_are_written(ax):
    attention_step(WEIGHTS, VALUES, position=1, tokens="ab", key_tokens="xyz", ax=ax)
    said = words(ax)
    assert {"2 queries × 3 keys", "3 × 2, and their weighted sum", *"abxyz"} <= set(said)
    assert set(written(WEIGHTS)) | set(written(VALUES)) <= set(said)
    output = 0.25 * VALUES[0] + 0.75 * VALUES[1]
    sums = said[said.index("sum") - 2 : said.index("sum")]
    assert sums == written(output) == ["0.29", "0.29"]


def test_what_is_masked_is_grey_and_says_so(ax):
    attention_step(WEIGHTS, VALUES, allowed=ALLOWED, position=1, ax=ax)
    assert words(ax).count("masked") == 1
    start = words(ax).index("2 queries × 3 keys")
    numbers = [text for text in words(ax)[start : start + 10] if "." in text]
    assert numbers[:3] == ["1.00", "0.25", "0.75"]  # three cells that may be looked at, of six


def test_an_answer_kept_back_is_nowhere_on_the_picture(ax):
    attention_step(WEIGHTS, VALUES, position=1, reveal=False, ax=ax)
    assert {"0.25", "0.75", "0.29"}.isdisjoint(words(ax))
    assert set(written(VALUES)) <= set(words(ax))


def test_the_frame_is_around_the_row_of_the_query():
    tops = []
    for position in (0, 1):
        ax = Figure().add_axes((0, 0, 1, 1))
        attention_step(WEIGHTS, VALUES, position=position, ax=ax)
        (frame,) = {patch.get_y() for patch in ax.patches if not patch.get_fill()}
        tops.append(frame)
    assert tops[1] - tops[0] == pytest.approx(52)


def test_bars_are_as_long_as_the_weights(ax):
    attention_step(WEIGHTS, VALUES, position=1, ax=ax)
    first = next(patch for patch in ax.patches if patch.get_width() == 68)
    bars = [patch.get_width() for patch in ax.patches if patch.get_x() == first.get_x()]
    assert bars == pytest.approx([68, 0.25 * 68, 68, 0.75 * 68, 68, 0])


def test_without_axes_a_figure_of_its_own_is_made():
    ax = attention_step(WEIGHTS, VALUES)
    assert ax.figure.number in plt.get_fignums()
    plt.close(ax.figure)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"position": 2}, OptionError, "position is 2; expected an index from 0 to 1"),
        ({"tokens": "abc"}, ShapeError, "3 tokens and 3 key_tokens do not fit together"),
        ({"key_tokens": "ab"}, ShapeError, "2 tokens and 2 key_tokens do not fit together"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, error, message):
    figures = plt.get_fignums()
    with pytest.raises(error, match=message):
        attention_step(WEIGHTS, VALUES, **options)
    assert plt.get_fignums() == figures


@pytest.mark.usefixtures("as_learners_run_it")
def test_numbers_of_other_shapes_are_refused():
    with pytest.raises(ShapeError, match=r"weights \(2, 3\), allowed \(2, 3\), 2 values"):
        attention_step(WEIGHTS, VALUES[:2])
    with pytest.raises(ShapeError, match=r"allowed \(1, 3\)"):
        attention_step(WEIGHTS, VALUES, allowed=ALLOWED[:1])


def test_poster_is_a_small_png_where_the_row_has_the_accent():
    picture = attention_poster(WEIGHTS, VALUES, position=1)
    assert len(picture) < 60_000
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    assert (np.abs(pixels - [0xD5, 0x5E, 0x00]).sum(axis=-1) < 24).sum() > 300
    assert picture != attention_poster(WEIGHTS, VALUES, position=0)
