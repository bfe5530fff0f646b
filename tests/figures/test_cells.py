import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from PIL import Image

from labkit.figures.cells import (
    WIDTH,
    Colours,
    Pen,
    ink_on,
    new_pen,
    number_writer,
    poster,
    small_png,
)
from labkit.figures.style import ACCENT, INK, png


def test_magnitudes_span_cividis_and_signed_values_are_centred_on_zero():
    magnitudes = Colours.of(torch.tensor([0.2, 0.8]))
    assert (magnitudes.low, magnitudes.high, magnitudes.name) == pytest.approx(
        (0.2, 0.8, "cividis")
    )
    signed = Colours.of(torch.tensor([-1.0, 3.0]))
    assert (signed.low, signed.high, signed.name) == (-3, 3, "RdBu_r")
    assert np.ptp(signed(0.0)) < 0.01  # grey: neither red nor blue
    assert signed(3.0)[0] > signed(3.0)[2]
    assert signed(-3.0)[2] > signed(-3.0)[0]


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0, 7.0])
def test_an_even_image_has_a_colour(value):
    colours = Colours.of(torch.full((2, 2), value))
    assert colours.low <= value <= colours.high
    assert all(0 <= part <= 1 for part in colours(value))


def test_ink_is_the_more_readable_of_black_and_white():
    assert ink_on("white") == INK
    assert ink_on((0.9, 0.8, 0.1)) == INK
    assert ink_on((0.0, 0.1, 0.3)) == "white"


@pytest.mark.parametrize(
    ("values", "value", "text"),
    [
        ([1.0, -2.0], -2.0, "−2"),
        ([0.5, 1.0], 1.0, "1.00"),
        ([0.125], 0.125, "0.13"),
        ([-0.001, 0.5], -0.001, "0.00"),
        ([12.25], 12.25, "12.3"),
        ([100.5], 100.5, "101"),
    ],
)
def test_numbers_are_written_with_as_many_decimals_as_they_need(values, value, text):
    assert number_writer(torch.tensor(values))(value) == text


def test_lengths_follow_the_width_of_the_axes():
    _, (whole, half) = plt.subplots(2, figsize=(10, 4))
    whole.set_position((0, 0, 1, 1))
    half.set_position((0, 0, 0.5, 1))
    assert Pen(whole).points(100.0) == pytest.approx(72)
    assert Pen(half).points(100.0) == pytest.approx(36)
    plt.close()


def test_small_png_keeps_the_colours_of_the_maps_and_the_accent():
    figure, ax = plt.subplots(figsize=(2, 2), dpi=50)
    ax.set_position((0, 0, 1, 1))
    ax.set_axis_off()
    red = Colours(-1.0, 1.0, "RdBu_r")(1.0)
    ax.imshow([[red, plt.matplotlib.colors.to_rgb(ACCENT)]], aspect="auto")
    large = png(figure)
    small = np.asarray(Image.open(io.BytesIO(small_png(large))).convert("RGB")) / 255
    assert np.abs(small[50, 10] - red).max() < 0.02
    assert to_hex(small[50, -10]).upper() == ACCENT
    plt.close(figure)


def test_a_canvas_is_a_thousand_wide_and_its_poster_has_its_proportions():
    drawn = []
    picture = poster(
        500.0, lambda ax: drawn.append(new_pen(500.0, ax).write(500.0, 250.0, "here", 20.0))
    )
    assert Image.open(io.BytesIO(picture)).size == (760, 380)
    ax = drawn[0].axes
    assert (ax.get_xlim(), ax.get_ylim()) == ((0, WIDTH), (500, 0))


def test_a_ring_lies_within_its_cell_and_text_follows_text():
    pen = new_pen(500.0)
    pen.ring((100.0, 200.0, 40.0, 30.0), 3.0)
    box = pen.ax.patches[-1].get_extents().transformed(pen.ax.transData.inverted())
    assert (box.x0 > 100, box.x1 < 140, box.width > 20) == (True, True, True)
    first = pen.write(100.0, 100.0, "a long title", 16.0, ha="left")
    pen.write_after(first, "size", 15.0)
    pen.ax.figure.draw_without_rendering()
    before, after = (text.get_window_extent() for text in pen.ax.texts)
    assert before.x1 < after.x0 < before.x1 + 20
    assert (after.y0 + after.y1) == pytest.approx(before.y0 + before.y1, abs=4)
    plt.close(pen.ax.figure)
