"""One layer in one direction, over all its steps.

The inputs of all steps are known beforehand, so they are multiplied by W in a single product. What
is left for each step is the product with U, because it needs the state before. Rows come packed as
in `labkit.ops.packed_sequences`, with ``counts`` sequences still running at each step.

B sequences, D features, H hidden units, G gates.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import linear

from labkit.ops.backpropagation_through_time import walk_back, with_zeros
from labkit.ops.packed_sequences import last_states, still_running
from labkit.ops.recurrent_updates import Nonlinearity, gru_state, lstm_state, rnn_state
from labkit.ops.recurrent_weights import LayerWeights

__all__ = ["PlainRecurrence", "Scan", "gru_scan", "lstm_scan", "rnn_scan"]

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
    products = linear(rows, layer.weight_ih, _one_bias(layer))
    h, weight_hh = (tensor.to(products.dtype) for tensor in (*initial, layer.weight_hh))
    outputs = PlainRecurrence.apply(products, h, weight_hh, counts, nonlinearity)
    return outputs, (last_states(h, outputs.split(counts)),)


class PlainRecurrence(torch.autograd.Function):
    """The steps of a plain RNN as one node of the graph, with its way back written by hand.

    Autograd would keep four nodes for each step; `walk_back` does with one loop, and both weight
    gradients become one product over all steps.
    """

    @staticmethod
    def forward(
        products: Tensor, h: Tensor, weight_hh: Tensor, counts: list[int], nonlinearity: str
    ) -> Tensor:
        """Take step after step."""
        steps = []
        for product in products.split(counts):
            sums = torch.addmm(product, still_running(h, len(product)), weight_hh.T)
            h = rnn_state(sums, nonlinearity)
            steps.append(h)
        return torch.cat(steps) if steps else products.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: Tensor) -> None:
        """Keep what the way back needs: the states, which tell the slopes."""
        _, h, weight_hh, ctx.counts, ctx.nonlinearity = inputs
        ctx.save_for_backward(h, weight_hh, output)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Walk back; made of differentiable steps, so that second derivatives exist too."""
        h, weight_hh, output = ctx.saved_tensors
        states = output.split(ctx.counts)
        back = walk_back(gradient.split(ctx.counts), states, weight_hh, ctx.nonlinearity)
        sums = torch.cat(back.sums) if states else gradient
        # What each step's U was multiplied by: the state before, of those that still ran.
        pairs = zip([h, *states[:-1]], ctx.counts, strict=False)
        before = [still_running(state, count) for state, count in pairs]
        at_weight = sums.T @ torch.cat(before) if states else torch.zeros_like(weight_hh)
        return sums, with_zeros(back.initial, len(h)), at_weight, None, None


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
    steps = []
    for product in products.split(counts):
        h = still_running(h, len(product))
        h = gru_state(product, linear(h, layer.weight_hh, layer.bias_hh), h)
        steps.append(h)
    return _joined(steps, start), (last_states(start, steps),)


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
    products = linear(rows, layer.weight_ih, _one_bias(layer))
    h, c = start = [state.to(products.dtype) for state in initial]
    steps: tuple[list[Tensor], list[Tensor]] = ([], [])
    for product in products.split(counts):
        h, c = (still_running(state, len(product)) for state in (h, c))
        sums = torch.addmm(product, h, layer.weight_hh.T)
        h, c = lstm_state(sums, c, layer.peepholes)
        steps[0].append(h)
        steps[1].append(c)
    return _joined(steps[0], start[0]), tuple(map(last_states, start, steps))


def _one_bias(layer: LayerWeights) -> Tensor | None:
    return None if layer.bias_ih is None else layer.bias_ih + layer.bias_hh


def _joined(steps: Sequence[Tensor], initial: Tensor) -> Tensor:
    return torch.cat(steps) if steps else initial[:0]
