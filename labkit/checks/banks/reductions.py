"""Mistakes people make when they put the losses of all numbers together.

In the code ``a`` are the arguments, of which ``reduction`` is "mean", "sum" or "none".
"""

from collections.abc import Callable

from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import with_arguments
from labkit.checks.question import Arguments

__all__ = ["REDUCTION_IGNORED", "each", "reduced"]


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """Return the mean or the sum of all losses, or the losses themselves.

    Examples
    --------
    >>> import torch
    >>> reduced(torch.tensor([[1.0, 5.0]]), "mean").item()
    3.0
    """
    return {"mean": losses.mean, "sum": losses.sum}.get(reduction, losses.clone)()


def each(loss: Callable[[Arguments], Tensor]) -> Variant:
    """Make a variant with other losses, one for each number; they are put together rightly."""
    return lambda _, a: reduced(loss(a), a.reduction)


def _mean_as(mean: Callable[[Tensor], Tensor]) -> Variant:
    """Make a variant that takes the mean of the losses in another way."""

    def variant(op: Function, a: Arguments) -> Tensor:
        return mean(op(a.but(reduction="none"))) if a.reduction == "mean" else op(a)

    return variant


REDUCTION_IGNORED = Mistake(
    "reduction_ignored",
    "The losses are put together in the wrong way.",
    'Return losses.mean() over all numbers for reduction="mean", which is the default, '
    'losses.sum() for "sum", and losses for "none".',
    {
        "Yours returns the sum.": with_arguments(lambda a: {"reduction": "sum"}),
        "Yours returns the mean, whatever reduction says.": with_arguments(
            lambda a: {"reduction": "mean"}
        ),
        "Yours returns one loss for each number.": with_arguments(lambda a: {"reduction": "none"}),
        "Yours divides the sum by the length of the batch alone.": _mean_as(
            lambda losses: losses.sum() / len(losses)
        ),
        "Your mean is over the last axis alone.": _mean_as(lambda losses: losses.mean(-1)),
        "Your mean is over the batch alone.": _mean_as(lambda losses: losses.mean(0)),
        "Yours divides the mean by the count once more.": _mean_as(
            lambda losses: losses.mean() / losses.numel()
        ),
        "Yours divides by the length of the last axis alone.": _mean_as(
            lambda losses: losses.sum() / losses.shape[-1]
        ),
    },
)
