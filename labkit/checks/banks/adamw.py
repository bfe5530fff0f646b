"""Mistakes people make in one step of AdamW: those of Adam, and those of its weight decay.

In the code ``a`` are the arguments: p ← p - lr · decay · p - lr · m̂ / (√v̂ + ε), and neither m nor v
knows of the decay.
"""

from collections.abc import Callable
from dataclasses import replace

from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks import adam
from labkit.checks.banks.misuse import with_arguments
from labkit.checks.question import Arguments

__all__ = ["DECAY", "MISTAKES"]

DECAY = 0.01  # what PyTorch takes where none is given

Three = tuple[Tensor, Tensor, Tensor]


def _then_decayed(variant: Variant) -> Variant:
    """Make a variant of AdamW of one of Adam; the decay is right."""

    def changed(op: Function, a: Arguments) -> Three:
        parameter, *means = variant(op, a.but(weight_decay=0.0))
        return parameter - a.lr * a.weight_decay * a.parameter, *means

    return changed


def _of_adam(mistake: Mistake) -> Mistake:
    variants = {words: _then_decayed(variant) for words, variant in mistake.variants.items()}
    return replace(mistake, variants=variants)


def _decayed_by(decay: Callable[[Arguments], Tensor]) -> Variant:
    """Make a variant that takes something else off the parameter."""

    def changed(op: Function, a: Arguments) -> Three:
        parameter, *means = op(a.but(weight_decay=0.0))
        return parameter - decay(a), *means

    return changed


def _in_the_gradient(a: Arguments) -> Tensor:
    return a.gradient + a.weight_decay * a.parameter


def _in_the_fraction(op: Function, a: Arguments) -> Three:
    _, mean, square = op(a.but(weight_decay=0.0))
    above = mean / (1 - a.beta1**a.step) + a.weight_decay * a.parameter
    below = (square / (1 - a.beta2**a.step)).sqrt() + a.eps
    return a.parameter - a.lr * above / below, mean, square


def _of_the_new(op: Function, a: Arguments) -> Three:
    parameter, *means = op(a.but(weight_decay=0.0))
    return parameter - a.lr * a.weight_decay * parameter, *means


def _with_default(decay: float) -> Variant:
    """Make a variant whose decay is another one where none is given."""
    return with_arguments(lambda a: {"weight_decay": decay} if a.weight_decay == DECAY else {})


COUPLED = Mistake(
    "decay_coupled",
    "The weight decay goes through the means, as in Adam: where gradients are large, it is divided "
    "away. To part the two is all that AdamW adds.",
    "Leave the gradient alone, and take lr * weight_decay * parameter off the parameter.",
    {
        "Yours is added to the gradient.": with_arguments(
            lambda a: {"gradient": _in_the_gradient(a), "weight_decay": 0.0}
        ),
        "Yours is added to the gradient, and taken off the parameter too.": with_arguments(
            lambda a: {"gradient": _in_the_gradient(a)}
        ),
        "Yours is added to the mean in the step, and divided by the root.": _in_the_fraction,
    },
)

DECAY_WRONG = Mistake(
    "decay_wrong",
    "The weight decay is not right.",
    "Take lr * weight_decay * parameter off the parameter.",
    {
        "There is none.": with_arguments(lambda a: {"weight_decay": 0.0}),
        "Yours lacks the factor lr.": _decayed_by(lambda a: a.weight_decay * a.parameter),
        "Yours is that of the parameter after the step; take it of the one before.": _of_the_new,
        "Yours makes the parameter grow: the sign is wrong.": with_arguments(
            lambda a: {"weight_decay": -a.weight_decay}
        ),
        "Yours is that of the sign of the parameter.": _decayed_by(
            lambda a: a.lr * a.weight_decay * a.parameter.sign()
        ),
        "Yours has lr twice.": with_arguments(lambda a: {"weight_decay": a.lr * a.weight_decay}),
        "Yours is twice as large.": with_arguments(lambda a: {"weight_decay": 2 * a.weight_decay}),
        "Yours takes off lr * weight_decay, without the parameter.": _decayed_by(
            lambda a: a.lr * a.weight_decay
        ),
        "Yours keeps that part alone: lr * weight_decay * parameter.": lambda op, a: (
            op(a.but(weight_decay=0.0))[0] - (1 - a.lr * a.weight_decay) * a.parameter,
            *op(a)[1:],
        ),
    },
)

DEFAULT_WRONG = Mistake(
    "default_wrong",
    "The weight decay is another one where none is given.",
    "AdamW decays by itself: weight_decay=1e-2 is its default in PyTorch.",
    {
        "Yours is 0, or nearly.": _with_default(0.0),
        "Yours is 0.1.": _with_default(0.1),
        "Yours is 0.05.": _with_default(0.05),
        "Yours is 1e-3.": _with_default(1e-3),
    },
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    COUPLED,
    DECAY_WRONG,
    DEFAULT_WRONG,
    *(
        mistake if mistake in (adam.STATE_WRONG, adam.UPDATE_RETURNED) else _of_adam(mistake)
        for mistake in adam.MISTAKES
        if mistake is not adam.DECAY_WRONG
    ),
)
