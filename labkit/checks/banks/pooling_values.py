"""The mistakes of a pooling about what it takes from a window: some other number."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import by_axis, with_arguments, with_result
from labkit.checks.banks.pooling_patches import in_loops
from labkit.checks.question import Arguments

__all__ = [
    "ABSOLUTE_VALUE",
    "AVERAGE_NOT_MAX",
    "DIVISOR_IGNORED",
    "INDEX_NOT_VALUE",
    "MAX_NOT_AVERAGE",
    "MEDIAN_NOT_AVERAGE",
    "MIN_NOT_MAX",
    "ONE_PIXEL",
    "ROUNDED",
    "STARTS_AT_ZERO",
    "SUM_NOT_AVERAGE",
    "SUM_NOT_MAX",
    "WRONG_DIVISOR",
    "average",
    "maximum",
]

INFINITY = torch.inf


def maximum(patch: Tensor) -> Tensor:
    """Return the largest pixel of each patch."""
    return patch.amax((-2, -1))


def average(patch: Tensor) -> Tensor:
    """Return the mean of each patch."""
    return patch.mean((-2, -1))


def _total(patch: Tensor) -> Tensor:
    return patch.sum((-2, -1))


def _largest_size(patch: Tensor) -> Tensor:
    flat = patch.flatten(-2)
    return flat.gather(-1, flat.abs().argmax(-1, keepdim=True)).squeeze(-1)


def _place_in_window(patch: Tensor) -> Tensor:
    return patch.flatten(-2).argmax(-1).to(patch.dtype)


def _place_in_image(op: Function, a: Arguments) -> Tensor:
    options = (a.kernel_size, a.stride, a.padding, a.dilation, a.ceil_mode)
    return F.max_pool2d(a.x, *options, return_indices=True)[1].to(a.x.dtype)


def _divided_by(count: Callable[[int, int], int]) -> Variant:
    return with_arguments(lambda a: {"divisor_override": count(*by_axis(a.kernel_size))})


def _middle(patch: Tensor) -> Tensor:
    return patch[..., patch.shape[-2] // 2, patch.shape[-1] // 2]


AVERAGE_NOT_MAX = Mistake(
    "average_not_max",
    "It takes the mean of a window, not its largest pixel: that is average pooling.",
    "Reduce the window by amax, not by mean.",
    {
        "": in_loops(average),
        "With padding it is minus infinity.": in_loops(average, edge=-INFINITY),
        "Yours takes the largest of each row and their mean.": in_loops(
            lambda patch: patch.amax(-1).mean(-1), edge=-INFINITY
        ),
        "Yours takes the largest of each column and their mean.": in_loops(
            lambda patch: patch.amax(-2).mean(-1), edge=-INFINITY
        ),
    },
)

MIN_NOT_MAX = Mistake(
    "min_not_max",
    "It takes the smallest pixel of a window, not the largest.",
    "Compare the other way round: keep the pixel that is greater.",
    {
        "": in_loops(lambda patch: patch.amin((-2, -1)), edge=INFINITY),
        "Yours pads with zeros.": in_loops(lambda patch: patch.amin((-2, -1))),
        "With padding it is minus infinity.": in_loops(
            lambda patch: patch.amin((-2, -1)), edge=-INFINITY
        ),
    },
)

SUM_NOT_MAX = Mistake(
    "sum_not_max",
    "It adds the pixels of a window up; max pooling keeps the largest.",
    "Reduce the window by amax, not by sum.",
    {
        "": in_loops(_total),
        "With padding it is minus infinity.": in_loops(_total, edge=-INFINITY),
    },
)

ABSOLUTE_VALUE = Mistake(
    "absolute_value",
    "It looks at absolute values. The largest pixel is the one furthest up, not the one furthest "
    "from zero: -1 is larger than -5.",
    "Compare the pixels as they are, without abs.",
    {
        "Yours returns the largest absolute value.": with_arguments(lambda a: {"x": a.x.abs()}),
        "Yours returns the pixel that has it.": in_loops(_largest_size),
        "Yours returns the absolute value of the maximum.": with_result(torch.abs),
        "Yours squares.": with_arguments(lambda a: {"x": a.x**2}),
    },
)

INDEX_NOT_VALUE = Mistake(
    "index_not_value",
    "It returns where the maximum is, not the maximum.",
    "Use amax, or the first of the two that max(dim=...) returns: its values.",
    {
        "Yours counts within the window.": in_loops(_place_in_window, edge=-INFINITY),
        "Yours counts within the image.": _place_in_image,
    },
)

STARTS_AT_ZERO = Mistake(
    "starts_at_zero",
    "The comparison begins with zero, so that a window of negative pixels gives zero.",
    'Begin with float("-inf"), or with the first pixel of the window.',
    {
        "": with_result(lambda out: out.clamp(min=0)),
        "Yours begins with -1; below that it is the same.": with_result(
            lambda out: out.clamp(min=-1)
        ),
    },
)

ONE_PIXEL = Mistake(
    "one_pixel",
    "It takes one fixed pixel of each window and never looks at the others.",
    "Look at every pixel of the window.",
    {
        "Yours takes the first.": in_loops(lambda patch: patch[..., 0, 0]),
        "Yours takes the last.": in_loops(lambda patch: patch[..., -1, -1]),
        "Yours takes the one in the middle.": in_loops(_middle),
    },
)

MAX_NOT_AVERAGE = Mistake(
    "max_not_average",
    "It takes the largest pixel of a window, not the mean: that is max pooling.",
    "Reduce the window by mean, not by amax.",
    {
        "": in_loops(maximum),
        "Yours pads with minus infinity.": in_loops(maximum, edge=-INFINITY),
        "Yours takes the mean of each row and the largest of them.": in_loops(
            lambda patch: patch.mean(-1).amax(-1)
        ),
    },
)

SUM_NOT_AVERAGE = Mistake(
    "sum_not_average",
    "It adds the pixels of a window up and does not divide.",
    "Divide the sum by the number of pixels, kernel_size * kernel_size.",
    {"": _divided_by(lambda kh, kw: 1)},
)

WRONG_DIVISOR = Mistake(
    "wrong_divisor",
    "The sum is right, but it is divided by another number than that of the pixels.",
    "A window has kernel_size * kernel_size pixels: divide by that.",
    {
        "Yours divides by kernel_size.": _divided_by(lambda kh, kw: kw),
        "Yours divides by one less than their number.": _divided_by(lambda kh, kw: kh * kw - 1),
        "Yours divides by one more than their number.": _divided_by(lambda kh, kw: kh * kw + 1),
        "Yours divides twice.": _divided_by(lambda kh, kw: (kh * kw) ** 2),
        "Yours divides by twice kernel_size.": _divided_by(lambda kh, kw: kh + kw),
    },
)

MEDIAN_NOT_AVERAGE = Mistake(
    "median_not_average",
    "It takes the number in the middle of a window, the median, not the mean.",
    "Add the pixels up and divide by their number.",
    {"": in_loops(lambda patch: patch.flatten(-2).median(-1).values)},
)

ROUNDED = Mistake(
    "rounded",
    "The mean is rounded to a whole number.",
    "Divide by /, not by //, and stay with floating-point numbers.",
    {
        "Yours rounds down.": with_result(torch.floor),
        "Yours cuts the decimals off.": with_result(torch.trunc),
        "Yours rounds to the nearest.": with_result(torch.round),
    },
)


def _divided_again(op: Function, a: Arguments) -> Tensor:
    return op(a.but(divisor_override=None)) / (a.divisor_override or 1)


DIVISOR_IGNORED = Mistake(
    "divisor_ignored",
    "The divisor_override is not used as it should be: it takes the place of the number of pixels.",
    "Divide the sum by divisor_override if it is given, else by the number of pixels.",
    {
        "Yours ignores it.": with_arguments(lambda a: {"divisor_override": None}),
        "Yours divides by both.": _divided_again,
    },
)
