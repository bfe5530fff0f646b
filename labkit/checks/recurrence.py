"""Check a learner's plain recurrent update: one new state from an input and the old state.

Axis legend: N rows, I inputs, H units.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.banks.recurrence import MISTAKES
from labkit.checks.examine import examine
from labkit.checks.numbers import Numbers
from labkit.checks.properties import equals, missing
from labkit.checks.question import (
    Arguments,
    Derivation,
    Operation,
    Parameter,
    Question,
    Result,
    Trait,
    parameter,
)
from labkit.checks.verdict import Verdict
from labkit.checks.writing import factor, number, products

__all__ = ["RNN_UPDATE", "rnn_update", "update_parameters", "update_question"]

_ACTIVATIONS = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "identity": torch.clone,
}


def rnn_update(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is one update of a recurrent state, h' = tanh(W x + b + U h + b).

    The function takes ``(x, h, weight_ih, weight_hh)``, of the shapes (N, I), (N, H), (H, I) and
    (H, H), and any of ``bias_ih``, ``bias_hh`` and ``nonlinearity`` ("tanh" or "relu").

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> check.rnn_update(lambda x, h, w_ih, w_hh: x @ w_ih.T + h @ w_hh.T).mistake
    'tanh_forgotten'
    """
    return examine(function, RNN_UPDATE, timeout=timeout)


def update_parameters(state: str) -> tuple[Parameter, ...]:
    """Return the parameters that every update has; ``state`` are more words for h."""

    def zeros(a: Arguments) -> Tensor:
        return a.weight_ih.new_zeros(len(a.weight_ih))

    return (
        parameter("x", "xs xt x_t input inputs inp", required=True),
        parameter("h", f"ht h_t h_prev hprev h_0 h0 {state}", required=True),
        parameter("weight_ih", "w_ih wih w_xh wxh w_x wx weight_xh weight_ih_l0", required=True),
        parameter("weight_hh", "w_hh whh w_h wh weight_hh_l0", required=True),
        parameter(
            "bias_ih", "b_ih bih b_xh b_x bx bias b b1 b_1 bias_x bias_ih_l0", stands_for_none=zeros
        ),
        # A single bias is as good as two, and is often called after the state that it makes.
        parameter("bias_hh", "b_hh bhh b_h bh c b2 b_2 bias_h bias_hh_l0", stands_for_none=zeros),
    )


def update_question(
    about: str,
    sizes: tuple[int, int, int],
    *,
    gates: int = 1,
    cell: bool = False,
    bias: bool = False,
    probe: bool = False,
    **options: str | bool,
) -> Question:
    """Return a question about one update; ``sizes`` are (rows, inputs, units)."""
    rows, inputs, units = sizes
    numbers = Numbers(about)
    asked = Arguments(x=2 * numbers.quarters(rows, inputs), h=numbers.quarters(rows, units))
    if cell:
        asked["c"] = 2 * numbers.quarters(rows, units)
    asked["weight_ih"] = numbers.quarters(gates * units, inputs)
    asked["weight_hh"] = numbers.quarters(gates * units, units)
    if bias:
        asked["bias_ih"] = numbers.quarters(gates * units)
        asked["bias_hh"] = numbers.quarters(gates * units)
    return Question(about, asked.but(**options), probe)


_QUESTIONS = (
    update_question("one input, one unit", (1, 1, 1)),
    update_question("one row", (1, 3, 2)),
    update_question("as many inputs as units", (1, 2, 2)),
    update_question("a bias", (1, 1, 2), bias=True),
    update_question("a batch", (3, 2, 3)),
    update_question("a batch of many inputs", (2, 4, 2), bias=True, probe=True),
    update_question("a square of everything", (3, 3, 3), bias=True),
    update_question("as many rows as units", (2, 3, 2), bias=True),
    update_question("relu", (1, 2, 2), nonlinearity="relu"),
    update_question("relu over a batch", (3, 2, 2), bias=True, probe=True, nonlinearity="relu"),
)


def _reference(a: Arguments) -> Tensor:
    sums = F.linear(a.x, a.weight_ih, a.bias_ih) + F.linear(a.h, a.weight_hh, a.bias_hh)
    return _ACTIVATIONS[a.nonlinearity](sums)


def _derive(a: Arguments, index: tuple[int, ...]) -> Derivation:
    n, u = index
    total = float(_reference(a)[index])
    written = [products(a.x[n], a.weight_ih[u]), products(a.h[n], a.weight_hh[u])]
    written += [factor(b[u]) for b in (a.bias_ih, a.bias_hh) if b is not None]
    sum_ = float(_reference(a.but(nonlinearity="identity"))[index])
    biases = [f"{k}[{u}]" for k in ("bias_ih", "bias_hh") if a[k] is not None]
    source = " + ".join([f"x[{n}] * weight_ih[{u}] + h[{n}] * weight_hh[{u}]", *biases])
    shown = f"{a.nonlinearity}({' + '.join(written)}) = {a.nonlinearity}({number(sum_)})"
    return Derivation(total, source=f"{a.nonlinearity} of the sum of {source}", shown=shown)


RNN_UPDATE = Operation(
    name="rnn_update",
    parameters=(
        *update_parameters("state hidden hidden_state hx prev s"),
        parameter("nonlinearity", "activation act non_linearity", default="tanh"),
    ),
    questions=_QUESTIONS,
    reference=_reference,
    results=(Result("h", ("row", "unit"), _derive),),
    mistakes=MISTAKES,
    traits=(
        Trait("there is one row", "there are more", lambda a: len(a.x) == 1, "batch_one_only"),
        Trait("no bias is given", "there is one", missing("bias_ih")),
        Trait("nonlinearity is tanh", "it is relu", equals("nonlinearity", "tanh")),
        Trait(
            "there are as many inputs as units",
            "there are not",
            lambda a: a.x.shape[1] == a.h.shape[1],
        ),
    ),
)
