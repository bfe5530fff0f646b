"""Two operations to check, small enough to work out by hand: a linear layer, and a turn."""

import pytest
import torch

from labkit.checks.answer import Answer
from labkit.checks.comparison import plain
from labkit.checks.question import (
    Arguments,
    Derivation,
    Operation,
    Parameter,
    Question,
    Result,
    bundle,
    parameter,
)


def question(about, x, weight, bias=None, probe=False, **options):
    arguments = Arguments(x=torch.tensor(x), weight=torch.tensor(weight))
    if bias is not None:
        arguments["bias"] = torch.tensor(bias)
    return Question(about, arguments.but(**options), probe)


def reference(a):
    out = a.scale * a.x @ a.weight.T
    return out if a.bias is None else out + a.bias


def derive(a, index):
    n, o = index
    row, kernel = a.x[n].reshape(1, 1, -1), a.scale * a.weight[o].reshape(1, 1, -1)
    extra = None if a.bias is None else float(a.bias[o])
    total = float((row * kernel).sum()) + (extra or 0.0)
    return Derivation(total, (row, kernel), extra, f"x[{n}] * weight[{o}]")


LINEAR = Operation(
    name="linear",
    parameters=(
        Parameter("x", frozenset({"x"}), required=True),
        Parameter("weight", frozenset({"weight", "w"}), required=True),
        Parameter(
            "bias", frozenset({"bias"}), stands_for_none=lambda a: torch.zeros(len(a.weight))
        ),
        Parameter("scale", frozenset({"scale"}), default=1),
    ),
    questions=(
        question("one number", [[1.0, 2.0]], [[3.0, 5.0]]),
        question("a bias", [[1.0, 2.0]], [[3.0, 5.0], [7.0, -4.0]], [10.0, 20.0]),
        question("a scale", [[1.0, 2.0], [2.0, -1.0]], [[3.0, 5.0]], scale=3),
        question("both", [[2.0, 1.0]], [[2.0, 3.0], [-1.0, 4.0]], [1.0, 2.0], True, scale=2),
    ),
    reference=reference,
    results=(Result("output", ("row", "output"), derive),),
    mistakes=(),
)
# Worked by hand: 1 * 3 + 2 * 5 is 13, 1 * 7 + 2 * -4 is -1, 2 * 3 + -1 * 5 is 1, and so on.
EXPECTED = ([[13.0]], [[23.0, 19.0]], [[39.0], [3.0]], [[15.0, 6.0]])


@pytest.fixture
def linear():
    """Give ``x @ weight.T``, ``scale`` times, plus a bias; as an operation without a bank."""
    return LINEAR


@pytest.fixture
def expected():
    """Give the right answers to the four questions of ``linear``."""
    return [torch.tensor(numbers, dtype=torch.float64) for numbers in EXPECTED]


@pytest.fixture
def answers_of():
    """Give ``answers_of(function)``: what a function of `Arguments` answers to the questions."""

    def answered(function, asked):
        try:
            result = function(LINEAR.complete(asked.arguments))
        except Exception as error:
            return Answer(asked, error=error)
        shape = tuple(result.shape)
        return Answer(asked, plain(result), shape, result.dtype, result.device)

    return lambda function: [answered(function, asked) for asked in LINEAR.questions]


# ---------------------------------------------------------------- several results


def turned(a):
    u, v = a.x * a.cos - a.y * a.sin, a.x * a.sin + a.y * a.cos
    kept = torch.ones_like(u) if a.mask is None else a.mask.to(u.dtype)
    return sum(a.shifts, a.scale * u) * kept, a.scale * v * kept


def derive_part(part):
    def derive(a, index):
        total = float(turned(a)[part][index])
        return Derivation(total, shown=f"part {part}", source=f"point {index[0]}")

    return derive


def turn_question(about, dtype=torch.float32, probe=False, **more):
    numbers = {"x": [1.0, 2.0, 4.0], "y": [3.0, -1.0, 0.5], "cos": [0.5], "sin": [0.25]}
    given = {name: torch.tensor(v, dtype=dtype) for name, v in numbers.items()}
    return Question(about, Arguments(given, **more), probe)


TURN = Operation(
    name="turn",
    parameters=(
        parameter("x", "", required=True),
        parameter("y", "", required=True),
        parameter("cos", "c", required=True),
        parameter("sin", "s", required=True),
        parameter("mask", "keep"),
        parameter("shifts", "offsets", default=()),
        parameter("scale", "factor", default=1.0),
        parameter("low", "", default=0.5),
        parameter("high", "", default=2.0),
    ),
    questions=(
        turn_question("a turn"),
        turn_question("a mask", mask=torch.tensor([True, False, True])),
        turn_question("shifts", shifts=[torch.tensor([1.0]), torch.tensor([0.5, 1.0, 2.0])]),
        turn_question("a scale", scale=1.5, probe=True),
        turn_question("limits", low=0.25),
        turn_question("float16", dtype=torch.float16),
    ),
    reference=turned,
    results=(
        Result("u", ("point",), derive_part(0)),
        Result("v", ("point",), derive_part(1)),
    ),
    mistakes=(),
    bundles=(bundle("point", "x y", "xy"), bundle("limits", "low high", "range")),
)


@pytest.fixture
def turn():
    """Give an operation with two results, of a point (x, y) that may come apart or as a tuple."""
    return TURN
