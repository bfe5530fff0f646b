"""Gradient clipping: one steep place on the way must not throw the weights far off.

Gradients that went through many layers, or many steps of time, can be a thousand times their usual
size for one batch. Clipping by norm shortens all of them by one factor and keeps their direction;
clipping by value cuts each number by itself, and so turns the direction.

References
----------
.. [1] Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural networks,
   section 3.2. https://arxiv.org/abs/1211.5063
"""

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.errors import DTypeError
from labkit.ops.arguments import expect_float, expect_not_negative

__all__ = ["clip_grad_norm", "clip_grad_value"]

# Keeps the division in bounds where all gradients are zero; the number is PyTorch's.
_ABOVE_ZERO = 1e-6


def clip_grad_norm(
    gradients: Iterable[Tensor], max_norm: float, *, norm_type: float = 2.0
) -> tuple[list[Tensor], Float[Tensor, ""]]:
    """Shorten all gradients by one factor, so that together they are no longer than ``max_norm``.

    Parameters
    ----------
    gradients
        Of any shapes; taken together as the entries of one long vector.
    max_norm
        The length that is allowed. Shorter gradients stay as they are.
    norm_type
        What a length is: 2 for the Euclidean, ``float("inf")`` for the largest entry.

    Returns
    -------
    gradients
        Clipped, in the order given.
    norm
        Their length before. Where it is infinite or NaN the step is lost: an infinite length makes
        finite gradients zero and infinite ones NaN, and a NaN makes all NaN, as in PyTorch.

    Raises
    ------
    DTypeError
        If the gradients are one tensor, or one of them is not floating point.
    OptionError
        If an option is below zero.

    See Also
    --------
    torch.nn.utils.clip_grad_norm_ : The library's version, which overwrites the gradients.

    Examples
    --------
    >>> (first, second), norm = clip_grad_norm([torch.tensor([30.0]), torch.tensor([40.0])], 5.0)
    >>> round(first.item(), 4), round(second.item(), 4), norm.item()
    (3.0, 4.0, 50.0)
    """
    gradients = _listed(gradients)
    expect_not_negative(max_norm=max_norm, norm_type=norm_type)
    if not gradients:
        return [], torch.tensor(0.0)
    lengths = [torch.linalg.vector_norm(gradient, norm_type) for gradient in gradients]
    device = gradients[0].device
    norm = torch.linalg.vector_norm(torch.stack([n.to(device) for n in lengths]), norm_type)
    factor = (max_norm / (norm + _ABOVE_ZERO)).clamp(max=1)
    return [gradient * factor.to(gradient) for gradient in gradients], norm


def clip_grad_value(gradients: Iterable[Tensor], clip_value: float) -> list[Tensor]:
    """Cut each number of each gradient to the range from ``-clip_value`` to ``clip_value``.

    Raises
    ------
    DTypeError
        If the gradients are one tensor, or one of them is not floating point.
    OptionError
        If ``clip_value`` is below zero.

    Examples
    --------
    >>> clip_grad_value([torch.tensor([-3.0, 0.5])], 1.0)
    [tensor([-1.0000,  0.5000])]
    """
    gradients = _listed(gradients)
    expect_not_negative(clip_value=clip_value)
    return [gradient.clamp(-clip_value, clip_value) for gradient in gradients]


def _listed(gradients: Iterable[Tensor]) -> list[Tensor]:
    """Check the gradients, which may come one by one: ``(p.grad for p in model.parameters())``."""
    if isinstance(gradients, Tensor):
        raise DTypeError("gradients must be a list of tensors, got one tensor; use [gradients]")
    gradients = list(gradients)
    for k, gradient in enumerate(gradients):
        expect_float(f"gradients[{k}]", gradient)
    return gradients
