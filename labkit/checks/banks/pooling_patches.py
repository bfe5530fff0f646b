"""Wrong poolings as learners write them: a loop over places, a patch cut out, a number made of it.

In the code ``a`` are the arguments. A window moves by its own size where no stride is given.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Variant
from labkit.checks.banks.misuse import by_axis
from labkit.checks.question import Arguments

__all__ = ["divides", "in_loops", "padded", "reaches", "steps"]


def steps(a: Arguments) -> tuple[int, int]:
    """Return how far windows move down and along.

    Examples
    --------
    >>> steps(Arguments(kernel_size=3, stride=None)), steps(Arguments(kernel_size=3, stride=2))
    ((3, 3), (2, 2))
    """
    return by_axis(a.kernel_size if a.stride is None else a.stride)


def reaches(a: Arguments, more: int = 0) -> list[tuple[int, int]]:
    """Return how many pixels a window spans along each axis, and how far apart its taps lie.

    Examples
    --------
    >>> reaches(Arguments(kernel_size=3, dilation=2))
    [(5, 2), (5, 2)]
    """
    apart = zip(by_axis(a.kernel_size), by_axis(a.get("dilation", 1)), strict=True)
    return [(d * (k + more - 1) + 1, d) for k, d in apart]


def divides(a: Arguments) -> bool:
    """Whether the windows reach the end of the padded image along both axes.

    Examples
    --------
    >>> asked = Arguments(x=torch.zeros(1, 1, 4, 6), kernel_size=2, stride=None, padding=0)
    >>> divides(asked), divides(asked.but(kernel_size=3))
    (True, False)
    """
    axes = zip(a.x.shape[-2:], by_axis(a.padding), reaches(a), steps(a), strict=True)
    return all((size + 2 * p - span) % step == 0 for size, p, (span, _), step in axes)


def padded(a: Arguments, edge: float) -> Tensor:
    """Return the images with ``padding`` pixels of one number on each side."""
    high, wide = by_axis(a.padding)
    return F.pad(a.x, (wide, wide, high, high), value=edge)


def in_loops(
    reduce: Callable[[Tensor], Tensor],
    *,
    edge: float = 0.0,
    more: int = 0,
    start: int = 0,
    count: Callable[[Function, Arguments], tuple[int, int]] = lambda op, a: op(a).shape[-2:],
) -> Variant:
    """Make a variant with windows of another content, or with another number of them.

    Parameters
    ----------
    reduce
        Makes numbers (N, C) of patches (N, C, height, width).
    edge
        What the padding consists of.
    more
        Pixels that a window has too many along each axis.
    start
        Pixels that it begins late. A slice over the end is shorter, as slices are.
    count
        Says how many windows there are, down and along; the right number unless told otherwise.
    """

    def variant(op: Function, a: Arguments) -> Tensor:
        image, (down, along) = padded(a, edge), steps(a)
        (high, apart), (wide, between) = reaches(a, more)
        rows, columns = count(op, a)
        cuts = [
            (slice(top, top + high, apart), slice(left, left + wide, between))
            for top in range(start, start + rows * down, down)
            for left in range(start, start + columns * along, along)
        ]
        made = [reduce(image[..., row, column]) for row, column in cuts]
        return torch.stack(made, -1).unflatten(-1, (rows, columns))

    return variant
