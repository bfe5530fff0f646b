"""Tensors as pictures: images, feature maps, and kernels with their numbers.

N, C, H, W = images, channels, height, width in pixels
"""

import math
from collections.abc import Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import torch
from jaxtyping import Float32, Shaped
from matplotlib.axes import Axes
from torch import Tensor

from labkit.errors import OptionError, ShapeError
from labkit.figures.pixels import Tensors, limits, pictures, values
from labkit.figures.style import DIVERGING, INK, OKABE_ITO, SEQUENTIAL

__all__ = ["kernel", "show"]

NOT_A_NUMBER = OKABE_ITO[2]  # green: no other map in use has it
PIXELS_TOLD_APART = 64  # up to this side length a reader wants to see each pixel as a square
EQUALLY_READABLE = 0.18  # luminance on which black and white have the same contrast (WCAG 2)
MOST_CELLS = 11  # along a kernel's side, before its numbers become too small to read


def show(
    images: Tensors,
    *,
    titles: Sequence[str] | str | None = None,
    columns: int = 6,
    signed: bool = False,
    gray: bool = False,
    size: float = 1.6,
    ax: Axes | None = None,
) -> list[Axes]:
    """Draw one image, or several side by side on one scale of colours.

    Parameters
    ----------
    images
        Values as (H, W) or (1, H, W), colours in [0, 1] as (3, H, W), several of one kind as
        (N, 1, H, W) or (N, 3, H, W), or a list of such images. Feature maps (C, H, W) are drawn
        one by one as ``show(list(maps))``.
    titles
        One line above each image.
    columns
        How many images stand in a row.
    signed
        Draw zero as white, negative values in blue and positive ones in red.
    gray
        Draw values as brightness rather than in colours that read more exactly.
    size
        Width of one image, in inches.
    ax
        Where to draw a single image; without it there is a new figure.

    Returns
    -------
    list of Axes
        One for each image. A pixel that is not a finite number is green.

    Raises
    ------
    ShapeError
        Something is not an image.
    OptionError
        The titles or axes do not fit the number of images, or a colour is not in [0, 1].

    Examples
    --------
    >>> axes = show(torch.rand(3, 1, 8, 8), titles=["first", "second", "third"])
    >>> [ax.get_title() for ax in axes]
    ['first', 'second', 'third']
    """
    drawn = pictures(images)
    titles = [titles] if isinstance(titles, str) else titles
    _fit_together(len(drawn), titles, ax, columns)
    axes = [ax] if ax else _grid(drawn, columns, size, with_titles=titles is not None)
    scale = limits(drawn, signed=signed)
    colours = DIVERGING if signed else "gray" if gray else SEQUENTIAL
    for place, picture, title in zip(axes, drawn, titles or [""] * len(axes), strict=True):
        _draw(place, picture, title, scale, colours)
    return axes


def kernel(
    weight: Shaped[Tensor, "..."],
    *,
    title: str = "",
    size: float = 1.6,
    ax: Axes | None = None,
) -> Axes:
    """Draw a small matrix, a kernel for example, with its numbers in the cells.

    Parameters
    ----------
    weight
        Values as (H, W), or with leading axes of length 1.
    title
        One line above it.
    size
        Width of the matrix, in inches.
    ax
        Where to draw; without it there is a new figure.

    Raises
    ------
    ShapeError
        It is no matrix, or has so many cells that their numbers could not be read.

    Examples
    --------
    >>> ax = kernel(torch.tensor([[-1.0, 0.0, 1.0]]), title="a step to the right")
    >>> [text.get_text() for text in ax.texts]
    ['−1', '0', '1']
    """
    *leading, height, width = (0, *weight.shape) if weight.ndim < 2 else weight.shape
    if math.prod(leading) != 1 or not 0 < min(height, width) <= max(height, width) <= MOST_CELLS:
        raise ShapeError(
            f"expected one matrix of at most {MOST_CELLS}×{MOST_CELLS} numbers, "
            f"got the shape {tuple(weight.shape)}; pick one, as in weight[0, 0]"
        )
    cells = values(weight).reshape(height, width)
    scale = limits([cells], signed=True)
    ax = ax or _grid([cells], 1, size, with_titles=bool(title))[0]
    _draw(ax, cells, title, scale, DIVERGING)
    _write(ax, cells)
    return ax


def _fit_together(count: int, titles: Sequence[str] | None, ax: Axes | None, columns: int) -> None:
    if titles is not None and len(titles) != count:
        raise OptionError(f"expected one title for each of {count} images, got {len(titles)}")
    if ax is not None and count != 1:
        raise OptionError(f"ax has room for one image, got {count}; leave ax out")
    if columns < 1:
        raise OptionError(f"expected at least one column, got {columns}")


def _grid(drawn: list[Tensor], columns: int, size: float, *, with_titles: bool) -> list[Axes]:
    columns = min(columns, len(drawn))
    rows = math.ceil(len(drawn) / columns)
    tallest = max(len(picture) / picture.shape[1] for picture in drawn)
    height = rows * (size * tallest + 0.25 * with_titles)
    figure = plt.figure(figsize=(columns * size, height), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).flat
    for unused in grid[len(drawn) :]:
        unused.remove()
    return list(grid[: len(drawn)])


def _draw(
    ax: Axes,
    picture: Float32[Tensor, "..."],
    title: str,
    scale: tuple[float, float],
    colours: str,
) -> None:
    exact = max(picture.shape[:2]) <= PIXELS_TOLD_APART
    ax.imshow(
        picture.where(picture.isfinite(), torch.nan).numpy(),
        cmap=mpl.colormaps[colours].with_extremes(bad=NOT_A_NUMBER),
        vmin=scale[0],
        vmax=scale[1],
        interpolation="nearest" if exact else "antialiased",
    )
    ax.set_axis_off()
    ax.set_title(title, fontsize=9, color=INK)


def _write(ax: Axes, cells: Float32[Tensor, "H W"]) -> None:
    """Write each number into its cell, in black or white, whichever reads better on it."""
    colours = ax.images[0].to_rgba(cells.numpy())[..., :3]
    luminance = colours**2.2 @ [0.2126, 0.7152, 0.0722]
    # Adding 0.0 makes −0.0 a plain 0.
    texts = [[f"{value + 0.0:.2g}".replace("-", "−") for value in row] for row in cells.tolist()]
    longest = max(len(text) for row in texts for text in row)
    points = ax.bbox.width * 72 / ax.figure.dpi / cells.shape[1]
    fontsize = min(9.0, 1.3 * points / max(longest, 2))
    for y, row in enumerate(texts):
        for x, text in enumerate(row):
            ink = "white" if luminance[y, x] < EQUALLY_READABLE else "black"
            ax.text(x, y, text, color=ink, fontsize=fontsize, ha="center", va="center")
    # Lines between the cells, or a kernel of equal numbers would be one block.
    ax.hlines([y - 0.5 for y in range(1, len(cells))], *ax.get_xlim(), color="white", lw=1)
    ax.vlines([x - 0.5 for x in range(1, cells.shape[1])], *ax.get_ylim(), color="white", lw=1)
