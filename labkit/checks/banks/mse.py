"""Mistakes people make when they write the mean squared error.

In the code ``a`` are the arguments and e the error, x - target; the loss of a number is e².
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import with_result
from labkit.checks.banks.reductions import REDUCTION_IGNORED, each, reduced
from labkit.checks.question import Arguments

__all__ = ["MISTAKES"]


def _of_errors(loss: Callable[[Tensor], Tensor]) -> Variant:
    """Make a variant with another loss of an error."""
    return each(lambda a: loss(a.x - a.target.detach()))


def _of_both(loss: Callable[[Tensor, Tensor], Tensor]) -> Variant:
    return each(lambda a: loss(a.x, a.target.detach()))


def _squared_late(op: Function, a: Arguments) -> Tensor:
    return reduced(a.x - a.target.detach(), a.reduction) ** 2


def _of_pairs(x: Tensor, target: Tensor) -> Tensor:
    """Return the squared error of every pair of numbers."""
    return (x.reshape(-1, 1) - target.reshape(1, -1)) ** 2


def _column_against_row(op: Function, a: Arguments) -> Tensor:
    if a.x.dim() == 2 and a.x.shape[1] == 1:
        return reduced(_of_pairs(a.x, a.target.detach()), a.reduction)
    return op(a)


def _unbiased(op: Function, a: Arguments) -> Tensor:
    if a.reduction != "mean":
        return op(a)
    return op(a.but(reduction="sum")) / torch.tensor(float(a.x.numel() - 1))


ROOT_TAKEN = Mistake(
    "root_taken",
    "The root is taken: that is the root mean square, another measure.",
    "Return the mean of the squares.",
    {
        "": with_result(torch.sqrt),
        "Yours is the length of the error, the root of the sum.": lambda op, a: (
            op(a.but(reduction="sum")).sqrt() if a.reduction == "mean" else op(a)
        ),
    },
)

NOT_SQUARED = Mistake(
    "not_squared",
    "The errors are not squared.",
    "Square each: (x - target) ** 2.",
    {
        "Yours are summed with their signs, and cancel.": _of_errors(torch.clone),
        "Yours have the opposite sign, and cancel.": _of_errors(torch.neg),
        "Yours are absolute.": _of_errors(torch.abs),
        "Yours are doubled, where they are squared: 2 * e for e ** 2.": _of_errors(lambda e: 2 * e),
        "Yours are cubed.": _of_errors(lambda e: e**3),
        "Yours have the power of four: they are squared twice.": _of_errors(lambda e: e**4),
        "Yours are e ^ 2 in words, but 2 ** e in numbers.": _of_errors(torch.exp2),
    },
)

SQUARED_LATE = Mistake(
    "squared_late",
    "The square is taken after the mean: errors of opposite sign have cancelled by then.",
    "Square each error first, then take the mean.",
    {"": _squared_late},
)

SQUARED_APART = Mistake(
    "squared_apart",
    "x and target are squared apart from one another, not their difference.",
    "Subtract first: (x - target) ** 2.",
    {
        "Yours is x ** 2 - target ** 2.": _of_both(lambda x, t: x**2 - t**2),
        "Yours is x - target ** 2: a bracket is missing.": _of_both(lambda x, t: x - t**2),
        "Yours is (x ** 2 - target ** 2) ** 2.": _of_both(lambda x, t: (x**2 - t**2) ** 2),
        "Yours is x * target.": _of_both(lambda x, t: x * t),
        "Yours leaves the target out: x ** 2.": _of_both(lambda x, t: x**2),
        "Yours adds them: (x + target) ** 2.": _of_both(lambda x, t: (x + t) ** 2),
    },
)

HALVED = Mistake(
    "halved",
    "A factor is left in.",
    "The mean of the squares, as it is: PyTorch has no 1/2 before it.",
    {
        "Yours is half as large. Textbooks do so to have a simpler slope.": with_result(
            lambda loss: loss / 2
        ),
        "Yours is twice as large.": with_result(lambda loss: 2 * loss),
    },
)

SIGN_WRONG = Mistake(
    "sign_wrong",
    "The sign is wrong: a square is never negative.",
    "Return it without a minus; smaller is better.",
    {"": with_result(torch.neg)},
)

BROADCAST = Mistake(
    "broadcast",
    "Each prediction is compared with every target: shapes (N, 1) and (N,) broadcast to (N, N).",
    "Give both one shape before you subtract: squeeze both or neither, and assert that "
    "x.shape == target.shape.",
    {
        "": _column_against_row,
        "Yours does so for all shapes.": lambda _, a: reduced(
            _of_pairs(a.x, a.target.detach()), a.reduction
        ),
    },
)

COUNT_WRONG = Mistake(
    "count_wrong",
    "The sum is divided by the count less one.",
    "Divide by the count: nothing was estimated from these numbers.",
    {
        "": _unbiased,
        "Yours is the variance of the errors: their mean is subtracted first.": lambda op, a: op(
            a.but(x=a.x - (a.x - a.target).mean())
        ),
    },
)

OTHER_LOSS = Mistake(
    "other_loss",
    "That is another loss.",
    "Return ((x - target) ** 2).mean().",
    {
        "Yours is Huber's, straight beyond 1.": _of_both(
            lambda x, t: F.smooth_l1_loss(x, t, reduction="none")
        ),
        "Yours is relative to the target.": _of_both(lambda x, t: ((x - t) / t) ** 2),
        "Yours is relative to the mean square of the target.": _of_both(
            lambda x, t: (x - t) ** 2 / (t**2).mean()
        ),
        "Yours counts the numbers that are not equal.": _of_both(lambda x, t: (x != t).to(x.dtype)),
        "Yours is log(cosh) of the error.": _of_errors(lambda e: torch.log(torch.cosh(e))),
        "Yours is the largest square.": lambda op, a: (
            op(a.but(reduction="none")).max() if a.reduction == "mean" else op(a)
        ),
        "Yours is the median of the squares.": lambda op, a: (
            op(a.but(reduction="none")).median() if a.reduction == "mean" else op(a)
        ),
    },
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    ROOT_TAKEN,
    REDUCTION_IGNORED,
    HALVED,
    NOT_SQUARED,
    SQUARED_LATE,
    SQUARED_APART,
    BROADCAST,
    SIGN_WRONG,
    COUNT_WRONG,
    OTHER_LOSS,
)
