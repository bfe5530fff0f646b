"""Mistakes people make when they propagate an error back through a network of two layers.

In the code ``a`` are the arguments, s = x W₁ᵀ + b₁ the sums of the hidden layer, h = tanh(s), and
z = h W₂ᵀ + b₂ the logits; δ₂ and δ₁ are the gradients with respect to z and s.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks import gradients
from labkit.checks.banks.misuse import with_arguments
from labkit.checks.question import Arguments

__all__ = ["MISTAKES"]

Gradients = tuple[Tensor, Tensor, Tensor, Tensor]


def _one_hot(z: Tensor, target: Tensor) -> Tensor:
    return F.one_hot(target, z.shape[1]).to(z.dtype)


def _error(z: Tensor, target: Tensor) -> Tensor:
    return (torch.softmax(z, 1) - _one_hot(z, target)) / len(z)


def _product(delta: Tensor, inputs: Tensor) -> Tensor:
    return delta.T @ inputs


@dataclass(frozen=True)
class _Steps:
    """The steps of the way back, each of which may be done wrongly."""

    error: Callable[[Tensor, Tensor], Tensor] = _error
    slope: Callable[[Tensor, Tensor], Tensor] = lambda s, h: 1 - h**2
    weight_1: Callable[[Tensor, Tensor], Tensor] = _product
    weight_2: Callable[[Tensor, Tensor], Tensor] = _product
    bias: Callable[[Tensor], Tensor] = lambda delta: delta.sum(0)
    back: Callable[[Tensor, Tensor, Tensor], Tensor] = lambda delta, w_2, h: delta @ w_2
    hidden: Callable[[Tensor, Tensor], Tensor] = lambda s, h: h


def _stepwise(**changed: Callable) -> Variant:
    """Make a variant in which these steps are done in another way."""
    steps = _Steps(**changed)

    def variant(_: Function, a: Arguments) -> Gradients:
        s = F.linear(a.x, a.weight_1, a.bias_1)
        h = torch.relu(s) if a.activation == "relu" else torch.tanh(s)
        slope = steps.slope
        if a.activation == "relu" and "slope" not in changed:
            slope = lambda s, h: (s > 0).to(s.dtype)  # noqa: E731
        delta_2 = steps.error(F.linear(h, a.weight_2, a.bias_2), a.target)
        delta_1 = steps.back(delta_2, a.weight_2, h) * slope(s, h)
        return (
            steps.weight_1(delta_1, a.x),
            steps.bias(delta_1),
            steps.weight_2(delta_2, steps.hidden(s, h)),
            steps.bias(delta_2),
        )

    return variant


def _for_tanh(slope: Callable[[Tensor, Tensor], Tensor]) -> Variant:
    """Make a variant with another derivative of tanh; that of ReLU is right."""
    changed, right = _stepwise(slope=slope), _stepwise()
    return lambda op, a: (right if a.activation == "relu" else changed)(op, a)


def _updated(rate: float) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    return lambda delta, w_2, h: delta @ (w_2 - rate * delta.T @ h)


SLOPE_FORGOTTEN = Mistake(
    "slope_forgotten",
    "The derivative of the activation is forgotten on the way back.",
    "Multiply what comes back to the hidden layer by 1 - h**2, the derivative of tanh.",
    {"": _stepwise(slope=lambda s, h: torch.ones_like(s))},
)

SLOPE_WRONG = Mistake(
    "slope_wrong",
    "The derivative of the activation is not right.",
    "For h = tanh(s) it is 1 - h**2: h is what came out of tanh, not the sum that went in.",
    {
        "Yours is 1 - s**2, of the sum instead of tanh's result.": _for_tanh(lambda s, h: 1 - s**2),
        "Yours is 1 - tanh(h)**2, taken at the result instead of at the sum.": _for_tanh(
            lambda s, h: 1 - torch.tanh(h) ** 2
        ),
        "Yours is h * (1 - h), which is that of the sigmoid.": _for_tanh(lambda s, h: h * (1 - h)),
        "Yours is 1 - h: the square is missing.": _for_tanh(lambda s, h: 1 - h),
        "Yours is tanh itself.": _for_tanh(lambda s, h: h),
        "Yours is h**2.": _for_tanh(lambda s, h: h**2),
    },
)

ACTIVATION_IGNORED = Mistake(
    "activation_ignored",
    "The option activation is ignored, at least on the way back.",
    "For ReLU the derivative is 1 where the sum is positive, and 0 elsewhere.",
    {
        "Yours is always tanh.": with_arguments(lambda a: {"activation": "tanh"}),
        "Your derivative is always that of tanh.": _stepwise(slope=lambda s, h: 1 - h**2),
    },
)

BIAS_NOT_SUMMED = Mistake(
    "bias_not_summed",
    "The gradient of a bias is not the sum over the batch.",
    "Every row adds the same bias, so its gradient is delta.sum(dim=0).",
    {
        "Yours still has a row for each example.": _stepwise(bias=lambda delta: delta),
        "Yours is the mean over the batch; the 1/N is in delta already.": _stepwise(
            bias=lambda delta: delta.mean(0)
        ),
        "Yours sums over the units.": _stepwise(bias=lambda delta: delta.sum(1)),
        "Yours sums over everything.": _stepwise(bias=lambda delta: delta.sum()),
        "Yours has an axis of size 1 left.": _stepwise(bias=lambda delta: delta.sum(0, True)),
        "Yours takes the first row.": _stepwise(bias=lambda delta: delta[0]),
    },
)

ERROR_WRONG = Mistake(
    "error_wrong",
    "The way back begins with a wrong error.",
    "The gradient of the cross-entropy with respect to the logits is (softmax - one_hot) / N.",
    {
        "Yours is the softmax, without the label.": _stepwise(
            error=lambda z, t: torch.softmax(z, 1) / len(z)
        ),
        "Yours is logits - one_hot, without the softmax.": _stepwise(
            error=lambda z, t: (z - _one_hot(z, t)) / len(z)
        ),
        "Yours is -one_hot / softmax, and the softmax's own derivative is missing.": _stepwise(
            error=lambda z, t: -_one_hot(z, t) / torch.softmax(z, 1) / len(z)
        ),
        "Yours multiplies by p * (1 - p) besides.": _stepwise(
            error=lambda z, t: _error(z, t) * torch.softmax(z, 1) * (1 - torch.softmax(z, 1))
        ),
        "Yours is that of the squared error, times 2.": _stepwise(
            error=lambda z, t: 2 * (z - _one_hot(z, t)) / len(z)
        ),
        "Your softmax runs down the batch.": _stepwise(
            error=lambda z, t: (torch.softmax(z, 0) - _one_hot(z, t)) / len(z)
        ),
        "Your label is one class too low.": with_arguments(
            lambda a: {"target": (a.target - 1) % len(a.weight_2)}
        ),
    },
)

WAY_BACK_WRONG = Mistake(
    "way_back_wrong",
    "The error does not come back to the hidden layer through weight_2 as it should.",
    "delta_1 = (delta_2 @ weight_2) * (1 - h**2): forwards it was h @ weight_2.T.",
    {
        "Yours goes through weight_2 transposed.": _stepwise(
            back=lambda delta, w_2, h: delta @ w_2.T
        ),
        "Yours goes through a weight_2 that was updated already, with a rate of 1.": _stepwise(
            back=_updated(1.0)
        ),
        "Yours goes through a weight_2 that was updated already, with a rate of 0.1.": _stepwise(
            back=_updated(0.1)
        ),
        "Yours does not go through it at all.": _stepwise(back=lambda delta, w_2, h: delta),
        "Yours stops there: the first layer has zeros.": _stepwise(
            back=lambda delta, w_2, h: torch.zeros_like(h)
        ),
    },
)

INPUT_WRONG = Mistake(
    "input_wrong",
    "The gradient of a matrix is made with the wrong input of its layer.",
    "Layer 1 received x, layer 2 received h = tanh(s): keep both on the way forward.",
    {
        "Layer 2 received h, not the sums before tanh.": _stepwise(hidden=lambda s, h: s),
        "Layer 2 received h, not tanh(h).": _stepwise(hidden=lambda s, h: torch.tanh(h)),
        "Layer 2 received h, not x.": lambda op, a: _stepwise(hidden=lambda s, h: a.x)(op, a),
        "Yours has no input in it: it is the bias' in every column.": _stepwise(
            weight_1=lambda delta, x: delta.sum(0)[:, None].expand(-1, x.shape[1]),
            weight_2=lambda delta, h: delta.sum(0)[:, None].expand(-1, h.shape[1]),
        ),
    },
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    SLOPE_FORGOTTEN,
    gradients.MEAN_FORGOTTEN,
    BIAS_NOT_SUMMED,
    gradients.SIGN_WRONG,
    gradients.GRADIENT_TRANSPOSED,
    gradients.RESULTS_DISORDERED,
    SLOPE_WRONG,
    ACTIVATION_IGNORED,
    ERROR_WRONG,
    WAY_BACK_WRONG,
    INPUT_WRONG,
    gradients.FORWARD_WRONG,
)
