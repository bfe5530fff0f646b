"""Activations: what stands between two layers, so that they are more than one matrix.

Each works on every number by itself, except softmax (`labkit.ops.softmax`), which compares the
numbers of one row. A formula that is right on paper may overflow: in float16, exp(12) is infinite.
So the exponential is only taken of numbers that are not positive, and a formula that has two forms
is used in both, each on its own side of zero. Half precision is computed in float32 and rounded
once, at the end, as PyTorch does: of 1 + tanh(z), bfloat16 would have no digit left at z = -4.

References
----------
.. [1] Glorot, Bordes and Bengio (2011), Deep Sparse Rectifier Neural Networks.
   https://proceedings.mlr.press/v15/glorot11a.html
.. [2] Hendrycks and Gimpel (2016), Gaussian Error Linear Units. https://arxiv.org/abs/1606.08415
"""

import math
from collections.abc import Callable
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.ops.arguments import expect_float, expect_one_of
from labkit.ops.softmax import log_softmax, log_softmax_loops, softmax, softmax_loops

__all__ = [
    "gelu",
    "gelu_loops",
    "log_softmax",
    "log_softmax_loops",
    "relu",
    "relu_loops",
    "sigmoid",
    "sigmoid_loops",
    "softmax",
    "softmax_loops",
    "tanh",
    "tanh_loops",
]

Numbers = Float[Tensor, "*shape"]
Approximation = Literal["none", "tanh"]


def sigmoid_loops(x: Numbers) -> Numbers:
    """Squash one number at a time: the definition of `sigmoid`, slow on purpose.

    Examples
    --------
    >>> sigmoid_loops(torch.tensor([0.0])).tolist()
    [0.5]
    """

    def squash(number: Tensor) -> Tensor:
        if number > 0:
            return 1 / (1 + torch.exp(-number))
        return torch.exp(number) / (1 + torch.exp(number))

    return _one_by_one(squash, x)


def sigmoid(x: Numbers) -> Numbers:
    """Squash numbers into the range from 0 to 1: ``1 / (1 + exp(-x))``, without overflow.

    The slope is ``sigmoid(x) * (1 - sigmoid(x))``: a quarter at 0, and nothing far away from it,
    where a unit has stopped learning ("saturated").

    Parameters
    ----------
    x
        Numbers of any size, such as the logit of a probability.

    Returns
    -------
    Numbers
        Of the shape and dtype of ``x``.

    Raises
    ------
    DTypeError
        If ``x`` is not floating point.

    Examples
    --------
    >>> sigmoid(torch.tensor([-1e4, 0.0, 1e4])).tolist()
    [0.0, 0.5, 1.0]
    """
    exact = _exact(x)
    e = torch.exp(_downwards(exact))
    return (torch.where(exact > 0, 1, e) / (1 + e)).to(x.dtype)


def tanh_loops(x: Numbers) -> Numbers:
    """Squash one number at a time: the definition of `tanh`, slow on purpose.

    Examples
    --------
    >>> tanh_loops(torch.tensor([0.0])).tolist()
    [0.0]
    """

    def squash(number: Tensor) -> Tensor:
        e = torch.exp(-2 * number) if number > 0 else torch.exp(2 * number)
        return (1 - e) / (1 + e) if number > 0 else (e - 1) / (e + 1)

    return _one_by_one(squash, x)


def tanh(x: Numbers) -> Numbers:
    """Squash numbers into the range from −1 to 1: a sigmoid, twice as steep, centred on zero.

    The slope is ``1 - tanh(x)²``: 1 at 0, and nothing far away from it. Parameters, result and
    errors are those of `sigmoid`.

    Examples
    --------
    >>> tanh(torch.tensor([-1e4, 0.0, 1e4])).tolist()
    [-1.0, 0.0, 1.0]
    """
    exact = _exact(x)
    # exp(z) - 1 loses all its digits near zero; expm1(z) keeps them.
    e = torch.expm1(2 * _downwards(exact))
    return (torch.where(exact > 0, -e, e) / (2 + e)).to(x.dtype)


def relu_loops(x: Numbers) -> Numbers:
    """Rectify one number at a time: the definition of `relu`, slow on purpose.

    Examples
    --------
    >>> relu_loops(torch.tensor([-2.0, 3.0])).tolist()
    [0.0, 3.0]
    """
    return _one_by_one(lambda number: torch.zeros_like(number) if number <= 0 else number, x)


def relu(x: Numbers) -> Numbers:
    """Keep what is positive and put zero for the rest [1]_.

    The slope is 1 above zero and 0 below, and 0 at zero itself, where PyTorch too decides so.
    Parameters, result and errors are those of `sigmoid`.

    Examples
    --------
    >>> relu(torch.tensor([-2.0, 3.0])).tolist()
    [0.0, 3.0]
    """
    expect_float("x", x)
    return torch.where(x <= 0, 0, x)  # this way round, NaN stays NaN


def gelu_loops(x: Numbers, *, approximate: Approximation = "none") -> Numbers:
    """Weigh one number at a time: the definition of `gelu`, slow on purpose.

    Examples
    --------
    >>> round(gelu_loops(torch.tensor([1.0])).item(), 4)
    0.8413
    """
    expect_one_of("approximate", approximate, get_args(Approximation))

    def weigh(number: Tensor) -> Tensor:
        if approximate == "none":
            return number * ((1 + torch.erf(number / 2**0.5)) / 2)
        z = math.sqrt(2 / math.pi) * (number + 0.044715 * number**3)
        return number * ((1 + torch.tanh(z)) / 2)

    return _one_by_one(weigh, x)


def gelu(x: Numbers, *, approximate: Approximation = "none") -> Numbers:
    """Weigh each number by the chance that a standard normal one is smaller: ``x * Φ(x)`` [2]_.

    A relu with a soft bend: its lowest value, −0.17, is at −0.75.

    Parameters
    ----------
    x
        Numbers of any size.
    approximate
        ``"none"`` for Φ itself; ``"tanh"`` for the approximation that BERT and GPT-2 were trained
        with, which is off by 0.0005 at most.

    Returns
    -------
    Numbers
        Of the shape and dtype of ``x``.

    Raises
    ------
    DTypeError, OptionError
        If ``x`` is not floating point, or there is no such approximation.

    Examples
    --------
    >>> [round(number, 4) for number in gelu(torch.tensor([-1.0, 0.0, 1.0])).tolist()]
    [-0.1587, 0.0, 0.8413]
    """
    exact = _exact(x)
    expect_one_of("approximate", approximate, get_args(Approximation))
    if approximate == "none":
        # 1 + erf(x / √2), which loses no digits far below zero.
        return (exact * (torch.erfc(-exact / 2**0.5) / 2)).to(x.dtype)
    # Beyond 10 the tanh is 1 to the last bit of float64, and far beyond it the cube overflows.
    near = exact.clamp(-10, 10)
    z = math.sqrt(2 / math.pi) * (near + 0.044715 * near**3)
    return (exact * ((1 + torch.tanh(z)) / 2)).to(x.dtype)


def _exact(x: Tensor) -> Tensor:
    """Check x, and give half precision the digits that a formula of several steps needs."""
    expect_float("x", x)
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _downwards(x: Tensor) -> Tensor:
    """Give −|x|; unlike that, it has a slope at zero."""
    return torch.where(x > 0, -x, x)


def _one_by_one(formula: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    exact = _exact(x)
    results = torch.zeros(x.numel(), dtype=x.dtype, device=x.device)
    for i, number in enumerate(exact.flatten()):
        results[i] = formula(number)
    return results.reshape(x.shape)
