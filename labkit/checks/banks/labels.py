"""Mistakes people make with the labels of a cross-entropy: which class counts, and how much.

In the code ``a`` are the arguments; the loss of row n is -log softmax(logits[n])[target[n]].
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import with_arguments
from labkit.checks.question import Arguments

__all__ = [
    "IGNORE_INDEX_IGNORED",
    "SMOOTHING_WRONG",
    "WRONG_CLASS",
    "each",
    "one_hot",
    "picked",
]


def _reduced(losses: Tensor, a: Arguments) -> Tensor:
    """Take the sum or the mean over the rows that count."""
    counts = a.target != a.ignore_index
    losses = torch.where(counts, losses, torch.zeros_like(losses))
    if a.reduction == "none":
        return losses
    return losses.sum() / counts.sum() if a.reduction == "mean" else losses.sum()


def each(loss: Callable[[Tensor, Tensor], Tensor]) -> Variant:
    """Make a variant with another loss of a row: ``loss(logits, target)``."""

    def variant(_: Function, a: Arguments) -> Tensor:
        target = torch.where(a.target == a.ignore_index, torch.zeros_like(a.target), a.target)
        return _reduced(loss(a.logits, target), a)

    return variant


def picked(numbers: Tensor, target: Tensor) -> Tensor:
    """Return the number of its label's column for each row."""
    return numbers.gather(1, target[:, None])[:, 0]


def one_hot(logits: Tensor, target: Tensor) -> Tensor:
    """Return 1 in the column of each row's label, and 0 elsewhere."""
    return F.one_hot(target, logits.shape[1]).to(logits.dtype)


def _all_columns(op: Function, a: Arguments) -> Tensor:
    """Index without the row: every row with every label."""
    table = -torch.log_softmax(a.logits, 1)[:, a.target]
    return {"mean": table.mean, "sum": table.sum}.get(a.reduction, table.clone)()


def _other_class(change: Callable[[Arguments], Tensor]) -> Variant:
    def changed(a: Arguments) -> dict:
        return {"target": torch.where(a.target == a.ignore_index, a.target, change(a))}

    return with_arguments(changed)


def _smoothed(target_share: Callable[[float, int], float], rest: Callable) -> Variant:
    """Make a variant with other shares of the label and of each other class."""

    def variant(op: Function, a: Arguments) -> Tensor:
        eps, classes = a.label_smoothing, a.logits.shape[1]
        if not eps:
            return op(a)

        def loss(logits: Tensor, target: Tensor) -> Tensor:
            shares = torch.full_like(logits, rest(eps, classes))
            shares.scatter_(1, target[:, None], target_share(eps, classes))
            return -(shares * torch.log_softmax(logits, 1)).sum(1)

        return each(loss)(op, a)

    return variant


def _ignored_counted(op: Function, a: Arguments) -> Tensor:
    kept = int((a.target != a.ignore_index).sum())
    return op(a) * (kept / len(a.target)) if a.reduction == "mean" else op(a)


WRONG_CLASS = Mistake(
    "wrong_class",
    "The probability of the wrong class is taken.",
    "Take column target[n] of row n: log_p[torch.arange(N), target].",
    {
        "Yours pairs every row with every label: log_p[:, target].": _all_columns,
        "Yours takes target - 1, as if classes counted from 1.": _other_class(
            lambda a: (a.target - 1) % a.logits.shape[1]
        ),
        "Yours takes target + 1.": _other_class(lambda a: (a.target + 1) % a.logits.shape[1]),
        "Yours takes the most likely class, not the label.": _other_class(
            lambda a: a.logits.argmax(1)
        ),
        "Yours takes the first class.": _other_class(lambda a: torch.zeros_like(a.target)),
        "Yours takes all classes but the label.": each(
            lambda x, t: -((1 - one_hot(x, t)) * torch.log_softmax(x, 1)).sum(1)
        ),
        "Yours takes all classes.": each(lambda x, t: -torch.log_softmax(x, 1).sum(1)),
    },
)

IGNORE_INDEX_IGNORED = Mistake(
    "ignore_index_ignored",
    "Rows whose label is ignore_index still count.",
    "Leave those rows out of the sum, and out of the number by which it is divided.",
    {
        "": with_arguments(
            lambda a: {"ignore_index": -100, "target": a.target % a.logits.shape[1]}
        ),
        "Their losses are left out, but the mean still divides by all rows.": _ignored_counted,
    },
)

SMOOTHING_WRONG = Mistake(
    "smoothing_wrong",
    "The label smoothing is not right.",
    "Each of the K classes gets a share of eps / K, and the label 1 - eps besides.",
    {
        "It is ignored.": with_arguments(lambda a: {"label_smoothing": 0.0}),
        "Yours gives eps / (K - 1) to the others and 1 - eps to the label.": _smoothed(
            lambda eps, k: 1 - eps, lambda eps, k: eps / (k - 1)
        ),
        "Yours gives 1 - eps to the label and eps / K to the others: that is less than 1.": (
            _smoothed(lambda eps, k: 1 - eps, lambda eps, k: eps / k)
        ),
        "Yours gives the others nothing.": _smoothed(lambda eps, k: 1 - eps, lambda eps, k: 0.0),
        "Yours takes nothing from the label: the shares are more than 1.": _smoothed(
            lambda eps, k: 1.0, lambda eps, k: eps / k
        ),
        "Yours gives eps to each of the others.": _smoothed(
            lambda eps, k: 1 - eps, lambda eps, k: eps
        ),
        "Yours has eps and 1 - eps exchanged.": _smoothed(
            lambda eps, k: eps + (1 - eps) / k, lambda eps, k: (1 - eps) / k
        ),
    },
)
