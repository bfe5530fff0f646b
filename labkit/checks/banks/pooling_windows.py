"""The mistakes of a pooling about its windows: how far apart they stand, how many, how large.

In the code ``a`` are the arguments.
"""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import by_axis, raises_unless, with_arguments, with_result
from labkit.checks.banks.pooling_patches import divides, in_loops, reaches, steps
from labkit.checks.question import Arguments

__all__ = [
    "CEIL_IGNORED",
    "DILATION_IGNORED",
    "DILATION_ONE_AXIS",
    "OUTPUT_TOO_SMALL",
    "REMAINDER",
    "ROUNDED_UP",
    "STRIDE_IGNORED",
    "STRIDE_LEFT_AT_ONE",
    "STRIDE_ONE_AXIS",
    "ceil_too_far",
    "kernel_not_counted",
    "window_off_by_one",
]

Along = Callable[[Arguments, int], int]


def _cropped(change: Callable[[Arguments], dict]) -> Variant:
    """Make a variant that has the right size, but wrong windows from the top left on."""

    def variant(op: Function, a: Arguments) -> Tensor:
        height, width = op(a).shape[-2:]
        return op(a.but(**change(a)))[..., :height, :width]

    return variant


def _stride(down: Along, along: Along) -> Variant:
    return with_arguments(lambda a: {"stride": (down(a, 0), along(a, 1))})


def _as_told(a: Arguments, axis: int) -> int:
    return steps(a)[axis]


def _own_size(a: Arguments, axis: int) -> int:
    return by_axis(a.kernel_size)[axis]


def _one(_: Arguments, axis: int) -> int:
    return 1


