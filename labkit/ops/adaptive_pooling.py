"""Adaptive pooling: say how many windows there shall be, not how large they are.

Along an axis of ``size`` pixels, window i of n reaches from pixel ``floor(i * size / n)`` up to,
not including, ``ceil((i + 1) * size / n)``. Where n does not divide the size, neighbours overlap
by a pixel and may differ in length by one. With n = 1 the window is the whole image: *global*
pooling, which makes a classifier indifferent to the size of its images [1]_.

B image in the batch, C channel, H W height and width in pixels.

References
----------
.. [1] Lin, Chen and Yan (2014), Network in Network, section 3.2. https://arxiv.org/abs/1312.4400
"""

from collections.abc import Sequence
from itertools import product

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from labkit.ops.average_pooling import with_single_precision
from labkit.ops.pooling_windows import expect_images
from labkit.ops.windows import pair
from labkit.ops.winners import first_maximum, pick

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_loops",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_loops",
    "global_avg_pool2d",
    "global_max_pool2d",
]

Images = Float[Tensor, "*batch channels height width"]
Maps = Float[Tensor, "*batch channels out_height out_width"]
Indices = Int64[Tensor, "*batch channels out_height out_width"]
Vectors = Float[Tensor, "*batch channels"]
Sizes = int | Sequence[int | None]


def adaptive_avg_pool2d_loops(x: Images, output_size: Sizes) -> Maps:
    """Take the mean of each window, one place at a time: the definition.

    Kept for reading and for testing `adaptive_avg_pool2d` against; slow on purpose.

    Examples
    --------
    >>> adaptive_avg_pool2d_loops(torch.arange(5.0).reshape(1, 1, 5), (1, 2)).tolist()
    [[[1.0, 3.0]]]
    """
    rows, columns = _windows(x, output_size)
    averages = x.new_zeros(*x.shape[:-2], len(rows), len(columns))
    for (i, (top, bottom)), (j, (left, right)) in product(enumerate(rows), enumerate(columns)):
        averages[..., i, j] = x[..., top:bottom, left:right].mean(dim=(-2, -1))
    return averages


def adaptive_max_pool2d_loops(
    x: Images, output_size: Sizes, *, return_indices: bool = False
) -> Maps | tuple[Maps, Indices]:
    """Look at every pixel of every window, one after the other: the definition.

    Kept for reading and for testing `adaptive_max_pool2d` against; slow on purpose.

    Examples
    --------
    >>> adaptive_max_pool2d_loops(torch.arange(5.0).reshape(1, 1, 5), (1, 2)).tolist()
    [[[2.0, 4.0]]]
    """
    rows, columns = _windows(x, output_size)
    maxima = x.new_zeros(*x.shape[:-2], len(rows), len(columns))
    indices = torch.zeros_like(maxima, dtype=torch.int64)
    for (i, (top, bottom)), (j, (left, right)) in product(enumerate(rows), enumerate(columns)):
        best, winner = x[..., top, left], indices.new_full(x.shape[:-2], top * x.shape[-1] + left)
        for row, column in product(range(top, bottom), range(left, right)):
            pixel = x[..., row, column]
            beats = (pixel > best) | pixel.isnan()
            best = torch.where(beats, pixel, best)
            winner = winner.masked_fill(beats, row * x.shape[-1] + column)
        maxima[..., i, j], indices[..., i, j] = best, winner
    return (maxima, indices) if return_indices else maxima


