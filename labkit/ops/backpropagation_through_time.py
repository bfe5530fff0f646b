"""Back-propagation through time: the chain rule, walked back over the steps of a plain RNN.

Each state has two effects: on the output at its own time, and on every later state. So a gradient
arrives at ``h_t`` from both sides, ``dL/dh_t = dL/dy_t + U' dL/ds_{t+1}``, goes through the
nonlinearity, ``dL/ds_t = dL/dh_t * (1 - h_t²)``, and walks on to ``h_{t-1}`` through U. Walking
back k steps multiplies k times by U and by slopes of at most 1: that is why gradients of a plain
RNN vanish, or explode [2]_.

T steps, B sequences, D features, H hidden units, s the sums ``W x + U h + b``, L the loss.

References
----------
.. [1] Werbos (1990), Backpropagation Through Time: What It Does and How to Do It.
   https://doi.org/10.1109/5.58337
.. [2] Pascanu, Mikolov and Bengio (2013), On the Difficulty of Training Recurrent Neural Networks.
   https://arxiv.org/abs/1211.5063
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.errors import OptionError, ShapeError
from labkit.ops.arguments import expect_alike, expect_float
from labkit.ops.recurrent_equations import Nonlinearity, activation
from labkit.ops.recurrent_weights import LayerWeights, read_weights

__all__ = ["RNNGradients", "gradient_norms", "rnn_backward"]


class RNNGradients(NamedTuple):
    """What `rnn_backward` finds.

    Parameters
    ----------
    x
        The gradient of the input.
    weights
        The gradient of each weight, under its name.
    states
        The gradient that arrives at each state, from its own time and from all later ones.
    initial_state
        The gradient of the state before the first step.
    """

    x: Tensor
    weights: dict[str, Tensor]
    states: Tensor
    initial_state: Tensor


@torch.no_grad()
def rnn_backward(
    x: Float[Tensor, "T B D"],
    weights: Mapping[str, Tensor],
    output: Float[Tensor, "T B H"],
    gradient: Float[Tensor, "T B H"],
    *,
    nonlinearity: Nonlinearity = "tanh",
    initial_state: Float[Tensor, "1 B H"] | None = None,
) -> RNNGradients:
    """Walk back through time by hand: one layer of a plain RNN, in one direction.

    Parameters
    ----------
    x, weights, nonlinearity, initial_state
        What went into ``rnn``.
    output
        The states that came out of it, for each step.
    gradient
        The gradient of the loss with respect to that output, as if no state had an effect on the
        next. A loss of the last state alone has zeros everywhere but in the last step.

    Returns
    -------
    RNNGradients
        The same numbers as autograd's, without a graph of their own.

    Raises
    ------
    ShapeError, DTypeError, DeviceError, OptionError
        If the tensors do not fit one another, or the weights have more than one layer.

    Examples
    --------
    With U = 0.5 and relu a gradient is halved by each step back:

    >>> weights = {"weight_ih_l0": torch.ones(1, 1), "weight_hh_l0": torch.full((1, 1), 0.5)}
    >>> x, output = torch.ones(3, 1, 1), torch.tensor([1.0, 1.5, 1.75]).reshape(3, 1, 1)
    >>> last = torch.tensor([0.0, 0.0, 1.0]).reshape(3, 1, 1)
    >>> rnn_backward(x, weights, output, last, nonlinearity="relu").states.flatten()
    tensor([0.2500, 0.5000, 1.0000])
    """
    activation(nonlinearity)  # raises where it means nothing here
    layer, start = _read_single(x, weights, output, gradient, initial_state)

    arriving = torch.zeros_like(start)  # from the future, of which the last step has none
    at_states, at_sums = torch.zeros_like(output), torch.zeros_like(output)
    for t in reversed(range(len(x))):
        at_states[t] = gradient[t] + arriving
        at_sums[t] = at_states[t] * _slope(output[t], nonlinearity)
        arriving = at_sums[t] @ layer.weight_hh

    before = torch.cat([start[None], output])[:-1]  # h_{t-1}, what U was multiplied by
    by_name = {
        "weight_ih_l0": torch.einsum("tbh,tbd->hd", at_sums, x),
        "weight_hh_l0": torch.einsum("tbh,tbk->hk", at_sums, before),
        "bias_ih_l0": at_sums.sum(dim=(0, 1)),
        "bias_hh_l0": at_sums.sum(dim=(0, 1)),
    }
    return RNNGradients(
        x=at_sums @ layer.weight_ih,
        weights={name: by_name[name] for name in weights},
        states=at_states,
        initial_state=arriving[None],
    )


def _read_single(
    x: Tensor,
    weights: Mapping[str, Tensor],
    output: Tensor,
    gradient: Tensor,
    initial_state: Tensor | None,
) -> tuple[LayerWeights, Tensor]:
    """Check the arguments; return the only layer's weights and its first state, (B, H)."""
    if x.dim() != 3:
        raise ShapeError(f"x must be (time, batch, features), got shape {tuple(x.shape)}")
    stack = read_weights(weights, "RNN", x.shape[-1])
    expect_alike(x=x, output=output, gradient=gradient, initial_state=initial_state, **weights)
    if len(stack) > 1 or len(stack[0]) > 1:
        raise OptionError(
            "rnn_backward walks back through one layer in one direction; walk each one by itself, "
            "from the last to the first: the gradient of its x is that of the output below"
        )
    time, batch, hidden = *x.shape[:2], len(stack[0][0].weight_hh)
    initial = x.new_zeros(1, batch, hidden) if initial_state is None else initial_state
    every, first = (time, batch, hidden), (1, batch, hidden)
    for name, states, shape in (
        ("output", output, every),
        ("gradient", gradient, every),
        ("initial_state", initial, first),
    ):
        if states.shape != shape:
            raise ShapeError(f"{name} must have shape {shape}, got {tuple(states.shape)}")
    return stack[0][0], initial[0]


