"""Mistakes people make when they write a sigmoid, 1 / (1 + exp(-x))."""

import torch
import torch.nn.functional as F

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

_REPAIR = "Return 1 / (1 + exp(-x))."

OVERFLOW = Mistake(
    "overflow",
    "Large numbers overflow: exp(89) is more than float32 can hold, and inf / inf is NaN.",
    "Write 1 / (1 + exp(-x)), where 1 / inf is 0; or take exp(-|x|), which is never large.",
    {
        "Yours is exp(x) / (1 + exp(x)).": computed(lambda x: torch.exp(x) / (1 + torch.exp(x))),
        "Yours takes exp(-x) both above and below.": computed(
            lambda x: 1 - torch.exp(-x) / (1 + torch.exp(-x))
        ),
    },
)

SIGN_WRONG = Mistake(
    "sign_wrong",
    "A sign is wrong.",
    "The minus belongs into the exponent: 1 / (1 + exp(-x)) grows with x.",
    {
        **sign_wrong("sigmoid", "").variants,
        "Yours is exp(-x) / (1 + exp(-x)), which is sigmoid(-x), and overflows besides.": computed(
            lambda x: torch.exp(-x) / (1 + torch.exp(-x))
        ),
        "Yours is 1 / (1 - exp(-x)).": computed(lambda x: 1 / (1 - torch.exp(-x))),
    },
)

PART_FORGOTTEN = Mistake(
    "part_forgotten",
    "A part of 1 / (1 + exp(-x)) is missing.",
    _REPAIR,
    {
        "Yours is 1 / exp(-x), without the 1 that is added.": computed(lambda x: 1 / torch.exp(-x)),
        "Yours is 1 + exp(-x): take one over it; 1 / 1 + exp(-x) lacks the brackets.": computed(
            lambda x: 1 + torch.exp(-x)
        ),
        "Yours is 1 / (1 - x), without exp.": computed(lambda x: 1 / (1 - x)),
        "Yours is 1 / (1 + x), without exp and the minus.": computed(lambda x: 1 / (1 + x)),
    },
)

EXPONENT_WRONG = Mistake(
    "exponent_wrong",
    "The exponent, or its base, is not right.",
    "Use torch.exp(-x): e to the power of -x, without any other factor.",
    {
        "Yours is a power of 2.": with_arguments(lambda a: {"x": a.x * 0.69314718}),
        "Yours is a power of 10.": with_arguments(lambda a: {"x": a.x * 2.30258509}),
        "Yours is (1 + tanh(x)) / 2, which is twice as steep: take tanh(x / 2).": with_arguments(
            lambda a: {"x": 2 * a.x}
        ),
        "Yours is half as steep.": with_arguments(lambda a: {"x": a.x / 2}),
        "Yours has the factor 1.702, with which it resembles the normal distribution.": (
            with_arguments(lambda a: {"x": 1.702 * a.x})
        ),
        "Yours squares x.": with_arguments(lambda a: {"x": a.x**2}),
    },
)

BRANCH_WRONG = Mistake(
    "branch_wrong",
    "It is right on one side of zero only: e = exp(-|x|) is used in one form for both.",
    "torch.where(x >= 0, 1 / (1 + e), e / (1 + e)).",
    {
        "Yours is 1 / (1 + e) everywhere.": with_arguments(lambda a: {"x": a.x.abs()}),
        "Yours is e / (1 + e) everywhere.": with_arguments(lambda a: {"x": -a.x.abs()}),
    },
)

LOG_RETURNED = Mistake(
    "log_returned",
    "The result is a logarithm.",
    "Return the sigmoid itself, which is between 0 and 1.",
    {
        "Yours is log(sigmoid(x)).": computed(F.logsigmoid),
        "Yours is log(sigmoid(x)), and -inf where the sigmoid has rounded to 0.": with_result(
            torch.log
        ),
        "Yours is log(x / (1 - x)), which undoes a sigmoid.": computed(torch.logit),
    },
)

HARD = Mistake(
    "hard_sigmoid",
    "Yours is made of straight lines.",
    "A sigmoid bends everywhere: 1 / (1 + exp(-x)).",
    {
        "It is 0 below -3 and 1 above 3.": computed(F.hardsigmoid),
        "It is 0.2 * x + 0.5, cut to the range from 0 to 1.": computed(
            lambda x: (0.2 * x + 0.5).clamp(0, 1)
        ),
        "It is x / 4 + 0.5, cut to the range from 0 to 1.": computed(
            lambda x: (x / 4 + 0.5).clamp(0, 1)
        ),
        "It is x, cut to the range from 0 to 1.": computed(lambda x: x.clamp(0, 1)),
    },
)

RANGE_WRONG = Mistake(
    "range_wrong",
    "The result is not between 0 and 1.",
    _REPAIR,
    {
        "Yours is 2 * sigmoid(x) - 1, between -1 and 1.": with_result(lambda s: 2 * s - 1),
        "Yours is twice as large.": with_result(lambda s: 2 * s),
        "Yours subtracts 0.5.": with_result(lambda s: s - 0.5),
    },
)

APPLIED_TWICE = Mistake(
    "applied_twice",
    "The sigmoid is applied twice.",
    "Apply it once.",
    {"": lambda op, a: op(a.but(x=op(a)))},
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    OVERFLOW,
    SIGN_WRONG,
    PART_FORGOTTEN,
    derivative_returned(
        "sigmoid",
        "s * (1 - s)",
        lambda x: torch.sigmoid(x) * torch.sigmoid(-x),
        {
            "Yours is x * (1 - x), as if x had been through it already.": lambda x: x * (1 - x),
        },
    ),
    BRANCH_WRONG,
    RANGE_WRONG,
    elements_mixed("sigmoid"),
    EXPONENT_WRONG,
    APPLIED_TWICE,
    LOG_RETURNED,
    HARD,
    other_function(
        "sigmoid",
        _REPAIR,
        {"the normal distribution's Φ": lambda x: torch.erfc(-x / 2**0.5) / 2},
    ),
)
