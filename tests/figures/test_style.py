from io import BytesIO
from itertools import combinations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from labkit.figures import style


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def luminance(colour):
    rgb = np.array(mpl.colors.to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [
        0.2126,
        0.7152,
        0.0722,
    ]


@pytest.mark.parametrize("colour", [style.INK, style.MUTED])
def test_words_can_be_read_on_white(colour):
    assert 1.05 / (luminance(colour) + 0.05) > 4.5  # WCAG 2, level AA


def test_a_magnitude_grows_brighter_all_the_way():
    steps = [luminance(c) for c in mpl.colormaps[style.SEQUENTIAL](np.linspace(0, 1, 64))]
    assert (np.diff(steps) > 0).all()


def test_the_diverging_map_has_its_brightest_colour_at_zero():
    steps = [luminance(c) for c in mpl.colormaps[style.DIVERGING](np.linspace(0, 1, 65))]
    assert abs(int(np.argmax(steps)) - 32) <= 1


def test_the_colours_of_lines_are_different_colours():
    rgb = [np.array(mpl.colors.to_rgb(colour)) for colour in style.OKABE_ITO]
    assert min(np.abs(a - b).sum() for a, b in combinations(rgb, 2)) > 0.3
    assert style.ACCENT in style.OKABE_ITO


def test_new_axes_have_the_size_asked_for_and_given_axes_are_kept():
    ax = style.new_axes(width=3.0, height=2.0)
    assert tuple(ax.figure.get_size_inches()) == (3, 2)
    assert style.new_axes(ax) is ax


def test_a_png_has_the_pixels_of_its_figure():
    ax = style.new_axes(width=3.0, height=2.0)
    content = style.png(ax.figure, dpi=50)
    assert content.startswith(b"\x89PNG")
    assert plt.imread(BytesIO(content)).shape[:2] == (100, 150)
