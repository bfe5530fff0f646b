"""Gradient descent: a step against the gradient, and how far.

Each update is plain arithmetic on one tensor, which gives a new tensor and changes none. What an
update remembers (a velocity, running means) is handed in and comes back out. This file has the
plain step and momentum; `labkit.ops.adam` has the steps that measure each number by its own
gradients, and `labkit.ops.gradient_clipping` keeps gradients in bounds. All can be imported from
here, and all equal `torch.optim` step by step.

Autograd can look through an update, as learning to learn does. In an ordinary loop nobody wants
that: there, update under ``torch.no_grad()``.

References
----------
.. [1] Polyak (1964), Some methods of speeding up the convergence of iteration methods.
   https://doi.org/10.1016/0041-5553(64)90137-5
.. [2] Sutskever, Martens, Dahl and Hinton (2013), On the importance of initialization and momentum
   in deep learning. https://proceedings.mlr.press/v28/sutskever13.html. Their velocity contains the
   learning rate; ours, as PyTorch's, is multiplied by it.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.errors import OptionError
from labkit.ops.adam import AdamState, adam, adam_loops, adamw, adamw_loops
from labkit.ops.arguments import expect_alike, expect_not_negative, expect_same_shape
from labkit.ops.gradient_clipping import clip_grad_norm, clip_grad_value

__all__ = [
    "AdamState",
    "adam",
    "adam_loops",
    "adamw",
    "adamw_loops",
    "clip_grad_norm",
    "clip_grad_value",
    "sgd",
    "sgd_loops",
]

Numbers = Float[Tensor, "*shape"]


def sgd_loops(
    parameter: Numbers,
    gradient: Numbers,
    velocity: Numbers | None = None,
    *,
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
) -> tuple[Numbers, Numbers | None]:
    """Move one number at a time: the definition of `sgd`, slow on purpose.

    Examples
    --------
    >>> sgd_loops(torch.tensor([1.0]), torch.tensor([4.0]), lr=0.25)
    (tensor([0.]), None)
    """
    _expect_sensible(parameter, gradient, velocity, lr, momentum, dampening, nesterov, weight_decay)
    moved = torch.zeros_like(parameter).flatten()
    speeds = torch.zeros_like(moved)
    old = None if velocity is None else velocity.flatten()
    for i, (p, g) in enumerate(zip(parameter.flatten(), gradient.flatten(), strict=True)):
        g = g + weight_decay * p
        speeds[i] = g if old is None else momentum * old[i] + (1 - dampening) * g
        if momentum == 0:
            step = g
        elif nesterov:
            step = g + momentum * speeds[i].clone()
        else:
            step = speeds[i].clone()
        moved[i] = p - lr * step
    moved, speeds = moved.view_as(parameter), speeds.view_as(parameter)
    return moved, velocity if momentum == 0 else speeds


def sgd(
    parameter: Numbers,
    gradient: Numbers,
    velocity: Numbers | None = None,
    *,
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
) -> tuple[Numbers, Numbers | None]:
    """Take one step of (stochastic) gradient descent.

    Parameters
    ----------
    parameter
        The numbers that learn.
    gradient
        Of the loss, with respect to them.
    velocity
        What the step before returned; ``None`` at the first.
    lr
        The learning rate: how far along the gradient one step goes.
    momentum
        The part of the velocity that is kept from step to step [1]_; 0.9 is usual, 0 is none.
    dampening
        The part of each later gradient that does not enter the velocity.
    nesterov
        Step by what the velocity is about to become, not by what it is [2]_.
    weight_decay
        The pull towards zero: this much of the parameter is added to its gradient.

    Returns
    -------
    parameter
        After the step.
    velocity
        For the next step; what was given, where there is no momentum.

    Raises
    ------
    ShapeError, DTypeError, DeviceError
        If the tensors differ in shape, dtype or device, or are not floating point.
    OptionError
        If an option is below zero, or ``nesterov`` has no momentum, or has dampening.

    See Also
    --------
    torch.optim.SGD : The library's version; equal to rounding.

    Examples
    --------
    >>> place, velocity = torch.tensor([8.0]), None
    >>> for _ in range(3):  # down the valley x², whose slope is 2x
    ...     place, velocity = sgd(place, 2 * place, velocity, lr=0.25, momentum=0.5)
    ...     print(place.item())
    4.0
    0.0
    -2.0
    """
    _expect_sensible(parameter, gradient, velocity, lr, momentum, dampening, nesterov, weight_decay)
    g = gradient + weight_decay * parameter
    if momentum == 0:
        return parameter - lr * g, velocity
    v = g if velocity is None else momentum * velocity + (1 - dampening) * g
    step = g + momentum * v if nesterov else v
    return parameter - lr * step, v


def _expect_sensible(
    parameter: Tensor,
    gradient: Tensor,
    velocity: Tensor | None,
    lr: float,
    momentum: float,
    dampening: float,
    nesterov: bool,
    weight_decay: float,
) -> None:
    tensors = {"parameter": parameter, "gradient": gradient}
    if velocity is not None:
        tensors["velocity"] = velocity
    expect_alike(**tensors)
    expect_same_shape(**tensors)
    expect_not_negative(lr=lr, momentum=momentum, weight_decay=weight_decay)
    if nesterov and (momentum == 0 or dampening != 0):
        raise OptionError(
            "nesterov needs momentum above 0 and no dampening, "
            f"got momentum={momentum} and dampening={dampening}"
        )
