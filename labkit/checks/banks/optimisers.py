"""Mistakes people make in the step of any optimiser, whatever it makes of the gradient.

In the code ``a`` are the arguments; the first result is the new parameter, the others are kept for
the next step.
"""

from labkit.checks.bank import Mistake
from labkit.checks.banks.misuse import with_arguments

__all__ = ["LR_WRONG", "SIGN_WRONG", "UPDATE_RETURNED"]

SIGN_WRONG = Mistake(
    "sign_wrong",
    "The step goes uphill: the loss grows.",
    "The gradient points to where the loss grows; subtract the step.",
    {"": lambda op, a: (2 * a.parameter - op(a)[0], *op(a)[1:])},
)

UPDATE_RETURNED = Mistake(
    "update_returned",
    "The step is returned instead of the new parameter.",
    "Return parameter - step.",
    {
        "": lambda op, a: (a.parameter - op(a)[0], *op(a)[1:]),
        "It has a minus already.": lambda op, a: (op(a)[0] - a.parameter, *op(a)[1:]),
        "Yours returns the parameter as it was.": lambda op, a: (a.parameter, *op(a)[1:]),
    },
)

LR_WRONG = Mistake(
    "lr_wrong",
    "The learning rate is not used as it should be.",
    "Multiply the whole step by lr, once.",
    {
        "Yours does not use it.": with_arguments(lambda a: {"lr": 1.0}),
        "Yours uses it twice.": with_arguments(lambda a: {"lr": a.lr**2}),
        "Yours divides by it.": with_arguments(lambda a: {"lr": 1 / a.lr}),
    },
)