def _slope(h: Tensor, nonlinearity: Nonlinearity) -> Tensor:
    """Differentiate the nonlinearity; its own result tells its slope (relu's is 1 at NaN)."""
    return 1 - h * h if nonlinearity == "tanh" else (~(h <= 0)).to(h.dtype)


def gradient_norms(
    loss: Float[Tensor, ""], states: Sequence[Float[Tensor, "*batch H"]]
) -> Float[Tensor, " T"]:
    """Measure how much of the gradient reaches each state: the norm of ``dL/dh_t`` over time.

    Parameters
    ----------
    loss
        A single number, computed from the states.
    states
        The states in the order of time, one tensor for each step, as they come out of
        ``rnn_update`` one after another (or the cells of ``lstm_update``). The ``output`` of
        ``rnn`` will not do, nor will slices of it: it is made *from* the states, so nothing that
        a state does to later ones goes through it.

    Returns
    -------
    Float[Tensor, " T"]
        The norm over batch and units, in units of the loss per unit of the state. A state that
        the loss does not depend on has 0. The graph is kept for ``loss.backward()``.

    Raises
    ------
    ShapeError
        If the loss is not a single number, or the states are one stacked tensor.
    OptionError
        If the loss or a state has no gradient.

    Examples
    --------
    >>> h = torch.ones(1, requires_grad=True)
    >>> states = [h]
    >>> for _ in range(3):
    ...     states.append(0.5 * states[-1])
    >>> gradient_norms(states[-1].sum(), states)
    tensor([0.1250, 0.2500, 0.5000, 1.0000])
    """
    if isinstance(states, Tensor):
        raise ShapeError(
            "states must be a list with one tensor for each step, as rnn_update returns them: a "
            f"stacked tensor {tuple(states.shape)} is made from the states, and the way from one "
            "state to the next does not lead through it"
        )
    named = {"loss": loss, **{f"states[{t}]": state for t, state in enumerate(states)}}
    for name, tensor in named.items():
        expect_float(name, tensor)
        if not tensor.requires_grad:
            raise OptionError(f"{name} has no gradient; step from weights with requires_grad_()")
    if loss.numel() != 1:
        raise ShapeError(f"loss must be a single number, got shape {tuple(loss.shape)}")
    if not states:
        return loss.new_zeros(0)
    found = torch.autograd.grad(loss, list(states), retain_graph=True, allow_unused=True)
    norms = [loss.new_zeros(()) if gradient is None else gradient.norm() for gradient in found]
    return torch.stack(norms)
