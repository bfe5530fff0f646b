"""Mistakes people make in the two moving means of Adam, of gradients and of their squares.

In the code ``a`` are the arguments: m ← β₁ m + (1 - β₁) g and v ← β₂ v + (1 - β₂) g².
"""

from collections.abc import Callable

from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import with_arguments
from labkit.checks.question import Arguments

__all__ = [
    "BETAS_SWAPPED",
    "BETAS_WRONG",
    "MEANS_WRONG",
    "SQUARE_WRONG",
    "gradient_of",
    "mean_of",
    "moved",
    "square_of",
]

Of = Callable[[Arguments], Tensor]


def gradient_of(a: Arguments) -> Tensor:
    """Return the gradient with the weight decay in it."""
    return a.gradient + a.weight_decay * a.parameter


def mean_of(a: Arguments) -> Tensor:
    """Return the new mean."""
    return a.beta1 * a.mean + (1 - a.beta1) * gradient_of(a)


def square_of(a: Arguments) -> Tensor:
    """Return the new mean of squares."""
    return a.beta2 * a.square + (1 - a.beta2) * gradient_of(a) ** 2


def moved(a: Arguments, mean: Tensor, square: Tensor) -> Tensor:
    """Return the new parameter, moved by these moments."""
    mean, square = mean / (1 - a.beta1**a.step), square / (1 - a.beta2**a.step)
    return a.parameter - a.lr * mean / (square.sqrt() + a.eps)


def _with(mean: Of = mean_of, square: Of = square_of) -> Variant:
    """Make a variant with other moments, by which it moves too."""

    def variant(_: Function, a: Arguments) -> tuple[Tensor, Tensor, Tensor]:
        m, v = mean(a), square(a)
        return moved(a, m, v), m, v

    return variant


SQUARE_WRONG = Mistake(
    "square_wrong",
    "The second moment is not the mean of the squared gradients.",
    "v = beta2 * v + (1 - beta2) * g**2.",
    {
        "Yours is one of gradients without the square.": _with(
            square=lambda a: a.beta2 * a.square + (1 - a.beta2) * gradient_of(a)
        ),
        "Yours is one of absolute gradients.": _with(
            square=lambda a: a.beta2 * a.square + (1 - a.beta2) * gradient_of(a).abs()
        ),
        "Yours is one of the squares of m.": _with(
            square=lambda a: a.beta2 * a.square + (1 - a.beta2) * mean_of(a) ** 2
        ),
        "Yours squares (1 - beta2) * g as a whole.": _with(
            square=lambda a: a.beta2 * a.square + ((1 - a.beta2) * gradient_of(a)) ** 2
        ),
    },
)

MEANS_WRONG = Mistake(
    "means_wrong",
    "A moving mean is not mixed as it should be.",
    "Both keep beta of the old and take 1 - beta of the new.",
    {
        "Yours have beta and 1 - beta exchanged.": _with(
            lambda a: (1 - a.beta1) * a.mean + a.beta1 * gradient_of(a),
            lambda a: (1 - a.beta2) * a.square + a.beta2 * gradient_of(a) ** 2,
        ),
        "Your m has beta1 and 1 - beta1 exchanged.": _with(
            lambda a: (1 - a.beta1) * a.mean + a.beta1 * gradient_of(a)
        ),
        "Your v has beta2 and 1 - beta2 exchanged.": _with(
            square=lambda a: (1 - a.beta2) * a.square + a.beta2 * gradient_of(a) ** 2
        ),
        "Yours add the whole gradient.": _with(
            lambda a: a.beta1 * a.mean + gradient_of(a),
            lambda a: a.beta2 * a.square + gradient_of(a) ** 2,
        ),
        "Your m adds the whole gradient.": _with(lambda a: a.beta1 * a.mean + gradient_of(a)),
        "Your v adds the whole square.": _with(
            square=lambda a: a.beta2 * a.square + gradient_of(a) ** 2
        ),
        "Yours forget the old ones.": with_arguments(
            lambda a: {"mean": 0 * a.mean, "square": 0 * a.square}
        ),
    },
)

BETAS_SWAPPED = Mistake(
    "betas_swapped",
    "beta1 and beta2 are swapped.",
    "beta1 (0.9) belongs to m, beta2 (0.999) to v.",
    {"": with_arguments(lambda a: {"beta1": a.beta2, "beta2": a.beta1})},
)

BETAS_WRONG = Mistake(
    "betas_wrong",
    "The betas that are given are not both used.",
    "Use beta1 for m and its correction, beta2 for v and its correction.",
    {
        "Yours has beta1 in both places.": with_arguments(lambda a: {"beta2": a.beta1}),
        "Yours has beta2 in both places.": with_arguments(lambda a: {"beta1": a.beta2}),
        "Yours are 0.9 and 0.999, whatever is given.": with_arguments(
            lambda a: {"beta1": 0.9, "beta2": 0.999}
        ),
    },
)
