"""Recurrence: one update, used again at every step in time, with the state carried along.

`rnn`, `gru` and `lstm` read whole sequences with the weights of PyTorch's layers; `rnn_update`,
`gru_update` and `lstm_update` take a single step; the loops define them all. `rnn_backward` walks
back through time, and `gradient_norms` tells how far back a loss is felt.

T steps, B sequences in the batch, D features of an input, H hidden units, L layers times
directions.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from jaxtyping import Float
from torch import Tensor

from labkit.ops.backpropagation_through_time import RNNGradients, gradient_norms, rnn_backward
from labkit.ops.recurrent_equations import Nonlinearity
from labkit.ops.recurrent_layers import read_stack, run_stack
from labkit.ops.recurrent_loops import gru_loops, lstm_loops, rnn_loops
from labkit.ops.recurrent_scans import gru_scan, lstm_scan, rnn_scan
from labkit.ops.recurrent_updates import (
    gated_output_update,
    gru_update,
    lstm_update,
    rnn_update,
)

__all__ = [
    "RNNGradients",
    "gated_output_update",
    "gradient_norms",
    "gru",
    "gru_loops",
    "gru_update",
    "lstm",
    "lstm_loops",
    "lstm_update",
    "rnn",
    "rnn_backward",
    "rnn_loops",
    "rnn_update",
]

Sequences = Float[Tensor, "... D"]
Outputs = Float[Tensor, "... width"]
State = Float[Tensor, "L *batch H"]
Lengths = Sequence[int] | Tensor


def rnn(
    x: Sequences,
    weights: Mapping[str, Tensor],
    *,
    nonlinearity: Nonlinearity = "tanh",
    initial_state: State | None = None,
    lengths: Lengths | None = None,
    reverse: bool = False,
    batch_first: bool = False,
    num_layers: int | None = None,
    bidirectional: bool | None = None,
) -> tuple[Outputs, State]:
    """Read sequences with a plain RNN: `rnn_update` at every step.

    Parameters
    ----------
    x
        Sequences (T, B, D), or (B, T, D) with ``batch_first``; a single one is (T, D).
    weights
        By PyTorch's names, as ``nn.RNN(...).state_dict()``; to train them,
        ``dict(module.named_parameters())``. The names tell layers, directions and bias.
    nonlinearity
        ``"tanh"`` or ``"relu"``.
    initial_state
        The states before the first step, for each layer and direction; zeros where not given.
    lengths
        Steps of each sequence, 0 to T; what comes after is padding, and changes nothing, not even
        if it is NaN. ``None`` for all T.
    reverse
        Read each sequence from its own end to its start. Output t has then read all from t on.
    batch_first
        Whether the batch is the first axis of x and of the output (but never of the states).
    num_layers, bidirectional
        What is expected of the weights; an error where they have something else.

    Returns
    -------
    tuple
        The output, the last layer's state after each step (both directions side by side; zeros at
        padding), and the state of each layer and direction after its last step.

    Raises
    ------
    ShapeError, DTypeError, DeviceError
        If a weight, a state or the lengths do not fit; the message names which.
    OptionError
        If a weight is missing or unknown, or an option means nothing here.

    See Also
    --------
    torch.nn.RNN : The library's version; equal to rounding.

    Examples
    --------
    >>> import torch
    >>> weights = {"weight_ih_l0": torch.ones(1, 1), "weight_hh_l0": torch.full((1, 1), 0.5)}
    >>> output, h = rnn(torch.tensor([[4.0], [0.0], [0.0]]), weights, nonlinearity="relu")
    >>> output.flatten().tolist(), h.tolist()
    ([4.0, 2.0, 1.0], [[1.0]])
    """
    stack = read_stack(
        "RNN", x, weights, initial_state=initial_state, lengths=lengths, reverse=reverse,
        batch_first=batch_first, num_layers=num_layers, bidirectional=bidirectional,
    )  # fmt: skip
    output, (h,) = run_stack(stack, partial(rnn_scan, nonlinearity=nonlinearity))
    return output, h


def gru(
    x: Sequences,
    weights: Mapping[str, Tensor],
    *,
    initial_state: State | None = None,
    lengths: Lengths | None = None,
    reverse: bool = False,
    batch_first: bool = False,
    num_layers: int | None = None,
    bidirectional: bool | None = None,
) -> tuple[Outputs, State]:
    """Read sequences with a GRU: `gru_update` at every step.

    Parameters, results and errors are those of `rnn`, with the weights of ``nn.GRU``.

    See Also
    --------
    torch.nn.GRU : The library's version; equal to rounding.

    Examples
    --------
    >>> import torch
    >>> output, h = gru(torch.ones(7, 4, 2), torch.nn.GRU(2, 3, bidirectional=True).state_dict())
    >>> output.shape, h.shape
    (torch.Size([7, 4, 6]), torch.Size([2, 4, 3]))
    """
    stack = read_stack(
        "GRU", x, weights, initial_state=initial_state, lengths=lengths, reverse=reverse,
        batch_first=batch_first, num_layers=num_layers, bidirectional=bidirectional,
    )  # fmt: skip
    output, (h,) = run_stack(stack, gru_scan)
    return output, h


def lstm(
    x: Sequences,
    weights: Mapping[str, Tensor],
    *,
    initial_state: tuple[State, State] | None = None,
    lengths: Lengths | None = None,
    reverse: bool = False,
    batch_first: bool = False,
    num_layers: int | None = None,
    bidirectional: bool | None = None,
    peepholes: Float[Tensor, "*L gates=3 H"] | None = None,
) -> tuple[Outputs, tuple[State, State]]:
    """Read sequences with an LSTM: `lstm_update` at every step.

    Parameters, results and errors are those of `rnn`, with the weights of ``nn.LSTM`` and these
    differences.

    Parameters
    ----------
    initial_state
        A pair ``(h, c)``.
    peepholes
        What the gates see of the cell, as in `lstm_update`: (3, H), or (L, 3, H) for more layers
        or both directions.

    Returns
    -------
    tuple
        The output, and the last ``(h, c)``.

    See Also
    --------
    torch.nn.LSTM : The library's version; equal to rounding.

    Examples
    --------
    >>> import torch
    >>> words = torch.ones(4, 7, 2)  # batch first
    >>> weights = torch.nn.LSTM(2, 3, num_layers=2).state_dict()
    >>> output, (h, c) = lstm(words, weights, lengths=[7, 5, 2, 0], batch_first=True)
    >>> output.shape, h.shape, c[-1, -1]
    (torch.Size([4, 7, 3]), torch.Size([2, 4, 3]), tensor([0., 0., 0.]))
    """
    stack = read_stack(
        "LSTM", x, weights, initial_state=initial_state, lengths=lengths, reverse=reverse,
        batch_first=batch_first, num_layers=num_layers, bidirectional=bidirectional,
        peepholes=peepholes,
    )  # fmt: skip
    output, (h, c) = run_stack(stack, lstm_scan)
    return output, (h, c)
