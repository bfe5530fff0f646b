"""The mistakes of a pooling about its padding: where it lies, and what it consists of.

Max pooling pads with minus infinity, which never wins; average pooling pads with zeros, which
count. In the code ``a`` are the arguments; `torch.nn.functional.pad` counts left, right, top,
bottom.
"""

from itertools import compress, product

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import by_axis, with_arguments
from labkit.checks.banks.pooling_patches import padded
from labkit.checks.question import Arguments

__all__ = [
    "BEYOND_COUNTED",
    "PADDING_ALWAYS_COUNTED",
    "PADDING_MINUS_INFINITY",
    "PADDING_NOT_COUNTED",
    "PADDING_NOT_INFINITE",
    "PADDING_NOT_ZEROS",
    "padding_ignored",
    "padding_one_side",
    "padding_twice",
]


def _sides(left: int, right: int, top: int, bottom: int, edge: float) -> Variant:
    """Make a variant that adds so many times ``padding`` pixels on each side."""

    def variant(op: Function, a: Arguments) -> Tensor:
        high, wide = by_axis(a.padding)
        sides = (left * wide, right * wide, top * high, bottom * high)
        return op(a.but(x=F.pad(a.x, sides, value=edge), padding=0))

    return variant


def _shared(edge: float) -> Variant:
    """Make a variant that adds ``padding`` pixels along each axis, the odd one at the end."""

    def variant(op: Function, a: Arguments) -> Tensor:
        high, wide = by_axis(a.padding)
        sides = (wide // 2, wide - wide // 2, high // 2, high - high // 2)
        return op(a.but(x=F.pad(a.x, sides, value=edge), padding=0))

    return variant


def _mirrored(mode: str) -> Variant:
    def variant(op: Function, a: Arguments) -> Tensor:
        high, wide = by_axis(a.padding)
        return op(a.but(x=F.pad(a.x, (wide, wide, high, high), mode=mode), padding=0))

    return variant


def _around_the_result(op: Function, a: Arguments) -> Tensor:
    high, wide = by_axis(a.padding)
    return F.pad(op(a.but(padding=0)), (wide, wide, high, high))


def _edge(value: float) -> Variant:
    return lambda op, a: op(a.but(x=padded(a, value), padding=0))


def _pixels(a: Arguments) -> int:
    high, wide = by_axis(a.kernel_size)
    return high * wide


def padding_ignored() -> Mistake:
    """Return the mistake of no padding at all."""
    return Mistake(
        "padding_ignored",
        "The padding is ignored: nothing is added around the image.",
        "Add padding pixels at the top, bottom, left and right of x before anything else.",
        {
            "": with_arguments(lambda a: {"padding": 0}),
            "Yours adds zeros around the result instead.": _around_the_result,
        },
    )


def padding_one_side(edge: float) -> Mistake:
    """Return the mistake of padding that does not go all around."""
    names = ("left", "right", "top", "bottom")
    subsets = sorted(product((0, 1), repeat=4), key=lambda s: (sum(s) != 2, s[0] != s[2], s))
    words = {s: " and ".join(compress(names, s)) for s in subsets if 0 < sum(s) < 4}
    some = {f"Yours pads only the {at}.": _sides(*s, edge) for s, at in words.items()}
    both = {
        "Yours adds all of it at the bottom and right.": _sides(0, 2, 0, 2, edge),
        "Yours adds all of it at the top and left.": _sides(2, 0, 2, 0, edge),
    }
    half = {
        "Yours shares it between both ends of an axis: each needs padding pixels.": _shared(edge)
    }
    return Mistake(
        "padding_one_side",
        "The padding does not go all around the image.",
        f"Add padding pixels on each of the four sides: F.pad(x, (p, p, p, p), value={edge:g}).",
        {**some, **both, **half},
    )


def padding_twice(edge: float) -> Mistake:
    """Return the mistake of twice as much padding."""
    return Mistake(
        "padding_twice",
        "The padding is added twice: there are 2 * padding pixels on each side.",
        "Either pad x yourself or hand padding on, not both.",
        {"": _sides(2, 2, 2, 2, edge)},
    )


PADDING_NOT_INFINITE = Mistake(
    "padding_not_infinite",
    "The padding wins: where all pixels of a window are negative, the result is the padding.",
    'Pad with minus infinity, which never wins: F.pad(x, (p, p, p, p), value=float("-inf")).',
    {
        "Yours pads with zeros.": _edge(0.0),
        "Yours pads with -1.": _edge(-1.0),
        "Yours mirrors the image.": _mirrored("reflect"),
        "Yours continues with the opposite edge.": _mirrored("circular"),
    },
)

PADDING_NOT_ZEROS = Mistake(
    "padding_not_zeros",
    "The padding does not consist of zeros.",
    "Pad with zeros: F.pad(x, (p, p, p, p)) does so when no mode is named.",
    {
        "Yours repeats the edge.": _mirrored("replicate"),
        "Yours mirrors the image.": _mirrored("reflect"),
        "Yours continues with the opposite edge.": _mirrored("circular"),
    },
)

PADDING_MINUS_INFINITY = Mistake(
    "padding_minus_infinity",
    "The padding is minus infinity, and so is every mean that touches it. That is the padding of "
    "max pooling.",
    "Pad with zeros: F.pad(x, (p, p, p, p)).",
    {"": _edge(-torch.inf)},
)

PADDING_NOT_COUNTED = Mistake(
    "padding_not_counted",
    "The zeros of the padding are not counted. They are, unless count_include_pad is False: a "
    "window of k * k pixels at the edge is divided by k * k all the same.",
    "Divide by the size of the window, padding included; leave it out with count_include_pad=False "
    "only.",
    {"": with_arguments(lambda a: {"count_include_pad": False})},
)


PADDING_ALWAYS_COUNTED = Mistake(
    "padding_always_counted",
    "The zeros of the padding are counted although count_include_pad is False.",
    "With count_include_pad=False divide by the number of pixels that lie inside the image.",
    {
        "": with_arguments(lambda a: {"count_include_pad": True}),
        "Yours does it the wrong way round.": with_arguments(
            lambda a: {"count_include_pad": not a.count_include_pad}
        ),
    },
)

BEYOND_COUNTED = Mistake(
    "beyond_counted",
    "With ceil_mode the last window hangs over the edge, and what lies beyond the padding is "
    "counted: it never is.",
    "Divide by the pixels that lie inside the padded image.",
    {
        "": with_arguments(
            lambda a: {"divisor_override": a.divisor_override or _pixels(a)} if a.ceil_mode else {}
        )
    },
)
