"""Step through a small neural network: each neuron, the loss, and every slope on the way back."""

from typing import Any

import torch
from traitlets import Enum, List, TraitError, observe, validate
from traitlets import Float as Number

from labkit.errors import LabkitError, OptionError
from labkit.explorers.explorer import Explorer, es_module
from labkit.explorers.network_code import network_code
from labkit.explorers.network_layers import (
    LARGEST,
    Network,
    Row,
    layer_sizes,
    layer_tensors,
    network_numbers,
    row,
)
from labkit.explorers.network_steps import (
    Passes,
    Step,
    seen_at,
    steps_of,
    value_of,
    words_of,
    work_out,
)
from labkit.ops.backpropagation import Layer

__all__ = ["NeuralNetworkExplorer", "Passes", "Step"]

ACTIVATIONS = ["relu", "tanh", "sigmoid", "identity"]
MOST_STEPS = 500


class NeuralNetworkExplorer(Explorer):
    """One example that goes through a network, its loss that comes back, and steps that lower it.

    Beside ``position`` (the step of the computation) and ``predict``, the synced traits are ``x``,
    ``target``, ``parameters`` (the weights and biases, as lists), ``activation``, ``lr`` (the
    learning rate), ``losses`` (before each step of gradient descent that was taken) and
    ``earlier`` (the losses of the run before). They may be changed from Python or on the screen; a
    value that cannot be raises ``TraitError``. A new ``x``, ``target`` or ``activation`` starts a
    new curve of losses.

    Parameters
    ----------
    network
        One to three layers ``Layer(weight, bias)``, weight (out, in) and bias (out,), of at most
        six neurons each.
    x, target
        One example and what the network should make of it. The loss is the squared error, summed
        over the outputs.
    activation
        After each layer but the last: ``"relu"``, ``"tanh"``, ``"sigmoid"`` or ``"identity"``.

    Raises
    ------
    ShapeError
        If network, example and target are too large or do not fit together.
    DTypeError, OptionError
        If numbers are not real, finite and within a million.

    Notes
    -----
    Names count from 1, as books do: x₁, h₁, y. Layers, units and positions count from 0.

    Examples
    --------
    >>> hidden = Layer(torch.tensor([[0.5, 1.0], [1.0, -1.5]]), torch.tensor([0.0, 0.5]))
    >>> last = Layer(torch.tensor([[1.0, -1.0]]), torch.tensor([0.5]))
    >>> explorer = NeuralNetworkExplorer([hidden, last], [2, 1], [1], activation="relu")
    >>> explorer
    NeuralNetworkExplorer: 2 inputs, 2 neurons with relu, 1 output; loss 0.25
    step 0 of 16: h₁ = relu(0.5 × 2 + 1 × 1 + 0) = 2
    >>> explorer.take_step()
    >>> round(explorer.loss, 3)
    0.103
    """

    _esm = es_module("neural_network")

    parameters = List().tag(sync=True)
    start = List().tag(sync=True)  # the parameters to go back to
    x = List(Number()).tag(sync=True)
    target = List(Number()).tag(sync=True)
    activation = Enum(ACTIVATIONS, "relu").tag(sync=True)
    lr = Number(0.01).tag(sync=True)
    losses = List(Number()).tag(sync=True)
    earlier = List(Number()).tag(sync=True)

    def __init__(
        self,
        network: Network,
        x: Row,
        target: Row,
        *,
        activation: str = "relu",
        **traits: Any,
    ) -> None:
        start = network_numbers(network)
        sizes = layer_sizes(start)
        example = {"x": row(x, "x", sizes[0], "inputs")}
        example["target"] = row(target, "target", sizes[-1], "outputs")
        if activation not in ACTIVATIONS:
            raise OptionError(f"activation is {activation!r}; expected one of {ACTIVATIONS}")
        super().__init__(parameters=start, start=start, activation=activation, **example, **traits)

    @property
    def layers(self) -> list[Layer]:
        """The present weights and biases, in double precision; setting them starts a new curve."""
        return layer_tensors(self.parameters)

    @layers.setter
    def layers(self, network: Network) -> None:
        with self.hold_sync():
            self.parameters = network_numbers(network)
            self.losses = []

    @property
    def passes(self) -> Passes:
        """All numbers of the way forward and of the way back."""
        x, target = (torch.tensor(one, dtype=torch.float64) for one in (self.x, self.target))
        return work_out(self.layers, x, target, self.activation)

    @property
    def loss(self) -> float:
        """The squared error of the present weights, summed over the outputs."""
        return self.passes.loss

    @property
    def gradients(self) -> list[Layer]:
        """Of the loss, with respect to each layer's weight and bias."""
        return self.passes.gradients

    @property
    def code(self) -> str:
        """The present state as Python, the same text as the button "Copy as Python" gives."""
        options = {name: getattr(self, name) for name in ("x", "target", "activation", "lr")}
        return network_code(self.parameters, self.step(), **options)

    def step(self, position: int | None = None) -> Step:
        """Say what is worked out at a position, by default the present one."""
        return steps_of(layer_sizes(self.start))[self._place(position)[0]]

    def take_step(self) -> None:
        """Move all weights and biases against their gradients, by ``lr`` times as much.

        Raises
        ------
        OptionError
            If the weights would grow beyond a million, or the curve beyond 500 steps.
        """
        now = self.passes
        pairs = zip(self.layers, now.gradients, strict=True)
        moved = [
            [(old - self.lr * by).tolist() for old, by in zip(*pair, strict=True)] for pair in pairs
        ]
        if len(self.losses) >= MOST_STEPS:
            raise OptionError(f"{MOST_STEPS} steps were taken; call back_to_start()")
        try:
            parameters = network_numbers(moved)
        except LabkitError as error:
            raise OptionError(
                f"with lr = {self.lr} the weights grow beyond {LARGEST:,.0f}; "
                "call back_to_start() and take a smaller lr"
            ) from error
        with self.hold_sync():
            self.parameters = parameters
            self.losses = [*self.losses, now.loss]

    def back_to_start(self) -> None:
        """Take back all steps; their losses stay on the picture beside those of the next run."""
        with self.hold_sync():
            self.earlier = [*self.losses, self.loss] if self.losses else []
            self.parameters = self.start
            self.losses = []

    def describe(self) -> str:
        """Say the present step: the terms, and what they add up to."""
        passes, step = self.passes, self.step()
        value = "?" if self.predict else f"{value_of(step, passes):.4g}"
        words = words_of(step, passes, self.layers, self.activation, value)
        inputs, *hidden, outputs = layer_sizes(self.start)
        parts = [_count(inputs, "input"), *(_count(n, "neuron") for n in hidden)]
        parts[1:] = [f"{part} with {self.activation}" for part in parts[1:]]
        loss = "" if self.predict else f"; loss {passes.loss:.4g}"
        return (
            f"{type(self).__name__}: {', '.join([*parts, _count(outputs, 'output')])}{loss}\n"
            f"step {self.position} of {self._places()[0]}: {words}"
        )

    def poster(self) -> bytes:
        """Draw the present step as PNG bytes."""
        from labkit.figures.neural_network import neural_network_poster

        sizes, step = layer_sizes(self.start), self.step()
        seen = seen_at(self.position, sizes, self.passes, reveal=not self.predict)
        returning = step.kind in ("slope", "weight")
        return neural_network_poster(
            self.layers,
            [*seen.inputs, seen.output],
            torch.tensor(self.target),
            [*self.losses, seen.loss],
            cursor=tuple(step),
            slopes=seen.slopes if returning else (),
            gradients=seen.gradients if returning else (),
        )

    def _places(self, **_: Any) -> tuple[int, ...]:
        return (len(steps_of(layer_sizes(self.start))),)

    @validate("parameters", "x", "target", "lr")
    def _can_be(self, proposal: dict[str, Any]) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        try:
            return self._checked(name, value)
        except (LabkitError, TypeError, ValueError) as error:
            raise TraitError(str(error)) from error

    def _checked(self, name: str, value: Any) -> Any:
        sizes = layer_sizes(self.start)
        if name == "lr":
            if not 0 < value <= 10:
                raise OptionError(f"lr is {value}; expected a learning rate above 0, at most 10")
            return value
        if name != "parameters":
            return row(
                value, name, *((sizes[0], "inputs") if name == "x" else (sizes[-1], "outputs"))
            )
        found = layer_sizes(network_numbers(value))
        if found != sizes:
            raise OptionError(f"the layers have {found} neurons; this network has {sizes}")
        return network_numbers(value)

    @observe("x", "target", "activation")
    def _start_a_curve(self, _: Any) -> None:
        # Losses of another example or network do not belong on one curve.
        with self.hold_sync():
            self.losses = []
            self.earlier = []


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"