def adaptive_avg_pool2d(x: Images, output_size: Sizes) -> Maps:
    """Take the mean of each window: of its rows first, then of those along the width.

    Parameters
    ----------
    x
        Images, in any units of intensity; a single one needs no batch axis.
    output_size
        Windows wanted, a number or one for height and one for width; None keeps the axis as it is.

    Returns
    -------
    Maps
        One mean for each window, in the dtype and on the device of ``x``.

    Raises
    ------
    ShapeError, DTypeError
        If x is not images of floating-point numbers.
    OptionError
        If ``output_size`` is not a count.

    See Also
    --------
    torch.nn.functional.adaptive_avg_pool2d : The library's version; equal to rounding.

    Examples
    --------
    >>> adaptive_avg_pool2d(torch.arange(5.0).reshape(1, 1, 5), (1, 2)).tolist()
    [[[1.0, 3.0]]]
    """
    rows, columns = _windows(x, output_size)
    exact = with_single_precision(x)
    means = torch.stack([exact[..., a:b, :].mean(-2) for a, b in rows], dim=-2)
    return torch.stack([means[..., a:b].mean(-1) for a, b in columns], dim=-1).to(x.dtype)


def adaptive_max_pool2d(
    x: Images, output_size: Sizes, *, return_indices: bool = False
) -> Maps | tuple[Maps, Indices]:
    """Keep the largest pixel of each window; of equal ones, the first has the gradient.

    Parameters
    ----------
    x, output_size
        As in `adaptive_avg_pool2d`.
    return_indices
        Whether to return as well where each maximum was found: ``row * width + column``.

    Returns
    -------
    Maps or tuple
        One maximum for each window, and with ``return_indices`` its place in the image.

    Raises
    ------
    ShapeError, DTypeError, OptionError
        As in `adaptive_avg_pool2d`.

    See Also
    --------
    torch.nn.functional.adaptive_max_pool2d : The library's version; equal.

    Examples
    --------
    >>> adaptive_max_pool2d(torch.arange(5.0).reshape(1, 1, 5), (1, 2)).tolist()
    [[[2.0, 4.0]]]
    """
    rows, columns = _windows(x, output_size)
    best, column = _along(x.detach(), columns, -1)
    _, row = _along(best, rows, -2)
    column = column.gather(-2, row)
    maxima = pick(x, row, column)
    return (maxima, row * x.shape[-1] + column) if return_indices else maxima


def _along(x: Tensor, windows: list[tuple[int, int]], axis: int) -> tuple[Tensor, Tensor]:
    """Find each window's maximum along one axis, and its position there."""
    starts, ends = torch.tensor(windows, device=x.device).T
    longest = max(end - start for start, end in windows)
    # A shorter window sees its last pixel once more, which changes no maximum.
    taps = [(starts + tap).clamp(max=ends - 1) for tap in range(longest)]
    best, tap = first_maximum([x.index_select(axis, seen) for seen in taps], starts.new_zeros(()))
    along = (-1,) if axis == -1 else (-1, 1)
    return best, (starts.view(along) + tap).clamp(max=ends.view(along) - 1)


def _windows(x: Tensor, output_size: Sizes) -> list[list[tuple[int, int]]]:
    """Check the arguments; return the first pixel of each window and the one after its last."""
    expect_images(x)
    if isinstance(output_size, Sequence) and len(output_size) == 2:
        sizes = zip(output_size, x.shape[-2:], strict=True)
        output_size = [size if asked is None else asked for asked, size in sizes]
    counts = pair(output_size, "output_size")
    return [
        [(i * size // n, -(-(i + 1) * size // n)) for i in range(n)]
        for size, n in zip(x.shape[-2:], counts, strict=True)
    ]


def global_avg_pool2d(x: Images) -> Vectors:
    """Take the mean of each channel's whole image.

    Examples
    --------
    >>> global_avg_pool2d(torch.tensor([[[1.0, 3.0], [4.0, 0.0]]])).tolist()
    [2.0]
    """
    return adaptive_avg_pool2d(x, 1).flatten(-3)


def global_max_pool2d(x: Images) -> Vectors:
    """Keep the largest pixel of each channel's whole image.

    Examples
    --------
    >>> global_max_pool2d(torch.tensor([[[1.0, 3.0], [4.0, 0.0]]])).tolist()
    [4.0]
    """
    return adaptive_max_pool2d(x, 1).flatten(-3)
