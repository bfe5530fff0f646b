"""Check a learner's step of AdamW."""

from dataclasses import replace

import torch
from torch import Tensor

from labkit.checks.adam import ADAM
from labkit.checks.banks.adamw import DECAY, MISTAKES
from labkit.checks.examine import examine
from labkit.checks.properties import equals
from labkit.checks.question import Arguments, Derivation, Question, Result, Trait, parameter
from labkit.checks.verdict import Verdict
from labkit.checks.writing import factor, number

__all__ = ["ADAMW", "adamw"]


def adamw(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is one step of AdamW, as PyTorch has it.

    The function takes ``(parameter, gradient, mean, square, step, lr)``, where ``step`` counts from
    1, and any of ``beta1`` and ``beta2`` (or ``betas``), ``eps`` and ``weight_decay``, which is
    0.01 unless given. It returns the new parameter, mean and square, and leaves what it was given
    as it is.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> def my_adamw(parameter, gradient, mean, square, step, lr, weight_decay=0.01):
    ...     gradient = gradient + weight_decay * parameter
    ...     mean = 0.9 * mean + 0.1 * gradient
    ...     square = 0.999 * square + 0.001 * gradient**2
    ...     m, v = mean / (1 - 0.9**step), square / (1 - 0.999**step)
    ...     return parameter - lr * m / (v.sqrt() + 1e-8), mean, square
    >>> check.adamw(my_adamw).mistake
    'decay_coupled'
    """
    return examine(function, ADAMW, timeout=timeout)


def _again(about: str, index: int, **options: float | int) -> Question:
    """Ask one of Adam's questions with other options."""
    asked = ADAM.questions[index]
    return Question(about, asked.arguments.but(**options), asked.probe)


_QUESTIONS = (
    *ADAM.questions,
    _again("no weight decay", 1, weight_decay=0.0),
    _again("no weight decay at first", 0, weight_decay=0.0),
    _again("a large decay of a matrix", 2, weight_decay=2.0),
)


def _reference(a: Arguments) -> tuple[Tensor, Tensor, Tensor]:
    parameter, mean, square = ADAM.reference(a.but(weight_decay=0.0))
    return parameter - a.lr * a.weight_decay * a.parameter, mean, square


def _derive_step(a: Arguments, index: tuple[int, ...]) -> Derivation:
    total = float(_reference(a.copied(dtype=torch.float64))[0][index])
    step = ADAM.results[0].derive(a.but(weight_decay=0.0), index)
    old = a.parameter[index]
    shown = step.shown.removeprefix(number(old))
    decay = f"{number(a.lr)}*{number(a.weight_decay)}*{factor(old)}"
    source = step.source.replace("parameter -", "parameter - lr * weight_decay * parameter -", 1)
    return Derivation(total, shown=f"{number(old)} - {decay}{shown}", source=source)


def _undecayed(result: Result) -> Result:
    """Return a result of Adam whose derivation knows of no decay."""
    return replace(result, derive=lambda a, i: result.derive(a.but(weight_decay=0.0), i))


ADAMW = replace(
    ADAM,
    name="adamw",
    parameters=(
        *ADAM.parameters[:-1],
        parameter("weight_decay", "wd decay lambda_ lam", default=DECAY, own_default=True),
    ),
    questions=_QUESTIONS,
    reference=_reference,
    results=(Result("parameter", (), _derive_step), *map(_undecayed, ADAM.results[1:])),
    mistakes=MISTAKES,
    traits=(
        *(trait for trait in ADAM.traits if trait.name != "decay_wrong"),
        Trait("weight_decay is 0", "it is not", equals("weight_decay", 0.0), "decay_wrong"),
        Trait("weight_decay is 0.01", "it is not", equals("weight_decay", DECAY)),
    ),
)
