"""Mistakes people make in any function of each number by itself, and what variants are made of.

In the code ``a`` are the arguments, of which ``x`` holds the numbers.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import with_arguments, with_result
from labkit.checks.question import Arguments

__all__ = ["computed", "derivative_returned", "elements_mixed", "other_function", "sign_wrong"]

Formula = Callable[[Tensor], Tensor]

_FUNCTIONS: dict[str, Formula] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "gelu": F.gelu,
    "a leaky relu": F.leaky_relu,
    "elu, exp(x) - 1 below zero": F.elu,
    "silu, x * sigmoid(x)": F.silu,
    "softplus, log(1 + exp(x))": F.softplus,
    "softsign, x / (1 + |x|)": F.softsign,
    "the arctangent": torch.atan,
    "the step, 1 above zero and 0 below": lambda x: (x > 0).to(x.dtype),
    "exp(x)": torch.exp,
    "|x|": torch.abs,
    "the bell exp(-x²)": lambda x: torch.exp(-x * x),
    "x as it was": torch.clone,
}


def computed(formula: Formula) -> Variant:
    """Make a variant that works its answer out of x in another way."""
    return lambda _, a: formula(a.x)


def derivative_returned(
    name: str, words: str, slope: Formula, more: Mapping[str, Formula] | None = None
) -> Mistake:
    """Make the mistake of returning the slope, written in words; ``more`` are other ways to it."""
    formulas = {"": slope} | dict(more or {})
    return Mistake(
        "derivative_returned",
        f"That is the slope of {name}, {words}, not {name} itself.",
        f"Return {name}(x); the slope is for the way back.",
        {particular: computed(formula) for particular, formula in formulas.items()},
    )


def sign_wrong(name: str, repair: str, *, odd: bool = False) -> Mistake:
    """Make the mistake of a sign before x, or before the result; in odd functions that is one."""
    variants = {f"Yours is {name}(-x).": with_arguments(lambda a: {"x": -a.x})}
    if not odd:
        variants[f"Yours is -{name}(x)."] = with_result(torch.neg)
    return Mistake("sign_wrong", "A sign is wrong.", repair, variants)


def elements_mixed(name: str) -> Mistake:
    """Make the mistake of a function in which numbers have to do with one another."""
    return Mistake(
        "elements_mixed",
        f"A result depends on the other numbers; {name} changes each by itself.",
        "Leave max, mean, sum and softmax out: no number needs to know of the others.",
        {
            "Yours is the softmax along the last axis.": computed(lambda x: x.softmax(-1)),
            "Yours is the softmax of all numbers.": computed(
                lambda x: x.flatten().softmax(0).reshape(x.shape)
            ),
            "Yours subtracts the largest first, as a softmax may.": with_arguments(
                lambda a: {"x": a.x - a.x.max()}
            ),
            "Yours subtracts the mean first.": with_arguments(lambda a: {"x": a.x - a.x.mean()}),
            "Yours divides by the sum of the results.": _shares,
        },
    )


def _shares(op: Function, a: Arguments) -> Tensor:
    return op(a) / op(a).sum()


def other_function(
    name: str,
    repair: str,
    more: Mapping[str, Formula] | None = None,
    without: Sequence[str] = (),
) -> Mistake:
    """Make the mistake of computing another well-known function than ``name``.

    ``more`` are further ones, ``without`` the words of those that another mistake has already.

    Examples
    --------
    >>> mistake = other_function("relu", "Take the larger of 0 and x.")
    >>> mistake.variants["Yours is |x|."](None, Arguments(x=torch.tensor([-2.0]))).item()
    2.0
    """
    known = {w: f for w, f in _FUNCTIONS.items() if w not in (name, *without)} | dict(more or {})
    return Mistake(
        "other_function",
        f"That is another function than {name}.",
        repair,
        {f"Yours is {words}.": computed(formula) for words, formula in known.items()},
    )
