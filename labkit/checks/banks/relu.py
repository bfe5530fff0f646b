"""Mistakes people make when they write a relu, the larger of 0 and x."""

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake
from labkit.checks.banks.elementwise import (
    computed,
    derivative_returned,
    elements_mixed,
    other_function,
    sign_wrong,
)
from labkit.checks.question import Arguments

__all__ = ["MISTAKES"]

_REPAIR = "torch.where(x > 0, x, 0), or x.clamp(min=0)."


def _kept(x: Tensor, other: float | Tensor) -> Tensor:
    """Put something else for what is below zero."""
    return torch.where(x < 0, other, x)


def _largest(op: Function, a: Arguments) -> Tensor:
    return op(a).max()


SIGN_WRONG = Mistake(
    "sign_wrong",
    "A sign is wrong, or the comparison is the other way round.",
    "Keep what is above zero: " + _REPAIR,
    {
        **sign_wrong("relu", "").variants,
        "Yours keeps what is below zero: the smaller of 0 and x.": computed(
            lambda x: x.clamp(max=0)
        ),
    },
)

LEAKY = Mistake(
    "leaky",
    "Something is left below zero.",
    "A relu is 0 there: " + _REPAIR,
    {
        "Yours keeps a hundredth of it, as a leaky relu does.": computed(F.leaky_relu),
        "Yours keeps a tenth of it.": computed(lambda x: _kept(x, 0.1 * x)),
        "Yours keeps a fifth of it.": computed(lambda x: _kept(x, 0.2 * x)),
        "Yours keeps a quarter of it.": computed(lambda x: _kept(x, 0.25 * x)),
        "Yours turns it round: |x|.": computed(torch.abs),
        "Yours is -1 there.": computed(lambda x: _kept(x, -1.0)),
        "Yours is -inf there, as for a mask.": computed(lambda x: _kept(x, -torch.inf)),
        "Yours is NaN there.": computed(lambda x: _kept(x, torch.nan)),
    },
)

BOUND_WRONG = Mistake(
    "bound_wrong",
    "It bends at the wrong place, or is cut above too.",
    "There is one bend, at 0, and no largest value: " + _REPAIR,
    {
        "Yours is never below 1.": computed(lambda x: x.clamp(min=1)),
        "Yours is never below -1.": computed(lambda x: x.clamp(min=-1)),
        "Yours keeps numbers above 1 only.": computed(lambda x: x * (x > 1)),
        "Yours is never above 1.": computed(lambda x: x.clamp(0, 1)),
        "Yours is never above 6.": computed(F.relu6),
        "Yours is shifted: the larger of 0 and x - 1.": computed(lambda x: (x - 1).relu()),
    },
)

MAXIMUM_OF_ALL = Mistake(
    "maximum_of_all",
    "The maximum of all numbers is taken, where each is compared with 0.",
    "torch.maximum(x, torch.zeros_like(x)) compares one by one; torch.max(x) does not.",
    {
        "": _largest,
        "Yours does so along the last axis.": lambda op, a: op(a).amax(-1),
        "Yours stands at every place.": lambda op, a: op(a).max().expand(a.x.shape),
        "Yours keeps the largest alone, and 0 for the rest.": lambda op, a: (
            op(a) * (a.x == a.x.max())
        ),
    },
)

DROPPED = Mistake(
    "dropped",
    "Numbers below zero are left out, so the shape is lost.",
    "Put 0 in their place: " + _REPAIR,
    {"": computed(lambda x: x[x > 0])},
)

SQUARED = Mistake(
    "squared",
    "What is above zero is changed.",
    "Keep it as it is: " + _REPAIR,
    {
        "Yours is squared.": computed(lambda x: x.relu() ** 2),
        "Yours is halved.": computed(lambda x: x.relu() / 2),
        "Yours is the root of it.": computed(lambda x: x.relu().sqrt()),
    },
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    SIGN_WRONG,
    derivative_returned("relu", "1 above zero and 0 below", lambda x: (x > 0).to(x.dtype)),
    LEAKY,
    BOUND_WRONG,
    MAXIMUM_OF_ALL,
    DROPPED,
    SQUARED,
    elements_mixed("relu"),
    other_function(
        "relu",
        _REPAIR,
        without=("a leaky relu", "|x|", "the step, 1 above zero and 0 below"),
    ),
)
