"""The steps of one example through a network: forward to the loss, and the slopes all the way back.

The loss is the squared error, summed over the outputs. A slope is the gradient of the loss with
respect to a neuron's weighted sum z.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.explorers.explorer import short
from labkit.ops.backpropagation import Activation, Layer, backward, forward

__all__ = [
    "Passes",
    "Step",
    "node_name",
    "seen_at",
    "steps_of",
    "value_of",
    "words_of",
    "work_out",
]

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class Step(NamedTuple):
    """One number of the computation, and where it is.

    ``kind`` is ``"sum"`` (a neuron's value), ``"loss"``, ``"slope"`` (at a neuron) or ``"weight"``
    (its gradient). ``source`` is the neuron that a weight comes from; one past the last of them
    is the bias.
    """

    kind: str
    layer: int = 0
    unit: int = 0
    source: int = 0


class Passes(NamedTuple):
    """All numbers of one example: what came into each layer, the sums, the loss, and the way back.

    ``inputs``, ``sums`` and ``slopes`` hold one vector for each layer.
    """

    inputs: list[Tensor]
    sums: list[Tensor]
    output: Float[Tensor, " O"]
    loss: float
    slopes: list[Tensor]
    gradients: list[Layer]


def steps_of(sizes: Sequence[int]) -> list[Step]:
    """List the steps of a network with so many inputs and neurons, in the order of the computation.

    Back from the loss each neuron gets its slope first, then the gradients of its weights and bias.

    Examples
    --------
    >>> [step.kind for step in steps_of([1, 1])]
    ['sum', 'loss', 'slope', 'weight', 'weight']
    """
    layers = range(len(sizes) - 1)
    forwards = [Step("sum", k, unit) for k in layers for unit in range(sizes[k + 1])]
    back = [
        step
        for k in reversed(layers)
        for unit in range(sizes[k + 1])
        for step in (
            Step("slope", k, unit),
            *(Step("weight", k, unit, source) for source in range(sizes[k] + 1)),
        )
    ]
    return [*forwards, Step("loss"), *back]


def work_out(
    layers: Sequence[Layer],
    x: Float[Tensor, " I"],
    target: Float[Tensor, " O"],
    activation: Activation,
) -> Passes:
    """Send one example forward, and its loss back.

    Examples
    --------
    >>> layer = Layer(torch.tensor([[2.0]]), torch.tensor([1.0]))
    >>> passes = work_out([layer], torch.tensor([3.0]), torch.tensor([5.0]), "relu")
    >>> passes.loss, passes.gradients[0].weight.item()
    (4.0, 12.0)
    """
    trace = forward(x[None], layers, activation=activation)
    away = trace.output - target
    gradients, _ = backward(trace, layers, 2 * away, activation=activation)
    return Passes(
        inputs=[a[0] for a in trace.inputs],
        sums=[z[0] for z in trace.sums],
        output=trace.output[0],
        loss=away.square().sum().item(),
        slopes=[layer.bias for layer in gradients],  # of one example: a bias adds to z as it is
        gradients=gradients,
    )


def seen_at(position: int, sizes: Sequence[int], passes: Passes, *, reveal: bool = True) -> Passes:
    """Put NaN for numbers of the way back that are yet to come; without ``reveal`` for all to come.

    Examples
    --------
    >>> layer = Layer(torch.tensor([[2.0]]), torch.tensor([1.0]))
    >>> passes = work_out([layer], torch.tensor([3.0]), torch.tensor([5.0]), "relu")
    >>> seen = seen_at(3, [1, 1], passes)
    >>> seen.gradients[0].weight.item(), seen.gradients[0].bias.item()
    (12.0, nan)
    """
    places = {step: place for place, step in enumerate(steps_of(sizes))}

    def seen(number: float, *step: str | int) -> float:
        at = places[Step(*step)]
        known = at < position or (reveal and (at == position or step[0] in ("sum", "loss")))
        return number if known else torch.nan

    def row(numbers: Tensor, kind: str, k: int) -> Tensor:
        return torch.tensor([seen(n, kind, k, unit) for unit, n in enumerate(numbers.tolist())])

    def layer(k: int, both: Layer) -> Layer:
        rows = torch.cat([both.weight, both.bias[:, None]], 1).tolist()
        known = [[seen(n, "weight", k, u, s) for s, n in enumerate(r)] for u, r in enumerate(rows)]
        return Layer(torch.tensor(known)[:, :-1], torch.tensor(known)[:, -1])

    inputs, *hidden = passes.inputs
    last = len(passes.sums) - 1
    return passes._replace(
        inputs=[inputs, *(row(a, "sum", k) for k, a in enumerate(hidden))],
        output=row(passes.output, "sum", last),
        loss=seen(passes.loss, "loss"),
        slopes=[row(slopes, "slope", k) for k, slopes in enumerate(passes.slopes)],
        gradients=[layer(k, both) for k, both in enumerate(passes.gradients)],
    )


def value_of(step: Step, passes: Passes) -> float:
    """Return the number that a step works out."""
    kind, k, unit, source = step
    if kind == "loss":
        return passes.loss
    if kind == "slope":
        return passes.slopes[k][unit].item()
    if kind == "sum":
        outputs = [*passes.inputs[1:], passes.output]
        return outputs[k][unit].item()
    weight, bias = passes.gradients[k]
    return torch.cat([weight[unit], bias[unit : unit + 1]])[source].item()


def node_name(sizes: Sequence[int], column: int, unit: int) -> str:
    """Name a neuron: x for inputs, y for outputs, h and g for what lies between.

    Examples
    --------
    >>> node_name([2, 3, 1], 1, 2), node_name([2, 3, 1], 2, 0)
    ('h₃', 'y')
    """
    letter = "y" if column == len(sizes) - 1 else "xhg"[column]
    return letter if sizes[column] == 1 else letter + str(unit + 1).translate(SUBSCRIPTS)


def words_of(
    step: Step, passes: Passes, layers: Sequence[Layer], activation: str, value: str
) -> str:
    """Write a step out; ``value`` stands at its end.

    Examples
    --------
    >>> layer = Layer(torch.tensor([[2.0]]), torch.tensor([1.0]))
    >>> passes = work_out([layer], torch.tensor([3.0]), torch.tensor([5.0]), "relu")
    >>> words_of(Step("sum"), passes, [layer], "relu", "7")
    'y = 2 × 3 + 1 = 7'
    >>> words_of(Step("weight"), passes, [layer], "relu", "12")
    'gradient of x → y = slope at y × x = 4 × 3 = 12'
    """
    kind, k, unit, source = step
    sizes = [len(layers[0].weight[0]), *(len(layer.bias) for layer in layers)]
    name = node_name(sizes, k + 1, unit)
    if kind == "sum":
        return f"{name} = {_sum_words(step, passes, layers, activation)} = {value}"
    if kind == "loss":
        return f"loss = sum of (y - t)² = {value}"
    if kind == "slope":
        return f"slope at {name} = {_slope_words(step, passes, layers, activation)} = {value}"
    slope = short(passes.slopes[k][unit].item())
    if source == sizes[k]:
        return f"gradient of the bias of {name} = slope at {name} × 1 = {slope} × 1 = {value}"
    came, number = node_name(sizes, k, source), short(passes.inputs[k][source].item())
    return f"gradient of {came} → {name} = slope at {name} × {came} = {slope} × {number} = {value}"


def _sum_words(step: Step, passes: Passes, layers: Sequence[Layer], activation: str) -> str:
    weights, bias = layers[step.layer].weight[step.unit], layers[step.layer].bias[step.unit]
    terms = [*_products(weights, passes.inputs[step.layer]), short(bias.item())]
    words = " + ".join(terms)
    plain = step.layer == len(layers) - 1 or activation == "identity"
    return words if plain else f"{activation}({words})"


def _slope_words(step: Step, passes: Passes, layers: Sequence[Layer], activation: str) -> str:
    _, k, unit, _ = step
    if k == len(layers) - 1:
        return "2 × (y - t)"
    terms = " + ".join(_products(passes.slopes[k + 1], layers[k + 1].weight[:, unit]))
    return f"({terms}) × the slope of {activation} at {short(passes.sums[k][unit].item())}"


def _products(ones: Tensor, others: Tensor) -> list[str]:
    pairs = zip(ones.tolist(), others.tolist(), strict=True)
    return [f"{short(a)} × {short(b)}" for a, b in pairs]
