"""Mistakes people make when they write tanh, (exp(x) - exp(-x)) / (exp(x) + exp(-x))."""

import torch

from labkit.checks.bank import Mistake
from labkit.checks.banks.elementwise import (
    computed,
    derivative_returned,
    elements_mixed,
    other_function,
    sign_wrong,
)
from labkit.checks.banks.misuse import with_arguments, with_result

__all__ = ["MISTAKES"]

_REPAIR = "(exp(x) - exp(-x)) / (exp(x) + exp(-x)), which is 2 * sigmoid(2 * x) - 1."

OVERFLOW = Mistake(
    "overflow",
    "Large numbers overflow: exp(89) is more than float32 can hold, and inf / inf is NaN.",
    "Take e = exp(-2 * |x|), which is never large: sign(x) * (1 - e) / (1 + e).",
    {
        "Yours takes exp(x) and exp(-x).": computed(
            lambda x: (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x))
        ),
        "Yours takes exp(2 * x).": computed(
            lambda x: (torch.exp(2 * x) - 1) / (torch.exp(2 * x) + 1)
        ),
        "Yours takes exp(-2 * x).": computed(
            lambda x: (1 - torch.exp(-2 * x)) / (1 + torch.exp(-2 * x))
        ),
    },
)

SCALE_WRONG = Mistake(
    "scale_wrong",
    "The curve is too steep or too flat, or has another range than -1 to 1.",
    "tanh(x) = 2 * sigmoid(2 * x) - 1: a 2 on either side, and the 1.",
    {
        "Yours is tanh(x / 2): the 2 in the exponent is missing.": with_arguments(
            lambda a: {"x": a.x / 2}
        ),
        "Yours is tanh(2 * x).": with_arguments(lambda a: {"x": 2 * a.x}),
        "Yours is sigmoid(2 * x), from 0 to 1.": with_result(lambda t: (t + 1) / 2),
        "Yours is 2 * sigmoid(2 * x), from 0 to 2.": with_result(lambda t: t + 1),
        "Yours is sigmoid(2 * x) - 1, from -1 to 0.": with_result(lambda t: (t - 1) / 2),
        "Yours is a half as large.": with_result(lambda t: t / 2),
        "Yours is 1 - tanh(x).": with_result(lambda t: 1 - t),
    },
)

FRACTION_WRONG = Mistake(
    "fraction_wrong",
    "The fraction is not right.",
    "Put exp(x) - exp(-x) above and exp(x) + exp(-x) below, each in brackets.",
    {
        "Yours is upside down.": with_result(torch.reciprocal),
        "Yours has nothing below: exp(x) - exp(-x).": computed(
            lambda x: torch.exp(x) - torch.exp(-x)
        ),
        "Yours is half of what stands above: sinh(x).": computed(torch.sinh),
        "Yours is half of what stands below: cosh(x).": computed(torch.cosh),
        "Yours has no brackets: exp(x) - exp(-x) / exp(x) + exp(-x).": computed(
            lambda x: torch.exp(x) - torch.exp(-x) / torch.exp(x) + torch.exp(-x)
        ),
        "Yours has exp(x) alone above.": computed(
            lambda x: torch.exp(x) / (torch.exp(x) + torch.exp(-x))
        ),
    },
)

APPLIED_TWICE = Mistake(
    "applied_twice",
    "The tanh is applied twice.",
    "Apply it once.",
    {"": lambda op, a: op(a.but(x=op(a)))},
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    OVERFLOW,
    sign_wrong("tanh", "It rises: put exp(x) before the minus.", odd=True),
    SCALE_WRONG,
    FRACTION_WRONG,
    derivative_returned(
        "tanh",
        "1 - tanh(x)²",
        lambda x: 1 - torch.tanh(x) ** 2,
        {"Yours is 1 - x², as if x had been through it already.": lambda x: 1 - x**2},
    ),
    elements_mixed("tanh"),
    APPLIED_TWICE,
    other_function(
        "tanh",
        _REPAIR,
        {
            "the tangent, tan(x)": torch.tan,
            "the inverse of it, artanh(x)": torch.atanh,
            "x, cut to the range from -1 to 1": lambda x: x.clamp(-1, 1),
            "the sign of x": torch.sign,
            "erf(x)": torch.erf,
        },
    ),
)
