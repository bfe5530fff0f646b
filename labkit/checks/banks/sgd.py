"""Mistakes people make in one step of gradient descent with momentum.

In the code ``a`` are the arguments, g the gradient and v the velocity: g ← g + decay · p,
v ← momentum · v + (1 - dampening) · g, p ← p - lr · v, with Nesterov p - lr · (g + momentum · v).
"""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import with_arguments, with_result
from labkit.checks.banks.optimisers import LR_WRONG, SIGN_WRONG, UPDATE_RETURNED
from labkit.checks.question import Arguments

__all__ = ["MISTAKES"]

Both = tuple[Tensor, Tensor]


def _decayed(a: Arguments) -> Tensor:
    return a.gradient + a.weight_decay * a.parameter


def _velocity(a: Arguments) -> Tensor:
    return a.momentum * a.velocity + (1 - a.dampening) * _decayed(a)


def _moved(a: Arguments, v: Tensor) -> Tensor:
    return a.parameter - a.lr * (_decayed(a) + a.momentum * v if a.nesterov else v)


def _with_velocity(velocity: Callable[[Arguments], Tensor]) -> Variant:
    """Make a variant with another velocity, by which it moves too."""

    def variant(_: Function, a: Arguments) -> Both:
        v = velocity(a)
        return _moved(a, v), v

    return variant


def _moved_by(step: Callable[[Arguments, Tensor], Tensor]) -> Variant:
    """Make a variant that moves by something else than lr · v; its velocity is right."""
    return lambda _, a: (a.parameter - step(a, _velocity(a)), _velocity(a))


def _with_nesterov(step: Callable[[Arguments, Tensor], Tensor]) -> Variant:
    changed = _moved_by(lambda a, v: a.lr * step(a, v))
    return lambda op, a: changed(op, a) if a.nesterov else op(a)


def _lr_velocity(a: Arguments) -> Tensor:
    return a.momentum * a.velocity + a.lr * (1 - a.dampening) * _decayed(a)


def _lr_inside(op: Function, a: Arguments) -> Both:
    v = _lr_velocity(a)
    return a.parameter - v, v


def _lr_inside_downhill(op: Function, a: Arguments) -> Both:
    v = a.momentum * a.velocity - a.lr * (1 - a.dampening) * _decayed(a)
    return a.parameter + v, v


def _decayed_apart(op: Function, a: Arguments) -> Both:
    parameter, v = op(a.but(weight_decay=0.0))
    return parameter - a.lr * a.weight_decay * a.parameter, v


def _decay_of(decay: Callable[[Arguments], Tensor]) -> Variant:
    def change(a: Arguments) -> dict:
        return {"gradient": a.gradient + a.weight_decay * decay(a), "weight_decay": 0.0}

    return with_arguments(change)


LR_IN_VELOCITY = Mistake(
    "lr_in_velocity",
    "The learning rate is inside the velocity. That is another bookkeeping, which papers have too; "
    "in PyTorch the velocity is one of gradients.",
    "v = momentum * v + g, then parameter - lr * v.",
    {
        "": _lr_inside,
        "Yours is v = momentum * v - lr * g, and adds it.": _lr_inside_downhill,
        "It is in the step too, so that it counts twice.": _with_velocity(_lr_velocity),
        "It is in the step too, and the velocity has a minus.": lambda op, a: (
            a.parameter + a.lr * (a.momentum * a.velocity - a.lr * _decayed(a)),
            a.momentum * a.velocity - a.lr * _decayed(a),
        ),
    },
)

VELOCITY_SIGN = Mistake(
    "velocity_sign",
    "The velocity has the wrong sign.",
    "v = momentum * v + g: a sum of gradients, whose minus comes in the step.",
    {
        "Yours is right in the parameter, but the velocity is stored with a minus.": with_result(
            lambda both: (both[0], -both[1])
        ),
        "Yours subtracts the gradient in the velocity.": _with_velocity(
            lambda a: a.momentum * a.velocity - (1 - a.dampening) * _decayed(a)
        ),
        "Yours subtracts the old velocity from the gradient.": _with_velocity(
            lambda a: (1 - a.dampening) * _decayed(a) - a.momentum * a.velocity
        ),
        "Yours subtracts the gradient in the velocity, and adds that.": lambda op, a: (
            a.parameter + a.lr * (a.momentum * a.velocity - _decayed(a)),
            a.momentum * a.velocity - _decayed(a),
        ),
    },
)

