"""Mistakes people make with the weight of a "yes" in the binary cross-entropy.

In the code ``a`` are the arguments, x a logit, t its target, w the weight of a "yes" and s the
sigmoid of x; the loss is -w t log(s) - (1 - t) log(1 - s).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import with_arguments
from labkit.checks.banks.reductions import each, reduced
from labkit.checks.question import Arguments

__all__ = ["POS_WEIGHT_WRONG", "counted", "of_numbers", "weight_of"]

Count = Callable[[Tensor, Tensor], Tensor]


def weight_of(a: Arguments) -> Tensor:
    """Return the weight of a "yes", 1 where none is given.

    Examples
    --------
    >>> weight_of(Arguments(logits=torch.zeros(2), pos_weight=None)).tolist()
    [1.0, 1.0]
    """
    return torch.ones_like(a.logits) if a.pos_weight is None else a.pos_weight


def of_numbers(loss: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Variant:
    """Make a variant with another loss of a number: ``loss(x, t, w)``."""
    return each(lambda a: loss(a.logits, a.target.detach(), weight_of(a)))


def counted(yes: Count, no: Count) -> Variant:
    """Make a variant that counts -log(s) and -log(1 - s) so many times: ``yes(t, w)``."""

    def variant(op: Function, a: Arguments) -> Tensor:
        t, w = a.target.detach(), weight_of(a)
        plain = a.but(pos_weight=None, reduction="none")
        if_yes, if_no = (op(plain.but(target=torch.full_like(t, truth))) for truth in (1, 0))
        return reduced(_times(yes(t, w), if_yes) + _times(no(t, w), if_no), a.reduction)

    return variant


def _times(count: Tensor, loss: Tensor) -> Tensor:
    """Multiply; a loss that does not count is nothing, even where it is infinite."""
    return torch.where(count == 0, 0, count * loss)


def _divided_by_weights(op: Function, a: Arguments) -> Tensor:
    if a.reduction != "mean" or a.pos_weight is None:
        return op(a)
    return op(a.but(reduction="sum")) / (1 + (a.pos_weight - 1) * a.target).sum()


POS_WEIGHT_WRONG = Mistake(
    "pos_weight_wrong",
    "The weight pos_weight is not used as it should be.",
    "Multiply the term of yes by it, pos_weight * t * log(s), and nothing else.",
    {
        "It is ignored.": with_arguments(lambda a: {"pos_weight": None}),
        "Yours multiplies the term of no.": counted(lambda t, w: t, lambda t, w: (1 - t) * w),
        "Yours multiplies both terms.": counted(lambda t, w: t * w, lambda t, w: (1 - t) * w),
        "Yours multiplies the target, in both terms.": counted(
            lambda t, w: t * w, lambda t, w: 1 - t * w
        ),
        "Yours divides by it.": counted(lambda t, w: t / w, lambda t, w: 1 - t),
        "Yours adds it, where it is a factor.": counted(lambda t, w: t + w - 1, lambda t, w: 1 - t),
        "Yours divides the mean by the sum of the weights, not by the count.": _divided_by_weights,
        "Yours multiplies the logits.": of_numbers(
            lambda x, t, w: -t * F.logsigmoid(w * x) - (1 - t) * F.logsigmoid(-w * x)
        ),
        "Yours gives it to yes and the rest, 1 - pos_weight, to no.": lambda op, a: (
            op(a)
            if a.pos_weight is None
            else counted(lambda t, w: t * w, lambda t, w: (1 - t) * (1 - w))(op, a)
        ),
    },
)
