"""Mistakes people make when they write a softmax.

In the code ``a`` are the arguments, and the exact answer is exp(x_i) / Σ exp(x_j) along ``dim``.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import with_arguments, with_result
from labkit.checks.question import Arguments

__all__ = ["MISTAKES"]


def _computed(formula: Callable[[Tensor, int], Tensor]) -> Variant:
    """Make a variant that works its answer out of x and dim in another way."""
    return lambda _, a: formula(a.x, a.dim)


def _divided(numbers: Tensor, dim: int) -> Tensor:
    return numbers / numbers.sum(dim, keepdim=True)


def _stable(x: Tensor, dim: int) -> Tensor:
    """Return exp(x) as large as it can be without overflow."""
    return torch.exp(x - x.amax(dim, keepdim=True))


def _all_elements(op: Function, a: Arguments) -> Tensor:
    return op(a.but(x=a.x.flatten(), dim=0)).reshape(a.x.shape)


def _sum_unaligned(x: Tensor, dim: int) -> Tensor:
    numbers = _stable(x, dim)
    return numbers / numbers.sum(dim)


def _unaligned(x: Tensor, dim: int) -> Tensor:
    numbers = torch.exp(x - x.amax(dim))
    return numbers / numbers.sum(dim)


def _one_hot(x: Tensor, dim: int) -> Tensor:
    return torch.zeros_like(x).scatter(dim, x.argmax(dim, keepdim=True), 1.0)


OVERFLOW = Mistake(
    "overflow",
    "Large numbers overflow: exp(89) is more than float32 can hold, and inf / inf is NaN.",
    "Subtract the maximum along dim first, x - x.amax(dim, keepdim=True); the answer stays "
    "the same.",
    {
        "": _computed(lambda x, dim: _divided(torch.exp(x), dim)),
        "Yours subtracts the maximum of all numbers, not of each row: a row far below it becomes "
        "0 / 0.": _computed(lambda x, dim: _divided(torch.exp(x - x.max()), dim)),
        "Yours subtracts the mean, which leaves the largest too large.": _computed(
            lambda x, dim: _divided(torch.exp(x - x.mean(dim, keepdim=True)), dim)
        ),
        "Yours subtracts the minimum, which makes them larger still.": _computed(
            lambda x, dim: _divided(torch.exp(x - x.amin(dim, keepdim=True)), dim)
        ),
    },
)

WRONG_AXIS = Mistake(
    "wrong_axis",
    "The sum runs along another axis than dim.",
    "Give dim to amax and to sum: along that axis the result adds up to 1.",
    {
        "Yours uses the last axis, whatever dim says.": with_arguments(lambda a: {"dim": -1}),
        "Yours uses the first axis.": with_arguments(lambda a: {"dim": 0}),
        "Yours sums over all elements.": _all_elements,
        "Yours uses the second axis.": with_arguments(lambda a: {"dim": min(1, a.x.dim() - 1)}),
    },
)

KEEPDIM_FORGOTTEN = Mistake(
    "keepdim_forgotten",
    "The sum has lost its axis, and broadcasting lays it along another one.",
    "Keep the axis: sum(dim, keepdim=True), so that each row is divided by its own sum.",
    {
        "": _computed(_sum_unaligned),
        "So has the maximum.": _computed(_unaligned),
        "Nor is the maximum subtracted.": _computed(
            lambda x, dim: torch.exp(x) / torch.exp(x).sum(dim)
        ),
    },
)

LOG_RETURNED = Mistake(
    "log_returned",
    "The result is the logarithm of the softmax.",
    "Return the probabilities themselves: they are positive and add up to 1.",
    {
        "": _computed(torch.log_softmax),
        "It was taken of the finished softmax, whose smallest shares are 0.": with_result(
            torch.log
        ),
    },
)

NOT_NORMALISED = Mistake(
    "not_normalised",
    "The result does not add up to 1 along dim.",
    "Divide exp(x) by its sum along dim.",
    {
        "Yours is exp(x).": _computed(lambda x, dim: torch.exp(x)),
        "Yours is exp(x - maximum): the largest is 1.": _computed(_stable),
        "Yours divides by the mean, or by the sum and multiplies by the count.": _computed(
            lambda x, dim: _divided(_stable(x, dim), dim) * x.shape[dim]
        ),
        "Yours divides by the sum of x, not of exp(x).": _computed(
            lambda x, dim: torch.exp(x) / x.sum(dim, keepdim=True)
        ),
        "Yours divides by the length of the vector exp(x).": _computed(
            lambda x, dim: torch.nn.functional.normalize(_stable(x, dim), dim=dim)
        ),
        "Yours is the sigmoid of each number.": _computed(lambda x, dim: torch.sigmoid(x)),
    },
)

EXP_FORGOTTEN = Mistake(
    "exp_forgotten",
    "The exponential is forgotten.",
    "Take exp of every number first: only positive numbers are shares of their sum.",
    {
        "Yours divides x by its sum.": _computed(_divided),
        "Yours divides |x| by its sum.": _computed(lambda x, dim: _divided(x.abs(), dim)),
        "Yours divides x² by its sum.": _computed(lambda x, dim: _divided(x * x, dim)),
        "Yours divides relu(x) by its sum.": _computed(lambda x, dim: _divided(x.relu(), dim)),
    },
)

WRONG_BASE = Mistake(
    "wrong_base",
    "The powers are not those of e.",
    "Use torch.exp(x), e to the power of x.",
    {
        "Yours are powers of 2.": with_arguments(lambda a: {"x": a.x * 0.6931471805599453}),
        "Yours are powers of 10.": with_arguments(lambda a: {"x": a.x * 2.302585092994046}),
    },
)

SIGN_WRONG = Mistake(
    "sign_wrong",
    "The largest number gets the smallest share.",
    "Take exp(x - maximum), not exp(maximum - x).",
    {"": with_arguments(lambda a: {"x": -a.x})},
)

SOFTMAX_TWICE = Mistake(
    "softmax_twice",
    "The softmax is applied twice.",
    "Apply it once: its result holds probabilities already.",
    {"": lambda op, a: op(a.but(x=op(a)))},
)

HARD_MAXIMUM = Mistake(
    "hard_maximum",
    "The result is 1 at the largest number and 0 elsewhere.",
    "Softmax is soft: every number keeps a share, exp(x) of the sum.",
    {"": _computed(_one_hot)},
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    OVERFLOW,
    WRONG_AXIS,
    KEEPDIM_FORGOTTEN,
    NOT_NORMALISED,
    LOG_RETURNED,
    EXP_FORGOTTEN,
    SIGN_WRONG,
    SOFTMAX_TWICE,
    WRONG_BASE,
    HARD_MAXIMUM,
)
