"""Adam: each number takes steps of its own size, measured by its own past gradients.

Adam keeps a running mean of the gradients (the direction) and of their squares (the size), and
divides one by the root of the other: a step is about ``lr`` long, whatever the unit of the loss.
AdamW shrinks the weights apart from that. Where decay is added to the gradient, as in Adam, it is
divided by the size too, and the weights that move most are decayed least.

References
----------
.. [1] Kingma and Ba (2015), Adam: A Method for Stochastic Optimization, algorithm 1.
   https://arxiv.org/abs/1412.6980. Their α is our lr, their m and v our mean and square.
.. [2] Loshchilov and Hutter (2019), Decoupled Weight Decay Regularization, algorithm 2.
   https://arxiv.org/abs/1711.05101. Their λ is our weight_decay, multiplied by lr.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.errors import OptionError
from labkit.ops.arguments import expect_alike, expect_float, expect_not_negative, expect_same_shape

__all__ = ["AdamState", "adam", "adam_loops", "adamw", "adamw_loops"]

Numbers = Float[Tensor, "*shape"]


class AdamState(NamedTuple):
    """What Adam remembers: how many steps it took, and the running mean of gradient and square."""

    step: int
    mean: Tensor
    square: Tensor


def adam_loops(
    parameter: Numbers,
    gradient: Numbers,
    state: AdamState | None = None,
    *,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> tuple[Numbers, AdamState]:
    """Move one number at a time: the definition of `adam`, slow on purpose.

    Examples
    --------
    >>> moved, state = adam_loops(torch.tensor([1.0]), torch.tensor([4.0]), lr=0.5)
    >>> round(moved.item(), 6)
    0.5
    """
    t, means, squares = _resume(parameter, gradient, state, lr, betas, eps, weight_decay)
    beta_1, beta_2 = betas
    moved = [torch.zeros_like(parameter).flatten() for _ in range(3)]
    old = (tensor.flatten() for tensor in (parameter, gradient, means, squares))
    for i, (p, g, m, v) in enumerate(zip(*old, strict=True)):
        g = g + weight_decay * p
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g * g
        unbiased_m, unbiased_v = m / (1 - beta_1**t), v / (1 - beta_2**t)
        p = p - lr * unbiased_m / (unbiased_v**0.5 + eps)
        for numbers, number in zip(moved, (p, m, v), strict=True):
            numbers[i] = number
    p, m, v = (numbers.view_as(parameter) for numbers in moved)
    return p, AdamState(t, m, v)


def adam(
    parameter: Numbers,
    gradient: Numbers,
    state: AdamState | None = None,
    *,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> tuple[Numbers, AdamState]:
    """Take one step of Adam [1]_.

    Parameters
    ----------
    parameter
        The numbers that learn.
    gradient
        Of the loss, with respect to them.
    state
        What the step before returned; ``None`` at the first.
    lr
        The learning rate: about how far one step goes, in the parameter's own unit.
    betas
        The part of the mean, and of the mean square, that is kept from step to step; below 1.
    eps
        Added to the root of the mean square, so that nothing is divided by zero. float16 rounds
        1e-8 to zero: there, give 1e-7 or more.
    weight_decay
        The pull towards zero: this much of the parameter is added to its gradient.

    Returns
    -------
    parameter
        After the step.
    state
        For the next step.

    Raises
    ------
    ShapeError, DTypeError, DeviceError
        If the tensors differ in shape, dtype or device, or are not floating point.
    OptionError
        If an option is below zero, or one of the betas is not below one.

    See Also
    --------
    torch.optim.Adam : The library's version; equal to rounding.

    Examples
    --------
    >>> weight, state = torch.tensor([1.0, 1.0]), None
    >>> for _ in range(3):  # gradients a thousand times apart, and steps of the same length
    ...     weight, state = adam(weight, torch.tensor([1000.0, 1.0]), state, lr=0.25)
    >>> [round(number, 4) for number in weight.tolist()], state.step
    ([0.25, 0.25], 3)
    """
    t, m, v = _resume(parameter, gradient, state, lr, betas, eps, weight_decay)
    beta_1, beta_2 = betas
    g = gradient + weight_decay * parameter
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    # Both means start at zero and are too small at first, by these factors.
    unbiased_m, unbiased_v = m / (1 - beta_1**t), v / (1 - beta_2**t)
    return parameter - lr * unbiased_m / (unbiased_v.sqrt() + eps), AdamState(t, m, v)


def adamw_loops(
    parameter: Numbers,
    gradient: Numbers,
    state: AdamState | None = None,
    *,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
) -> tuple[Numbers, AdamState]:
    """Shrink one number at a time, then step as `adam_loops`: the definition of `adamw`.

    Examples
    --------
    >>> moved, _ = adamw_loops(torch.tensor([8.0]), torch.tensor([0.0]), lr=0.5, weight_decay=0.5)
    >>> moved.item()
    6.0
    """
    expect_alike(parameter=parameter, gradient=gradient)
    expect_not_negative(weight_decay=weight_decay)
    shrunk = torch.zeros_like(parameter).flatten()
    for i, p in enumerate(parameter.flatten()):
        shrunk[i] = p - lr * weight_decay * p
    return adam_loops(shrunk.view_as(parameter), gradient, state, lr=lr, betas=betas, eps=eps)


def adamw(
    parameter: Numbers,
    gradient: Numbers,
    state: AdamState | None = None,
    *,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
) -> tuple[Numbers, AdamState]:
    """Shrink the parameter by ``lr * weight_decay`` of itself, then take a step of Adam [2]_.

    Parameters, result and errors are those of `adam`; the decay does not enter the means.

    See Also
    --------
    torch.optim.AdamW : The library's version; equal to rounding.

    Examples
    --------
    >>> still = torch.zeros(1)
    >>> adamw(torch.tensor([8.0]), still, lr=0.5, weight_decay=0.5)[0].item()
    6.0
    """
    expect_alike(parameter=parameter, gradient=gradient)
    expect_not_negative(weight_decay=weight_decay)
    shrunk = parameter - lr * weight_decay * parameter
    return adam(shrunk, gradient, state, lr=lr, betas=betas, eps=eps)


def _resume(
    parameter: Tensor,
    gradient: Tensor,
    state: AdamState | None,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
) -> AdamState:
    """Check the arguments; return the number of this step, and the means before it."""
    expect_not_negative(lr=lr, eps=eps, weight_decay=weight_decay)
    pair = isinstance(betas, Sequence) and len(betas) == 2
    if not pair or not all(0 <= beta < 1 for beta in betas):
        raise OptionError(f"betas must be two numbers from 0 to below 1, got {betas}")
    expect_float("parameter", parameter)
    zeros = torch.zeros_like(parameter)
    step, mean, square = AdamState(0, zeros, zeros) if state is None else state
    tensors = {"parameter": parameter, "gradient": gradient, "mean": mean, "square": square}
    expect_alike(**tensors)
    expect_same_shape(**tensors)
    return AdamState(step + 1, mean, square)
