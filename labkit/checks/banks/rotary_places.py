"""The mistakes of a rotary embedding about its axes and options: where positions are, what turns.

In the code ``a`` are the arguments.
"""

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import raises_unless, with_arguments
from labkit.checks.banks.positions import places_of, width_of
from labkit.checks.question import Arguments

__all__ = [
    "LAYOUT_IGNORED",
    "LEADING_AXES",
    "POSITIONS_IGNORED",
    "ROTARY_DIM_IGNORED",
    "SCALE_IGNORED",
    "WRONG_AXIS",
]


def _along(axis: int, *ranks: int) -> Variant:
    """Make a variant that takes another axis for that of the positions, in tensors of such rank."""

    def variant(op: Function, a: Arguments) -> Tensor:
        if a.x.dim() not in ranks or a.positions is not None:
            return op(a)
        return op(a.but(x=a.x.transpose(axis, -2))).transpose(axis, -2)

    return variant


def _feature_axis(op: Function, a: Arguments) -> Tensor:
    return op(a.but(x=a.x.mT)).mT


def _from_the_first(a: Arguments) -> dict:
    if a.positions is None:
        return {}
    return {"positions": places_of(a)[..., :1] + torch.arange(a.x.shape[-2])}


def _last_features(op: Function, a: Arguments) -> Tensor:
    kept = a.x.shape[-1] - width_of(a)
    return torch.cat((a.x[..., :kept], op(a.but(x=a.x[..., kept:]))), dim=-1)


def _rest_as(change: str) -> Variant:
    def variant(op: Function, a: Arguments) -> Tensor:
        turned, kept = op(a)[..., : width_of(a)], a.x[..., width_of(a) :]
        return turned if change == "dropped" else torch.cat((turned, 0 * kept), dim=-1)

    return variant


def _angles_of_the_whole(a: Arguments) -> dict:
    return {"base": float(a.base) ** (width_of(a) / a.x.shape[-1])}


LEADING_AXES = Mistake(
    "leading_axes",
    "It is right for one number of axes only.",
    "Count axes from the end: x.shape[-2] is the length and x.shape[-1] the width, whatever "
    "stands before them (...).",
    {
        "Yours raises unless x is (length, width).": raises_unless(lambda a: a.x.dim() == 2),
        "Yours raises unless x is (batch, length, width).": raises_unless(lambda a: a.x.dim() == 3),
        "Yours raises unless x is (batch, heads, length, width).": raises_unless(
            lambda a: a.x.dim() == 4
        ),
        "Yours raises for (batch, heads, length, width).": raises_unless(lambda a: a.x.dim() < 4),
        "Yours raises for (length, width).": raises_unless(lambda a: a.x.dim() > 2),
    },
)

WRONG_AXIS = Mistake(
    "wrong_axis",
    "The position is counted along the wrong axis.",
    "The positions are along the axis before the last: (..., length, width).",
    {
        "Yours counts heads, in (batch, heads, length, width).": _along(-3, 4),
        "Yours counts the axis before it, wherever there is one.": _along(-3, 3, 4),
        "Yours counts sequences, the first axis.": _along(0, 3, 4),
        "Yours counts sequences where there are no heads.": _along(0, 3),
        "Yours counts features, the last axis.": _feature_axis,
    },
)

POSITIONS_IGNORED = Mistake(
    "positions_ignored",
    "The positions that are given are not used as they are.",
    "Where positions are given, take these instead of torch.arange(length).",
    {
        "Yours counts from 0 whatever they are.": with_arguments(lambda a: {"positions": None}),
        "Yours counts on from the first of them.": with_arguments(_from_the_first),
    },
)

LAYOUT_IGNORED = Mistake(
    "layout_ignored",
    "The layout that is asked for is ignored.",
    "layout='half' pairs feature i with feature i + width / 2.",
    {
        "": with_arguments(lambda a: {"layout": "interleaved"}),
        "Yours raises for 'half'.": raises_unless(lambda a: a.layout == "interleaved"),
    },
)

ROTARY_DIM_IGNORED = Mistake(
    "rotary_dim_ignored",
    "A part of the width is not turned as a part.",
    "Turn x[..., :rotary_dim] as if it were all, and join x[..., rotary_dim:] unchanged.",
    {
        "Yours turns all features.": with_arguments(lambda a: {"rotary_dim": None}),
        "Yours has the frequencies of the whole width.": with_arguments(_angles_of_the_whole),
        "Yours turns the last features instead of the first.": _last_features,
        "Yours leaves out those that are not turned.": _rest_as("dropped"),
        "Yours makes those zero that are not turned.": _rest_as("zero"),
        "Yours raises.": raises_unless(lambda a: width_of(a) == a.x.shape[-1]),
    },
)

SCALE_IGNORED = Mistake(
    "scale_ignored",
    "The scale of the positions is not applied as it should be.",
    "Multiply the positions with it: positions * scale.",
    {
        "Yours ignores it.": with_arguments(lambda a: {"scale": 1.0}),
        "Yours divides by it.": with_arguments(lambda a: {"scale": 1 / a.scale}),
        "Yours multiplies the result with it.": lambda op, a: op(a.but(scale=1.0)) * a.scale,
    },
)
