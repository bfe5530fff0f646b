"""Check a learner's step of Adam."""

import torch
from torch import Tensor

from labkit.checks.banks.adam import MISTAKES
from labkit.checks.examine import examine
from labkit.checks.gradient_descent import SGD
from labkit.checks.numbers import Numbers
from labkit.checks.properties import equals
from labkit.checks.question import (
    Arguments,
    Derivation,
    Operation,
    Question,
    Result,
    Trait,
    bundle,
    parameter,
)
from labkit.checks.verdict import Verdict
from labkit.checks.writing import factor, number

__all__ = ["ADAM", "adam"]


def adam(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is one step of Adam, as PyTorch has it.

    The function takes ``(parameter, gradient, mean, square, step, lr)``, where ``step`` counts from
    1, and any of ``beta1`` and ``beta2`` (or ``betas``), ``eps`` and ``weight_decay``. It returns
    the new parameter, mean and square, and leaves what it was given as it is.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> def my_adam(parameter, gradient, mean, square, step, lr):
    ...     mean = 0.9 * mean + 0.1 * gradient
    ...     square = 0.999 * square + 0.001 * gradient**2
    ...     return parameter - lr * mean / (square.sqrt() + 1e-8), mean, square
    >>> check.adam(my_adam).mistake
    'correction_wrong'
    """
    return examine(function, ADAM, timeout=timeout)


def _question(
    about: str,
    *shape: int,
    first: bool = False,
    scale: float = 1.0,
    spread: float = 1.0,
    probe: bool = False,
    **options: float | int,
) -> Question:
    numbers = Numbers(about)
    tensors = {name: numbers.integers(*shape) for name in ("parameter", "gradient", "mean")}
    tensors["square"] = 8 * spread * numbers.positive(*shape)
    if first:
        tensors |= {name: torch.zeros_like(tensors[name]) for name in ("mean", "square")}
    tensors["gradient"] = tensors["gradient"] * scale
    given = {"step": 1 if first else 3, "lr": 0.5} | options
    return Question(about, Arguments(tensors, **given), probe)


_QUESTIONS = (
    _question("the first step", 1, first=True),
    _question("a later step", 3, probe=True),
    _question("a matrix", 2, 3, step=10, lr=0.25),
    _question("the second step", 2, step=2, lr=2.0),
    _question("a gradient near zero", 2, first=True, scale=1e-8),
    _question("a gradient of zero", 2, first=True, scale=0.0),
    _question("a late step, a small gradient", 3, step=1000, lr=2.0, scale=1e-3, spread=1e-2),
    _question("other betas", 3, beta1=0.5, beta2=0.75),
    _question("other betas at first", 2, first=True, beta1=0.75, beta2=0.5),
    _question("a large eps", 3, eps=0.5),
    _question("weight decay", 3, weight_decay=0.5, probe=True),
    _question("weight decay at first", 2, first=True, weight_decay=0.25),
)


def _reference(a: Arguments) -> tuple[Tensor, Tensor, Tensor]:
    g = _decayed(a)
    mean = a.beta1 * a.mean + (1 - a.beta1) * g
    square = a.beta2 * a.square + (1 - a.beta2) * g**2
    corrected = mean / (1 - a.beta1**a.step)
    root = (square / (1 - a.beta2**a.step)).sqrt()
    return a.parameter - a.lr * corrected / (root + a.eps), mean, square


def _decayed(a: Arguments) -> Tensor:
    return a.gradient + a.weight_decay * a.parameter


def _derive_mean(a: Arguments, index: tuple[int, ...]) -> Derivation:
    old, g = float(a.mean[index]), float(_decayed(a)[index])
    total = a.beta1 * old + (1 - a.beta1) * g
    shown = f"{number(a.beta1)}*{factor(old)} + {number(1 - a.beta1)}*{factor(g)}"
    return Derivation(total, source="beta1 * mean + (1 - beta1) * gradient", shown=shown)


def _derive_square(a: Arguments, index: tuple[int, ...]) -> Derivation:
    old, g = float(a.square[index]), float(_decayed(a)[index])
    total = a.beta2 * old + (1 - a.beta2) * g**2
    shown = f"{number(a.beta2)}*{factor(old)} + {number(1 - a.beta2)}*{factor(g)}**2"
    return Derivation(total, source="beta2 * square + (1 - beta2) * gradient**2", shown=shown)


def _derive_step(a: Arguments, index: tuple[int, ...]) -> Derivation:
    wide = a.copied(dtype=torch.float64)
    total, mean, square = (float(t[index]) for t in _reference(wide))
    mean, square = mean / (1 - a.beta1**a.step), square / (1 - a.beta2**a.step)
    shown = (
        f"{number(a.parameter[index])} - {number(a.lr)}*{factor(mean)} / "
        f"(sqrt({number(square)}) + {number(a.eps)})"
    )
    source = (
        f"parameter - lr * mean / (sqrt(square) + eps), the new mean divided by "
        f"1 - {number(a.beta1)}**{a.step}, the new square by 1 - {number(a.beta2)}**{a.step}"
    )
    return Derivation(total, source=source, shown=shown)


ADAM = Operation(
    name="adam",
    parameters=(
        *SGD.parameters[:2],
        parameter("mean", "m m_t exp_avg first_moment moment1 avg mu", required=True),
        parameter("square", "v v_t s exp_avg_sq second_moment moment2 sq nu", required=True),
        parameter("step", "t steps n i iteration k", required=True),
        parameter("lr", "learning_rate eta alpha rate step_size", required=True),
        parameter("beta1", "beta_1 b1 b_1", default=0.9),
        parameter("beta2", "beta_2 b2 b_2", default=0.999),
        parameter("eps", "epsilon e delta", default=1e-8),
        parameter("weight_decay", "wd decay l2 lambda_", default=0.0),
    ),
    questions=_QUESTIONS,
    reference=_reference,
    results=(
        Result("parameter", (), _derive_step),
        Result("mean", (), _derive_mean),
        Result("square", (), _derive_square),
    ),
    mistakes=MISTAKES,
    traits=(
        Trait("it is a later step", "it is the first", lambda a: a.step > 1),
        Trait("weight_decay is 0", "it is not", equals("weight_decay", 0.0), "decay_wrong"),
        Trait("eps is 1e-8", "it is larger", equals("eps", 1e-8), "eps_wrong"),
    ),
    bundles=(bundle("betas", "beta1 beta2", "beta"), bundle("state", "mean square", "moments")),
    differentiable=False,
)
