"""Mistakes people make in one update of a gated recurrent unit.

In the code ``a`` are the arguments, r the reset gate, z the update gate, n the candidate:
r = σ(W_r x + U_r h), z = σ(W_z x + U_z h), n = tanh(W_n x + r ⊙ U_n h), h' = (1 − z) ⊙ n + z ⊙ h,
each product with its bias.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks import recurrence as plain
from labkit.checks.banks.gates import interleaved, orders
from labkit.checks.banks.misuse import with_arguments
from labkit.checks.question import Arguments

__all__ = ["MISTAKES"]


@dataclass(frozen=True)
class _Sums:
    """What the input and the state contribute to each gate, and the old state."""

    x_r: Tensor
    x_z: Tensor
    x_n: Tensor
    h_r: Tensor
    h_z: Tensor
    h_n: Tensor
    h: Tensor

    @property
    def r(self) -> Tensor:
        return torch.sigmoid(self.x_r + self.h_r)

    @property
    def z(self) -> Tensor:
        return torch.sigmoid(self.x_z + self.h_z)

    @property
    def n(self) -> Tensor:
        return torch.tanh(self.x_n + self.r * self.h_n)


def _sums(a: Arguments) -> _Sums:
    x = F.linear(a.x, a.weight_ih, a.bias_ih).chunk(3, 1)
    h = F.linear(a.h, a.weight_hh, a.bias_hh).chunk(3, 1)
    return _Sums(*x, *h, a.h)


def _by_formula(formula: Callable[[_Sums], Tensor]) -> Variant:
    """Make a variant that computes the new state from the sums in another way."""
    return lambda _, a: formula(_sums(a))


def _mixed(z: Tensor, n: Tensor, h: Tensor) -> Tensor:
    return (1 - z) * n + z * h


def _candidate(n: Callable[[_Sums], Tensor]) -> Variant:
    """Make a variant with another candidate."""
    return _by_formula(lambda s: _mixed(s.z, n(s), s.h))


def _blocks(a: Arguments) -> tuple[tuple[Tensor, ...], tuple[Tensor | float, ...]]:
    biases = (0.0, 0.0, 0.0) if a.bias_hh is None else a.bias_hh.chunk(3)
    return a.weight_hh.chunk(3), tuple(biases)


def _reset_before_product(_: Function, a: Arguments) -> Tensor:
    sums, (weights, biases) = _sums(a), _blocks(a)
    rh = sums.r * a.h
    n = torch.tanh(sums.x_n + rh @ weights[2].T + biases[2])
    return _mixed(sums.z, n, a.h)


def _reset_overwrites(_: Function, a: Arguments) -> Tensor:
    """Overwrite the state by r ⊙ h, and go on with that."""
    sums, (weights, biases) = _sums(a), _blocks(a)
    rh = sums.r * a.h
    z = torch.sigmoid(sums.x_z + rh @ weights[1].T + biases[1])
    n = torch.tanh(sums.x_n + rh @ weights[2].T + biases[2])
    return _mixed(z, n, rh)


def _reset_not_on_bias(_: Function, a: Arguments) -> Tensor:
    sums, bias = _sums(a), _blocks(a)[1][2]
    n = torch.tanh(sums.x_n + sums.r * (sums.h_n - bias) + bias)
    return _mixed(sums.z, n, a.h)


def _with_gates(gate: Callable[[Tensor], Tensor]) -> Variant:
    def formula(s: _Sums) -> Tensor:
        n = torch.tanh(s.x_n + gate(s.x_r + s.h_r) * s.h_n)
        return _mixed(gate(s.x_z + s.h_z), n, s.h)

    return _by_formula(formula)


def _blind(*names: str) -> Variant:
    """Make a variant in which these sums are zero."""

    def formula(s: _Sums) -> Tensor:
        left = replace(s, **{name: torch.zeros_like(getattr(s, name)) for name in names})
        return _mixed(left.z, left.n, s.h)

    return _by_formula(formula)


GATE_ORDER = Mistake(
    "gate_order",
    "The gates are read in the wrong order.",
    "PyTorch stacks the rows of weights and biases in the order r, z, n (reset, update, new).",
    orders("r", "z", "n"),
)

UPDATE_GATE_INVERTED = Mistake(
    "update_gate_inverted",
    "z and 1 - z are swapped: z is how much of the old state is kept.",
    "h' = (1 - z) * n + z * h. (Papers differ; PyTorch and Cho's first paper have it this way.)",
    {"": _by_formula(lambda s: _mixed(1 - s.z, s.n, s.h))},
)

RESET_BEFORE_PRODUCT = Mistake(
    "reset_before_product",
    "The reset gate is applied to the state before its product with the matrix.",
    "PyTorch applies it afterwards, so that all three products are one: n = tanh(W x + b + "
    "r * (U h + b)). The paper's r * h inside the product is another network.",
    {
        "": _reset_before_product,
        "Yours overwrites h by r * h, and so uses it for z and for the new state too.": (
            _reset_overwrites
        ),
        "The product is right, but its bias stays outside r.": _reset_not_on_bias,
    },
)

RESET_WRONG = Mistake(
    "reset_wrong",
    "The reset gate is not used as it should be.",
    "It multiplies what comes from the state, and nothing else: n = tanh(W x + b + r * (U h + b)).",
    {
        "Yours does not use it.": _candidate(lambda s: torch.tanh(s.x_n + s.h_n)),
        "Yours multiplies the input's product too.": _candidate(
            lambda s: torch.tanh(s.r * (s.x_n + s.h_n))
        ),
        "Yours multiplies the input's product instead.": _candidate(
            lambda s: torch.tanh(s.r * s.x_n + s.h_n)
        ),
        "Yours multiplies the candidate.": _candidate(lambda s: s.r * torch.tanh(s.x_n + s.h_n)),
        "Yours multiplies by 1 - r.": _candidate(lambda s: torch.tanh(s.x_n + (1 - s.r) * s.h_n)),
    },
)

UPDATE_WRONG = Mistake(
    "update_wrong",
    "The old state and the candidate are not mixed as they should be.",
    "h' = (1 - z) * n + z * h: what is not kept of the old is taken from the new.",
    {
        "Yours returns the candidate.": _by_formula(lambda s: s.n),
        "Yours adds the whole candidate.": _by_formula(lambda s: s.n + s.z * s.h),
        "Yours adds the whole old state.": _by_formula(lambda s: (1 - s.z) * s.n + s.h),
        "Yours leaves the old state out.": _by_formula(lambda s: (1 - s.z) * s.n),
        "Yours uses z for both.": _by_formula(lambda s: s.z * (s.n + s.h)),
        "Yours keeps the reset state.": _by_formula(lambda s: _mixed(s.z, s.n, s.r * s.h)),
    },
)

CANDIDATE_ACTIVATION = Mistake(
    "candidate_activation",
    "The candidate n has not gone through tanh.",
    "n = tanh(...): it is a new state, between -1 and 1, not a gate.",
    {
        "Yours uses it as it is.": _candidate(lambda s: s.x_n + s.r * s.h_n),
        "Yours has the sigmoid there, as if it were a gate.": _candidate(
            lambda s: torch.sigmoid(s.x_n + s.r * s.h_n)
        ),
        "Yours has ReLU there.": _candidate(lambda s: torch.relu(s.x_n + s.r * s.h_n)),
    },
)


GATE_ACTIVATION = Mistake(
    "gate_activation",
    "The gates have not gone through the sigmoid.",
    "r and z are shares between 0 and 1: torch.sigmoid of their sums.",
    {
        "Yours have tanh.": _with_gates(torch.tanh),
        "Yours are the bare sums.": _with_gates(torch.clone),
        "Yours have ReLU.": _with_gates(torch.relu),
    },
)

GATES_BLIND = Mistake(
    "gates_blind",
    "The gates see only one of input and state.",
    "Each gate is the sigmoid of the input's product plus the state's, with both biases.",
    {
        "Yours depend on the input alone.": _blind("h_r", "h_z"),
        "Yours depend on the state alone.": _blind("x_r", "x_z"),
        "Yours and the candidate depend on the input alone.": with_arguments(
            lambda a: {"weight_hh": torch.zeros_like(a.weight_hh)}
        ),
    },
)

GATES_INTERLEAVED = Mistake(
    "gates_interleaved",
    "The gates are cut wrongly: a gate is a block of neighbouring rows.",
    "Cut the sums with chunk(3, dim=1); view(N, H, 3) takes every third instead.",
    {"": interleaved(3)},
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    UPDATE_GATE_INVERTED,
    RESET_BEFORE_PRODUCT,
    GATE_ORDER,
    RESET_WRONG,
    UPDATE_WRONG,
    CANDIDATE_ACTIVATION,
    GATE_ACTIVATION,
    plain.BIAS_FORGOTTEN,
    plain.BIAS_ONCE,
    plain.BIAS_TWICE,
    plain.STATE_IGNORED,
    plain.INPUT_IGNORED,
    plain.WEIGHT_TRANSPOSED,
    plain.WEIGHTS_SWAPPED,
    GATES_INTERLEAVED,
    GATES_BLIND,
    plain.BATCH_ONE_ONLY,
)
