"""Recurrence, 50 steps of 32 sequences: step by step, all inputs at once, gate by gate."""

from collections.abc import Callable

import torch
from forms.case import Case
from torch import Tensor

from labkit.ops.recurrence import gru, lstm, rnn

__all__ = ["CASES"]

STEPS, BATCH = 50, 32
MODULES = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


def step_of_rnn(from_x: list[Tensor], from_h: list[Tensor], h: Tensor, c: Tensor) -> tuple:
    """Update a plain RNN."""
    return torch.tanh(from_x[0] + from_h[0]), c


def step_of_gru(from_x: list[Tensor], from_h: list[Tensor], h: Tensor, c: Tensor) -> tuple:
    """Update a GRU."""
    r, z = (torch.sigmoid(from_x[k] + from_h[k]) for k in (0, 1))
    n = torch.tanh(from_x[2] + r * from_h[2])
    return (1 - z) * n + z * h, c


def step_of_lstm(from_x: list[Tensor], from_h: list[Tensor], h: Tensor, c: Tensor) -> tuple:
    """Update an LSTM."""
    i, f, o = (torch.sigmoid(from_x[k] + from_h[k]) for k in (0, 1, 3))
    c = f * c + i * torch.tanh(from_x[2] + from_h[2])
    return o * torch.tanh(c), c


UPDATES = {"rnn": step_of_rnn, "gru": step_of_gru, "lstm": step_of_lstm}
GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def step_by_step(kind: str) -> Callable[..., Tensor]:
    """Multiply input and state at each step, all gates in one product each."""

    def read(x: Tensor, w: Tensor, u: Tensor, b: Tensor, b_h: Tensor) -> Tensor:
        h = c = x.new_zeros(x.shape[1], u.shape[1])
        states = []
        for now in x:
            from_x, from_h = now @ w.T + b, h @ u.T + b_h
            h, c = UPDATES[kind](from_x.chunk(GATES[kind], 1), from_h.chunk(GATES[kind], 1), h, c)
            states.append(h)
        return torch.stack(states)

    return read


def gate_by_gate(kind: str) -> Callable[..., Tensor]:
    """Give every gate products of its own, as the formulas are printed."""

    def read(x: Tensor, w: Tensor, u: Tensor, b: Tensor, b_h: Tensor) -> Tensor:
        parts = list(zip(*(t.chunk(GATES[kind]) for t in (w, u, b, b_h)), strict=True))
        h = c = x.new_zeros(x.shape[1], u.shape[1])
        states = []
        for now in x:
            from_x = [now @ gate_w.T + gate_b for gate_w, _, gate_b, _ in parts]
            from_h = [h @ gate_u.T + gate_b for _, gate_u, _, gate_b in parts]
            h, c = UPDATES[kind](from_x, from_h, h, c)
            states.append(h)
        return torch.stack(states)

    return read


def products_alone(x: Tensor, w: Tensor, u: Tensor, b: Tensor, b_h: Tensor) -> Tensor:
    """Multiply the inputs of all steps by their weights, and stop there."""
    return torch.nn.functional.linear(x, w, b)


def _case(kind: str, hidden: int, bars: tuple[float, float]) -> Case:
    module, ours = MODULES[kind](hidden, hidden), {"rnn": rnn, "gru": gru, "lstm": lstm}[kind]

    def arguments() -> tuple[Tensor, ...]:
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(STEPS, BATCH, hidden, generator=generator)
        return x, *(p.detach().clone() for p in module.parameters())

    def reference(x: Tensor, *weights: Tensor) -> Tensor:
        named = dict(zip(NAMES, weights, strict=True))
        return torch.func.functional_call(module, named, (x,))[0]

    forms = {"labkit": lambda x, *w: ours(x, dict(zip(NAMES, w, strict=True)))[0]}
    forms["step by step"] = step_by_step(kind)
    if kind != "rnn":
        forms["gate by gate"] = gate_by_gate(kind)
    forms["input products alone"] = products_alone
    part = frozenset({"input products alone"})
    return Case(kind, f"50×32×{hidden} → {hidden}", arguments, reference, forms, bars, parts=part)


CASES = [
    _case("rnn", 64, (1.1, 1.1)),
    _case("rnn", 256, (1.1, 1.1)),
    _case("gru", 64, (1.5, 1.1)),
    _case("gru", 256, (1.5, 1.1)),
    _case("lstm", 64, (3.0, 2.4)),
    _case("lstm", 256, (1.9, 1.4)),
]
