"""Check a learner's mean squared error: the questions it is asked, and how a loss comes about."""

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.banks.mse import MISTAKES
from labkit.checks.examine import examine
from labkit.checks.numbers import Numbers
from labkit.checks.properties import equals
from labkit.checks.question import (
    Arguments,
    Derivation,
    Operation,
    Question,
    Result,
    ShapeRule,
    Trait,
    parameter,
)
from labkit.checks.verdict import Verdict
from labkit.checks.writing import factor, number

__all__ = ["MSE", "mse"]


def mse(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is the mean squared error, and if not, which mistake it makes.

    The function takes ``(x, target)`` of one shape, and ``reduction`` ("mean", "sum" or "none") if
    it likes.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> check.mse(lambda x, target: ((x - target) ** 2).mean() ** 0.5).mistake
    'root_taken'
    """
    return examine(function, MSE, timeout=timeout)


def _question(about: str, *shape: int, probe: bool = False, **options: str) -> Question:
    numbers = Numbers(about)
    # Halves against quarters: no error is zero, where several losses are the same.
    x, target = 2 * numbers.integers(*shape), numbers.quarters(*shape)
    return Question(about, Arguments(x=x, target=target, **options), probe)


def _given(about: str, x: list, target: list) -> Question:
    given = (torch.tensor(values, device="cpu") for values in (x, target))
    return Question(about, Arguments(zip(("x", "target"), given, strict=True)))


_QUESTIONS = (
    _given("one number", [3.0], [1.0]),
    _given("too small", [-1.0], [0.5]),
    _given("errors that cancel", [2.0, -1.0], [1.0, 0.0]),
    _question("several numbers", 4, probe=True),
    _given("all right", [0.5, -2.0, 1.0], [0.5, -2.0, 1.0]),
    _question("a column", 3, 1),
    _question("two columns", 3, 2, probe=True),
    _question("three columns", 2, 3),
    _question("three axes", 2, 3, 2),
    _question("the sum of all", 3, 2, reduction="sum"),
    _question("one loss for each number", 2, 3, reduction="none", probe=True),
    _question("a column, one by one", 2, 1, reduction="none"),
    _given("small errors", [0.5, 0.25], [0.75, 0.5]),
)


def _reference(a: Arguments) -> Tensor:
    # Targets are given, not learned: whether a gradient reaches them is not asked.
    return F.mse_loss(a.x, a.target.detach(), reduction=a.reduction)


def _square(a: Arguments, index: tuple[int, ...]) -> str:
    return f"({number(a.x[index])} - {factor(a.target[index])})**2"


def _derive(a: Arguments, index: tuple[int, ...]) -> Derivation:
    total = float(_reference(a.copied(dtype=torch.float64))[index])
    if index:
        return Derivation(total, shown=_square(a, index), source="(x - target)**2")
    places = torch.ones_like(a.x).nonzero().tolist()
    shown = " + ".join(_square(a, tuple(place)) for place in places)
    if a.reduction == "mean":
        shown = f"({shown}) / {len(places)}"
    return Derivation(total, shown=shown, source="each (x - target)**2, put together")


def _one_for_each_number(a: Arguments, expected: tuple[int, ...], got: tuple[int, ...]) -> bool:
    return not expected and got == tuple(a.x.shape)


MSE = Operation(
    name="mse",
    parameters=(
        parameter("x", "input inputs output outputs prediction predictions pred preds y_hat "
                  "y_pred yhat p predicted", required=True),
        parameter("target", "targets t y label labels y_true truth true actual", required=True),
        parameter("reduction", "reduce reduct mode", default="mean"),
    ),
    questions=_QUESTIONS,
    reference=_reference,
    results=(Result("output", (), _derive),),
    mistakes=MISTAKES,
    traits=(
        Trait("reduction is mean", "it is not", equals("reduction", "mean"), "reduction_ignored"),
        Trait(
            "both have one row of numbers", "they have more axes", lambda a: a.x.dim() == 1
        ),
        Trait(
            "no tensor is one column", "it is one", lambda a: a.x.shape[1:] != (1,), "broadcast"
        ),
    ),
    shape_rules=(ShapeRule("reduction_ignored", _one_for_each_number),),
)  # fmt: skip
