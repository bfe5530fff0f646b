"""Check a learner's step of gradient descent with momentum."""

from torch import Tensor

from labkit.checks.banks.sgd import MISTAKES
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
from labkit.checks.writing import factor, number

__all__ = ["SGD", "sgd"]


def sgd(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is one step of gradient descent with momentum, as PyTorch has it.

    The function takes ``(parameter, gradient, velocity, lr, momentum)``, the first three of one
    shape, and any of ``dampening``, ``nesterov`` and ``weight_decay``. It returns the new parameter
    and the new velocity, and leaves what it was given as it is.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> def my_sgd(parameter, gradient, velocity, lr, momentum):
    ...     velocity = momentum * velocity + gradient
    ...     return parameter + lr * velocity, velocity
    >>> check.sgd(my_sgd).mistake
    'sign_wrong'
    """
    return examine(function, SGD, timeout=timeout)


def _question(about: str, *shape: int, probe: bool = False, **options: float | bool) -> Question:
    numbers = Numbers(about)
    tensors = {name: numbers.integers(*shape) for name in ("parameter", "gradient", "velocity")}
    given = {"lr": 0.25, "momentum": 0.75} | options
    return Question(about, Arguments(tensors, **given), probe)


_QUESTIONS = (
    _question("one number", 1),
    _question("several numbers", 3, probe=True),
    _question("a matrix", 2, 3, lr=0.5, momentum=0.9),
    _question("no momentum", 3, momentum=0.0),
    _question("a matrix of four", 2, 2, lr=0.125, momentum=0.5),
    _question("nesterov", 3, nesterov=True),
    _question("nesterov for a matrix", 2, 2, nesterov=True, lr=0.5, momentum=0.5),
    _question("weight decay", 3, weight_decay=0.5),
    _question("weight decay and nesterov", 2, weight_decay=0.25, nesterov=True),
    _question("dampening", 3, dampening=0.25),
    _question("dampening and weight decay", 2, 2, dampening=0.75, weight_decay=0.5),
)


def _decayed(a: Arguments) -> Tensor:
    return a.gradient + a.weight_decay * a.parameter


def _reference(a: Arguments) -> tuple[Tensor, Tensor]:
    velocity = a.momentum * a.velocity + (1 - a.dampening) * _decayed(a)
    step = _decayed(a) + a.momentum * velocity if a.nesterov else velocity
    return a.parameter - a.lr * step, velocity


def _derive_velocity(a: Arguments, index: tuple[int, ...]) -> Derivation:
    g, old = (float(t[index]) for t in (_decayed(a), a.velocity))
    share = "" if not a.dampening else f"{number(1 - a.dampening)}*"
    total = a.momentum * old + (1 - a.dampening) * g
    decay = ", to which weight_decay * parameter was added" if a.weight_decay else ""
    source = f"momentum * velocity + the gradient{decay}"
    return Derivation(
        total, source=source, shown=f"{number(a.momentum)}*{factor(old)} + {share}{factor(g)}"
    )


def _derive_moved(a: Arguments, index: tuple[int, ...]) -> Derivation:
    v, g, old = (float(t[index]) for t in (_reference(a)[1], _decayed(a), a.parameter))
    step = f"({number(g)} + {number(a.momentum)}*{factor(v)})" if a.nesterov else factor(v)
    total = old - a.lr * (g + a.momentum * v if a.nesterov else v)
    words = "gradient + momentum * velocity" if a.nesterov else "velocity"
    shown = f"{number(old)} - {number(a.lr)}*{step}"
    return Derivation(total, source=f"parameter - lr * {words}, the new one", shown=shown)


SGD = Operation(
    name="sgd",
    parameters=(
        parameter("parameter", "param params parameters p w weight weights theta x", required=True),
        parameter("gradient", "grad gradients grads g dw", required=True),
        parameter("velocity", "v vel buf buffer momentum_buffer state", required=True),
        parameter("lr", "learning_rate eta alpha rate step_size", required=True),
        parameter("momentum", "mu beta m gamma rho", required=True),
        parameter("dampening", "damp damping", default=0.0),
        parameter("nesterov", "use_nesterov", default=False),
        parameter("weight_decay", "wd decay l2 lambda_", default=0.0),
    ),
    questions=_QUESTIONS,
    reference=_reference,
    results=(
        Result("parameter", (), _derive_moved),
        Result("velocity", (), _derive_velocity),
    ),
    mistakes=MISTAKES,
    traits=(
        Trait("momentum is 0", "it is not", equals("momentum", 0.0)),
        Trait("weight_decay is 0", "it is not", equals("weight_decay", 0.0), "decay_wrong"),
        Trait("nesterov is False", "it is True", equals("nesterov", False), "nesterov_wrong"),
        Trait("dampening is 0", "it is not", equals("dampening", 0.0), "dampening_wrong"),
    ),
    differentiable=False,
)
