"""Layers on top of one another, each reading in one direction or in both.

What a layer puts out at each step is what the next one reads. In both directions, each has weights
of its own, and their outputs stand side by side [1]_.

T steps, B sequences, D features, H hidden units, L layers times directions.

References
----------
.. [1] Schuster and Paliwal (1997), Bidirectional Recurrent Neural Networks.
   https://doi.org/10.1109/78.650093
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.errors import OptionError, ShapeError
from labkit.ops.arguments import expect_alike, expect_float
from labkit.ops.packed_sequences import plan_packing, read_lengths
from labkit.ops.recurrent_arguments import expect_peepholes
from labkit.ops.recurrent_scans import Scan
from labkit.ops.recurrent_weights import LayerWeights, read_weights

__all__ = ["Stack", "read_stack", "run_stack"]


@dataclass(frozen=True)
class Stack:
    """A recurrent network and a batch for it, checked and in one layout.

    Parameters
    ----------
    x
        The input, time first and with a batch axis.
    layers
        For each layer the weights of each direction.
    initial
        The states before the first step, each (L, B, H): h, and c in an LSTM.
    lengths
        Steps of each sequence; ``None`` for all T.
    reverse
        Whether the only direction reads from the end.
    layout
        How x came: ``"time first"``, ``"batch first"`` or ``"unbatched"``.
    """

    x: Float[Tensor, "T B D"]
    layers: list[list[LayerWeights]]
    initial: tuple[Float[Tensor, "L B H"], ...]
    lengths: list[int] | None
    reverse: bool
    layout: str

    def as_given(self, output: Tensor, last: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Put the results in the layout of the input."""
        if self.layout == "unbatched":
            return output.squeeze(1), [state.squeeze(1) for state in last]
        return output.transpose(0, 1) if self.layout == "batch first" else output, list(last)


def read_stack(
    kind: str,
    x: Float[Tensor, "... D"],
    weights: Mapping[str, Tensor],
    *,
    initial_state: Tensor | tuple[Tensor, Tensor] | None = None,
    lengths: Sequence[int] | Tensor | None = None,
    reverse: bool = False,
    batch_first: bool = False,
    num_layers: int | None = None,
    bidirectional: bool | None = None,
    peepholes: Tensor | None = None,
) -> Stack:
    """Check the arguments of ``rnn``, ``gru`` or ``lstm``, and bring them into one layout.

    Parameters
    ----------
    kind
        ``"RNN"``, ``"GRU"`` or ``"LSTM"``.
    x, weights, initial_state, lengths, reverse, batch_first, num_layers, bidirectional, peepholes
        As in `labkit.ops.recurrence.lstm`.

    Raises
    ------
    ShapeError, DTypeError, DeviceError, OptionError
        Saying what was expected, and where.

    Examples
    --------
    >>> read_stack("RNN", torch.ones(5, 2), torch.nn.RNN(2, 3).state_dict()).initial[0].shape
    torch.Size([1, 1, 3])
    """
    expect_float("x", x)
    if x.dim() not in (2, 3):
        time_and_batch = "batch, time" if batch_first else "time, batch"
        raise ShapeError(
            f"x must be ({time_and_batch}, features), or (time, features) without a batch; "
            f"got shape {tuple(x.shape)}"
        )
    layout = "unbatched" if x.dim() == 2 else "batch first" if batch_first else "time first"
    time_first = x.unsqueeze(1) if x.dim() == 2 else x.transpose(0, 1) if batch_first else x
    layers = read_weights(
        weights, kind, x.shape[-1], num_layers=num_layers, bidirectional=bidirectional
    )
    expect_alike(x=x, **weights)
    if reverse and len(layers[0]) == 2:
        raise OptionError("reverse=True is for one direction; these weights read in both")
    time, batch = time_first.shape[:2]
    return Stack(
        x=time_first,
        layers=_with_peepholes(layers, peepholes, x),
        initial=_read_initial(initial_state, kind, layers, x, batch),
        lengths=read_lengths(lengths, time, batch),
        reverse=reverse,
        layout=layout,
    )


def _read_initial(
    given: Tensor | tuple[Tensor, Tensor] | None,
    kind: str,
    layers: list[list[LayerWeights]],
    x: Tensor,
    batch: int,
) -> tuple[Tensor, ...]:
    """Return h, and c in an LSTM, each (L, B, H); zeros where none is given."""
    names = ("h", "c") if kind == "LSTM" else ("h",)
    places, hidden = len(layers) * len(layers[0]), layers[0][0].weight_hh.shape[1]
    if given is None:
        return tuple(x.new_zeros(places, batch, hidden) for _ in names)
    states = tuple(given) if isinstance(given, tuple | list) else (given,)
    if len(states) != len(names):
        wanted = "a pair (h, c) of tensors" if kind == "LSTM" else "one tensor"
        raise ShapeError(f"initial_state of nn.{kind} must be {wanted}, got {len(states)}")
    shape = (places, batch, hidden) if x.dim() == 3 else (places, hidden)
    for name, state in zip(names, states, strict=True):
        expect_float(f"initial_state {name}", state)
        expect_alike(**{"x": x, f"initial_state {name}": state})
        if state.shape != shape:
            raise ShapeError(
                f"initial_state {name} must have shape {shape} (layers × directions, "
                f"{'batch, ' if x.dim() == 3 else ''}hidden), got {tuple(state.shape)}"
            )
    return tuple(state.reshape(places, batch, hidden) for state in states)


def _with_peepholes(
    layers: list[list[LayerWeights]], peepholes: Tensor | None, x: Tensor
) -> list[list[LayerWeights]]:
    """Give each direction of each layer its peepholes."""
    if peepholes is None:
        return layers
    directions, hidden = len(layers[0]), layers[0][0].weight_hh.shape[1]
    shape = (len(layers) * directions, 3, hidden)
    expect_peepholes(peepholes, x, shape[1:] if peepholes.dim() == 2 and shape[0] == 1 else shape)
    own = iter(peepholes.reshape(shape))
    return [[layer._replace(peepholes=next(own)) for layer in pair] for pair in layers]


def run_stack(stack: Stack, scan: Scan) -> tuple[Tensor, list[Tensor]]:
    """Run every layer in every direction.

    Parameters
    ----------
    stack
        The network and its batch.
    scan
        How one layer goes through its steps.

    Returns
    -------
    tuple
        The last layer's outputs, and the last states of every layer and direction; zeros stand
        where there was padding.

    Examples
    --------
    >>> from labkit.ops.recurrent_scans import gru_scan
    >>> stack = read_stack("GRU", torch.ones(5, 2), torch.nn.GRU(2, 3).state_dict())
    >>> run_stack(stack, gru_scan)[0].shape
    torch.Size([5, 3])
    """
    signals, last = stack.x, []
    for number, layer in enumerate(stack.layers):
        outputs = []
        for direction, own in enumerate(layer):
            packing = plan_packing(signals, stack.lengths, reverse=stack.reverse or direction == 1)
            place = number * len(layer) + direction
            initial = tuple(packing.sort(state[place]) for state in stack.initial)
            rows, states = scan(packing.pack(signals), packing.counts, initial, own)
            outputs.append(packing.unpack(rows))
            last.append([packing.unsort(state) for state in states])
        signals = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=-1)
    return stack.as_given(signals, [torch.stack(states) for states in zip(*last, strict=True)])
