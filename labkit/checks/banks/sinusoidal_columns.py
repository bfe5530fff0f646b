"""The mistakes of a sinusoidal encoding about its table: which wave stands where, and how many.

In the code ``a`` are the arguments; a pair is the sine and the cosine of one angle.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import raises_unless, with_arguments, with_result
from labkit.checks.banks.positions import places_of
from labkit.checks.banks.sinusoidal_pairs import pairs_of, table_of
from labkit.checks.question import Arguments

__all__ = [
    "AXES_SWAPPED",
    "CONCATENATED",
    "EXTRA_AXIS",
    "FIRST_ROW_ZERO",
    "LENGTH_OFF_BY_ONE",
    "ODD_WIDTH",
    "ONE_POSITION",
    "ONLY_SINES",
    "SIN_COS_SWAPPED",
]


def _pairs_changed(change: Callable[[Tensor], Tensor]) -> Variant:
    """Make a variant that writes other pairs, (positions, pairs, 2), into the columns."""
    return lambda op, a: table_of(change(pairs_of(op, a)), a)


def _halves(first: int) -> Variant:
    """Make a variant that puts all sines (0) or all cosines (1) first, then the others."""
    return lambda op, a: torch.cat(
        (pairs_of(op, a)[..., first], pairs_of(op, a)[..., 1 - first]), dim=-1
    )[..., : a.d_model]


def _half_as_wide(which: int) -> Variant:
    return lambda op, a: pairs_of(op, a)[..., which]


def _first_row_zero(op: Function, a: Arguments) -> Tensor:
    return op(a) * (torch.arange(len(places_of(a))) > 0).unsqueeze(-1)


def _odd_last(change: Callable[[Tensor], Tensor]) -> Variant:
    """Make a variant that is wrong about an odd width: in its last column, or without it."""
    return lambda op, a: change(op(a)) if a.d_model % 2 else op(a)


def _one_column_more(op: Function, a: Arguments) -> Tensor:
    return op(a.but(d_model=a.d_model + a.d_model % 2))


def _wider_with_the_same_angles(op: Function, a: Arguments) -> Tensor:
    return pairs_of(op, a).flatten(-2)


def _cosine_last(op: Function, a: Arguments) -> Tensor:
    last = pairs_of(op, a)[..., -1, 1:]
    return torch.cat((op(a)[..., :-1], last), dim=-1) if a.d_model % 2 else op(a)


def _roles_swapped(a: Arguments) -> dict:
    return {"positions": a.d_model, "d_model": len(places_of(a))}


def _of_the_length_itself(op: Function, a: Arguments) -> Tensor:
    return op(a.but(positions=torch.tensor([len(places_of(a))])))[0]


SIN_COS_SWAPPED = Mistake(
    "sin_cos_swapped",
    "Sine and cosine have changed places.",
    "The sine stands in the even columns 0, 2, 4, ..., the cosine in the odd ones.",
    {"": _pairs_changed(lambda pairs: pairs.flip(-1))},
)

CONCATENATED = Mistake(
    "concatenated",
    "Sines and cosines stand in two blocks instead of taking turns.",
    "Let them take turns: pe[:, 0::2] = sin and pe[:, 1::2] = cos.",
    {"": _halves(0), "Yours puts the cosines first.": _halves(1)},
)

ODD_WIDTH = Mistake(
    "odd_width",
    "It is right for an even d_model only; an odd one ends in a sine without its cosine.",
    "Compute (d_model + 1) // 2 angles, and leave the last cosine out.",
    {
        "Yours raises for an odd one.": raises_unless(lambda a: a.d_model % 2 == 0),
        "Yours has a column too few then.": _odd_last(lambda table: table[..., :-1]),
        "Yours has a column too many then.": _wider_with_the_same_angles,
        "Yours encodes the next even width then.": _one_column_more,
        "Yours leaves the last column zero then.": _odd_last(
            lambda table: torch.cat((table[..., :-1], 0 * table[..., -1:]), dim=-1)
        ),
        "Yours ends in a cosine then.": _cosine_last,
    },
)

AXES_SWAPPED = Mistake(
    "axes_swapped",
    "Positions and features have changed places.",
    "Each row is a position, each column a feature: the result is (positions, d_model).",
    {
        "Yours returns the table transposed.": with_result(lambda table: table.T),
        "Yours takes the number of positions for d_model.": with_arguments(_roles_swapped),
        "Yours takes the number of positions for d_model, and transposes.": lambda op, a: (
            op(a.but(**_roles_swapped(a))).T
        ),
    },
)

EXTRA_AXIS = Mistake(
    "extra_axis",
    "The result has an axis of length 1 that nobody asked for.",
    "Return (positions, d_model); broadcasting adds it to every sequence of a batch by itself.",
    {
        "Yours begins with it.": with_result(lambda table: table.unsqueeze(0)),
        "Yours has it between positions and features.": with_result(
            lambda table: table.unsqueeze(1)
        ),
        "Yours ends with it.": with_result(lambda table: table.unsqueeze(-1)),
    },
)

ONE_POSITION = Mistake(
    "one_position",
    "Yours encodes a single position; asked for are all of them, 0 to positions - 1.",
    "Begin with torch.arange(positions)[:, None] and let broadcasting do the rest.",
    {
        "": _of_the_length_itself,
        "Yours encodes the last one.": with_result(lambda table: table[-1]),
    },
)

LENGTH_OFF_BY_ONE = Mistake(
    "length_off_by_one",
    "The number of rows is off by one.",
    "There is a row for each of 0, 1, ..., positions - 1: torch.arange(positions).",
    {
        "Yours has one too many.": with_arguments(lambda a: {"positions": len(places_of(a)) + 1}),
        "Yours lacks the last.": with_result(lambda table: table[:-1]),
        "Yours lacks the first.": with_result(lambda table: table[1:]),
    },
)

ONLY_SINES = Mistake(
    "only_sines",
    "One of the two waves of each pair is missing.",
    "Each angle gives two columns, its sine and its cosine.",
    {
        "Yours has the sine in both columns.": _pairs_changed(lambda p: p[..., [0, 0]]),
        "Yours has the cosine in both columns.": _pairs_changed(lambda p: p[..., [1, 1]]),
        "Yours has the sines alone, and half the columns.": _half_as_wide(0),
        "Yours has the cosines alone, and half the columns.": _half_as_wide(1),
        "Yours leaves the columns of the cosines zero.": _pairs_changed(
            lambda p: p * torch.tensor([1, 0])
        ),
        "Yours leaves the columns of the sines zero.": _pairs_changed(
            lambda p: p * torch.tensor([0, 1])
        ),
    },
)

FIRST_ROW_ZERO = Mistake(
    "first_row_zero",
    "Position 0 is all zeros: its sines are 0, but its cosines are 1.",
    "Position 0 needs no special case; cos(0) is 1.",
    {"": _first_row_zero},
)
