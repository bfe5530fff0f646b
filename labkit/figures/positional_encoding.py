"""A positional encoding as a picture: its numbers, one of them as a wave, how alike positions are.

Axes: ``T`` positions, ``D`` dimensions. Lengths are thousandths of the width of the canvas.
"""

from typing import Any

import torch
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from torch import Tensor
from torch.nn.functional import cosine_similarity

from labkit.errors import OptionError
from labkit.figures.cells import Box, Colours, Pen, new_pen, number_writer, poster
from labkit.figures.grid import SUNKEN, draw_bar, draw_pixels
from labkit.figures.style import ACCENT, MUTED, OKABE_ITO
from labkit.figures.windows import draw_total

__all__ = ["encoding_poster", "encoding_step"]

TOP = 44.0
MAP = (60.0, 520.0, 200.0)  # left, width and height of the numbers
WAVE = (350.0, 130.0)  # top and height
ALIKE = (640.0, 320.0)  # left and side
HEIGHT = 520.0
UNIT = Colours.of(torch.ones(1), signed=True)


def encoding_step(
    encoding: Float[Tensor, "T D"],
    *,
    kind: str = "sinusoidal",
    position: int = 0,
    dimension: int = 0,
    reveal: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw an encoding, one dimension of it as a wave, and the similarity of its positions.

    Parameters
    ----------
    encoding
        A row for each position.
    kind
        What it is called in the picture.
    position, dimension
        The number that is looked at.
    reveal
        Whether that number is shown, or kept back to be predicted.

    Raises
    ------
    OptionError
        If there is no such position or dimension.

    Examples
    --------
    >>> ax = encoding_step(torch.eye(4), kind="one-hot", position=2)
    >>> [text.get_text() for text in ax.texts][:2]
    ['Encoding', 'one-hot, 4 positions × 4 dimensions']
    """
    encoding = encoding.detach().cpu().float()
    sides = zip(("position", "dimension"), (position, dimension), encoding.shape, strict=True)
    for name, at, size in sides:
        if not 0 <= at < size:
            raise OptionError(f"{name} is {at}; expected an index from 0 to {size - 1}")
    pen = new_pen(HEIGHT, ax)
    known = torch.ones_like(encoding, dtype=torch.bool)
    known[position, dimension] = reveal
    shown = encoding.masked_fill(~known, torch.nan)
    _draw_numbers(pen, encoding, known, f"{kind}, {{}} positions × {{}} dimensions", position)
    _draw_wave(pen, shown[:, dimension], encoding, position, dimension)
    _draw_similarity(pen, encoding, position)
    value = encoding[position, dimension].item()
    fill = to_rgb(Colours.of(encoding, signed=True)(value))
    text = number_writer(encoding)(value) if reveal else None
    draw_total(pen, f"encoding[{position}, {dimension}]", text, fill, (ALIKE[0] + 100, 468.0))
    return pen.ax


def encoding_poster(encoding: Float[Tensor, "T D"], **options: Any) -> bytes:
    """Draw :func:`encoding_step` as PNG bytes, without pyplot and so from any thread."""
    return poster(HEIGHT, lambda ax: encoding_step(encoding, ax=ax, **options))


def _draw_title(pen: Pen, left: float, top: float, title: str, words: str) -> None:
    name = pen.write(left, top - 16, title, 16.0, ha="left", weight="bold")
    pen.write_after(name, words, 15.0, color=MUTED)


def _draw_numbers(pen: Pen, encoding: Tensor, known: Tensor, words: str, position: int) -> None:
    left, width, height = MAP
    length, dimensions = encoding.shape
    colours = Colours.of(encoding, signed=True)
    _draw_title(pen, left, TOP, "Encoding", words.format(length, dimensions))
    # One image instead of thousands of rectangles.
    cmap = colormaps[colours.name].with_extremes(bad=SUNKEN)
    pen.ax.imshow(
        encoding.masked_fill(~known, torch.nan).T.numpy(),
        cmap,
        extent=(left, left + width, TOP + height, TOP),
        aspect="equal",
        interpolation="nearest",
        vmin=colours.low,
        vmax=colours.high,
    )
    column = width / length
    pen.frame(_around(left + position * column, TOP, column, height), 2.5)
    draw_bar(pen, colours, encoding, left, TOP + height + 12)


def _draw_wave(pen: Pen, values: Tensor, encoding: Tensor, position: int, dimension: int) -> None:
    left, width, _ = MAP
    top, height = WAVE
    column = width / len(values)
    _draw_title(pen, left, top, f"Dimension {dimension}", f"over {len(values)} positions")
    reach = encoding.abs().max().item() or 1.0
    x = left + (torch.arange(len(values)) + 0.5) * column
    y = top + height * (0.5 - 0.46 * values / reach)
    for level in (-reach, 0.0, reach):
        at = top + height * (0.5 - 0.46 * level / reach)
        pen.ax.plot((left, left + width), (at, at), color="#d5d9e0", lw=0.7, zorder=0)
        pen.write(left - 8, at, f"{level:.2g}".replace("-", "−"), 12.0, ha="right", color=MUTED)
    pen.ax.plot(x.numpy(), y.numpy(), color=OKABE_ITO[0], lw=1.6, zorder=2)
    at = x[position].item()
    pen.ax.plot((at, at), (top, top + height), color=ACCENT, lw=1.2, zorder=3)
    if values[position].isfinite():
        pen.ax.plot(at, y[position].item(), "o", color=ACCENT, ms=5, zorder=4)


def _draw_similarity(pen: Pen, encoding: Tensor, position: int) -> None:
    left, side = ALIKE
    alike = cosine_similarity(encoding[:, None], encoding[None], dim=-1)
    cell = side / len(alike)
    _draw_title(pen, left, TOP, "Similarity", "cosine of two positions")
    known = torch.ones_like(alike, dtype=torch.bool)
    draw_pixels(pen, alike, known, UNIT, (left, TOP, cell))
    pen.frame(_around(left, TOP + position * cell, side, cell), 2.5)
    draw_bar(pen, UNIT, torch.ones(1), left, TOP + side + 12)


def _around(left: float, top: float, width: float, height: float) -> Box:
    """Return a frame's box that does not hide what it frames: it stands off from thin rows."""
    across, down = (max(0.0, (12.0 - size) / 2) for size in (width, height))
    return left - across, top - down, width + 2 * across, height + 2 * down
