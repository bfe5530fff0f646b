"""Mistakes people make when they run a recurrent network over a whole sequence.

In the code ``a`` are the arguments; in a variant x is (T, N, I), whatever ``batch_first`` says.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks import recurrence as update
from labkit.checks.banks import recurrence_outputs as outputs
from labkit.checks.banks.misuse import with_arguments, with_result
from labkit.checks.banks.recurrence_outputs import time_first, with_last, with_output
from labkit.checks.question import Arguments

__all__ = ["MISTAKES"]

Both = tuple[Tensor, Tensor]


def _walked(
    step: Variant = lambda op, b: op(b),
    entering: Callable[[Tensor, Tensor], Tensor] = lambda h_0, h: h,
) -> Variant:
    """Make a variant that goes step by step.

    ``step`` is a variant of one update, ``entering`` chooses its state from the first and the last.
    """

    def variant(op: Function, a: Arguments) -> Both:
        def once(b: Arguments) -> Tensor:
            return op(b.but(x=b.x[None], lengths=None))[1]

        h, states = a.h, []
        for t, x in enumerate(a.x):
            new = step(once, a.but(x=x, h=entering(a.h, h)))
            goes_on = torch.ones_like(new) if a.lengths is None else (t < a.lengths)[:, None]
            h = torch.where(goes_on > 0, new, h)
            states.append(torch.where(goes_on > 0, new, torch.zeros_like(new)))
        return torch.stack(states), h

    return time_first(variant)


def _in_each_step(mistake: Mistake) -> Mistake:
    """Return a mistake of the update, made in every step."""
    return replace(mistake, variants={k: _walked(v) for k, v in mistake.variants.items()})


def _activated_afterwards(op: Function, a: Arguments) -> Both:
    output, h_n = op(a.but(nonlinearity="identity"))
    activation = torch.relu if a.nonlinearity == "relu" else torch.tanh
    return activation(output), activation(h_n)


def _rows_in_turn(op: Function, a: Arguments) -> Both:
    """Begin each row with the state in which the row before it ended."""
    rows, h = [], a.h[:1]
    for n in range(a.x.shape[1]):
        lengths = None if a.lengths is None else a.lengths[n : n + 1]
        output, h = op(a.but(x=a.x[:, n : n + 1], h=h, lengths=lengths))
        rows.append((output, h))
    each, last = zip(*rows, strict=True)
    return torch.cat(each, dim=1), torch.cat(last)


def _backwards(op: Function, a: Arguments) -> Both:
    return op(a.but(x=a.x.flip(0)))


def _backwards_in_order(op: Function, a: Arguments) -> Both:
    output, h_n = _backwards(op, a)
    return output.flip(0), h_n


def _lengths_by(step: int) -> Variant:
    return with_arguments(lambda a: {} if a.lengths is None else {"lengths": a.lengths + step})


def _until_the_shortest_ends(op: Function, a: Arguments) -> Both:
    if a.lengths is None:
        return op(a)
    steps = int(a.lengths.min())
    output, h_n = op(a.but(x=a.x[:steps], lengths=None))
    return F.pad(output, (0, 0, 0, 0, 0, len(a.x) - steps)), h_n


def _padding_without_input(op: Function, a: Arguments) -> Both:
    if a.lengths is None:
        return op(a)
    ended = torch.arange(len(a.x), device=a.lengths.device)[:, None] >= a.lengths
    return op(a.but(x=a.x.masked_fill(ended[:, :, None], 0), lengths=None))


def _one_step_after_the_last(op: Function, a: Arguments) -> Both:
    if a.lengths is None:
        return op(a)
    places = a.lengths.clamp(max=len(a.x) - 1)
    return op(a)[0], op(a.but(lengths=None))[0][places, torch.arange(len(places))]


def _only_last_knows_lengths(op: Function, a: Arguments) -> Both:
    return op(a.but(lengths=None))[0], op(a)[1]


def _only_output_knows_lengths(op: Function, a: Arguments) -> Both:
    return op(a)[0], op(a.but(lengths=None))[1]


def _state_repeated(output: Tensor, h_n: Tensor, a: Arguments) -> Tensor:
    if a.lengths is None:
        return output
    after = torch.arange(len(output), device=a.lengths.device)[:, None] >= a.lengths
    return torch.where(after[:, :, None], h_n, output)


STATE_NOT_CARRIED = Mistake(
    "state_not_carried",
    "The state is not carried from step to step: each begins with the first state.",
    "Give the next step what this one returned: h = update(x[t], h, ...).",
    {"": _walked(entering=lambda h_0, h: h_0)},
)

BARE_STATE_CARRIED = Mistake(
    "bare_state_carried",
    "The next step gets the bare sum: tanh is applied to what is returned, not to what is carried.",
    "Carry what you append: h = torch.tanh(...), then states.append(h).",
    {"": _activated_afterwards},
)

INITIAL_STATE_IGNORED = Mistake(
    "initial_state_ignored",
    "The initial state is ignored: the first step begins with zeros.",
    "Begin with the h that is given.",
    {"": with_arguments(lambda a: {"h": torch.zeros_like(a.h)})},
)

LENGTHS_IGNORED = Mistake(
    "lengths_ignored",
    "Padding is counted: steps at or after lengths[n] must not change row n.",
    "Keep the old state where t >= lengths, and write zeros into output there (torch.where).",
    {
        "": with_arguments(lambda a: {"lengths": None}),
        "Your last state is right; your output goes on into the padding.": (
            _only_last_knows_lengths
        ),
        "Your output is right; your last state comes from the padding.": (
            _only_output_knows_lengths
        ),
        "Your output repeats the last state there, instead of zeros.": with_output(_state_repeated),
        "Your last state is output[-1], which is zero for a row that ended before.": with_last(
            lambda out, h_n, a: out[-1]
        ),
        "Your last state is output[lengths]; the last step of row n is lengths[n] - 1.": time_first(
            _one_step_after_the_last
        ),
        "Yours ends for all when the shortest ends.": time_first(_until_the_shortest_ends),
        "Your padding reads zeros, but goes on updating the state.": time_first(
            _padding_without_input
        ),
        "Yours goes one step too far.": _lengths_by(+1),
        "Yours ends one step too early.": _lengths_by(-1),
    },
)

TIME_BATCH_SWAPPED = Mistake(
    "time_batch_swapped",
    "Time and batch are swapped.",
    "Axis 0 of x and of output is time, axis 1 counts the sequences; batch_first turns that round.",
    {
        "Yours walks along the batch, and returns it first.": with_arguments(
            lambda a: {"x": a.x.transpose(0, 1)}
        ),
        "Yours walks along the batch.": with_arguments(
            lambda a: {"batch_first": not a.batch_first}
        ),
        "Your output is (batch, time, units) where it should be (time, batch, units), or the other "
        "way round.": with_result(lambda both: (both[0].transpose(0, 1), both[1])),
    },
)

BATCH_FIRST_IGNORED = Mistake(
    "batch_first_ignored",
    "The option batch_first is ignored.",
    "With batch_first=True x and output are (batch, time, ...): transpose them, h stays as it is.",
    {
        "": with_arguments(lambda a: {"batch_first": False}),
        "Your output has time first nevertheless.": lambda op, a: (
            op(a)[0].transpose(0, 1) if a.batch_first else op(a)[0],
            op(a)[1],
        ),
    },
)

TIME_REVERSED = Mistake(
    "time_reversed",
    "Yours reads the sequence backwards.",
    "Begin with x[0] and end with x[-1].",
    {
        "": time_first(_backwards),
        "Its output is in the order of time all the same.": time_first(_backwards_in_order),
    },
)

INPUT_REPEATED = Mistake(
    "input_repeated",
    "Every step reads the same input.",
    "Step t reads x[t].",
    {
        "Yours reads the first.": time_first(
            with_arguments(lambda a: {"x": a.x[:1].expand_as(a.x)})
        ),
        "Yours reads the last.": time_first(
            with_arguments(lambda a: {"x": a.x[-1:].expand_as(a.x)})
        ),
    },
)

ROWS_CHAINED = Mistake(
    "rows_chained",
    "The state runs on from one sequence of the batch into the next.",
    "Row n of the batch begins with h[n], whatever the row before it did.",
    {"": time_first(_rows_in_turn)},
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    STATE_NOT_CARRIED,
    BARE_STATE_CARRIED,
    INITIAL_STATE_IGNORED,
    outputs.OUTPUT_SHIFTED,
    outputs.OUTPUT_NOT_ALL,
    outputs.LAST_STATE_WRONG,
    TIME_BATCH_SWAPPED,
    BATCH_FIRST_IGNORED,
    LENGTHS_IGNORED,
    outputs.RESULTS_SWAPPED,
    *map(_in_each_step, update.MISTAKES),
    TIME_REVERSED,
    INPUT_REPEATED,
    ROWS_CHAINED,
)
