"""Mistakes people make in one step of Adam.

In the code ``a`` are the arguments, m the mean of gradients and v that of their squares:
m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², p ← p - lr · m̂ / (√v̂ + ε), with m̂ = m / (1 - β₁ᵗ) and
v̂ = v / (1 - β₂ᵗ) in step t.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks import moments
from labkit.checks.banks.misuse import with_arguments, with_result
from labkit.checks.banks.moments import gradient_of, mean_of, moved, square_of
from labkit.checks.banks.optimisers import LR_WRONG, SIGN_WRONG, UPDATE_RETURNED
from labkit.checks.question import Arguments

__all__ = ["MISTAKES"]

Three = tuple[Tensor, Tensor, Tensor]


def _moved_by(step: Callable[[Arguments, Tensor, Tensor], Tensor]) -> Variant:
    """Make a variant that moves otherwise: ``step(a, m̂, v̂)``; its moments are right."""

    def variant(_: Function, a: Arguments) -> Three:
        m, v = mean_of(a), square_of(a)
        corrected = m / (1 - a.beta1**a.step), v / (1 - a.beta2**a.step)
        return a.parameter - a.lr * step(a, *corrected), m, v

    return variant


def _corrected(
    first: Callable[[Arguments], float], second: Callable[[Arguments], float]
) -> Variant:
    """Make a variant that divides the moments by something else."""

    def variant(_: Function, a: Arguments) -> Three:
        m, v = mean_of(a), square_of(a)
        step = (m / first(a)) / ((v / second(a)).sqrt() + a.eps)
        return a.parameter - a.lr * step, m, v

    return variant


def _first(a: Arguments) -> float:
    return 1 - a.beta1**a.step


def _second(a: Arguments) -> float:
    return 1 - a.beta2**a.step


def _decayed_apart(op: Function, a: Arguments) -> Three:
    parameter, *moments = op(a.but(weight_decay=0.0))
    return parameter - a.lr * a.weight_decay * a.parameter, *moments


CORRECTION_WRONG = Mistake(
    "correction_wrong",
    "The bias correction is not right: both means begin at zero and are too small at first.",
    "Divide m by 1 - beta1**step and v by 1 - beta2**step before the step.",
    {
        "Yours has none.": _corrected(lambda a: 1.0, lambda a: 1.0),
        "Yours corrects m only.": _corrected(_first, lambda a: 1.0),
        "Yours corrects v only.": _corrected(lambda a: 1.0, _second),
        "Yours divides by 1 - beta, without the power.": _corrected(
            lambda a: 1 - a.beta1, lambda a: 1 - a.beta2
        ),
        "Yours multiplies beta by step, where it is a power.": _corrected(
            lambda a: 1 - a.beta1 * a.step, lambda a: 1 - a.beta2 * a.step
        ),
        "Yours divides by beta**step.": _corrected(
            lambda a: a.beta1**a.step, lambda a: a.beta2**a.step
        ),
        "Yours multiplies by it.": _corrected(lambda a: 1 / _first(a), lambda a: 1 / _second(a)),
    },
)

STEP_OFF_BY_ONE = Mistake(
    "step_off_by_one",
    "The number of the step is off by one.",
    "The first step has the number 1; do not count it again inside.",
    {
        "Yours is one too high.": with_arguments(lambda a: {"step": a.step + 1}),
        "Yours is one too low.": _corrected(
            lambda a: float(torch.tensor(1 - a.beta1 ** (a.step - 1))),
            lambda a: float(torch.tensor(1 - a.beta2 ** (a.step - 1))),
        ),
    },
)

EPS_WRONG = Mistake(
    "eps_wrong",
    "eps is not where it should be.",
    "Add it to the root: m / (v.sqrt() + eps). Where v is zero it keeps the step from 0 / 0.",
    {
        "Yours is inside the root.": _moved_by(lambda a, m, v: m / (v + a.eps).sqrt()),
        "Yours is forgotten.": with_arguments(lambda a: {"eps": 0.0}),
        "Yours is added to the quotient.": _moved_by(lambda a, m, v: m / v.sqrt() + a.eps),
        "Yours is added before the correction of v.": lambda op, a: (
            a.parameter
            - a.lr * (mean_of(a) / _first(a)) / ((square_of(a).sqrt() + a.eps) / _second(a) ** 0.5),
            mean_of(a),
            square_of(a),
        ),
    },
)

ROOT_FORGOTTEN = Mistake(
    "root_forgotten",
    "The square root is forgotten or misplaced.",
    "Divide by v.sqrt() + eps: m and the root of v have the gradient's unit.",
    {
        "Yours divides by v.": _moved_by(lambda a, m, v: m / (v + a.eps)),
        "Yours divides by the square of v.": _moved_by(lambda a, m, v: m / (v**2 + a.eps)),
    },
)

STATE_WRONG = Mistake(
    "state_wrong",
    "What is returned for the next step is not right; the correction is for this step alone.",
    "Return the new m and v, without the bias correction.",
    {
        "Yours returns the old ones.": lambda op, a: (op(a)[0], a.mean, a.square),
        "Yours returns the corrected ones.": lambda op, a: (
            op(a)[0],
            op(a)[1] / _first(a),
            op(a)[2] / _second(a),
        ),
        "Yours returns the root of v.": lambda op, a: (*op(a)[:2], op(a)[2].sqrt()),
        "Yours returns v before m.": with_result(lambda three: (three[0], three[2], three[1])),
        "Yours returns the parameter last.": with_result(lambda three: (*three[1:], three[0])),
    },
)

MOVED_BY_OTHER = Mistake(
    "moved_by_other",
    "The parameter is moved by something else than m / (sqrt(v) + eps).",
    "Compute the new m and v first, correct both, then divide.",
    {
        "Yours uses the old moments.": lambda op, a: (
            moved(a, a.mean, a.square),
            *op(a)[1:],
        ),
        "Yours divides the gradient, not m.": _moved_by(
            lambda a, m, v: gradient_of(a) / (v.sqrt() + a.eps)
        ),
        "Yours moves by m alone.": _moved_by(lambda a, m, v: m),
        "Yours multiplies by the root.": _moved_by(lambda a, m, v: m * (v.sqrt() + a.eps)),
    },
)

DECAY_WRONG = Mistake(
    "decay_wrong",
    "The weight decay is not Adam's.",
    "Adam adds weight_decay * parameter to the gradient first, so that it is scaled too.",
    {
        "It is ignored.": with_arguments(lambda a: {"weight_decay": 0.0}),
        "Yours is taken off the parameter: that is AdamW, a better and another method.": (
            _decayed_apart
        ),
        "Yours makes the parameter grow: the sign is wrong.": with_arguments(
            lambda a: {"weight_decay": -a.weight_decay}
        ),
    },
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    SIGN_WRONG,
    CORRECTION_WRONG,
    EPS_WRONG,
    moments.SQUARE_WRONG,
    ROOT_FORGOTTEN,
    moments.MEANS_WRONG,
    moments.BETAS_SWAPPED,
    moments.BETAS_WRONG,
    STEP_OFF_BY_ONE,
    STATE_WRONG,
    MOVED_BY_OTHER,
    LR_WRONG,
    UPDATE_RETURNED,
    DECAY_WRONG,
)
