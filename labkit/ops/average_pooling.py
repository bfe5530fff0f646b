"""Average pooling: the mean of each window.

An average is linear: every pixel of a window gets the same share of its gradient. It equals a
convolution whose kernel holds one number, ``1 / (kh * kw)``, and is the one of LeCun's first
networks [1]_ (there with a trainable factor and bias, which a layer after it can learn as well).

B image in the batch, C channel, H W height and width in pixels.

References
----------
.. [1] LeCun, Bottou, Bengio and Haffner (1998), Gradient-Based Learning Applied to Document
   Recognition, section II.B, "sub-sampling". https://doi.org/10.1109/5.726791
"""

from functools import reduce
from itertools import product
from numbers import Integral

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.errors import OptionError
from labkit.ops.pooling_windows import (
    expect_images,
    expect_signals,
    fill_edges,
    place_pools,
    seen_along,
)
from labkit.ops.windows import Pair, Windows, pair

__all__ = ["avg_pool1d", "avg_pool2d", "avg_pool2d_loops", "with_single_precision"]

Signals = Float[Tensor, "*batch channels length"]
ShortSignals = Float[Tensor, "*batch channels out_length"]
Images = Float[Tensor, "*batch channels height width"]
Maps = Float[Tensor, "*batch channels out_height out_width"]


def avg_pool2d_loops(
    x: Images,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Maps:
    """Take the mean of each window, one place at a time: the definition.

    Kept for reading and for testing `avg_pool2d` against; slow on purpose. Parameters, result and
    errors are those of `avg_pool2d`.

    Examples
    --------
    >>> image = torch.arange(16.0).reshape(1, 1, 4, 4)
    >>> avg_pool2d_loops(image, 2).tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """
    windows = _windows(x, kernel_size, stride, padding, ceil_mode, divisor_override)
    (high, wide), (kernel_h, kernel_w) = x.shape[-2:], windows.kernel_size
    (pad_h, _), (pad_w, _) = windows.zeros
    averages = x.new_zeros(*x.shape[:-2], *windows.places)
    for i, j in product(*map(range, windows.places)):
        top, left = i * windows.stride[0] - pad_h, j * windows.stride[1] - pad_w
        bottom, right = min(top + kernel_h, high + pad_h), min(left + kernel_w, wide + pad_w)
        patch = x[..., max(top, 0) : min(bottom, high), max(left, 0) : min(right, wide)]
        with_padding = (bottom - top) * (right - left)
        count = with_padding if count_include_pad else patch.shape[-2] * patch.shape[-1]
        total = with_single_precision(patch).sum(dim=(-2, -1))
        averages[..., i, j] = (total / (divisor_override or count)).to(x.dtype)
    return averages


def avg_pool2d(
    x: Images,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Maps:
    """Take the mean of each window: add its rows up, then their columns, and divide once.

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
        Zeros on each side, in pixels, a number or a pair; at most half the window.
    ceil_mode
        Whether a last window that hangs over the edge is kept. What lies beyond the padding is
        never counted.
    count_include_pad
        Whether the zeros of the padding count as pixels. They do unless told otherwise, which
        darkens the edge; False gives the mean of the pixels that are really there.
    divisor_override
        A number to divide every sum by, instead of the number of pixels; 1 gives the sum.

    Returns
    -------
    Maps
        One mean for each window, in the dtype and on the device of ``x``.

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
    torch.nn.functional.avg_pool2d : The library's version; equal to rounding.

    Examples
    --------
    >>> image = torch.tensor([[[1.0, 3.0, 2.0, 2.0], [4.0, 0.0, 2.0, 1.0]]])
    >>> avg_pool2d(image, 2).tolist()
    [[[2.0, 1.75]]]
    """
    windows = _windows(x, kernel_size, stride, padding, ceil_mode, divisor_override)
    sums = fill_edges(with_single_precision(x), windows, 0.0)
    for axis in (0, 1):
        sums = reduce(torch.add, seen_along(sums, windows, axis))
    if divisor_override is not None:
        return (sums / divisor_override).to(x.dtype)
    rows, columns = (_counts(x, windows, axis, count_include_pad) for axis in (0, 1))
    return (sums / (rows[:, None] * columns)).to(x.dtype)


def with_single_precision(x: Tensor) -> Tensor:
    """Return numbers of half precision as float32, whose sums are exact enough; others as is.

    Examples
    --------
    >>> with_single_precision(torch.ones(2, dtype=torch.float16)).dtype
    torch.float32
    """
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def _counts(x: Tensor, windows: Windows, axis: int, count_include_pad: bool) -> Tensor:
    """Count, for each place along one axis, the pixels that its mean is taken over."""
    size, padding = x.shape[axis - 2], windows.zeros[axis][0]
    start = torch.arange(windows.places[axis], device=x.device) * windows.stride[axis] - padding
    end = start + windows.kernel_size[axis]
    if count_include_pad:
        return end.clamp(max=size + padding) - start
    return end.clamp(max=size) - start.clamp(min=0)


def _windows(
    x: Tensor,
    kernel_size: Pair,
    stride: Pair | None,
    padding: Pair,
    ceil_mode: bool,
    divisor_override: int | None,
) -> Windows:
    """Check the arguments and place the windows."""
    expect_images(x)
    if divisor_override is not None and not (
        isinstance(divisor_override, Integral) and divisor_override
    ):
        raise OptionError(
            f"divisor_override must be a whole number other than 0, got {divisor_override!r}"
        )
    return place_pools(x, kernel_size, stride=stride, padding=padding, ceil_mode=ceil_mode)


def avg_pool1d(
    x: Signals,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> ShortSignals:
    """Take the mean of each window of a signal: `avg_pool2d` of images that are one pixel high.

    Examples
    --------
    >>> avg_pool1d(torch.tensor([[1.0, 5.0, 2.0, 0.0]]), 2).tolist()
    [[3.0, 1.0]]
    """
    expect_signals(x)
    row = avg_pool2d(
        x.unsqueeze(-2),
        (1, *pair(kernel_size, "kernel_size", axes=1)),
        stride=None if stride is None else (1, *pair(stride, "stride", axes=1)),
        padding=(0, *pair(padding, "padding", least=0, axes=1)),
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
    )
    return row.squeeze(-2)
