"""Recurrence in plain loops over layers, sequences, time and units: the definition.

Kept for reading and for testing the fast form against; slow on purpose. T steps, B sequences, D
features, H hidden units, L layers times directions.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.ops.recurrent_equations import Nonlinearity, activation
from labkit.ops.recurrent_layers import Stack, read_stack
from labkit.ops.recurrent_weights import LayerWeights

__all__ = ["gru_loops", "lstm_loops", "rnn_loops"]

Sequences = Float[Tensor, "... D"]
Outputs = Float[Tensor, "... width"]
State = Float[Tensor, "L *batch H"]

# From one sequence's input and states at one time, and the weights: its next states.
Update = Callable[[Tensor, list[Tensor], LayerWeights], list[Tensor]]


def rnn_loops(
    x: Sequences,
    weights: Mapping[str, Tensor],
    *,
    nonlinearity: Nonlinearity = "tanh",
    **options: Any,
) -> tuple[Outputs, State]:
    """Read sequences with a plain RNN, unit by unit.

    Parameters, results and errors are those of `labkit.ops.recurrence.rnn`.

    Examples
    --------
    >>> weights = {"weight_ih_l0": torch.ones(1, 1), "weight_hh_l0": torch.full((1, 1), 0.5)}
    >>> output, h = rnn_loops(torch.tensor([[4.0], [0.0]]), weights, nonlinearity="relu")
    >>> output.flatten().tolist(), h.tolist()
    ([4.0, 2.0], [[2.0]])
    """
    bend = activation(nonlinearity)
    output, (h,) = _loop(read_stack("RNN", x, weights, **options), partial(_rnn_units, bend=bend))
    return output, h


def gru_loops(x: Sequences, weights: Mapping[str, Tensor], **options: Any) -> tuple[Outputs, State]:
    """Read sequences with a GRU, unit by unit.

    Parameters, results and errors are those of `labkit.ops.recurrence.gru`.

    Examples
    --------
    >>> weights = {"weight_ih_l0": torch.zeros(3, 1), "weight_hh_l0": torch.zeros(3, 1)}
    >>> gru_loops(torch.ones(2, 1), weights, initial_state=torch.ones(1, 1))[0].flatten()
    tensor([0.5000, 0.2500])
    """
    output, (h,) = _loop(read_stack("GRU", x, weights, **options), _gru_units)
    return output, h


def lstm_loops(
    x: Sequences, weights: Mapping[str, Tensor], **options: Any
) -> tuple[Outputs, tuple[State, State]]:
    """Read sequences with an LSTM, unit by unit.

    Parameters, results and errors are those of `labkit.ops.recurrence.lstm`.

    Examples
    --------
    >>> weights = {"weight_ih_l0": torch.zeros(4, 1), "weight_hh_l0": torch.zeros(4, 1)}
    >>> start = torch.zeros(1, 1), torch.ones(1, 1)
    >>> lstm_loops(torch.ones(2, 1), weights, initial_state=start)[1][1]
    tensor([[0.2500]])
    """
    output, (h, c) = _loop(read_stack("LSTM", x, weights, **options), _lstm_units)
    return output, (h, c)


def _loop(stack: Stack, update: Update) -> tuple[Tensor, list[Tensor]]:
    """Run every layer, direction and sequence, one step at a time."""
    time, batch, _ = stack.x.shape
    lengths = [time] * batch if stack.lengths is None else stack.lengths
    last = [state.clone() for state in stack.initial]
    signals = stack.x
    for number, layer in enumerate(stack.layers):
        hidden = layer[0].weight_hh.shape[1]
        output = signals.new_zeros(time, batch, hidden * len(layer))
        for direction, own in enumerate(layer):
            place = number * len(layer) + direction
            units = slice(direction * hidden, (direction + 1) * hidden)
            for b in range(batch):
                state = [initial[place, b] for initial in stack.initial]
                steps = range(lengths[b])
                for t in reversed(steps) if stack.reverse or direction == 1 else steps:
                    state = update(signals[t, b], state, own)
                    output[t, b, units] = state[0]
                for kept, value in zip(last, state, strict=True):
                    kept[place, b] = value
        signals = output
    return stack.as_given(signals, last)


def _rnn_units(
    x: Tensor, state: list[Tensor], own: LayerWeights, *, bend: Callable[[Tensor], Tensor]
) -> list[Tensor]:
    (h,) = state
    units = [bend(_from_input(own, j, x) + _from_state(own, j, h)) for j in range(len(h))]
    return [torch.stack(units)]


def _gru_units(x: Tensor, state: list[Tensor], own: LayerWeights) -> list[Tensor]:
    (h,) = state
    units = []
    for j in range(len(h)):
        row_r, row_z, row_n = j, len(h) + j, 2 * len(h) + j
        r = torch.sigmoid(_from_input(own, row_r, x) + _from_state(own, row_r, h))
        z = torch.sigmoid(_from_input(own, row_z, x) + _from_state(own, row_z, h))
        n = torch.tanh(_from_input(own, row_n, x) + r * _from_state(own, row_n, h))
        units.append((1 - z) * n + z * h[j])
    return [torch.stack(units)]


def _lstm_units(x: Tensor, state: list[Tensor], own: LayerWeights) -> list[Tensor]:
    h, c = state
    no_peepholes = h.new_zeros(3, len(h))
    p_i, p_f, p_o = no_peepholes if own.peepholes is None else own.peepholes
    units, cells = [], []
    for j in range(len(h)):
        i, f, g, o = (
            _from_input(own, row, x) + _from_state(own, row, h)
            for row in range(j, 4 * len(h), len(h))
        )
        i = torch.sigmoid(i + p_i[j] * c[j])
        f = torch.sigmoid(f + p_f[j] * c[j])
        cells.append(f * c[j] + i * torch.tanh(g))
        o = torch.sigmoid(o + p_o[j] * cells[j])
        units.append(o * torch.tanh(cells[j]))
    return [torch.stack(units), torch.stack(cells)]


def _from_input(own: LayerWeights, row: int, x: Tensor) -> Tensor:
    """Multiply one row of W with the input, and add its bias."""
    product = (own.weight_ih[row] * x).sum()
    return product if own.bias_ih is None else product + own.bias_ih[row]


def _from_state(own: LayerWeights, row: int, h: Tensor) -> Tensor:
    """Multiply one row of U with the state, and add its bias."""
    product = (own.weight_hh[row] * h).sum()
    return product if own.bias_hh is None else product + own.bias_hh[row]
