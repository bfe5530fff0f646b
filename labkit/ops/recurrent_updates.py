"""One step in time: how a recurrent network makes its new state from the old one and the input.

The state is all that the network keeps of what it has read. A plain RNN [1]_ overwrites it at
every step; an LSTM [2]_ [3]_ and a GRU [5]_ have gates, numbers between 0 and 1, that decide how
much is kept. B sequences in the batch, D features of an input, H hidden units, x input, h state,
c cell, W ``weight_ih`` and U ``weight_hh``, b their two biases together.

References
----------
.. [1] Elman (1990), Finding Structure in Time. https://doi.org/10.1207/s15516709cog1402_1
.. [2] Hochreiter and Schmidhuber (1997), Long Short-Term Memory (without a forget gate).
   https://doi.org/10.1162/neco.1997.9.8.1735
.. [3] Gers, Schmidhuber and Cummins (2000), Learning to Forget: Continual Prediction with LSTM.
   https://doi.org/10.1162/089976600300015015
.. [4] Gers and Schmidhuber (2000), Recurrent Nets that Time and Count: peepholes.
   https://doi.org/10.1109/IJCNN.2000.861302
.. [5] Cho et al. (2014), Learning Phrase Representations using RNN Encoder–Decoder for Statistical
   Machine Translation. https://arxiv.org/abs/1406.1078
"""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import linear

from labkit.ops.recurrent_arguments import expect_pair, expect_peepholes, expect_step
from labkit.ops.recurrent_equations import (
    Nonlinearity,
    activation,
    gated_output_state,
    gru_state,
    lstm_state,
)
from labkit.ops.recurrent_weights import LayerWeights

__all__ = ["gated_output_update", "gru_update", "lstm_update", "rnn_update"]

Input = Float[Tensor, "*batch features"]
State = Float[Tensor, "*batch hidden"]
InputWeights = Float[Tensor, "rows features"]
HiddenWeights = Float[Tensor, "rows hidden"]
Bias = Float[Tensor, " rows"]
Peepholes = Float[Tensor, "gates=3 hidden"]


def rnn_update(
    x: Input,
    h: State,
    weight_ih: InputWeights,
    weight_hh: HiddenWeights,
    bias_ih: Bias | None = None,
    bias_hh: Bias | None = None,
    *,
    nonlinearity: Nonlinearity = "tanh",
) -> State:
    """Take one step of a plain RNN: ``h = tanh(W x + U h + b)``.

    Parameters
    ----------
    x
        The input at this time.
    h
        The state before this step; zeros at the start of a sequence.
    weight_ih, weight_hh
        W and U: one row for each unit.
    bias_ih, bias_hh
        Added both; PyTorch keeps two where one would do, as does the library underneath it.
    nonlinearity
        ``"tanh"`` (states within -1 and 1) or ``"relu"``.

    Returns
    -------
    State
        The state after this step.

    Raises
    ------
    ShapeError, DTypeError, DeviceError, OptionError
        If the tensors do not fit one another, or the nonlinearity is another.

    See Also
    --------
    torch.nn.RNNCell : The library's version; equal to rounding.

    Examples
    --------
    >>> import torch
    >>> x, h = torch.tensor([1.0, 2.0]), torch.tensor([0.5])
    >>> rnn_update(x, h, torch.tensor([[3.0, -1.0]]), torch.tensor([[4.0]]), nonlinearity="relu")
    tensor([3.])
    """
    expect_step("RNN", x, (h,), LayerWeights(weight_ih, weight_hh, bias_ih, bias_hh))
    bend = activation(nonlinearity)
    return bend(linear(x, weight_ih, bias_ih) + linear(h, weight_hh, bias_hh))


def gru_update(
    x: Input,
    h: State,
    weight_ih: InputWeights,
    weight_hh: HiddenWeights,
    bias_ih: Bias | None = None,
    bias_hh: Bias | None = None,
) -> State:
    """Take one step of a GRU: reset gate r, update gate z, new state n.

    ``r = sigmoid(W_r x + b_ir + U_r h + b_hr)``, ``z`` alike,
    ``n = tanh(W_n x + b_in + r * (U_n h + b_hn))``, ``h = (1 - z) * n + z * h``.

    As in PyTorch, the reset gate acts *after* the product with U. In the paper that introduced
    the GRU it acts before: ``n = tanh(W_n x + U_n (r * h))``; the two differ, so weights trained
    for one do not serve the other. And some later papers call z what is here 1 - z.

    Inputs and errors are those of `rnn_update`.

    Parameters
    ----------
    weight_ih, weight_hh, bias_ih, bias_hh
        The rows of r, of z and of n on top of one another: 3 H rows.

    Returns
    -------
    State
        The state after this step, a mixture of the old one and n.

    See Also
    --------
    torch.nn.GRUCell : The library's version; equal to rounding.

    Examples
    --------
    An update gate held open (z = 1) keeps the state for ever:

    >>> import torch
    >>> keep = torch.tensor([0.0, 100.0, 0.0])
    >>> gru_update(torch.ones(1), torch.tensor([0.25]), torch.ones(3, 1), torch.ones(3, 1), keep)
    tensor([0.2500])
    """
    expect_step("GRU", x, (h,), LayerWeights(weight_ih, weight_hh, bias_ih, bias_hh))
    return gru_state(linear(x, weight_ih, bias_ih), linear(h, weight_hh, bias_hh), h)


