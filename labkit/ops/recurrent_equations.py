"""The equations of each kind of recurrent network, in the letters of the field.

They begin where the two products have been made: the *sums* of each gate, ``W x + U h + b``, lie
side by side in the last axis, in PyTorch's order. B sequences, H hidden units, h state, c cell.
"""

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.errors import OptionError

__all__ = ["Nonlinearity", "activation", "gated_output_state", "gru_state", "lstm_state"]

Nonlinearity = Literal["tanh", "relu"]
State = Float[Tensor, "*batch H"]
ThreeGates = Float[Tensor, "*batch three_H"]
FourGates = Float[Tensor, "*batch four_H"]


def activation(nonlinearity: Nonlinearity) -> Callable[[Tensor], Tensor]:
    """Return the function that bends a plain RNN's sums into its state.

    Raises
    ------
    OptionError
        If the nonlinearity is neither ``"tanh"`` nor ``"relu"``.

    Examples
    --------
    >>> activation("relu")(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    if nonlinearity not in ("tanh", "relu"):
        raise OptionError(f"nonlinearity must be 'tanh' or 'relu', got {nonlinearity!r}")
    return torch.tanh if nonlinearity == "tanh" else torch.relu


def gru_state(from_input: ThreeGates, from_state: ThreeGates, h: State) -> State:
    """Mix the old state with a new one, from ``W x + b_ih`` and ``U h + b_hh`` of all gates.

    Examples
    --------
    >>> gru_state(torch.zeros(3), torch.zeros(3), torch.tensor([4.0]))
    tensor([2.])
    """
    x_r, x_z, x_n = from_input.chunk(3, dim=-1)
    h_r, h_z, h_n = from_state.chunk(3, dim=-1)
    r = torch.sigmoid(x_r + h_r)
    z = torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + r * h_n)
    h = torch.lerp(n, h, z)  # (1 - z) * n + z * h
    return h


def lstm_state(
    sums: FourGates, c: State, peepholes: Float[Tensor, "gates=3 H"] | None = None
) -> tuple[State, State]:
    """Write to the cell and read from it, from the sums ``W x + U h + b`` of all four gates.

    Examples
    --------
    >>> lstm_state(torch.zeros(4), torch.tensor([2.0]))[1]
    tensor([1.])
    """
    i, f, g, o = sums.chunk(4, dim=-1)
    if peepholes is not None:
        i = i + peepholes[0] * c
        f = f + peepholes[1] * c
    i = torch.sigmoid(i)
    f = torch.sigmoid(f)
    g = torch.tanh(g)
    c = f * c + i * g
    if peepholes is not None:
        o = o + peepholes[2] * c
    o = torch.sigmoid(o)
    h = o * torch.tanh(c)
    return h, c


def gated_output_state(sums: Float[Tensor, "*batch two_H"]) -> State:
    """Damp a plain RNN's new state by an output gate.

    Examples
    --------
    >>> gated_output_state(torch.tensor([100.0, 0.0]))
    tensor([0.5000])
    """
    a, o = sums.chunk(2, dim=-1)
    o = torch.sigmoid(o)
    h = o * torch.tanh(a)
    return h
