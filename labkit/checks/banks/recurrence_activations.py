"""Mistakes people make with the non-linearity of a recurrent update: which it is, and around what.

In the code ``a`` are the arguments of h' = tanh(W x + b + U h + b).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import with_arguments
from labkit.checks.question import Arguments

__all__ = [
    "NONLINEARITY_IGNORED",
    "OTHER_ACTIVATION",
    "TANH_FORGOTTEN",
    "TANH_TOO_EARLY",
    "TANH_TWICE",
    "sums_of",
]


def _activated(nonlinearity: str) -> Variant:
    return with_arguments(lambda a: {"nonlinearity": nonlinearity})


def sums_of(op: Function, a: Arguments) -> Tensor:
    """Return what stands inside tanh."""
    return op(a.but(nonlinearity="identity"))


def _apart(op: Function, a: Arguments) -> Tensor:
    """Apply the non-linearity to both halves of the sum: tanh(W x + b) + tanh(U h + b)."""
    from_x = op(a.but(h=torch.zeros_like(a.h), bias_hh=None))
    return from_x + op(a.but(x=torch.zeros_like(a.x), bias_ih=None))


def _state_outside(op: Function, a: Arguments) -> Tensor:
    from_x = op(a.but(h=torch.zeros_like(a.h), bias_hh=None))
    return from_x + F.linear(a.h, a.weight_hh, a.bias_hh)


def _input_outside(op: Function, a: Arguments) -> Tensor:
    from_h = op(a.but(x=torch.zeros_like(a.x), bias_ih=None))
    return from_h + F.linear(a.x, a.weight_ih, a.bias_ih)


def _bias_after(op: Function, a: Arguments) -> Tensor:
    state = op(a.but(bias_ih=None, bias_hh=None))
    return state + sum(b for b in (a.bias_ih, a.bias_hh) if b is not None)


def _twice(op: Function, a: Arguments) -> Tensor:
    return torch.tanh(op(a)) if a.nonlinearity == "tanh" else op(a)


TANH_FORGOTTEN = Mistake(
    "tanh_forgotten",
    "The tanh is forgotten: the new state is the bare sum, and over many steps it can grow "
    "without end.",
    "Return torch.tanh of the whole sum.",
    {"": _activated("identity")},
)

OTHER_ACTIVATION = Mistake(
    "other_activation",
    "Another function stands where tanh belongs.",
    "Use torch.tanh, whose values lie between -1 and 1 and keep their sign.",
    {
        "Yours is the sigmoid.": _activated("sigmoid"),
        "Yours is ReLU.": _activated("relu"),
        "Yours is the softmax over the units.": lambda op, a: torch.softmax(sums_of(op, a), -1),
        "Yours is tanh of half the sum, as (1 - exp(-s)) / (1 + exp(-s)) is.": (
            lambda op, a: torch.tanh(sums_of(op, a) / 2)
        ),
    },
)

TANH_TWICE = Mistake(
    "tanh_twice",
    "The tanh is applied twice.",
    "Apply it once, to the whole sum.",
    {"": _twice},
)

TANH_TOO_EARLY = Mistake(
    "tanh_too_early",
    "The tanh comes too early: it belongs around the sum of both products, not around a part.",
    "Add everything first: torch.tanh(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh).",
    {
        "Yours adds tanh of the one product and tanh of the other.": _apart,
        "Yours adds the old state's product after tanh.": _state_outside,
        "Yours adds the input's product after tanh.": _input_outside,
        "Yours adds the biases after tanh.": _bias_after,
    },
)

NONLINEARITY_IGNORED = Mistake(
    "nonlinearity_ignored",
    "The option nonlinearity is ignored.",
    'For nonlinearity="relu" use torch.relu in the place of torch.tanh.',
    {"": _activated("tanh")},
)
