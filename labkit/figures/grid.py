"""A matrix as a grid of coloured cells: with numbers where they fit, with a scale below.

Lengths are thousandths of the width of the axes, as in `labkit.figures.cells`.
"""

import torch
from jaxtyping import Bool, Float
from matplotlib import colormaps
from torch import Tensor

from labkit.figures.cells import Colours, Pen, number_writer
from labkit.figures.style import DIVERGING, MUTED

__all__ = ["SUNKEN", "draw_bar", "draw_cells", "draw_map", "draw_pixels"]

SUNKEN = "#eef0f3"  # cells that hold no value of their own: padding, and answers kept back
LEAST_FOR_NUMBERS = 30.0  # side of a cell


def draw_map(
    pen: Pen,
    title: str,
    size: str,
    grid: tuple[Tensor, Tensor, Colours, str],
    place: tuple[float, float, float],
) -> None:
    """Draw a grid with its title, its size in words, and its scale.

    Parameters
    ----------
    title, size
        What it is, and how large, above it.
    grid
        The values, which of them are known, their colours, and what stands where none is known.
    place
        Left, top, and the side of a cell.
    """
    values, known, colours, empty = grid
    left, top, cell = place
    name = pen.write(left, top - 16, title, 16.0, ha="left", weight="bold")
    pen.write_after(name, size, 15.0, color=MUTED)
    if cell < LEAST_FOR_NUMBERS:  # one image instead of many rectangles
        draw_pixels(pen, values, known, colours, place)
    else:
        draw_cells(pen, values, known, colours, empty, (left, top, cell, cell))
    draw_bar(pen, colours, values, left, top + values.shape[0] * cell + 10)


def draw_pixels(
    pen: Pen, values: Tensor, known: Tensor, colours: Colours, place: tuple[float, float, float]
) -> None:
    """Draw one square a value, without numbers; ``place`` is left, top and the side of a cell."""
    left, top, cell = place
    reach = (left, left + values.shape[1] * cell, top + values.shape[0] * cell, top)
    hidden = values.masked_fill(~known, torch.nan)
    cmap = colormaps[colours.name].with_extremes(bad=SUNKEN)
    limits = {"vmin": colours.low, "vmax": colours.high}
    pen.ax.imshow(
        hidden.numpy(), cmap, extent=reach, aspect="equal", interpolation="nearest", **limits
    )


def draw_cells(
    pen: Pen,
    values: Float[Tensor, "rows columns"],
    known: Bool[Tensor, "rows columns"],
    colours: Colours,
    empty: str,
    place: tuple[float, float, float, float],
) -> None:
    """Draw one coloured rectangle and one number a value; ``empty`` stands where none is known."""
    left, top, width, height = place
    write = number_writer(values)
    size = min(
        14.5, width * 0.34, width * 1.4 / max(len(write(v)) for v in values.flatten().tolist())
    )
    for row, numbers in enumerate(values.tolist()):
        for column, number in enumerate(numbers):
            box = (left + column * width, top + row * height, width, height)
            if known[row, column]:
                pen.cell(box, colours(number), write(number), size)
            else:
                pen.cell(box, SUNKEN, empty, size, color=MUTED)


def draw_bar(pen: Pen, colours: Colours, values: Tensor, left: float, top: float) -> None:
    """Draw the scale of colours, with the values at its ends."""
    ramp = torch.linspace(colours.low, colours.high, 128)[None]
    reach = (left, left + 150, top + 7, top)
    limits = {"vmin": colours.low, "vmax": colours.high}
    pen.ax.imshow(ramp.numpy(), colormaps[colours.name], extent=reach, aspect="equal", **limits)
    write = number_writer(values)
    pen.write(left, top + 20, write(colours.low), 13.0, ha="left", color=MUTED)
    pen.write(left + 150, top + 20, write(colours.high), 13.0, ha="right", color=MUTED)
    if colours.name == DIVERGING:
        pen.write(left + 75, top + 20, "0", 13.0, color=MUTED)
