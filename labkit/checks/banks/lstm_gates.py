"""Mistakes people make with the gates of a long short-term memory.

In the code ``a`` are the arguments, i, f and o the gates (input, forget, output), g the candidate:
c' = f ⊙ c + i ⊙ g and h' = o ⊙ tanh(c').
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.gates import interleaved, orders
from labkit.checks.question import Arguments

__all__ = [
    "CANDIDATE_ACTIVATION",
    "FORGET_GATE_WRONG",
    "GATES_BLIND",
    "GATES_INTERLEAVED",
    "GATE_ACTIVATION",
    "GATE_ORDER",
    "INPUT_GATE_WRONG",
    "OUTPUT_GATE_WRONG",
    "Parts",
    "parts_of",
    "with_output",
]

Both = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Parts:
    """The gates, the candidate and the old state."""

    i: Tensor
    f: Tensor
    g: Tensor
    o: Tensor
    h: Tensor
    c: Tensor

    @property
    def new_c(self) -> Tensor:
        """The new cell state."""
        return self.f * self.c + self.i * self.g


def parts_of(
    a: Arguments,
    gate: Callable[[Tensor], Tensor] = torch.sigmoid,
    candidate: Callable[[Tensor], Tensor] = torch.tanh,
) -> Parts:
    """Return the parts of one update, with these functions around their sums."""
    sums = F.linear(a.x, a.weight_ih, a.bias_ih) + F.linear(a.h, a.weight_hh, a.bias_hh)
    i, f, g, o = sums.chunk(4, 1)
    return Parts(gate(i), gate(f), candidate(g), gate(o), a.h, a.c)


def _cell(new_c: Callable[[Parts], Tensor]) -> Variant:
    """Make a variant with another cell state."""

    def variant(_: Function, a: Arguments) -> Both:
        parts = parts_of(a)
        c = new_c(parts)
        return parts.o * torch.tanh(c), c

    return variant


def with_output(new_h: Callable[[Parts, Tensor], Tensor]) -> Variant:
    """Make a variant with another h, from the gates and the new cell state, which stays."""

    def variant(op: Function, a: Arguments) -> Both:
        _, c = op(a)
        return new_h(parts_of(a), c), c

    return variant


def _with(**activations: Callable[[Tensor], Tensor]) -> Variant:
    def variant(_: Function, a: Arguments) -> Both:
        parts = parts_of(a, **activations)
        return parts.o * torch.tanh(parts.new_c), parts.new_c

    return variant


def _with_one(gate: str, activation: Callable[[Tensor], Tensor]) -> Variant:
    """Make a variant that has this around the sum of one gate."""

    def variant(_: Function, a: Arguments) -> Both:
        changed = getattr(parts_of(a, gate=activation), gate)
        parts = replace(parts_of(a), **{gate: changed})
        return parts.o * torch.tanh(parts.new_c), parts.new_c

    return variant


def _new_h_for_output_gate(_: Function, a: Arguments) -> Both:
    """Compute the output gate from a state that was overwritten by tanh(c') already."""
    parts = parts_of(a)
    late = parts_of(a.but(h=torch.tanh(parts.new_c)))
    return late.o * torch.tanh(parts.new_c), parts.new_c


def _only_from(keep: str) -> Variant:
    """Make a variant whose gates (not the candidate) see one of input and state alone."""

    def variant(_: Function, a: Arguments) -> Both:
        gone = "h" if keep == "x" else "x"
        bias = "bias_hh" if keep == "x" else "bias_ih"
        gates = parts_of(a.but(**{gone: torch.zeros_like(a[gone]), bias: None}))
        c = gates.f * a.c + gates.i * parts_of(a).g
        return gates.o * torch.tanh(c), c

    return variant


GATE_ORDER = Mistake(
    "gate_order",
    "The gates are read in the wrong order.",
    "PyTorch stacks the rows of weights and biases in the order i, f, g, o (input, forget, "
    "candidate, output).",
    orders("i", "f", "g", "o"),
)

CANDIDATE_ACTIVATION = Mistake(
    "candidate_activation",
    "The candidate g has not gone through tanh.",
    "g = tanh(...): it is what may be written, between -1 and 1, not a gate.",
    {
        "Yours has the sigmoid there, as if it were a gate.": _with(candidate=torch.sigmoid),
        "Yours uses it as it is.": _with(candidate=torch.clone),
        "Yours has ReLU there.": _with(candidate=torch.relu),
    },
)

GATE_ACTIVATION = Mistake(
    "gate_activation",
    "The gates have not gone through the sigmoid.",
    "i, f and o are shares between 0 and 1: torch.sigmoid of their sums.",
    {
        "Yours have tanh.": _with(gate=torch.tanh),
        "Yours are the bare sums.": _with(gate=torch.clone),
        "Yours have tanh, and the candidate has the sigmoid.": _with(
            gate=torch.tanh, candidate=torch.sigmoid
        ),
        **{
            f"Your {gate} {words}.": _with_one(gate, activation)
            for gate in "ifo"
            for words, activation in (("is the bare sum", torch.clone), ("has tanh", torch.tanh))
        },
    },
)

FORGET_GATE_WRONG = Mistake(
    "forget_gate_wrong",
    "The forget gate is not used as it should be.",
    "It multiplies the old cell state, and nothing else: c = f * c + i * g.",
    {
        "Yours does not use it: nothing is ever forgotten.": _cell(lambda p: p.c + p.i * p.g),
        "Yours multiplies the candidate by it instead.": _cell(lambda p: p.c + p.f * p.g),
        "Yours multiplies the sum of both by it.": _cell(lambda p: p.f * (p.c + p.i * p.g)),
        "Yours uses it for both.": _cell(lambda p: p.f * p.c + p.f * p.g),
        "Yours multiplies by 1 - f: it is the share that stays.": _cell(
            lambda p: (1 - p.f) * p.c + p.i * p.g
        ),
        "Yours multiplies h instead of c.": _cell(lambda p: p.f * p.h + p.i * p.g),
        "Yours adds 1 to its sum, as some do to the bias that they begin with.": _with_one(
            "f", lambda s: torch.sigmoid(s + 1)
        ),
        "Yours multiplies what is kept and what is written, instead of adding them.": _cell(
            lambda p: p.f * p.c * p.i * p.g
        ),
    },
)

INPUT_GATE_WRONG = Mistake(
    "input_gate_wrong",
    "The input gate is not used as it should be.",
    "It multiplies the candidate: c = f * c + i * g.",
    {
        "Yours does not use it.": _cell(lambda p: p.f * p.c + p.g),
        "Yours uses 1 - f in its place.": _cell(lambda p: p.f * p.c + (1 - p.f) * p.g),
        "Yours adds it, without the candidate.": _cell(lambda p: p.f * p.c + p.i),
        "Yours uses i for both.": _cell(lambda p: p.i * p.c + p.i * p.g),
    },
)

OUTPUT_GATE_WRONG = Mistake(
    "output_gate_wrong",
    "The output gate is not used as it should be.",
    "h = o * torch.tanh(c), with o from the old h and c the new cell state.",
    {
        "Yours does not use it.": with_output(lambda p, c: torch.tanh(c)),
        "Yours is the gate itself.": with_output(lambda p, c: p.o),
        "Yours multiplies the candidate, not the cell.": with_output(lambda p, c: p.o * p.g),
        "Yours uses the input gate.": with_output(lambda p, c: p.i * torch.tanh(c)),
        "Yours uses the forget gate.": with_output(lambda p, c: p.f * torch.tanh(c)),
        "Yours computes it from a state that is new already.": _new_h_for_output_gate,
    },
)

GATES_INTERLEAVED = Mistake(
    "gates_interleaved",
    "The gates are cut wrongly: a gate is a block of neighbouring rows.",
    "Cut the sums with chunk(4, dim=1); view(N, H, 4) takes every fourth instead.",
    {"": interleaved(4)},
)

GATES_BLIND = Mistake(
    "gates_blind",
    "The gates see only one of input and state.",
    "Each gate is the sigmoid of the input's product plus the state's, with both biases.",
    {
        "Yours depend on the input alone.": _only_from("x"),
        "Yours depend on the state alone.": _only_from("h"),
    },
)
