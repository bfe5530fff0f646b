"""The mistakes of a 2-D convolution about its windows: where they lie, and how many.

In the code ``a`` are the arguments.
"""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import by_axis, with_arguments, with_result
from labkit.checks.question import Arguments

__all__ = [
    "DILATION_IGNORED",
    "DILATION_ONE_AXIS",
    "OUTPUT_TOO_LARGE",
    "OUTPUT_TOO_SMALL",
    "STRIDE_IGNORED",
    "STRIDE_ONE_AXIS",
]


def _cropped(change: Callable[[Arguments], dict]) -> Variant:
    """Make a variant that has the right size, but wrong windows from the top left on."""

    def variant(op: Function, a: Arguments) -> Tensor:
        height, width = op(a).shape[2:]
        return op(a.but(**change(a)))[:, :, :height, :width]

    return variant


def _one_axis(option: str, axis: int) -> Callable[[Arguments], dict]:
    def change(a: Arguments) -> dict:
        return {option: tuple(v if i == axis else 1 for i, v in enumerate(by_axis(a[option])))}

    return change


def _smaller_after_stride(op: Function, a: Arguments) -> Tensor:
    """Count (size - kernel + 1) // stride windows: one is lost where the stride does not divide."""
    fits = op(a.but(stride=1)).shape[2:]
    high, wide = (n // s for n, s in zip(fits, by_axis(a.stride), strict=True))
    return op(a)[:, :, :high, :wide]


def _partial_windows(reach: Callable[[int], int]) -> Variant:
    """Make a variant whose last windows hang over the end by up to ``reach(stride)`` pixels."""

    def variant(op: Function, a: Arguments) -> Tensor:
        (high, wide), (down, along) = by_axis(a.padding), by_axis(a.stride)
        zeros = (wide, wide + reach(along), high, high + reach(down))
        return op(a.but(x=F.pad(a.x, zeros), padding=0))

    return variant


def _rounded_up(op: Function, a: Arguments) -> Tensor:
    high, wide = _partial_windows(lambda s: s - 1)(op, a).shape[2:]
    result = op(a)
    return F.pad(result, (0, wide - result.shape[3], 0, high - result.shape[2]))


def _zeros_before_bias(right: int, bottom: int) -> Variant:
    def variant(op: Function, a: Arguments) -> Tensor:
        result = F.pad(op(a.but(bias=None)), (0, right, 0, bottom))
        return result if a.bias is None else result + a.bias[:, None, None]

    return variant


STRIDE_IGNORED = Mistake(
    "stride_ignored",
    "The stride is ignored: windows move by one pixel, whatever stride says.",
    "Let the window of output row i begin at row i * stride, and likewise for columns.",
    {
        "": with_arguments(lambda a: {"stride": 1}),
        "The size of the output is right.": _cropped(lambda a: {"stride": 1}),
    },
)

STRIDE_ONE_AXIS = Mistake(
    "stride_one_axis",
    "The stride is used along one axis only.",
    "Use stride for rows and for columns.",
    {
        "Yours uses it for rows (height), not for columns (width).": with_arguments(
            _one_axis("stride", 0)
        ),
        "Yours uses it for columns (width), not for rows (height).": with_arguments(
            _one_axis("stride", 1)
        ),
        "Yours has the right size, but uses it for rows (height) only.": _cropped(
            _one_axis("stride", 0)
        ),
        "Yours has the right size, but uses it for columns (width) only.": _cropped(
            _one_axis("stride", 1)
        ),
    },
)

DILATION_IGNORED = Mistake(
    "dilation_ignored",
    "The dilation is ignored: the kernel's elements lie on neighbouring pixels.",
    "Let kernel row u lie on image row top + u * dilation, and likewise for columns.",
    {
        "": with_arguments(lambda a: {"dilation": 1}),
        "The size of the output is right.": _cropped(lambda a: {"dilation": 1}),
    },
)

DILATION_ONE_AXIS = Mistake(
    "dilation_one_axis",
    "The dilation is used along one axis only.",
    "Use dilation for rows and for columns.",
    {
        "Yours uses it for rows (height), not for columns (width).": with_arguments(
            _one_axis("dilation", 0)
        ),
        "Yours uses it for columns (width), not for rows (height).": with_arguments(
            _one_axis("dilation", 1)
        ),
    },
)

OUTPUT_TOO_SMALL = Mistake(
    "output_too_small",
    "The output is one too small.",
    "There are (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1 windows.",
    {
        "The last row and the last column are missing.": with_result(
            lambda out: out[..., :-1, :-1]
        ),
        "The last row is missing.": with_result(lambda out: out[..., :-1, :]),
        "The last column is missing.": with_result(lambda out: out[..., :-1]),
        "The first row and the first column are missing.": with_result(
            lambda out: out[..., 1:, 1:]
        ),
        "The first row is missing.": with_result(lambda out: out[..., 1:, :]),
        "The first column is missing.": with_result(lambda out: out[..., 1:]),
        "The + 1 belongs after the division by stride.": _smaller_after_stride,
    },
)

OUTPUT_TOO_LARGE = Mistake(
    "output_too_large",
    "The output is one too large.",
    "There are (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1 windows.",
    {
        "There is a row and a column of zeros too many.": with_result(
            lambda out: F.pad(out, (0, 1, 0, 1))
        ),
        "There is a row of zeros too many.": with_result(lambda out: F.pad(out, (0, 0, 0, 1))),
        "There is a column of zeros too many.": with_result(lambda out: F.pad(out, (0, 1, 0, 0))),
        "The last row and column come from windows that hang over the edge.": _partial_windows(
            lambda s: s
        ),
        "Where the stride does not divide, the last windows hang over the edge.": _partial_windows(
            lambda s: s - 1
        ),
        "Where the stride does not divide, the size is rounded up.": _rounded_up,
        "The last row and column hold nothing but bias.": _zeros_before_bias(1, 1),
        "The last row holds nothing but bias.": _zeros_before_bias(0, 1),
        "The last column holds nothing but bias.": _zeros_before_bias(1, 0),
    },
)
