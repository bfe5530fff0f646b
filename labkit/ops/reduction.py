"""Reduction: how the losses of many predictions become one number."""

from typing import Literal, get_args

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from labkit.ops.arguments import expect_one_of

__all__ = ["Reduction", "reduce_losses"]

Reduction = Literal["none", "mean", "sum"]


def reduce_losses(
    losses: Float[Tensor, "*shape"],
    reduction: Reduction,
    counted: Bool[Tensor, "*shape"] | None = None,
) -> Float[Tensor, "..."]:
    """Keep the losses, add them up, or take their mean over those that are counted.

    Parameters
    ----------
    losses
        One for each prediction; zero where it is not counted.
    reduction
        ``"none"``, ``"mean"`` or ``"sum"``. The mean of no losses is NaN, as in PyTorch.
    counted
        Which losses the mean is over; all, if nothing is said.

    Raises
    ------
    OptionError
        If there is no such reduction.

    Examples
    --------
    >>> reduce_losses(torch.tensor([1.0, 3.0, 0.0]), "mean", torch.tensor([True, True, False]))
    tensor(2.)
    """
    expect_one_of("reduction", reduction, get_args(Reduction))
    if reduction == "none":
        return losses
    # float16 ends at 65,504: the sum is rounded to it at the end.
    total = losses.sum(dtype=torch.promote_types(losses.dtype, torch.float32))
    if reduction == "mean":
        total = total / (losses.numel() if counted is None else counted.sum())
    return total.to(losses.dtype)