MOMENTUM_WRONG = Mistake(
    "momentum_wrong",
    "The velocity is not made as it should be.",
    "v = momentum * v + g: the old one fades, the gradient is added whole.",
    {
        "Yours is the gradient alone: momentum is ignored.": with_arguments(
            lambda a: {"velocity": torch.zeros_like(a.velocity)}
        ),
        "Yours adds only 1 - momentum of the gradient.": _with_velocity(
            lambda a: a.momentum * a.velocity + (1 - a.momentum) * _decayed(a)
        ),
        "Yours never fades: v + g.": _with_velocity(lambda a: a.velocity + _decayed(a)),
        "Yours fades the gradient instead.": _with_velocity(
            lambda a: a.velocity + a.momentum * _decayed(a)
        ),
        "Yours fades both.": _with_velocity(lambda a: a.momentum * (a.velocity + _decayed(a))),
        "Yours has momentum and 1 - momentum exchanged.": _with_velocity(
            lambda a: (1 - a.momentum) * a.velocity + a.momentum * _decayed(a)
        ),
        "Yours keeps 1 - momentum of the old one.": _with_velocity(
            lambda a: (1 - a.momentum) * a.velocity + _decayed(a)
        ),
    },
)

OLD_VELOCITY = Mistake(
    "old_velocity",
    "The old velocity is used or returned where the new one belongs.",
    "Compute v first, move by it, and return it for the next step.",
    {
        "Yours moves by the old one.": _moved_by(lambda a, v: a.lr * a.velocity),
        "Yours returns the old one.": lambda op, a: (op(a)[0], a.velocity),
        "Yours returns the gradient.": lambda op, a: (op(a)[0], a.gradient),
        "Yours moves by the gradient alone.": _moved_by(lambda a, v: a.lr * _decayed(a)),
    },
)

NESTEROV_WRONG = Mistake(
    "nesterov_wrong",
    "The option nesterov is not right.",
    "With it the step is lr * (g + momentum * v), with the new v; the velocity stays the same.",
    {
        "It is ignored, or the old velocity stands there, which is the same.": with_arguments(
            lambda a: {"nesterov": False}
        ),
        "It is always on.": with_arguments(lambda a: {"nesterov": True}),
        "Yours adds the whole velocity.": _with_nesterov(lambda a, v: _decayed(a) + v),
        "Yours leaves the gradient out.": _with_nesterov(lambda a, v: a.momentum * v),
        "Yours fades the gradient instead of the velocity.": _with_nesterov(
            lambda a, v: a.momentum * _decayed(a) + v
        ),
        "Yours returns g + momentum * v as the velocity.": lambda op, a: (
            op(a)[0],
            _decayed(a) + a.momentum * op(a)[1] if a.nesterov else op(a)[1],
        ),
    },
)

DECAY_WRONG = Mistake(
    "decay_wrong",
    "The weight decay is not right.",
    "Add weight_decay * parameter to the gradient before anything else.",
    {
        "It is ignored.": with_arguments(lambda a: {"weight_decay": 0.0}),
        "Yours makes the parameter grow: the sign is wrong.": _decay_of(lambda a: -a.parameter),
        "Yours is taken off the parameter, and not part of the velocity.": _decayed_apart,
        "Yours is twice as large.": _decay_of(lambda a: 2 * a.parameter),
        "Yours is that of the absolute value: only the sign of the parameter counts.": _decay_of(
            lambda a: a.parameter.sign()
        ),
    },
)

DAMPENING_WRONG = Mistake(
    "dampening_wrong",
    "The dampening is not right.",
    "v = momentum * v + (1 - dampening) * g.",
    {
        "It is ignored.": with_arguments(lambda a: {"dampening": 0.0}),
        "Yours adds dampening * g.": with_arguments(
            lambda a: {"dampening": 1 - a.dampening} if a.dampening else {}
        ),
        "Yours adds dampening * g, which is nothing where it is 0.": with_arguments(
            lambda a: {"dampening": 1 - a.dampening}
        ),
        "Yours damps the velocity too.": _with_velocity(
            lambda a: (1 - a.dampening) * (a.momentum * a.velocity + _decayed(a))
        ),
    },
)

RESULTS_SWAPPED = Mistake(
    "results_swapped",
    "The two results are in the wrong order.",
    "Return the new parameter first, then the velocity.",
    {"": with_result(lambda both: both[::-1])},
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    SIGN_WRONG,
    MOMENTUM_WRONG,
    OLD_VELOCITY,
    LR_IN_VELOCITY,
    VELOCITY_SIGN,
    LR_WRONG,
    UPDATE_RETURNED,
    NESTEROV_WRONG,
    DECAY_WRONG,
    DAMPENING_WRONG,
    RESULTS_SWAPPED,
)
