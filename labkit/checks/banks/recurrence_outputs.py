"""Mistakes people make in what a recurrent network returns: every state, and the last.

In the code ``a`` are the arguments; in a variant x is (T, N, I), whatever ``batch_first`` says.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import with_result
from labkit.checks.question import Arguments

__all__ = [
    "LAST_STATE_WRONG",
    "OUTPUT_NOT_ALL",
    "OUTPUT_SHIFTED",
    "RESULTS_SWAPPED",
    "time_first",
    "with_last",
    "with_output",
]

Both = tuple[Tensor, Tensor]


def time_first(variant: Variant) -> Variant:
    """Let a variant see time on the first axis."""

    def turned(op: Function, a: Arguments) -> Both:
        x = a.x.transpose(0, 1) if a.batch_first else a.x
        output, h_n = variant(op, a.but(x=x, batch_first=False))
        return output.transpose(0, 1) if a.batch_first else output, h_n

    return turned


def with_output(change: Callable[[Tensor, Tensor, Arguments], Tensor]) -> Variant:
    """Make a variant that changes the output: ``change(output, h_n, arguments)``."""

    def variant(op: Function, a: Arguments) -> Both:
        output, h_n = op(a)
        return change(output, h_n, a), h_n

    return time_first(variant)


def with_last(change: Callable[[Tensor, Tensor, Arguments], Tensor]) -> Variant:
    """Make a variant that changes the last state: ``change(output, h_n, arguments)``."""

    def variant(op: Function, a: Arguments) -> Both:
        output, h_n = op(a)
        return output, change(output, h_n, a)

    return time_first(variant)


def _cut(a: Arguments, steps: slice) -> Arguments:
    return a.but(x=a.x[steps])


OUTPUT_SHIFTED = Mistake(
    "output_shifted",
    "The output is shifted by a step: output[t] is the state after x[t].",
    "Update first, then append; the state that goes into the first step is not in output.",
    {
        "Yours begins with the initial state and lacks the last.": with_output(
            lambda out, h_n, a: torch.cat([a.h[None], out[:-1]])
        ),
        "Yours has the initial state in front of all others.": with_output(
            lambda out, h_n, a: torch.cat([a.h[None], out])
        ),
        "The last step is missing.": with_output(lambda out, h_n, a: out[:-1]),
        "The last step is never made.": time_first(lambda op, a: op(_cut(a, slice(-1)))),
        "The first step is never made.": time_first(lambda op, a: op(_cut(a, slice(1, None)))),
        "The first step is missing.": with_output(lambda out, h_n, a: out[1:]),
    },
)

OUTPUT_NOT_ALL = Mistake(
    "output_not_all",
    "The output does not hold the state of every step.",
    "Append each new state to a list, and return torch.stack(list) as output.",
    {
        "Yours is the last state alone.": with_output(lambda out, h_n, a: h_n[None]),
        "Yours has joined time and batch in one axis: stack the states, do not concatenate.": (
            with_output(lambda out, h_n, a: out.flatten(0, 1))
        ),
        "Yours is the last state alone, without an axis for time.": with_result(
            lambda both: (both[1], both[1])
        ),
        "Yours has the last state in every step: it was overwritten in place.": with_output(
            lambda out, h_n, a: h_n.expand_as(out)
        ),
    },
)

LAST_STATE_WRONG = Mistake(
    "last_state_wrong",
    "The second result should be the last state, (batch, units).",
    "Return torch.stack(states), h, where h is the state after the last step.",
    {
        "Yours is all states.": with_last(lambda out, h_n, a: out),
        "Yours is the state after the first step.": with_last(lambda out, h_n, a: out[0]),
        "Yours is the initial state.": with_last(lambda out, h_n, a: a.h),
        "Yours has an axis more, for layers: there is one layer here.": with_last(
            lambda out, h_n, a: h_n[None]
        ),
    },
)

RESULTS_SWAPPED = Mistake(
    "results_swapped",
    "The two results are in the wrong order.",
    "Return output first, then the last state.",
    {"": with_result(lambda both: both[::-1])},
)
