"""Mistakes people make in one update of a long short-term memory; those of gates lie apart.

In the code ``a`` are the arguments, i, f and o the gates (input, forget, output), g the candidate:
c' = f ⊙ c + i ⊙ g and h' = o ⊙ tanh(c').
"""

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake
from labkit.checks.banks import lstm_gates as gates
from labkit.checks.banks import recurrence as plain
from labkit.checks.banks.lstm_gates import parts_of, with_output
from labkit.checks.banks.misuse import with_arguments, with_result
from labkit.checks.question import Arguments

__all__ = ["MISTAKES"]

Both = tuple[Tensor, Tensor]


def _squashed(op: Function, a: Arguments) -> Both:
    c = torch.tanh(op(a)[1])
    return parts_of(a).o * c, c


def _squashed_twice(op: Function, a: Arguments) -> Both:
    c = torch.tanh(op(a)[1])
    return parts_of(a).o * torch.tanh(c), c


def _swapped_states(a: Arguments) -> dict:
    return {"h": a.c, "c": a.h}


CELL_TANH_FORGOTTEN = Mistake(
    "cell_tanh_forgotten",
    "The tanh around the cell state is forgotten or misplaced.",
    "h = o * torch.tanh(c), and c itself is returned as it is.",
    {
        "Yours returns h = o * c.": with_output(lambda p, c: p.o * c),
        "Yours has the sigmoid there.": with_output(lambda p, c: p.o * torch.sigmoid(c)),
        "Yours has it around the product: tanh(o * c).": with_output(
            lambda p, c: torch.tanh(p.o * c)
        ),
        "Yours keeps tanh(c) as the cell state.": _squashed,
        "Yours keeps tanh(c) as the cell state, and takes tanh of it again.": _squashed_twice,
    },
)

OLD_CELL_USED = Mistake(
    "old_cell_used",
    "The old cell state is used or returned where the new one belongs.",
    "Compute c first, then h = o * torch.tanh(c); return both.",
    {
        "Your h is made of the old one.": with_output(lambda p, _: p.o * torch.tanh(p.c)),
        "Your h is right, but the old c is returned.": lambda op, a: (op(a)[0], a.c),
    },
)

CELL_IGNORED = Mistake(
    "cell_ignored",
    "The old cell state does not matter: the answer is as if c were zero.",
    "c = f * c + i * g begins with what was kept of the old c.",
    {
        "": with_arguments(lambda a: {"c": torch.zeros_like(a.c)}),
        "Neither does h.": with_arguments(
            lambda a: {"c": torch.zeros_like(a.c), "h": torch.zeros_like(a.h)}
        ),
    },
)

STATES_SWAPPED = Mistake(
    "states_swapped",
    "h and c are swapped.",
    "The state is (h, c) on the way in and on the way out.",
    {
        "Yours returns (c, h).": with_result(lambda both: both[::-1]),
        "Yours takes (c, h).": with_arguments(_swapped_states),
        "Yours takes and returns (c, h).": lambda op, a: op(a.but(**_swapped_states(a)))[::-1],
        "Yours returns h twice.": with_result(lambda both: (both[0], both[0])),
        "Yours returns c twice.": with_result(lambda both: (both[1], both[1])),
    },
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    CELL_TANH_FORGOTTEN,
    STATES_SWAPPED,
    gates.CANDIDATE_ACTIVATION,
    gates.GATE_ACTIVATION,
    gates.FORGET_GATE_WRONG,
    gates.INPUT_GATE_WRONG,
    gates.OUTPUT_GATE_WRONG,
    OLD_CELL_USED,
    plain.BIAS_FORGOTTEN,
    plain.BIAS_ONCE,
    plain.BIAS_TWICE,
    gates.GATE_ORDER,
    plain.STATE_IGNORED,
    CELL_IGNORED,
    plain.INPUT_IGNORED,
    plain.WEIGHT_TRANSPOSED,
    plain.WEIGHTS_SWAPPED,
    gates.GATES_INTERLEAVED,
    gates.GATES_BLIND,
    plain.BATCH_ONE_ONLY,
)
