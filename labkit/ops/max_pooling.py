"""Max pooling: the largest pixel of each window, and where it stands.

The gradient of a maximum goes to the pixel that won, and to no other. Of several equal pixels the
first one wins, row by row, and a NaN beats every number, as in PyTorch. Ties are no rarity: in
pictures of digits most windows see nothing but zeros.

B image in the batch, C channel, H W height and width in pixels.

References
----------
.. [1] Ranzato, Huang, Boureau and LeCun (2007), Unsupervised Learning of Invariant Feature
   Hierarchies: the maximum over a neighbourhood. https://doi.org/10.1109/CVPR.2007.383157
"""

from functools import reduce
from itertools import product

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from labkit.ops.pooling_windows import (
    expect_images,
    expect_signals,
    fill_edges,
    place_pools,
    seen_along,
)
from labkit.ops.windows import Pair, Windows, pair
from labkit.ops.winners import first_maximum, pick

__all__ = ["max_pool1d", "max_pool2d", "max_pool2d_loops"]

Signals = Float[Tensor, "*batch channels length"]
ShortSignals = Float[Tensor, "*batch channels out_length"]
Places = Int64[Tensor, "*batch channels out_length"]
Images = Float[Tensor, "*batch channels height width"]
Maps = Float[Tensor, "*batch channels out_height out_width"]
Indices = Int64[Tensor, "*batch channels out_height out_width"]


def max_pool2d_loops(
    x: Images,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Maps | tuple[Maps, Indices]:
    """Look at every pixel of every window, one after the other: the definition.

    Kept for reading and for testing `max_pool2d` against; slow on purpose. Parameters, result and
    errors are those of `max_pool2d`.

    Examples
    --------
    >>> image = torch.arange(16.0).reshape(1, 1, 4, 4)
    >>> max_pool2d_loops(image, 2).tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """
    expect_images(x)
    windows = place_pools(
        x, kernel_size, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )
    padded = fill_edges(x, windows, -torch.inf)
    maxima = x.new_zeros(*x.shape[:-2], *windows.places)
    indices = torch.zeros_like(maxima, dtype=torch.int64)
    (top, _), (left, _) = windows.zeros
    for i, j in product(*map(range, windows.places)):
        pixels = product(_inside(windows, 0, i), _inside(windows, 1, j))
        (row, column), *others = pixels
        best = padded[..., top + row, left + column]
        winner = indices.new_full(best.shape, row * x.shape[-1] + column)
        for row, column in others:
            pixel = padded[..., top + row, left + column]
            beats = (pixel > best) | pixel.isnan()
            best = torch.where(beats, pixel, best)
            winner = winner.masked_fill(beats, row * x.shape[-1] + column)
        maxima[..., i, j], indices[..., i, j] = best, winner
    return (maxima, indices) if return_indices else maxima


def _inside(windows: Windows, axis: int, place: int) -> list[int]:
    """List what one window sees along an axis, from the image's own first pixel on."""
    start = place * windows.stride[axis] - windows.zeros[axis][0]
    taps = range(windows.kernel_size[axis])
    return [pixel for tap in taps if (pixel := start + tap * windows.dilation[axis]) >= 0]


def max_pool2d(
    x: Images,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Maps | tuple[Maps, Indices]:
    """Keep the largest pixel of each window: first along each row, then down the columns.

    Parameters
    ----------
    x
        Images, in any units of intensity; a single one needs no batch axis.
    kernel_size
        Pixels of a window; a number, or one for height and one for width.
    stride
        Pixels between neighbouring windows, a number or a pair; ``kernel_size`` if not given, so
        that windows lie side by side.
    padding
        Pixels of minus infinity on each side, a number or a pair; at most half the window. They
        never win, so that a window at the edge keeps the largest pixel that is really there.
    dilation
        Pixels between neighbouring taps of a window; a number or a pair.
    ceil_mode
        Whether a last window that hangs over the edge is kept.
    return_indices
        Whether to return as well where each maximum was found.

    Returns
    -------
    Maps or tuple
        One maximum for each window, in the dtype and on the device of ``x``; with
        ``return_indices`` also the winner's place in its image, ``row * width + column``.

    Raises
    ------
    ShapeError
        If x is not images, or a window is larger than the padded image.
    DTypeError
        If x is not floating point.
    OptionError
        If an option means nothing here.

    See Also
    --------
    torch.nn.functional.max_pool2d : The library's version; equal, also in ties and gradients.

    Examples
    --------
    >>> image = torch.tensor([[[1.0, 3.0, 2.0, 2.0], [4.0, 0.0, 2.0, 1.0]]])
    >>> max_pool2d(image, 2, return_indices=True)
    (tensor([[[4., 2.]]]), tensor([[[4, 2]]]))
    """
    expect_images(x)
    windows = place_pools(
        x, kernel_size, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )
    padded = fill_edges(x, windows, -torch.inf)
    if not (return_indices or (x.requires_grad and torch.is_grad_enabled())):
        return _maxima(padded, windows)
    row, column = _winners(padded.detach(), windows)
    maxima = pick(padded, row, column)
    (top, _), (left, _) = windows.zeros
    return (maxima, (row - top) * x.shape[-1] + column - left) if return_indices else maxima


def _maxima(padded: Tensor, windows: Windows) -> Tensor:
    """Find the maxima alone, where nobody asks who won: several times as fast."""
    along_rows = reduce(torch.maximum, seen_along(padded, windows, 1))
    return reduce(torch.maximum, seen_along(along_rows, windows, 0))


def _winners(padded: Tensor, windows: Windows) -> tuple[Tensor, Tensor]:
    """Find the row and the column, in the padded image, of each window's maximum."""
    best, column = _along(padded, windows, 1)
    # The first row that holds the maximum; then the first place within that row.
    _, row = _along(best, windows, 0)
    return row, column.gather(-2, row)


def _along(x: Tensor, windows: Windows, axis: int) -> tuple[Tensor, Tensor]:
    """Find each maximum along one axis, and its position there."""
    start = torch.arange(windows.places[axis], device=x.device) * windows.stride[axis]
    start = start if axis == 1 else start[:, None]
    before, dilation = windows.zeros[axis][0], windows.dilation[axis]
    # A window of nothing but minus infinity is won by its first pixel inside the image.
    first_tap_inside = -((start - before).clamp(max=0) // dilation)
    best, tap = first_maximum(seen_along(x, windows, axis), first_tap_inside)
    return best, start + dilation * tap


def max_pool1d(
    x: Signals,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> ShortSignals | tuple[ShortSignals, Places]:
    """Keep the largest sample of each window: `max_pool2d` of images that are one pixel high.

    Examples
    --------
    >>> max_pool1d(torch.tensor([[1.0, 5.0, 2.0, 0.0]]), 2).tolist()
    [[5.0, 2.0]]
    """
    expect_signals(x)
    row = max_pool2d(
        x.unsqueeze(-2),
        (1, *pair(kernel_size, "kernel_size", axes=1)),
        stride=None if stride is None else (1, *pair(stride, "stride", axes=1)),
        padding=(0, *pair(padding, "padding", least=0, axes=1)),
        dilation=(1, *pair(dilation, "dilation", axes=1)),
        ceil_mode=ceil_mode,
        return_indices=return_indices,
    )
    return tuple(each.squeeze(-2) for each in row) if return_indices else row.squeeze(-2)
