"""Numbers over steps, places or time: lines that can be told apart without colour."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Shaped
from matplotlib.axes import Axes
from torch import Tensor

from labkit.errors import OptionError, ShapeError
from labkit.figures.style import INK, OKABE_ITO, new_axes

__all__ = ["curves"]

Numbers = Shaped[Tensor, "..."] | Sequence[int | float]

# Colour alone is not enough: one dash pattern each, from solid to dotted.
DASHES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)), (0, (1, 1)), (0, (9, 3)))


def curves(
    series: Mapping[str, Numbers],
    *,
    x: Numbers | None = None,
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    log: bool = False,
    size: tuple[float, float] = (4.2, 2.4),
    ax: Axes | None = None,
) -> Axes:
    """Draw one line for each series, all over the same places.

    Parameters
    ----------
    series
        The numbers of each line, by the name that stands beside its end in the legend.
    x
        Where the numbers stand; 0, 1, 2, … when left out.
    xlabel, ylabel, title
        Words at the axes, with units, and above.
    log
        Whether the vertical axis counts powers of ten; numbers that are not positive leave a gap.
    size
        Width and height in inches.
    ax
        Where to draw; without it there is a new figure.

    Raises
    ------
    OptionError
        There is no series, or there are more than can be told apart.
    ShapeError
        The places and the numbers of a series are not equally many.

    Examples
    --------
    >>> ax = curves({"loss": [2.3, 1.1, 0.6]}, xlabel="epoch", ylabel="loss")
    >>> [line.get_label() for line in ax.lines]
    ['loss']
    """
    if not 0 < len(series) <= len(DASHES):
        raise OptionError(f"expected 1 to {len(DASHES)} series, got {len(series)}; draw them apart")
    ax = new_axes(ax, width=size[0], height=size[1])
    for (name, numbers), colour, dashes in zip(series.items(), OKABE_ITO, DASHES, strict=False):
        heights = _numbers(numbers)
        places = torch.arange(len(heights)).double() if x is None else _numbers(x)
        if len(places) != len(heights):
            raise ShapeError(
                f"series {name!r} has {len(heights)} numbers for {len(places)} places x; "
                "give one number for each place"
            )
        ax.plot(places.numpy(), heights.numpy(), color=colour, ls=dashes, lw=1.6, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    ax.set_title(title, fontsize=9, color=INK)
    ax.spines[["top", "right"]].set_visible(False)
    if len(series) > 1:
        ax.legend(fontsize=8, frameon=False)
    return ax


def _numbers(values: Numbers) -> Tensor:
    numbers = torch.as_tensor(values).detach().cpu().double()
    if numbers.ndim != 1:
        raise ShapeError(f"expected a row of numbers, got the shape {tuple(numbers.shape)}")
    return numbers
