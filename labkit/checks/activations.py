"""Check a learner's softmax: the questions it is asked, and how a share comes about."""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.banks.activations import MISTAKES
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
from labkit.checks.writing import number

__all__ = ["SOFTMAX", "softmax"]


def softmax(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is a softmax, and if not, which mistake it makes.

    The function takes ``x``, a tensor with any number of axes, and ``dim`` if it likes.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> check.softmax(lambda x: x.exp() / x.exp().sum(-1, keepdim=True)).mistake
    'overflow'
    """
    return examine(function, SOFTMAX, timeout=timeout)


def _question(about: str, *shape: int, probe: bool = False, **options: int) -> Question:
    return Question(about, Arguments(x=Numbers(about).quarters(*shape) * 3, **options), probe)


def _given(about: str, x: list, dtype: torch.dtype = torch.float32) -> Question:
    return Question(about, Arguments(x=torch.tensor(x, dtype=dtype, device="cpu")))


_QUESTIONS = (
    _question("two numbers", 1, 2),
    _question("one row", 1, 4),
    _question("several rows", 2, 3, probe=True),
    _question("as many rows as columns", 3, 3),
    _question("more rows than columns", 4, 2),
    _given("equal numbers", [[2.0, 2.0, 2.0, 2.0]]),
    _given("one number", [[3.0], [-1.0]]),
    _given("a vector", [0.5, -1.0, 2.0]),
    _question("three axes", 2, 3, 2),
    _question("three equal axes", 2, 2, 2),
    _question("down the columns", 2, 3, dim=0, probe=True),
    _question("down square columns", 3, 3, dim=0),
    _question("the middle axis", 2, 3, 4, dim=1),
    _question("the middle axis from the end", 2, 3, 2, dim=-2),
    _given("large numbers", [[1000.0, 999.0, 998.0], [1.0, 2.0, 3.0]]),
    _given("large negative numbers", [[-1000.0, -1001.0], [-999.0, -2000.0]]),
    _given("one large number", [[100.0, -50.0], [0.0, 0.5]]),
    _given("float16", [[12.0, 11.0, 9.0], [-1.0, 0.0, 1.0]], torch.float16),
)


def _reference(a: Arguments) -> Tensor:
    return torch.softmax(a.x, a.dim)


def _derive(a: Arguments, index: tuple[int, ...]) -> Derivation:
    dim = a.dim % a.x.dim()
    row = a.x[(*index[:dim], slice(None), *index[dim + 1 :])].double()
    largest = number(row.max())
    powers = [f"exp({number(value)} - {largest})" for value in row]
    total = float(torch.softmax(row, 0)[index[dim]])
    place = ", ".join([*map(str, index[:dim]), ":", *map(str, index[dim + 1 :])])
    return Derivation(
        total,
        shown=f"{powers[index[dim]]} / ({' + '.join(powers)})",
        source=f"of the numbers x[{place}]; {largest}, their maximum, was subtracted first",
    )


def _below(limit: int) -> Callable[[Arguments], bool]:
    return lambda a: bool(a.x.abs().max() < limit)


SOFTMAX = Operation(
    name="softmax",
    parameters=(
        parameter("x", "xs z logits scores s input inputs v values", required=True),
        parameter("dim", "axis d", default=-1),
    ),
    questions=_QUESTIONS,
    reference=_reference,
    results=(Result("output", (), _derive),),
    mistakes=MISTAKES,
    traits=(
        Trait("numbers are below 500", "one is larger", _below(500), "overflow"),
        Trait(
            "numbers are below 80 and float32",
            "one is larger, or they are float16",
            lambda a: _below(80)(a) and a.x.dtype == torch.float32,
            "overflow",
        ),
        Trait(
            "numbers are float32",
            "they are float16, whose largest is 65504",
            lambda a: a.x.dtype == torch.float32,
            "overflow",
        ),
        Trait("dim is -1", "it is another axis", equals("dim", -1), "wrong_axis"),
        Trait("x has two axes", "it has more or fewer", lambda a: a.x.dim() == 2),
    ),
)