def _smaller_after_stride(op: Function, a: Arguments) -> Tensor:
    """Count (size - kernel + 1) // stride windows: one is lost where the stride does not divide."""
    places = op(a.but(stride=1, ceil_mode=False)).shape[-2:]
    high, wide = (n // step for n, step in zip(places, steps(a), strict=True))
    return op(a)[..., :high, :wide]


def _steps_that_fit(op: Function, a: Arguments) -> tuple[int, int]:
    if a.ceil_mode:
        return op(a).shape[-2:]
    axes = zip(a.x.shape[-2:], by_axis(a.padding), steps(a), strict=True)
    high, wide = ((size + 2 * p) // step for size, p, step in axes)
    return high, wide


def _room_for_more(op: Function, a: Arguments) -> Tensor:
    high, wide = op(a.but(ceil_mode=True)).shape[-2:]
    result = op(a)
    return F.pad(result, (0, wide - result.shape[-1], 0, high - result.shape[-2]))


def _windows_in_the_padding(edge: float) -> Variant:
    """Make a variant that rounds up without asking where the last window begins."""

    def variant(op: Function, a: Arguments) -> Tensor:
        result = op(a)
        axes = zip(a.x.shape[-2:], by_axis(a.padding), reaches(a), steps(a), strict=True)
        rounded_up = [-((span - n - 2 * p) // step) + 1 for n, p, (span, _), step in axes]
        more = [
            r - n if a.ceil_mode else 0 for r, n in zip(rounded_up, result.shape[-2:], strict=True)
        ]
        return F.pad(result, (0, more[1], 0, more[0]), value=edge)

    return variant


STRIDE_LEFT_AT_ONE = Mistake(
    "stride_left_at_one",
    "The windows move by one pixel. In pooling they lie side by side unless told otherwise: the "
    "stride is kernel_size when it is not given.",
    "Begin with stride = kernel_size if stride is None else stride, and let the window of output "
    "row i begin at row i * stride.",
    {
        "Yours does so where no stride is given.": with_arguments(
            lambda a: {"stride": 1 if a.stride is None else a.stride}
        ),
        "Yours does so whatever stride says.": with_arguments(lambda a: {"stride": 1}),
        "The size of the output is right.": _cropped(lambda a: {"stride": 1}),
    },
)

STRIDE_IGNORED = Mistake(
    "stride_ignored",
    "The stride is ignored: windows lie side by side, whatever stride says.",
    "Let the window of output row i begin at row i * stride, and likewise for columns.",
    {"": with_arguments(lambda a: {"stride": None})},
)

STRIDE_ONE_AXIS = Mistake(
    "stride_one_axis",
    "The stride is used along one axis only.",
    "Use stride for rows and for columns.",
    {
        "Along the width yours moves by one pixel.": _stride(_as_told, _one),
        "Along the height yours moves by one pixel.": _stride(_one, _as_told),
        "Along the width yours moves by the window's own size.": _stride(_as_told, _own_size),
        "Along the height yours moves by the window's own size.": _stride(_own_size, _as_told),
    },
)

DILATION_IGNORED = Mistake(
    "dilation_ignored",
    "The dilation is ignored: a window sees neighbouring pixels.",
    "Take every dilation-th pixel of a window: padded[..., top : top + span : dilation, ...].",
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
            lambda a: {"dilation": (by_axis(a.dilation)[0], 1)}
        ),
        "Yours uses it for columns (width), not for rows (height).": with_arguments(
            lambda a: {"dilation": (1, by_axis(a.dilation)[1])}
        ),
    },
)

OUTPUT_TOO_SMALL = Mistake(
    "output_too_small",
    "The output is one too small.",
    "There are (size + 2 * padding - kernel_size) // stride + 1 windows (with dilation a window "
    "spans dilation * (kernel_size - 1) + 1 pixels).",
    {
        "The last row and the last column are missing.": with_result(
            lambda out: out[..., :-1, :-1]
        ),
        "The last row is missing.": with_result(lambda out: out[..., :-1, :]),
        "The last column is missing.": with_result(lambda out: out[..., :-1]),
        "The + 1 belongs after the division by stride.": _smaller_after_stride,
    },
)

ROUNDED_UP = Mistake(
    "rounded_up",
    "The number of windows is rounded up: a last window hangs over the edge. Without ceil_mode "
    "it is left out.",
    "Round down: (size + 2 * padding - kernel_size) // stride + 1 windows.",
    {
        "": with_arguments(lambda a: {"ceil_mode": True}),
        "Yours leaves zeros in its place.": _room_for_more,
    },
)

CEIL_IGNORED = Mistake(
    "ceil_ignored",
    "The ceil_mode is ignored: the number of windows is rounded down, whatever it says.",
    "With ceil_mode round up, and let the last window end where the image ends.",
    {
        "": with_arguments(lambda a: {"ceil_mode": False}),
        "Yours raises as soon as ceil_mode is set.": raises_unless(lambda a: not a.ceil_mode),
    },
)

REMAINDER = Mistake(
    "remainder",
    "It is right only where the windows divide the image without a remainder.",
    "Leave out the rows and columns at the end that no window reaches: cut x to "
    "(size // stride) * stride before you reshape it.",
    {
        "Elsewhere yours raises.": raises_unless(divides),
    },
)


def window_off_by_one(reduce: Callable[[Tensor], Tensor], edge: float) -> Mistake:
    """Return the mistake of a window that has, or begins, a pixel too early or too late."""
    return Mistake(
        "window_off_by_one",
        "The window is off by one pixel.",
        "Let the window reach from i * stride up to, not including, i * stride + kernel_size.",
        {
            "Yours is one pixel too small.": in_loops(reduce, edge=edge, more=-1),
            "Yours is one pixel too large.": in_loops(reduce, edge=edge, more=1),
            "Yours begins one pixel too late.": in_loops(reduce, edge=edge, start=1),
        },
    )


def kernel_not_counted(reduce: Callable[[Tensor], Tensor], edge: float) -> Mistake:
    """Return the mistake of as many windows as steps fit, the last of them cut off."""
    cut = in_loops(reduce, edge=edge, count=_steps_that_fit)

    def variant(op: Function, a: Arguments) -> Tensor:
        right = op(a)
        return right if _steps_that_fit(op, a) == right.shape[-2:] else cut(op, a)

    return Mistake(
        "kernel_not_counted",
        "The number of windows is counted as if a window were no larger than its step: "
        "size // stride. The last ones hang over the edge.",
        "The last window must fit: (size + 2 * padding - kernel_size) // stride + 1 windows.",
        {"": variant},
    )


def ceil_too_far(edge: float) -> Mistake:
    """Return the mistake of a last window that sees nothing but padding."""
    return Mistake(
        "ceil_too_far",
        "With ceil_mode there is a window too many: one that begins in the padding after the "
        "image.",
        "A window must begin inside the image or in the padding before it: leave the last one out "
        "where (count - 1) * stride >= size + padding.",
        {"": _windows_in_the_padding(edge)},
    )
