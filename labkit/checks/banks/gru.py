"""Mistakes people make in one update of a gated recurrent unit; those of its gates lie apart.

In the code ``a`` are the arguments, r the reset gate, z the update gate, n the candidate:
h' = (1 − z) ⊙ n + z ⊙ h.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks import gru_gates as gates
from labkit.checks.banks import recurrence as plain
from labkit.checks.banks.gru_gates import Sums, sums_of, with_candidate
from labkit.checks.question import Arguments

__all__ = ["MISTAKES"]


def _mixed_as(mix: Callable[[Sums, Tensor], Tensor]) -> Variant:
    """Make a variant that mixes the old state with the candidate in another way.

    The candidate is what ``op`` has, which may be wrong already: h' = (1 - z) n + z h for n.
    """

    def variant(op: Function, a: Arguments) -> Tensor:
        sums = sums_of(a)
        n = (op(a) - sums.z * a.h) / (1 - sums.z)
        return mix(sums, n)

    return variant


def _update_of_the_candidate(_: Function, a: Arguments) -> Tensor:
    """Overwrite h by the candidate, and compute z from that."""
    n, h = sums_of(a).n, a.h
    z = sums_of(a.but(h=n)).z
    return (1 - z) * n + z * h


UPDATE_GATE_INVERTED = Mistake(
    "update_gate_inverted",
    "z and 1 - z are swapped: z is how much of the old state is kept.",
    "h' = (1 - z) * n + z * h. (Papers differ; PyTorch and Cho's first paper have it this way.)",
    {"": _mixed_as(lambda s, n: s.z * n + (1 - s.z) * s.h)},
)

UPDATE_WRONG = Mistake(
    "update_wrong",
    "The old state and the candidate are not mixed as they should be.",
    "h' = (1 - z) * n + z * h: what is not kept of the old is taken from the new.",
    {
        "Yours returns the candidate.": _mixed_as(lambda s, n: n),
        "Yours adds the whole candidate.": _mixed_as(lambda s, n: n + s.z * s.h),
        "Yours adds the whole old state.": _mixed_as(lambda s, n: (1 - s.z) * n + s.h),
        "Yours leaves the old state out.": _mixed_as(lambda s, n: (1 - s.z) * n),
        "Yours uses z for both.": _mixed_as(lambda s, n: s.z * (n + s.h)),
        "Yours keeps the reset state.": _mixed_as(lambda s, n: (1 - s.z) * n + s.z * s.r * s.h),
        "Yours mixes by the reset gate.": _mixed_as(lambda s, n: (1 - s.r) * n + s.r * s.h),
        "Yours takes tanh of the mixture once more.": _mixed_as(
            lambda s, n: torch.tanh((1 - s.z) * n + s.z * s.h)
        ),
        "Your z is made of the new candidate, not of the old state.": _update_of_the_candidate,
    },
)

CANDIDATE_ACTIVATION = Mistake(
    "candidate_activation",
    "The candidate n has not gone through tanh.",
    "n = tanh(...): it is a new state, between -1 and 1, not a gate.",
    {
        "Yours uses it as it is.": with_candidate(lambda s: s.x_n + s.r * s.h_n),
        "Yours has the sigmoid there, as if it were a gate.": with_candidate(
            lambda s: torch.sigmoid(s.x_n + s.r * s.h_n)
        ),
        "Yours has ReLU there.": with_candidate(lambda s: torch.relu(s.x_n + s.r * s.h_n)),
    },
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    UPDATE_GATE_INVERTED,
    gates.RESET_BEFORE_PRODUCT,
    gates.GATE_ORDER,
    gates.RESET_WRONG,
    UPDATE_WRONG,
    CANDIDATE_ACTIVATION,
    gates.GATE_ACTIVATION,
    plain.BIAS_FORGOTTEN,
    plain.BIAS_ONCE,
    plain.BIAS_TWICE,
    plain.STATE_IGNORED,
    plain.INPUT_IGNORED,
    plain.WEIGHT_TRANSPOSED,
    plain.WEIGHTS_SWAPPED,
    gates.GATES_INTERLEAVED,
    gates.GATES_BLIND,
    plain.BATCH_ONE_ONLY,
)
