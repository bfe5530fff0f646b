"""The mistakes of a 2-D convolution about the zeros around its image.

In the code ``a`` are the arguments; `torch.nn.functional.pad` counts left, right, top, bottom.
"""

from itertools import compress, product

import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import by_axis, with_arguments
from labkit.checks.question import Arguments

__all__ = ["PADDING_IGNORED", "PADDING_NOT_ZEROS", "PADDING_ONE_SIDE", "PADDING_TWICE"]


def _padded(left: int, right: int, top: int, bottom: int) -> Variant:
    """Make a variant that adds so many times ``padding`` zeros on each side."""

    def variant(op: Function, a: Arguments) -> Tensor:
        high, wide = by_axis(a.padding)
        zeros = (left * wide, right * wide, top * high, bottom * high)
        return op(a.but(x=F.pad(a.x, zeros), padding=0))

    return variant


def _padded_with(mode: str) -> Variant:
    def variant(op: Function, a: Arguments) -> Tensor:
        high, wide = by_axis(a.padding)
        return op(a.but(x=F.pad(a.x, (wide, wide, high, high), mode=mode), padding=0))

    return variant


def _padded_later(op: Function, a: Arguments) -> Tensor:
    high, wide = by_axis(a.padding)
    return F.pad(op(a.but(padding=0)), (wide, wide, high, high))


def _some_sides() -> dict[str, Variant]:
    sides = ("left", "right", "top", "bottom")
    subsets = sorted(product((0, 1), repeat=4), key=lambda s: (sum(s) != 2, s[0] != s[2], s))
    words = {s: " and ".join(compress(sides, s)) for s in subsets if 0 < sum(s) < 4}
    return {f"Yours adds zeros only at the {at}.": _padded(*s) for s, at in words.items()}


def _both_on_one_side() -> dict[str, Variant]:
    return {
        "Yours adds all the zeros at the bottom and right.": _padded(0, 2, 0, 2),
        "Yours adds all the zeros at the top and left.": _padded(2, 0, 2, 0),
        "Yours adds all the zeros at the bottom and left.": _padded(2, 0, 0, 2),
        "Yours adds all the zeros at the top and right.": _padded(0, 2, 2, 0),
    }


PADDING_IGNORED = Mistake(
    "padding_ignored",
    "The padding is ignored: no zeros are added around the image.",
    "Add padding zeros at the top, bottom, left and right of x before anything else.",
    {
        "": with_arguments(lambda a: {"padding": 0}),
        "Yours adds them around the result instead.": _padded_later,
    },
)

PADDING_ONE_SIDE = Mistake(
    "padding_one_side",
    "The padding does not go all around the image.",
    "Add padding zeros on each of the four sides: F.pad(x, (p, p, p, p)).",
    {**_some_sides(), **_both_on_one_side()},
)

PADDING_TWICE = Mistake(
    "padding_twice",
    "The padding is added twice: there are 2 * padding zeros on each side.",
    "Either pad x yourself or hand padding on, not both.",
    {"": _padded(2, 2, 2, 2)},
)

PADDING_NOT_ZEROS = Mistake(
    "padding_not_zeros",
    "The padding does not consist of zeros.",
    "Pad with zeros: F.pad(x, (p, p, p, p)) does so when no mode is named.",
    {
        "Yours repeats the edge.": _padded_with("replicate"),
        "Yours mirrors the image.": _padded_with("reflect"),
        "Yours continues with the opposite edge.": _padded_with("circular"),
    },
)
