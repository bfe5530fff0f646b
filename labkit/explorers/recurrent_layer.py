"""One recurrent layer to look into: its gates step by step, and the gradient back through time.

Axes: ``T`` steps, ``I`` width of the input, ``H`` hidden units, ``G`` gates of a unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.errors import OptionError, ShapeError
from labkit.explorers.inputs import finite_numbers
from labkit.ops.recurrent_weights import read_weights

__all__ = ["GATES", "MOST_UNITS", "RecurrentLayer", "Update", "Weights", "layers_by_kind"]

# In the order in which PyTorch stacks their rows; a plain RNN has no gate, but one sum for a unit.
GATES = {"rnn": ("h",), "gru": ("r", "z", "n"), "lstm": ("i", "f", "g", "o")}
CURVES = {"h": torch.tanh, "n": torch.tanh, "g": torch.tanh}  # all others: the sigmoid
NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
MOST_UNITS = 16
USUAL_UNITS = 8
Weights = Mapping[str, Tensor] | Mapping[str, Mapping[str, Tensor]]


class Update(NamedTuple):
    """One step of a layer: what the gates read and say, and the state and cell that they make."""

    from_input: Float[Tensor, "G H"]
    from_state: Float[Tensor, "G H"]
    gates: Float[Tensor, "G H"]
    state: Float[Tensor, " H"]
    cell: Float[Tensor, " H"]


@dataclass(frozen=True)
class RecurrentLayer:
    """A layer of ``kind`` "rnn" (with tanh), "gru" or "lstm", in one direction.

    Examples
    --------
    >>> layer = RecurrentLayer.of("rnn", torch.nn.RNN(3, 2).state_dict(), width=3)
    >>> layer.states(torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """

    kind: str
    weights: dict[str, Tensor]

    @classmethod
    def of(cls, kind: str, weights: Mapping[str, Tensor], width: int) -> "RecurrentLayer":
        """Take the weights of one layer, under PyTorch's names, for inputs of this width.

        Raises
        ------
        OptionError, ShapeError
            If they are of another kind, of several layers or directions, or of too many units.
        """
        if kind not in GATES:
            raise OptionError(f"kind is {kind!r}; expected one of {', '.join(map(repr, GATES))}")
        named = {name: finite_numbers(value, name).float() for name, value in weights.items()}
        # Raises where a name or a shape is not that of a single layer.
        read_weights(named, kind.upper(), width, num_layers=1, bidirectional=False)
        hidden = named[NAMES[1]].shape[1]
        if hidden > MOST_UNITS:
            raise ShapeError(
                f"weights of {hidden} hidden units; expected at most {MOST_UNITS}, "
                f"so that each has a row of its own; train a smaller layer to look into"
            )
        return cls(kind, named)

    @classmethod
    def seeded(cls, kind: str, width: int, hidden: int) -> "RecurrentLayer":
        """Make a layer of random weights, always the same; its memory gates lean to keeping."""
        generator = torch.Generator().manual_seed(0)
        rows = len(GATES[kind]) * hidden
        named = {
            NAMES[0]: 2 * torch.randn(rows, width, generator=generator) / width**0.5,
            NAMES[1]: 0.7 * torch.randn(rows, hidden, generator=generator) / hidden**0.5,
            NAMES[2]: torch.zeros(rows),
            NAMES[3]: torch.zeros(rows),
        }
        if kind != "rnn":  # f of an LSTM, z of a GRU
            named[NAMES[2]][hidden : 2 * hidden] = 2.0
        return cls(kind, named)

    @property
    def hidden(self) -> int:
        """How many hidden units there are."""
        return self.weights[NAMES[1]].shape[1]

    @property
    def biased(self) -> bool:
        """Whether the layer has biases."""
        return NAMES[2] in self.weights

    @property
    def stacked(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Weights of input and state and their biases, zero where there are none."""
        none = torch.zeros(len(self.weights[NAMES[0]]))
        weight_ih, weight_hh, *biases = (self.weights.get(name, none) for name in NAMES)
        return weight_ih, weight_hh, *biases

    def update(
        self, x: Float[Tensor, " I"], state: Float[Tensor, " H"], cell: Float[Tensor, " H"]
    ) -> Update:
        """Work out one step from an input, the state before and, in an LSTM, the cell before."""
        weight_ih, weight_hh, bias_ih, bias_hh = (part.to(x.dtype) for part in self.stacked)
        from_input = (weight_ih @ x + bias_ih).view(-1, self.hidden)
        from_state = (weight_hh @ state + bias_hh).view(-1, self.hidden)
        gates: list[Tensor] = []
        for name, read, recalled in zip(GATES[self.kind], from_input, from_state, strict=True):
            share = gates[0] if name == "n" else 1.0  # r resets what the candidate recalls
            gates.append(CURVES.get(name, torch.sigmoid)(read + share * recalled))
        return Update(from_input, from_state, torch.stack(gates), *self._merge(gates, state, cell))

    def _merge(self, gates: list[Tensor], state: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        match gates:
            case [h]:
                return h, cell
            case [_, z, n]:
                return (1 - z) * n + z * state, cell
            case [i, f, g, o]:
                cell = f * cell + i * g
                return o * torch.tanh(cell), cell
        raise AssertionError(gates)

    def run(self, inputs: Float[Tensor, "T I"]) -> list[Update]:
        """Work out every step, from a state of zeros."""
        state = cell = torch.zeros(self.hidden, dtype=inputs.dtype)
        updates = []
        for x in inputs:
            updates.append(self.update(x, state, cell))
            state, cell = updates[-1].state, updates[-1].cell
        return updates

    def states(self, inputs: Float[Tensor, "T I"]) -> Float[Tensor, "T H"]:
        """Return the state after each step."""
        return torch.stack([update.state for update in self.run(inputs)])

    def gradient_norms(self, inputs: Float[Tensor, "T I"]) -> Float[Tensor, " T"]:
        r"""Return :math:`\lVert \partial h_T / \partial h_t \rVert` (Frobenius) for each step."""
        # The graph needs a leaf; the first state is a constant.
        updates = self.run(inputs.detach().requires_grad_())
        states = [update.state for update in updates]
        jacobians = torch.autograd.grad(
            states[-1], states, torch.eye(self.hidden, dtype=inputs.dtype), is_grads_batched=True
        )
        return torch.stack([jacobian.norm() for jacobian in jacobians])


def layers_by_kind(
    weights: Weights | None, kind: str, width: int
) -> tuple[dict[str, RecurrentLayer], set[str]]:
    """Return a layer of each kind, and the kinds whose weights were given.

    Parameters
    ----------
    weights
        Of one layer, which is then of ``kind``; or of several layers by kind.
    kind
        What is to be shown first.
    width
        Of the inputs that the layers read.

    Raises
    ------
    OptionError, ShapeError
        If a kind is unknown, or weights do not fit their kind or the inputs.

    Examples
    --------
    >>> layers, given = layers_by_kind({"gru": torch.nn.GRU(3, 2).state_dict()}, "gru", 3)
    >>> list(layers), [layer.hidden for layer in layers.values()], given
    (['rnn', 'gru', 'lstm'], [2, 2, 2], {'gru'})
    """
    by_kind = any(isinstance(value, Mapping) for value in (weights or {}).values())
    named = weights if by_kind else {kind: weights} if weights is not None else {}
    given = {of: RecurrentLayer.of(of, value, width) for of, value in named.items()}
    if kind not in GATES:
        raise OptionError(f"kind is {kind!r}; expected one of {', '.join(map(repr, GATES))}")
    hidden = next((layer.hidden for layer in given.values()), USUAL_UNITS)
    layers = {of: given.get(of) or RecurrentLayer.seeded(of, width, hidden) for of in GATES}
    return layers, set(given)
