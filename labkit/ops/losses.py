"""Losses: one number for how wrong the predictions are, and a slope for each of them.

The squared error is for quantities, binary cross-entropy for yes or no, and cross-entropy
(`labkit.ops.cross_entropy`) for one class of several. The last two take logits, which are what a
network gives before any sigmoid or softmax: then nothing overflows, and a prediction that is
surely wrong still has a slope to learn by.

References
----------
.. [1] Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.2.
   https://www.deeplearningbook.org/contents/mlp.html
"""

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.errors import ShapeError
from labkit.ops.arguments import expect_alike, expect_same_shape
from labkit.ops.cross_entropy import cross_entropy, cross_entropy_loops
from labkit.ops.reduction import Reduction, reduce_losses

__all__ = [
    "binary_cross_entropy_with_logits",
    "binary_cross_entropy_with_logits_loops",
    "cross_entropy",
    "cross_entropy_loops",
    "mse",
    "mse_loops",
]

Numbers = Float[Tensor, "*shape"]


def mse_loops(
    x: Numbers, target: Numbers, *, reduction: Reduction = "mean"
) -> Float[Tensor, "..."]:
    """Square one error at a time: the definition of `mse`, slow on purpose.

    Examples
    --------
    >>> mse_loops(torch.tensor([1.0, 4.0]), torch.tensor([1.0, 2.0])).item()
    2.0
    """
    expect_alike(x=x, target=target)
    expect_same_shape(x=x, target=target)
    losses = torch.zeros(x.numel(), dtype=x.dtype, device=x.device)
    for i, (predicted, true) in enumerate(zip(x.flatten(), target.flatten(), strict=True)):
        losses[i] = (predicted - true) * (predicted - true)
    return reduce_losses(losses.reshape(x.shape), reduction)


def mse(x: Numbers, target: Numbers, *, reduction: Reduction = "mean") -> Float[Tensor, "..."]:
    """Square the errors: twice as far off costs four times as much.

    Parameters
    ----------
    x, target
        What was predicted, and what is true, in one unit and of one shape: nothing is broadcast.
    reduction
        ``"mean"`` over all numbers, ``"sum"``, or ``"none"``.

    Returns
    -------
    Float[Tensor, "..."]
        In the square of that unit; one number, or one for each of the target's where ``reduction``
        is ``"none"``.

    Raises
    ------
    ShapeError, DTypeError, DeviceError
        If the two differ in shape, dtype or device, or are not floating point.
    OptionError
        If there is no such reduction.

    See Also
    --------
    torch.nn.functional.mse_loss : The library's version; equal to rounding.

    Examples
    --------
    >>> mse(torch.tensor([1.0, 4.0]), torch.tensor([1.0, 2.0]), reduction="none").tolist()
    [0.0, 4.0]
    """
    expect_alike(x=x, target=target)
    expect_same_shape(x=x, target=target)
    return reduce_losses((x - target) ** 2, reduction)


def binary_cross_entropy_with_logits_loops(
    logits: Numbers,
    target: Numbers,
    *,
    pos_weight: Float[Tensor, "..."] | None = None,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    """Judge one answer at a time: the definition, slow on purpose.

    Examples
    --------
    >>> even = torch.zeros(1, dtype=torch.float64)
    >>> round(binary_cross_entropy_with_logits_loops(even, torch.ones_like(even)).exp().item(), 6)
    2.0
    """
    weights = _positive_weights(logits, target, pos_weight).flatten()
    losses = torch.zeros(logits.numel(), dtype=logits.dtype, device=logits.device)
    for i, (x, t) in enumerate(zip(logits.flatten(), target.flatten(), strict=True)):
        # −log of the shares that "no" and "yes" would get from a softmax over the scores 0 and x.
        total = torch.logaddexp(x, torch.zeros_like(x))
        losses[i] = (1 - t) * total + weights[i] * t * (total - x)
    return reduce_losses(losses.reshape(logits.shape), reduction)


def binary_cross_entropy_with_logits(
    logits: Numbers,
    target: Numbers,
    *,
    pos_weight: Float[Tensor, "..."] | None = None,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    """Compare yes-or-no logits with the truth: ``-t log(s) - (1 - t) log(1 - s)``, s the sigmoid.

    Parameters
    ----------
    logits
        Scores for "yes": 0 is undecided.
    target
        1 for "yes", 0 for "no", or a share between; of the shape of the logits.
    pos_weight
        How many times as much a missed "yes" costs, for example the number of "no"s for each "yes";
        of any shape that broadcasts to the target's, such as one for each column.
    reduction
        ``"mean"`` over all numbers, ``"sum"``, or ``"none"``.

    Returns
    -------
    Float[Tensor, "..."]
        In nats; one number, or one for each target where ``reduction`` is ``"none"``.

    Raises
    ------
    ShapeError, DTypeError, DeviceError
        If the tensors do not fit, differ in dtype or device, or are not floating point.
    OptionError
        If there is no such reduction.

    See Also
    --------
    torch.nn.functional.binary_cross_entropy_with_logits : The library's; equal to rounding.

    Examples
    --------
    >>> logits, truth = torch.tensor([0.0, 1e4, 1e4]), torch.tensor([1.0, 1.0, 0.0])
    >>> binary_cross_entropy_with_logits(logits, truth, reduction="none").tolist()[1:]
    [0.0, 10000.0]
    """
    weights = _positive_weights(logits, target, pos_weight)
    x, t = logits, target
    # log(1 + exp(-x)), where exp never overflows. Not written with |x|, which has no slope at 0.
    missed = torch.where(x > 0, 0, -x) + torch.log1p(torch.exp(torch.where(x > 0, -x, x)))
    losses = (1 - t) * x + (1 + (weights - 1) * t) * missed
    return reduce_losses(losses, reduction)


def _positive_weights(logits: Tensor, target: Tensor, pos_weight: Tensor | None) -> Tensor:
    """Check the arguments; return a weight for each target."""
    expect_alike(logits=logits, target=target, pos_weight=pos_weight)
    expect_same_shape(logits=logits, target=target)
    if pos_weight is None:
        return torch.ones_like(target)
    try:
        return pos_weight.expand(target.shape)
    except RuntimeError:
        raise ShapeError(
            f"pos_weight must broadcast to the target's shape, {tuple(target.shape)}; "
            f"got {tuple(pos_weight.shape)}"
        ) from None
