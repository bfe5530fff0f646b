"""Step through a recurrent layer: a token, the gates of one unit, the state that they make.

Axes: ``T`` steps, ``I`` width of the input, ``H`` hidden units.
"""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from jaxtyping import Float
from torch import Tensor
from traitlets import Bytes, Enum, Int, List, TraitError, Tuple, Unicode, observe, validate
from traitlets import Float as Number

from labkit.errors import OptionError
from labkit.explorers.explorer import Explorer, es_module
from labkit.explorers.inputs import Matrix
from labkit.explorers.recurrent_layer import GATES, RecurrentLayer, Weights, layers_by_kind
from labkit.explorers.recurrent_step import Step, update_of_unit, update_words
from labkit.explorers.sequences import sequence_numbers, step_labels

__all__ = ["RecurrenceExplorer", "Step"]

CLASSES = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM"}
COUNTED = {"unit": "units", "perturbed": "steps", "feature": "inputs"}


class RecurrenceExplorer(Explorer):
    """A layer that reads a sequence step by step, and how far back each of its states reaches.

    Beside ``position`` (the step) and ``predict``, the synced traits are ``kind``, ``unit``,
    ``perturbed`` (the step whose input is changed), ``feature`` (which number of it), ``amount``
    (by how much) and ``threshold`` (the share of its greatest size below which the change has
    faded). They may be changed from Python or on the screen; a value that cannot be raises
    ``TraitError``.

    Parameters
    ----------
    inputs
        One sequence, (steps, width): at most 64 steps of at most 16 numbers.
    weights
        As ``nn.RNN(...).state_dict()`` gives them, of one layer in one direction, with at most 16
        units; or several of them by kind, ``{"rnn": ..., "lstm": ...}``. A kind without weights
        gets seeded random ones, and is marked so on the screen.
    kind
        ``"rnn"`` (with tanh), ``"gru"`` or ``"lstm"``: what ``weights`` are, and what is shown.
    tokens
        A label for each step: a text of as many characters, or a list of short texts.

    Raises
    ------
    ShapeError
        If inputs, weights and tokens are too large or do not fit together.
    DTypeError, OptionError
        If numbers are not real and finite, or weights are of another kind.

    Notes
    -----
    Steps and units count from 0. The state before the first step is zero.

    Examples
    --------
    >>> import torch
    >>> explorer = RecurrenceExplorer(torch.eye(5), kind="lstm", tokens="hello", position=3)
    >>> explorer.states.shape
    torch.Size([5, 8])
    >>> explorer
    RecurrenceExplorer: LSTM of 8 units, 5 steps of 5 inputs
    step 3 "l", unit 0: i = 0.3709, f = 0.8848, g = -0.09109, o = 0.4438
    c = f × c + i × g = -0.1952, h = o × tanh(c) = -0.08555
    """

    _esm = es_module("recurrence")

    sequence = Bytes().tag(sync=True)
    shape = Tuple(Int(), Int()).tag(sync=True)
    tokens = List(Unicode()).tag(sync=True)
    parameters = Bytes().tag(sync=True)
    kinds = List().tag(sync=True)  # of each kind: name, units, whether it has biases, whether given
    kind = Enum(list(GATES)).tag(sync=True)
    unit = Int(0).tag(sync=True)
    perturbed = Int(0).tag(sync=True)
    feature = Int(0).tag(sync=True)
    amount = Number(1.0).tag(sync=True)
    threshold = Number(0.05).tag(sync=True)

    def __init__(
        self,
        inputs: Matrix,
        weights: Weights | None = None,
        *,
        kind: str = "rnn",
        tokens: str | Sequence[str] | None = None,
        **traits: Any,
    ) -> None:
        self.inputs = sequence_numbers(inputs)
        self.layers, given = layers_by_kind(weights, kind, self.inputs.shape[1])
        super().__init__(
            sequence=self.inputs.numpy().tobytes(),
            shape=tuple(self.inputs.shape),
            tokens=step_labels(tokens, len(self.inputs)),
            parameters=b"".join(
                part.numpy().tobytes() for layer in self.layers.values() for part in layer.stacked
            ),
            kinds=[[k, x.hidden, x.biased, k in given] for k, x in self.layers.items()],
            kind=kind,
            **traits,
        )

    @property
    def layer(self) -> RecurrentLayer:
        """The layer of the present kind."""
        return self.layers[self.kind]

    @property
    def weights(self) -> dict[str, Tensor]:
        """The weights of the present kind, as its ``state_dict()``."""
        return dict(self.layer.weights)

    @property
    def states(self) -> Float[Tensor, "T H"]:
        """The state after each step."""
        return self.layer.states(self.inputs)

    @property
    def differences(self) -> Float[Tensor, "T H"]:
        """How much each state changes with the change of the input."""
        # In double precision, so that a small change survives.
        inputs = self.inputs.double()
        changed = inputs.clone()
        changed[self.perturbed, self.feature] += self.amount
        return self.layer.states(changed) - self.layer.states(inputs)

    @property
    def reach(self) -> int | None:
        """How many steps pass until the change has faded for good; ``None`` when it never does.

        Faded is what is smaller than ``threshold`` times the greatest norm of the differences.
        """
        sizes = self.differences.norm(dim=1)
        lasting = (sizes >= self.threshold * sizes.max()).nonzero()
        if sizes.max() == 0:
            return 0
        last = int(lasting.max())
        return None if last == len(sizes) - 1 else last + 1 - self.perturbed

    @property
    def gradient_norms(self) -> Float[Tensor, " T"]:
        """How much the last state depends on the state of each step: a Frobenius norm."""
        return self.layer.gradient_norms(self.inputs)

    @property
    def code(self) -> str:
        """The present state as Python, the same text as the button "Copy as Python" gives."""
        layer, (steps, width) = self.layer, self.shape
        return CODE.format(
            steps=steps,
            width=width,
            layer=CLASSES[self.kind],
            options=f"{width}, {layer.hidden}" + ("" if layer.biased else ", bias=False"),
            **{name: getattr(self, name) for name in ("position", *COUNTED)},
            amount=self.amount,
        )

    def step(self, position: int | None = None, unit: int | None = None) -> Step:
        """Work out one unit at one step, by default the present ones."""
        (position,) = self._place(position)
        unit = self.unit if unit is None else unit
        self._expect("unit", unit)
        return update_of_unit(self.layer, self.inputs, position, unit)

    def describe(self) -> str:
        """Say the present step: what the gates say, and the state that they make."""
        step = self.step()
        words = update_words(step, reveal=not self.predict)
        label = f' "{self.tokens[step.position]}"' if self.tokens else ""
        sizes = zip((self.layer.hidden, *self.shape), ("unit", "step", "input"), strict=True)
        units, steps, width = (f"{n} {word}{'s' * (n > 1)}" for n, word in sizes)
        return (
            f"{type(self).__name__}: {CLASSES[self.kind]} of {units}, {steps} of {width}\n"
            f"step {step.position}{label}, unit {step.unit}: {words}"
        )

    def poster(self) -> bytes:
        """Draw the present step as PNG bytes."""
        from labkit.figures.recurrence import recurrence_poster

        return recurrence_poster(
            self.states,
            self.differences,
            self.gradient_norms,
            name=CLASSES[self.kind],
            tokens=self.tokens,
            position=self.position,
            unit=self.unit,
            perturbed=self.perturbed,
            reach=self.reach,
            reveal=not self.predict,
        )

    def _places(self, **_: Any) -> tuple[int, ...]:
        return (self.shape[0],)

    def _expect(self, name: str, value: int) -> None:
        steps, width = self.shape
        count = {"unit": self.layer.hidden, "perturbed": steps, "feature": width}[name]
        if not 0 <= value < count:
            raise OptionError(
                f"{name} is {value}; expected an index from 0 to {count - 1} "
                f"into the {count} {COUNTED[name]}"
            )

    @validate(*COUNTED)
    def _can_be(self, proposal: dict[str, Any]) -> int:
        try:
            self._expect(proposal["trait"].name, proposal["value"])
        except OptionError as error:
            raise TraitError(str(error)) from error
        return proposal["value"]

    @validate("amount", "threshold")
    def _is_a_number(self, proposal: dict[str, Any]) -> float:
        name, value = proposal["trait"].name, proposal["value"]
        if name == "amount" and not isfinite(value):
            raise TraitError(f"amount is {value}; expected a finite number")
        if name == "threshold" and not 0 < value < 1:
            raise TraitError(f"threshold is {value}; expected a share between 0 and 1, as 0.05")
        return value

    @observe("kind")
    def _keep_unit(self, _: Any) -> None:
        # Kinds may differ in size: the cursor stops at the last unit.
        self.unit = min(self.unit, self.layer.hidden - 1)


CODE = """\
import torch

# inputs: the {steps} × {width} tensor, weights: the state_dict that this explorer shows
layer = torch.nn.{layer}({options})
layer.load_state_dict(weights)
changed = inputs.clone()
changed[{perturbed}, {feature}] += {amount!r}
with torch.no_grad():
    states = layer(inputs)[0]
    differences = layer(changed)[0] - states
print(states[{position}, {unit}])
print(differences.norm(dim=1))
"""
