"""A linear layer as an operation to check: small enough to work out by hand."""

import pytest
import torch

from labkit.checks.answer import Answer
from labkit.checks.comparison import plain
from labkit.checks.question import Arguments, Derivation, Operation, Parameter, Question, Result


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
