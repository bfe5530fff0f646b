"""Mistakes people make with the gates of a gated recurrent unit, above all with its reset gate.

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
from labkit.checks.banks.gates import interleaved, orders
from labkit.checks.banks.misuse import with_arguments
from labkit.checks.question import Arguments

__all__ = [
    "GATES_BLIND",
    "GATES_INTERLEAVED",
    "GATE_ACTIVATION",
    "GATE_ORDER",
    "RESET_BEFORE_PRODUCT",
    "RESET_WRONG",
    "Sums",
    "sums_of",
    "with_candidate",
]


@dataclass(frozen=True)
class Sums:
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
        """The reset gate."""
        return torch.sigmoid(self.x_r + self.h_r)

    @property
    def z(self) -> Tensor:
        """The update gate."""
        return torch.sigmoid(self.x_z + self.h_z)

    @property
    def n(self) -> Tensor:
        """The candidate."""
        return torch.tanh(self.x_n + self.r * self.h_n)


def sums_of(a: Arguments) -> Sums:
    """Return the sums of one update."""
    x = F.linear(a.x, a.weight_ih, a.bias_ih).chunk(3, 1)
    h = F.linear(a.h, a.weight_hh, a.bias_hh).chunk(3, 1)
    return Sums(*x, *h, a.h)


def _mixed(z: Tensor, n: Tensor, h: Tensor) -> Tensor:
    return (1 - z) * n + z * h


def with_candidate(candidate: Callable[[Sums], Tensor]) -> Variant:
    """Make a variant with another candidate."""

    def variant(_: Function, a: Arguments) -> Tensor:
        sums = sums_of(a)
        return _mixed(sums.z, candidate(sums), a.h)

    return variant


def _late(sums: Sums, a: Arguments) -> Sums:
    """Return the sums with r ⊙ h in the place of h."""
    return sums_of(a.but(h=sums.r * a.h))


def _reset_before_product(_: Function, a: Arguments) -> Tensor:
    sums = sums_of(a)
    return _mixed(sums.z, torch.tanh(sums.x_n + _late(sums, a).h_n), a.h)


def _reset_overwrites(_: Function, a: Arguments) -> Tensor:
    """Overwrite the state by r ⊙ h, and go on with that."""
    sums = sums_of(a)
    late = _late(sums, a)
    return _mixed(late.z, torch.tanh(sums.x_n + late.h_n), late.h)


def _reset_in_z(_: Function, a: Arguments) -> Tensor:
    sums = sums_of(a)
    return _mixed(_late(sums, a).z, sums.n, a.h)


def _reset_not_on_bias(_: Function, a: Arguments) -> Tensor:
    sums = sums_of(a)
    bias = 0.0 if a.bias_hh is None else a.bias_hh.chunk(3)[2]
    return _mixed(sums.z, torch.tanh(sums.x_n + sums.r * (sums.h_n - bias) + bias), a.h)


def _with_gates(
    reset: Callable[[Tensor], Tensor] = torch.sigmoid,
    update: Callable[[Tensor], Tensor] = torch.sigmoid,
) -> Variant:
    def variant(_: Function, a: Arguments) -> Tensor:
        s = sums_of(a)
        n = torch.tanh(s.x_n + reset(s.x_r + s.h_r) * s.h_n)
        return _mixed(update(s.x_z + s.h_z), n, s.h)

    return variant


def _blind(*names: str) -> Variant:
    """Make a variant in which these sums are zero."""

    def variant(_: Function, a: Arguments) -> Tensor:
        sums = sums_of(a)
        left = replace(sums, **{name: torch.zeros_like(getattr(sums, name)) for name in names})
        return _mixed(left.z, left.n, a.h)

    return variant


GATE_ORDER = Mistake(
    "gate_order",
    "The gates are read in the wrong order.",
    "PyTorch stacks the rows of weights and biases in the order r, z, n (reset, update, new).",
    orders("r", "z", "n"),
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
        "Yours does not use it.": with_candidate(lambda s: torch.tanh(s.x_n + s.h_n)),
        "Yours multiplies the input's product too.": with_candidate(
            lambda s: torch.tanh(s.r * (s.x_n + s.h_n))
        ),
        "Yours multiplies the input's product instead.": with_candidate(
            lambda s: torch.tanh(s.r * s.x_n + s.h_n)
        ),
        "Yours multiplies the candidate.": with_candidate(
            lambda s: s.r * torch.tanh(s.x_n + s.h_n)
        ),
        "Yours uses z, the update gate, in its place.": with_candidate(
            lambda s: torch.tanh(s.x_n + s.z * s.h_n)
        ),
        "Yours uses it for z too, which is made of the old state as it was.": _reset_in_z,
        "Yours multiplies by 1 - r.": with_candidate(
            lambda s: torch.tanh(s.x_n + (1 - s.r) * s.h_n)
        ),
    },
)

GATE_ACTIVATION = Mistake(
    "gate_activation",
    "The gates have not gone through the sigmoid.",
    "r and z are shares between 0 and 1: torch.sigmoid of their sums.",
    {
        "Yours have tanh.": _with_gates(torch.tanh, torch.tanh),
        "Yours are the bare sums.": _with_gates(torch.clone, torch.clone),
        "Yours have ReLU.": _with_gates(torch.relu, torch.relu),
        "Your r is the bare sum.": _with_gates(reset=torch.clone),
        "Your r has tanh.": _with_gates(reset=torch.tanh),
        "Your z is the bare sum.": _with_gates(update=torch.clone),
        "Your z has tanh.": _with_gates(update=torch.tanh),
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
