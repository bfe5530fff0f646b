"""Check a learner's log-softmax: the questions it is asked, and how a logarithm comes about."""

from dataclasses import replace

import torch
from torch import Tensor

from labkit.checks.activations import SOFTMAX
from labkit.checks.banks.log_softmax import MISTAKES
from labkit.checks.examine import examine
from labkit.checks.properties import equals
from labkit.checks.question import Arguments, Derivation, Question, Result, Trait
from labkit.checks.verdict import Verdict
from labkit.checks.writing import factor, number

__all__ = ["LOG_SOFTMAX", "log_softmax"]


def log_softmax(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is a log-softmax, and if not, which mistake it makes.

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
    >>> check.log_softmax(lambda x, dim=-1: torch.softmax(x, dim).log()).mistake
    'underflow'
    """
    return examine(function, LOG_SOFTMAX, timeout=timeout)


def _given(about: str, x: list[list[float]], dtype: torch.dtype = torch.float32) -> Question:
    return Question(about, Arguments(x=torch.tensor(x, dtype=dtype, device="cpu")))


# A small share is far from -inf as a logarithm: softmax is asked no such question.
_QUESTIONS = (
    *SOFTMAX.questions,
    _given("small shares", [[0.0, -20.0, -40.0], [30.0, 5.0, 0.0]]),
    _given("a share of nothing", [[0.0, -1000.0], [500.0, -500.0]]),
    _given("small shares in float16", [[0.0, -15.0], [9.0, -8.0]], torch.float16),
)


def _reference(a: Arguments) -> Tensor:
    return torch.log_softmax(a.x, a.dim)


def _derive(a: Arguments, index: tuple[int, ...]) -> Derivation:
    dim = a.dim % a.x.dim()
    row = a.x[(*index[:dim], slice(None), *index[dim + 1 :])].double()
    largest, own = row.max(), row[index[dim]]
    powers = " + ".join(f"exp({number(value)} - {factor(largest)})" for value in row)
    place = ", ".join([*map(str, index[:dim]), ":", *map(str, index[dim + 1 :])])
    return Derivation(
        float(torch.log_softmax(row, 0)[index[dim]]),
        shown=f"{number(own)} - {factor(largest)} - log({powers})",
        source=f"of the numbers x[{place}]; {number(largest)}, their maximum, was subtracted first",
    )


def _near(a: Arguments) -> bool:
    """Whether the smallest share is far above what float16 rounds to 0."""
    return bool((_reference(a) > -9).all())


LOG_SOFTMAX = replace(
    SOFTMAX,
    name="log_softmax",
    questions=_QUESTIONS,
    reference=_reference,
    results=(Result("output", (), _derive),),
    mistakes=MISTAKES,
    traits=(
        Trait("no share is below 0.0001", "one is", _near, "underflow"),
        *(trait for trait in SOFTMAX.traits if trait.name in {"overflow", None}),
        Trait("dim is -1", "it is another axis", equals("dim", -1), "wrong_axis"),
    ),
)
