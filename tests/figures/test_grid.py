"""labkit.figures.grid: a cell for each value, numbers where they fit, one scale."""

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.patches import Rectangle

from labkit.figures.cells import WIDTH, Colours, Pen
from labkit.figures.grid import SUNKEN, draw_bar, draw_cells, draw_map, draw_pixels

VALUES = torch.tensor([[1.0, 2.0], [3.0, -4.0]])


@pytest.fixture
def pen():
    figure, ax = plt.subplots(figsize=(4, 4))
    ax.set(xlim=(0, WIDTH), ylim=(WIDTH, 0))
    yield Pen(ax)
    plt.close(figure)


def texts(pen):
    return [text.get_text() for text in pen.ax.texts]


def test_each_value_is_a_cell_with_its_number_and_the_unknown_are_sunken(pen):
    known = torch.tensor([[True, True], [True, False]])
    draw_cells(pen, VALUES, known, Colours.of(VALUES), "?", (0.0, 0.0, 50.0, 50.0))
    assert texts(pen) == ["1", "2", "3", "?"]
    cells = [patch for patch in pen.ax.patches if isinstance(patch, Rectangle)]
    fills = [plt.matplotlib.colors.to_hex(cell.get_facecolor()) for cell in cells]
    assert fills[3] == SUNKEN
    assert len(set(fills)) == 4


def test_pixels_show_the_values_and_leave_out_the_unknown(pen):
    known = VALUES > 0
    draw_pixels(pen, VALUES, known, Colours.of(VALUES), (0.0, 0.0, 10.0))
    shown = torch.tensor(pen.ax.images[0].get_array().filled(torch.nan))
    assert torch.equal(shown[known], VALUES[known])
    assert shown[~known].isnan().all()


@pytest.mark.parametrize(("cell", "numbers"), [(40.0, True), (10.0, False)])
def test_a_map_writes_numbers_only_where_they_can_be_read(pen, cell, numbers):
    grid = (VALUES, torch.ones(2, 2, dtype=torch.bool), Colours.of(VALUES), "?")
    draw_map(pen, "Input", "2 × 2", grid, (100.0, 100.0, cell))
    assert {"Input", "2 × 2"} <= set(texts(pen))
    assert ("3" in texts(pen)) is numbers


def test_the_scale_is_labelled_at_its_ends_and_at_zero_where_it_is_signed(pen):
    draw_bar(pen, Colours.of(VALUES), VALUES, 0.0, 0.0)
    assert texts(pen) == ["−4", "4", "0"]
