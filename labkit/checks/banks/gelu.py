"""Mistakes people make when they write a GELU, x * Φ(x).

In the code ``a`` are the arguments and w is the weight of x: Φ(x) = (1 + erf(x / √2)) / 2, or
(1 + tanh(√(2/π) (x + 0.044715 x³))) / 2 where ``approximate`` is "tanh".
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.elementwise import (
    computed,
    derivative_returned,
    elements_mixed,
    other_function,
    sign_wrong,
)
from labkit.checks.banks.misuse import with_arguments, with_result
from labkit.checks.question import Arguments

__all__ = ["MISTAKES"]

Formula = Callable[[Tensor], Tensor]

_REPAIR = "x * Φ(x), and Φ(x) = 0.5 * (1 + torch.erf(x / math.sqrt(2)))."
_CUBE, _ROOT = 0.044715, math.sqrt(2 / math.pi)


def _bend(a: Arguments) -> Tensor:
    """Return what the 1 is added to, from -1 to 1."""
    if a.approximate == "none":
        return torch.erf(a.x / 2**0.5)
    return torch.tanh(_ROOT * (a.x + _CUBE * a.x**3))


def _weighed(weight: Callable[[Arguments], Tensor]) -> Variant:
    return lambda _, a: a.x * weight(a)


def _where(approximate: str, formula: Formula) -> Variant:
    """Make a variant with another formula for one value of the option."""

    def variant(op: Function, a: Arguments) -> Tensor:
        return formula(a.x) if a.approximate == approximate else op(a)

    return variant


def _erf_of(inner: Formula) -> Variant:
    return _where("none", lambda x: x * (1 + torch.erf(inner(x))) / 2)


def _by_tanh_of(inside: Formula) -> Formula:
    return lambda x: x * (1 + torch.tanh(inside(x))) / 2


def _density(x: Tensor) -> Tensor:
    return torch.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _slope(x: Tensor) -> Tensor:
    return torch.erfc(-x / 2**0.5) / 2 + x * _density(x)


APPROXIMATION_WRONG = Mistake(
    "approximation_wrong",
    "Φ and its approximation by tanh differ by 0.0005 at most, but they are two functions.",
    'For approximate="none", which is the default, take erf; for "tanh" take tanh.',
    {
        "Yours is the approximation by tanh, also where Φ itself is asked for.": with_arguments(
            lambda a: {"approximate": "tanh"}
        ),
        "Yours is Φ itself, also where the approximation is asked for.": with_arguments(
            lambda a: {"approximate": "none"}
        ),
        "Yours has the two exchanged.": with_arguments(
            lambda a: {"approximate": "tanh" if a.approximate == "none" else "none"}
        ),
        "Yours is x * sigmoid(1.702 * x), a coarser approximation.": computed(
            lambda x: x * torch.sigmoid(1.702 * x)
        ),
    },
)

HALF_FORGOTTEN = Mistake(
    "half_forgotten",
    "The factor 0.5 is not where it should be.",
    "Φ(x) = 0.5 * (1 + erf(x / √2)): a half of the whole bracket, so that Φ is between 0 and 1.",
    {
        "Yours has none, and is twice as large.": with_result(lambda y: 2 * y),
        "Yours has it twice.": with_result(lambda y: y / 2),
        "Yours adds 0.5 to erf, without taking half of that.": _weighed(lambda a: 0.5 + _bend(a)),
        "Yours takes half of the 1 only.": _weighed(lambda a: (0.5 + _bend(a)) / 2),
    },
)

ONE_FORGOTTEN = Mistake(
    "one_forgotten",
    "The 1 is not added.",
    "Φ(x) = 0.5 * (1 + erf(x / √2)): erf alone is negative below zero.",
    {
        "Yours is x * erf(...) / 2.": _weighed(lambda a: _bend(a) / 2),
        "Yours is x * erf(...).": _weighed(_bend),
        "Yours is (1 + x * erf(...)) / 2: a bracket is missing.": lambda op, a: (
            (1 + a.x * _bend(a)) / 2
        ),
    },
)

X_FORGOTTEN = Mistake(
    "x_forgotten",
    "The result is the weight alone.",
    "Multiply it by x.",
    {
        "Yours is Φ(x).": lambda op, a: (1 + _bend(a)) / 2,
        "Yours is 1 + erf(x / √2).": lambda op, a: 1 + _bend(a),
        "Yours is erf(x / √2).": lambda op, a: _bend(a),
        "Yours multiplies by |x|.": lambda op, a: a.x.abs() * (1 + _bend(a)) / 2,
        "Yours multiplies by x².": lambda op, a: a.x**2 * (1 + _bend(a)) / 2,
    },
)

ERF_WRONG = Mistake(
    "erf_wrong",
    "erf is not taken of x / √2.",
    "Φ(x) = 0.5 * (1 + torch.erf(x / math.sqrt(2))): erf belongs to a variance of one half.",
    {
        "Yours is that of x.": _erf_of(lambda x: x),
        "Yours is that of x / 2.": _erf_of(lambda x: x / 2),
        "Yours is that of x * √2.": _erf_of(lambda x: x * 2**0.5),
        "Yours is tanh(x / √2), without the cube.": _where(
            "none", lambda x: x * (1 + torch.tanh(x / 2**0.5)) / 2
        ),
    },
)

_INSIDES: dict[str, Formula] = {
    "Yours has no cube.": lambda x: _ROOT * x,
    "Yours has 0.44715 for 0.044715.": lambda x: _ROOT * (x + 0.44715 * x**3),
    "Yours has 0.0044715 for 0.044715.": lambda x: _ROOT * (x + 0.0044715 * x**3),
    "Yours has the square of x for the cube.": lambda x: _ROOT * (x + _CUBE * x**2),
    "Yours subtracts the cube.": lambda x: _ROOT * (x - _CUBE * x**3),
    "Yours adds the cube after the multiplication: a bracket is missing.": lambda x: (
        _ROOT * x + _CUBE * x**3
    ),
    "Yours lacks √(2/π).": lambda x: x + _CUBE * x**3,
    "Yours has 2/π without the root.": lambda x: _ROOT**2 * (x + _CUBE * x**3),
    "Yours has √(π/2) for √(2/π).": lambda x: (x + _CUBE * x**3) / _ROOT,
    "Yours has √2/π for √(2/π).": lambda x: 2**0.5 / math.pi * (x + _CUBE * x**3),
}

CUBE_WRONG = Mistake(
    "cube_wrong",
    "The inside of tanh is not right.",
    "tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)).",
    {words: _where("tanh", _by_tanh_of(inside)) for words, inside in _INSIDES.items()}
    | {
        f"{words} Where the approximation is not asked for, take erf.": computed(
            _by_tanh_of(inside)
        )
        for words, inside in _INSIDES.items()
    },
)

DENSITY_TAKEN = Mistake(
    "density_taken",
    "The density of the normal distribution is taken for Φ, which is the area below it.",
    "Φ(x) = 0.5 * (1 + torch.erf(x / math.sqrt(2))), or torch.special.ndtr(x).",
    {
        "Yours is x times the density.": computed(lambda x: x * _density(x)),
        "Yours is the density.": computed(_density),
    },
)

SIGN_WRONG = Mistake(
    "sign_wrong",
    "A sign is wrong.",
    _REPAIR,
    {
        **sign_wrong("gelu", "").variants,
        "Yours has 1 - erf for 1 + erf: large numbers vanish and negative ones stay.": _weighed(
            lambda a: (1 - _bend(a)) / 2
        ),
    },
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    APPROXIMATION_WRONG,
    HALF_FORGOTTEN,
    ONE_FORGOTTEN,
    X_FORGOTTEN,
    ERF_WRONG,
    CUBE_WRONG,
    DENSITY_TAKEN,
    SIGN_WRONG,
    derivative_returned("gelu", "Φ(x) + x * density(x)", _slope),
    elements_mixed("gelu"),
    Mistake(
        "applied_twice",
        "The GELU is applied twice.",
        "Apply it once.",
        {"": lambda op, a: op(a.but(x=op(a)))},
    ),
    other_function("gelu", _REPAIR),
)
