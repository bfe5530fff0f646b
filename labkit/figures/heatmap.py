"""A matrix as colours, its rows and columns named: what attends to what, what is taken for what."""

from collections.abc import Sequence

import matplotlib as mpl
from jaxtyping import Float32, Shaped
from matplotlib.axes import Axes
from torch import Tensor

from labkit.errors import ShapeError
from labkit.figures.cells import ink_on, number_writer
from labkit.figures.pixels import limits, values
from labkit.figures.style import DIVERGING, INK, SEQUENTIAL, new_axes

__all__ = ["heatmap"]


def heatmap(
    matrix: Shaped[Tensor, "rows columns"],
    *,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    signed: bool = False,
    numbers: bool = False,
    size: float = 3.0,
    ax: Axes | None = None,
) -> Axes:
    """Draw one coloured cell for each number of a matrix, with a scale beside them.

    Parameters
    ----------
    matrix
        The numbers; row 0 is drawn at the top.
    rows, columns
        A name for each row and each column; numbered when left out.
    xlabel, ylabel, title
        What the columns are, what the rows are, and a line above.
    signed
        Draw zero as white, negative numbers in blue and positive ones in red.
    numbers
        Write each number into its cell, instead of a scale beside them.
    size
        Width in inches.
    ax
        Where to draw; without it there is a new figure.

    Raises
    ------
    ShapeError
        There is not one name for each row and each column.

    Examples
    --------
    >>> import torch
    >>> ax = heatmap(torch.eye(2), rows=["the", "cat"], columns=["the", "cat"])
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['the', 'cat']
    """
    cells = values(matrix)
    _fit("row", rows, len(cells))
    _fit("column", columns, cells.shape[1])
    height = size * 0.8 * min(max(len(cells) / cells.shape[1], 0.3), 1.6) + 0.5
    ax = new_axes(ax, width=size, height=height)
    low, high = limits([cells], signed=signed)
    colours = mpl.colormaps[DIVERGING if signed else SEQUENTIAL]
    image = ax.imshow(
        cells.numpy(), colours, vmin=low, vmax=high, aspect="auto", interpolation="nearest"
    )
    if numbers:
        _write(ax, cells)
    else:
        scale = ax.figure.colorbar(image, ax=ax, fraction=0.05, pad=0.02)
        scale.ax.tick_params(labelsize=7)
    if rows is not None:
        ax.set_yticks(range(len(rows)), rows)
    if columns is not None:
        ax.set_xticks(range(len(columns)), columns)
    ax.tick_params(labelsize=8, length=0)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_title(title, fontsize=9, color=INK)
    return ax


def _write(ax: Axes, cells: Float32[Tensor, "rows columns"]) -> None:
    colours, write = ax.images[0].to_rgba(cells.numpy()), number_writer(cells)
    for y, row in enumerate(cells.tolist()):
        for x, value in enumerate(row):
            ink = ink_on(colours[y, x, :3])
            ax.text(x, y, write(value), color=ink, fontsize=8, ha="center", va="center")


def _fit(kind: str, names: Sequence[str] | None, count: int) -> None:
    if names is not None and len(names) != count:
        raise ShapeError(f"expected one name for each of {count} {kind}s, got {len(names)}")
