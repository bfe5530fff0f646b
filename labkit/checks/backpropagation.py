"""Check a learner's back-propagation through two layers: what is asked, and how numbers come about.

Axis legend: N rows (the batch), I inputs, H hidden units, C classes.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.banks.backpropagation import MISTAKES
from labkit.checks.examine import examine
from labkit.checks.numbers import Numbers
from labkit.checks.properties import equals
from labkit.checks.question import (
    Arguments,
    Derivation,
    Operation,
    Question,
    Result,
    Trait,
    parameter,
)
from labkit.checks.verdict import Verdict
from labkit.checks.writing import products, terms

__all__ = ["BACKPROPAGATION", "backpropagation"]

_ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu, "identity": torch.clone}
_PARAMETERS = ("weight_1", "bias_1", "weight_2", "bias_2")


def backpropagation(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function propagates a cross-entropy back through a network of two layers.

    The network is h = tanh(x @ weight_1.T + bias_1), logits = h @ weight_2.T + bias_2, its loss the
    mean over the batch of the cross-entropy with ``target``. The function takes ``(x, target,
    weight_1, bias_1, weight_2, bias_2)``, of the shapes (N, I), (N,), (H, I), (H,), (C, H) and
    (C,), and ``activation`` ("tanh" or "relu") if it likes. It returns the gradients of the four
    parameters, in their order.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> def mine(x, target, weight_1, bias_1, weight_2, bias_2):
    ...     h = torch.tanh(x @ weight_1.T + bias_1)
    ...     delta_2 = torch.softmax(h @ weight_2.T + bias_2, 1) - F.one_hot(target, len(bias_2))
    ...     delta_1 = delta_2 @ weight_2 * (1 - h**2)
    ...     return delta_1.T @ x, delta_1.sum(0), delta_2.T @ h, delta_2.sum(0)
    >>> check.backpropagation(mine).mistake
    'mean_forgotten'
    """
    return examine(function, BACKPROPAGATION, timeout=timeout)


def _question(
    about: str, sizes: tuple[int, int, int, int], *, probe: bool = False, **options: str
) -> Question:
    rows, inputs, hidden, classes = sizes
    numbers = Numbers(about)
    asked = Arguments(
        x=4 * numbers.quarters(rows, inputs),
        target=numbers.labels(classes, rows),
        weight_1=numbers.quarters(hidden, inputs),
        bias_1=numbers.quarters(hidden),
        weight_2=2 * numbers.quarters(classes, hidden),
        bias_2=numbers.quarters(classes),
    )
    return Question(about, asked.but(**options), probe)


_QUESTIONS = (
    _question("one row, one hidden unit", (1, 1, 1, 2)),
    _question("one row", (1, 2, 3, 2)),
    _question("two rows", (2, 3, 2, 3), probe=True),
    _question("a batch", (4, 2, 3, 2)),
    _question("everything of one size", (3, 3, 3, 3)),
    _question("as many units as inputs", (2, 2, 2, 3)),
    _question("as many classes as units", (3, 4, 2, 2)),
    _question("many rows", (6, 2, 2, 4)),
    _question("relu", (2, 2, 3, 2), activation="relu"),
    _question("relu over a batch", (4, 3, 4, 3), activation="relu", probe=True),
)


def _reference(a: Arguments) -> tuple[Tensor, ...]:
    given = a.but(**{name: a[name].detach().clone().requires_grad_() for name in _PARAMETERS})
    with torch.enable_grad():
        h = _ACTIVATIONS[a.activation](F.linear(given.x, given.weight_1, given.bias_1))
        loss = F.cross_entropy(F.linear(h, given.weight_2, given.bias_2), given.target)
        return torch.autograd.grad(loss, [given[name] for name in _PARAMETERS])


def _errors(a: Arguments) -> tuple[Tensor, Tensor, Tensor]:
    """Return h, and the gradients with respect to the sums of both layers."""
    s = F.linear(a.x, a.weight_1, a.bias_1)
    h = _ACTIVATIONS[a.activation](s)
    logits = F.linear(h, a.weight_2, a.bias_2)
    delta_2 = (torch.softmax(logits, 1) - F.one_hot(a.target, len(a.bias_2))) / len(s)
    slope = (s > 0).to(s.dtype) if a.activation == "relu" else 1 - h**2
    return h, delta_2 @ a.weight_2 * slope, delta_2


_WORDS = (
    "delta_1 = delta_2 @ weight_2 times the activation's derivative",
    "delta_2 = (softmax - one_hot) / N",
)


def _of_weight(layer: int) -> Callable[[Arguments, tuple[int, ...]], Derivation]:
    def derive(a: Arguments, index: tuple[int, ...]) -> Derivation:
        h, *deltas = _errors(a)
        unit, i = index
        delta, inputs = deltas[layer - 1][:, unit], (a.x, h)[layer - 1][:, i]
        name = ("x", "h")[layer - 1]
        source = f"delta_{layer}[:, {unit}] * {name}[:, {i}], with {_WORDS[layer - 1]}"
        shown = products(delta, inputs)
        return Derivation(float((delta * inputs).sum()), source=source, shown=shown)

    return derive


def _of_bias(layer: int) -> Callable[[Arguments, tuple[int, ...]], Derivation]:
    def derive(a: Arguments, index: tuple[int, ...]) -> Derivation:
        delta = _errors(a)[layer][:, index[0]]
        source = f"delta_{layer}[:, {index[0]}] summed, with {_WORDS[layer - 1]}"
        return Derivation(float(delta.sum()), source=source, shown=terms(delta))

    return derive


def _named(layer: int, words: str) -> str:
    """Return the names that learners give a parameter of a layer: w1, w_1, W1, and so on."""
    return " ".join(f"{word}{join}{layer}" for word in words.split() for join in ("", "_"))


BACKPROPAGATION = Operation(
    name="backpropagation",
    parameters=(
        parameter("x", "xs input inputs images data", required=True),
        parameter("target", "targets t y label labels y_true", required=True),
        *(
            parameter(f"{name}_{layer}", _named(layer, words), required=True)
            for layer in (1, 2)
            for name, words in (("weight", "weight weights w"), ("bias", "bias biases b"))
        ),
        parameter("activation", "act nonlinearity", default="tanh"),
    ),
    questions=_QUESTIONS,
    reference=_reference,
    results=(
        Result("gradient of weight_1", ("unit", "input"), _of_weight(1)),
        Result("gradient of bias_1", ("unit",), _of_bias(1)),
        Result("gradient of weight_2", ("class", "unit"), _of_weight(2)),
        Result("gradient of bias_2", ("class",), _of_bias(2)),
    ),
    mistakes=MISTAKES,
    traits=(
        Trait("the batch is 1", "it is larger", lambda a: len(a.x) == 1),
        Trait("activation is tanh", "it is relu", equals("activation", "tanh")),
    ),
    differentiable=False,
)
