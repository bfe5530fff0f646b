import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from labkit.errors import OptionError
from labkit.figures.positional_encoding import encoding_poster, encoding_step

ENCODING = torch.tensor([[1.0, 0.5], [-1.0, 0.25], [0.0, 1.0]])


@pytest.fixture
def ax():
    return Figure().add_axes((0, 0, 1, 1))


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_the_number_that_is_looked_at_is_written(ax):
    encoding_step(ENCODING, kind="learned", position=1, dimension=1, ax=ax)
    said = words(ax)
    assert "learned, 3 positions × 2 dimensions" in said
    assert said[-2:] == ["0.25", "encoding[1, 1]"]


def test_the_maps_hold_the_encoding_and_its_similarity(ax):
    encoding_step(ENCODING, ax=ax)
    drawn = [image.get_array().filled(torch.nan) for image in ax.images]
    assert np.array_equal(drawn[0], ENCODING.T.numpy())
    (alike,) = [values for values in drawn if values.shape == (3, 3)]
    unit = ENCODING / ENCODING.norm(dim=1, keepdim=True)
    assert np.allclose(alike, (unit @ unit.T).numpy(), atol=1e-6)


def test_the_wave_goes_through_every_position(ax):
    encoding_step(ENCODING, dimension=0, ax=ax)
    (wave,) = [line for line in ax.lines if len(line.get_xdata()) == 3]
    heights = wave.get_ydata()
    assert heights[0] < heights[2] < heights[1], "larger is higher"
    assert heights[2] == pytest.approx((heights[0] + heights[1]) / 2)


def test_an_answer_kept_back_is_nowhere_on_the_picture(ax):
    encoding_step(ENCODING, position=1, dimension=1, reveal=False, ax=ax)
    assert words(ax)[-2] == "?"
    assert "0.25" not in words(ax)
    assert ax.images[0].get_array().mask.sum() == 1
    (wave,) = [line for line in ax.lines if len(line.get_xdata()) == 3]
    assert np.isnan(wave.get_ydata()).tolist() == [False, True, False]


@pytest.mark.parametrize("options", [{"position": 3}, {"dimension": 2}, {"position": -1}])
def test_what_is_not_there_is_refused(options):
    figures = plt.get_fignums()
    with pytest.raises(OptionError, match="expected an index from 0 to"):
        encoding_step(ENCODING, **options)
    assert plt.get_fignums() == figures


def test_poster_is_a_small_png_with_the_accent_at_the_cursor():
    picture = encoding_poster(torch.randn(20, 8), position=7)
    assert len(picture) < 60_000
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    accent = (np.abs(pixels - [0xD5, 0x5E, 0x00]).sum(axis=-1) < 24).sum()
    assert accent > 300
