"""Check a learner's activation of each number by itself: what it is asked, and how a number comes.

Softmax, which compares the numbers of one row, is in `labkit.checks.activations`.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from labkit.checks.banks import relu as relu_bank
from labkit.checks.banks import sigmoid as sigmoid_bank
from labkit.checks.banks import tanh as tanh_bank
from labkit.checks.examine import examine
from labkit.checks.numbers import Numbers
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
from labkit.checks.writing import number

__all__ = ["QUESTIONS", "RELU", "SIGMOID", "TANH", "elementwise", "relu", "sigmoid", "tanh"]


def sigmoid(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function of ``x``, a tensor of any shape, is a sigmoid.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> check.sigmoid(lambda x: x.exp() / (1 + x.exp())).mistake
    'overflow'
    """
    return examine(function, SIGMOID, timeout=timeout)


def tanh(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function of ``x`` is a tanh; parameters are those of `sigmoid`.

    Examples
    --------
    >>> from labkit.checks import check
    >>> check.tanh(lambda x: 2 / (1 + torch.exp(-x)) - 1).mistake
    'scale_wrong'
    """
    return examine(function, TANH, timeout=timeout)


def relu(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function of ``x`` is a relu; parameters are those of `sigmoid`.

    Examples
    --------
    >>> from labkit.checks import check
    >>> check.relu(lambda x: x[x > 0]).mistake
    'dropped'
    """
    return examine(function, RELU, timeout=timeout)


def _question(about: str, *shape: int, probe: bool = False) -> Question:
    return Question(about, Arguments(x=3 * Numbers(about).quarters(*shape)), probe)


def _given(about: str, numbers: list[float], dtype: torch.dtype = torch.float32) -> Question:
    return Question(about, Arguments(x=torch.tensor(numbers, dtype=dtype, device="cpu")))


QUESTIONS = (
    _given("one number", [1.0]),
    _given("one below zero", [-1.0]),
    _given("zero", [0.0]),
    _given("some numbers", [0.5, -2.0, 3.0, -0.25]),
    _question("several numbers", 4, probe=True),
    _question("a matrix", 2, 3, probe=True),
    _question("a square", 3, 3),
    _question("three axes", 2, 2, 3),
    _given("far from zero", [6.0, -5.0]),
    _given("large numbers", [1000.0, 100.0]),
    _given("large negative numbers", [-1000.0, -100.0]),
    _given("float16", [0.5, -1.5, 4.0], torch.float16),
)


def _is(
    words: str, holds: Callable[[Tensor], bool], otherwise: str, name: str | None = None
) -> Trait:
    return Trait(f"numbers are {words}", otherwise, lambda a: holds(a.x), name)


TRAITS = (
    _is("below 80", lambda x: bool(x.abs().max() < 80), "one is larger", "overflow"),
    _is("above -80", lambda x: bool(x.min() > -80), "one is below", "overflow"),
    _is("positive", lambda x: bool((x > 0).all()), "one is not"),
    _is("negative", lambda x: bool((x < 0).all()), "one is not"),
    _is("in one row", lambda x: x.dim() == 1, "x has more axes"),
    _is("float32", lambda x: x.dtype == torch.float32, "they are float16"),
)


def elementwise(
    name: str,
    reference: Callable[[Tensor], Tensor],
    shown: Callable[[float], str],
    mistakes: tuple,
) -> Operation:
    """Return the operation that applies ``reference`` to each number; ``shown`` writes one."""

    def derive(a: Arguments, index: tuple[int, ...]) -> Derivation:
        x = float(a.x[index])
        source = f"of x{list(index)} = {number(x)}"
        return Derivation(float(reference(a.x[index].double())), shown=shown(x), source=source)

    return Operation(
        name=name,
        parameters=(parameter("x", "xs z input inputs v values t tensor a", required=True),),
        questions=QUESTIONS,
        reference=lambda a: reference(a.x),
        results=(Result("output", (), derive),),
        mistakes=mistakes,
        traits=TRAITS,
    )


SIGMOID = elementwise(
    "sigmoid",
    torch.sigmoid,
    lambda x: f"1 / (1 + exp({number(-x)}))",
    sigmoid_bank.MISTAKES,
)

TANH = elementwise(
    "tanh",
    torch.tanh,
    lambda x: "(exp({0}) - exp({1})) / (exp({0}) + exp({1}))".format(number(x), number(-x)),
    tanh_bank.MISTAKES,
)

RELU = replace(
    elementwise("relu", torch.relu, lambda x: f"max(0, {number(x)})", relu_bank.MISTAKES),
    traits=tuple(trait for trait in TRAITS if not trait.name),
)