def lstm_update(
    x: Input,
    state: tuple[State, State],
    weight_ih: InputWeights,
    weight_hh: HiddenWeights,
    bias_ih: Bias | None = None,
    bias_hh: Bias | None = None,
    *,
    peepholes: Peepholes | None = None,
) -> tuple[State, State]:
    """Take one step of an LSTM: input gate i, forget gate f, new content g, output gate o.

    Each is ``W x + U h + b`` of its own rows, i, f and o through the sigmoid, g through tanh;
    then ``c = f * c + i * g`` and ``h = o * tanh(c)``. The cell is only ever scaled and added to,
    which is what lets a gradient through many steps.

    Parameters
    ----------
    x
        The input at this time.
    state
        ``(h, c)`` before this step; zeros at the start of a sequence.
    weight_ih, weight_hh, bias_ih, bias_hh
        The rows of i, f, g and o on top of one another: 4 H rows.
    peepholes
        What the gates i and f see of the old cell, and o of the new one: one weight for each
        unit [4]_. PyTorch has none.

    Returns
    -------
    tuple of State
        ``(h, c)`` after this step.

    Raises
    ------
    ShapeError, DTypeError, DeviceError
        If the tensors do not fit one another.

    See Also
    --------
    torch.nn.LSTMCell : The library's version; equal to rounding.

    Examples
    --------
    A forget gate held open and an input gate held shut keep the cell for ever:

    >>> import torch
    >>> gates = torch.tensor([-100.0, 100.0, 0.0, 100.0])
    >>> start = torch.zeros(1), torch.tensor([0.5])
    >>> lstm_update(torch.ones(1), start, torch.ones(4, 1), torch.ones(4, 1), gates)[1]
    tensor([0.5000])
    """
    h, c = expect_pair(state)
    expect_step("LSTM", x, (h, c), LayerWeights(weight_ih, weight_hh, bias_ih, bias_hh))
    if peepholes is not None:
        expect_peepholes(peepholes, x, (3, h.shape[-1]))
    return lstm_state(linear(x, weight_ih, bias_ih) + linear(h, weight_hh, bias_hh), c, peepholes)


def gated_output_update(
    x: Input,
    h: State,
    weight_ih: InputWeights,
    weight_hh: HiddenWeights,
    bias_ih: Bias | None = None,
    bias_hh: Bias | None = None,
) -> State:
    """Take one step of a plain RNN with an output gate: neither plain RNN nor LSTM.

    ``o = sigmoid(W_o x + U_o h + b_o)``, ``h = o * tanh(W_h x + U_h h + b_h)``.

    Some introductions show this as "the output state" of an RNN. It is the last line of an LSTM
    put on a plain RNN, and it has no name of its own. A plain RNN has no gate: what it puts out is
    ``y = W_y h + b_y``, beside the state and not fed back. An LSTM's gate guards a *cell* that goes
    on ungated; here nothing is kept back, so that the gate, being less than 1, makes old inputs
    fade faster than without it.

    Inputs and errors are those of `rnn_update`.

    Parameters
    ----------
    weight_ih, weight_hh, bias_ih, bias_hh
        The rows of the new state on top of those of o, as in an LSTM: 2 H rows.

    Returns
    -------
    State
        The state after this step, within -1 and 1.

    Examples
    --------
    An open gate leaves a plain RNN:

    >>> import torch
    >>> x, h, open_gate = torch.ones(1), torch.zeros(1), torch.tensor([0.0, 100.0])
    >>> gated_output_update(x, h, torch.ones(2, 1), torch.ones(2, 1), open_gate)
    tensor([0.7616])
    >>> rnn_update(x, h, torch.ones(1, 1), torch.ones(1, 1))
    tensor([0.7616])
    """
    kind = "RNN with an output gate"
    expect_step(kind, x, (h,), LayerWeights(weight_ih, weight_hh, bias_ih, bias_hh))
    return gated_output_state(linear(x, weight_ih, bias_ih) + linear(h, weight_hh, bias_hh))
