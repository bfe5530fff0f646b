"""One layer in one direction, over all its steps.

The inputs of all steps are known beforehand, so they are multiplied by W in a single product. What
is left for each step is the product with U, because it needs the state before. Rows come packed as
in `labkit.ops.packed_sequences`, with ``counts`` sequences still running at each step.

B sequences, D features, H hidden units, G gates.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import linear

from labkit.ops.packed_sequences import last_states, still_running
from labkit.ops.recurrent_equations import Nonlinearity, activation, gru_state, lstm_state
from labkit.ops.recurrent_weights import LayerWeights

__all__ = ["Scan", "gru_scan", "lstm_scan", "rnn_scan"]

Rows = Float[Tensor, "rows D"]
States = tuple[Float[Tensor, "B H"], ...]

# From rows, counts, the states before the first step, and weights: all outputs, the last states.
Scan = Callable[[Rows, list[int], States, LayerWeights], tuple[Float[Tensor, "rows H"], States]]


def rnn_scan(
    rows: Rows,
    counts: list[int],
    initial: States,
    layer: LayerWeights,
    *,
    nonlinearity: Nonlinearity = "tanh",
) -> tuple[Float[Tensor, "rows H"], States]:
    """Run a plain RNN.

    Examples
    --------
    >>> layer = LayerWeights(torch.ones(1, 1), torch.ones(1, 1))
    >>> rnn_scan(torch.ones(2, 1), [1, 1], (torch.zeros(1, 1),), layer, nonlinearity="relu")[0]
    tensor([[1.],
            [2.]])
    """
    bend, columns = activation(nonlinearity), layer.weight_hh.T
    products = linear(rows, layer.weight_ih, _one_bias(layer))
    h = start = initial[0].to(products.dtype)
    states = []
    for count, product in zip(counts, products.split(counts), strict=True):
        h = still_running(h, count)
        h = bend(torch.addmm(product, h, columns))
        states.append(h)
    return _joined(states, start), (last_states(start, states),)


def gru_scan(
    rows: Rows, counts: list[int], initial: States, layer: LayerWeights
) -> tuple[Float[Tensor, "rows H"], States]:
    """Run a GRU.

    Examples
    --------
    >>> layer = LayerWeights(torch.zeros(3, 1), torch.zeros(3, 1))
    >>> gru_scan(torch.ones(2, 1), [1, 1], (torch.ones(1, 1),), layer)[0]
    tensor([[0.5000],
            [0.2500]])
    """
    products = linear(rows, layer.weight_ih, layer.bias_ih)
    h = start = initial[0].to(products.dtype)
    states = []
    for count, product in zip(counts, products.split(counts), strict=True):
        h = still_running(h, count)
        h = gru_state(product, linear(h, layer.weight_hh, layer.bias_hh), h)
        states.append(h)
    return _joined(states, start), (last_states(start, states),)


def lstm_scan(
    rows: Rows, counts: list[int], initial: States, layer: LayerWeights
) -> tuple[Float[Tensor, "rows H"], States]:
    """Run an LSTM.

    Examples
    --------
    >>> layer = LayerWeights(torch.zeros(4, 1), torch.zeros(4, 1))
    >>> start = torch.zeros(1, 1), torch.ones(1, 1)
    >>> lstm_scan(torch.ones(2, 1), [1, 1], start, layer)[1][1]
    tensor([[0.2500]])
    """
    columns = layer.weight_hh.T
    products = linear(rows, layer.weight_ih, _one_bias(layer))
    start_h, start_c = h, c = [state.to(products.dtype) for state in initial]
    states, cells = [], []
    for count, product in zip(counts, products.split(counts), strict=True):
        h, c = still_running(h, count), still_running(c, count)
        h, c = lstm_state(torch.addmm(product, h, columns), c, layer.peepholes)
        states.append(h)
        cells.append(c)
    return _joined(states, start_h), (last_states(start_h, states), last_states(start_c, cells))


def _one_bias(layer: LayerWeights) -> Tensor | None:
    """Add the two biases beforehand: nothing but a sum comes between them."""
    return None if layer.bias_ih is None else layer.bias_ih + layer.bias_hh


def _joined(states: Sequence[Tensor], start: Tensor) -> Tensor:
    return torch.cat(states) if states else start[:0]
