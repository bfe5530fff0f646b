"""Check a learner's GELU: the questions it is asked, and how a number comes about."""

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.banks.gelu import MISTAKES
from labkit.checks.elementwise import SIGMOID
from labkit.checks.examine import examine
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
from labkit.checks.writing import factor, number

__all__ = ["GELU", "gelu"]


def gelu(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is a GELU, and if not, which mistake it makes.

    The function takes ``x``, a tensor of any shape, and ``approximate`` ("none" or "tanh") if it
    likes. The two differ by 0.0005 at most; here, that is seen.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> check.gelu(lambda x: x * (1 + torch.erf(x / 2**0.5))).mistake
    'half_forgotten'
    """
    return examine(function, GELU, timeout=timeout)


def _by_tanh(about: str, *numbers: float, probe: bool = False) -> Question:
    x = torch.tensor(numbers, device="cpu")
    return Question(about, Arguments(x=x, approximate="tanh"), probe, fine=True)


_QUESTIONS = (
    *(replace(question, fine=True) for question in SIGMOID.questions),
    _by_tanh("one number, by tanh", 1.0),
    _by_tanh("some numbers, by tanh", 2.0, -0.5, -3.0, 2.5, probe=True),
    _by_tanh("large numbers, by tanh", 100.0, -100.0),
)


def _reference(a: Arguments) -> Tensor:
    return F.gelu(a.x, approximate=a.approximate)


def _derive(a: Arguments, index: tuple[int, ...]) -> Derivation:
    x = factor(a.x[index])
    if a.approximate == "tanh":
        shown = f"0.5*{x}*(1 + tanh(sqrt(2/pi)*({number(a.x[index])} + 0.044715*{x}**3)))"
    else:
        shown = f"0.5*{x}*(1 + erf({number(a.x[index])}/sqrt(2)))"
    total = float(_reference(a.copied(dtype=torch.float64))[index])
    return Derivation(total, shown=shown, source=f"of x{list(index)} = {number(a.x[index])}")


GELU = Operation(
    name="gelu",
    parameters=(
        *SIGMOID.parameters,
        parameter("approximate", "approximation approx mode", default="none"),
    ),
    questions=_QUESTIONS,
    reference=_reference,
    results=(Result("output", (), _derive),),
    mistakes=MISTAKES,
    traits=(
        Trait(
            "approximate is none",
            "it is tanh",
            equals("approximate", "none"),
            "approximation_wrong",
        ),
        *(trait for trait in SIGMOID.traits if not trait.name),
        Trait("numbers are below 80", "one is larger", lambda a: bool(a.x.abs().max() < 80)),
    ),
)
