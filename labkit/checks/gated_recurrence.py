"""Check a learner's gated recurrent updates: the gated recurrent unit and the LSTM.

Axis legend: N rows, I inputs, H units; weights have a block of H rows for each gate.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.banks import gru, lstm
from labkit.checks.examine import examine
from labkit.checks.properties import missing
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
from labkit.checks.recurrence import update_parameters, update_question
from labkit.checks.verdict import Verdict
from labkit.checks.writing import factor, number

__all__ = ["GRU_UPDATE", "LSTM_UPDATE", "gru_update", "lstm_update"]


def gru_update(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is one update of a gated recurrent unit, as PyTorch has it.

    The function takes ``(x, h, weight_ih, weight_hh)``, of the shapes (N, I), (N, H), (3H, I) and
    (3H, H) with rows in the order reset, update, new, and ``bias_ih`` and ``bias_hh`` if it likes.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> check.gru_update(torch.gru_cell).passed
    True
    """
    return examine(function, GRU_UPDATE, timeout=timeout)


def lstm_update(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is one update of a long short-term memory, as PyTorch has it.

    The function takes ``(x, (h, c), weight_ih, weight_hh)``, or h and c apart, of the shapes
    (N, I), (N, H), (N, H), (4H, I) and (4H, H) with rows in the order input, forget, candidate,
    output, and ``bias_ih`` and ``bias_hh`` if it likes. It returns h and c.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> def my_lstm_update(x, state, weight_ih, weight_hh):
    ...     h, c = torch.lstm_cell(x, state, weight_ih, weight_hh)
    ...     return c, h
    >>> check.lstm_update(my_lstm_update).mistake
    'states_swapped'
    """
    return examine(function, LSTM_UPDATE, timeout=timeout)


def _questions(gates: int, *, cell: bool = False) -> tuple[Question, ...]:
    def question(
        about: str, sizes: tuple[int, int, int], *, bias: bool = False, probe: bool = False
    ) -> Question:
        return update_question(about, sizes, gates=gates, cell=cell, bias=bias, probe=probe)

    return (
        question("one input, one unit", (1, 1, 1)),
        question("one row", (1, 3, 2)),
        question("as many inputs as units", (1, 2, 2)),
        question("a bias", (1, 1, 2), bias=True),
        question("a batch", (3, 2, 3)),
        question("a batch of many inputs", (2, 4, 2), bias=True, probe=True),
        question("a square of everything", (3, 3, 3), bias=True),
        question("one unit for each gate", (4, 2, 1), bias=True),
    )


_TRAITS = (
    Trait("there is one row", "there are more", lambda a: len(a.x) == 1, "batch_one_only"),
    Trait("no bias is given", "there is one", missing("bias_ih")),
    Trait("there is one unit", "there are more", lambda a: a.h.shape[1] == 1),
)


def _gru_reference(a: Arguments) -> Tensor:
    return torch.gru_cell(a.x, a.h, a.weight_ih, a.weight_hh, a.bias_ih, a.bias_hh)


def _gru_derive(a: Arguments, index: tuple[int, ...]) -> Derivation:
    x = F.linear(a.x, a.weight_ih, a.bias_ih).chunk(3, 1)
    h = F.linear(a.h, a.weight_hh, a.bias_hh).chunk(3, 1)
    (x_r, x_z, x_n), (h_r, h_z, h_n) = ([float(t[index]) for t in sums] for sums in (x, h))
    r, z = (float(torch.tensor(s).sigmoid()) for s in (x_r + h_r, x_z + h_z))
    n, old = float(torch.tensor(x_n + r * h_n).tanh()), float(a.h[index])
    written = f"(1 - {number(z)})*{factor(n)} + {number(z)}*{factor(old)}"
    source = (
        f"r = sigmoid({number(x_r)} + {factor(h_r)}) = {number(r)}, "
        f"z = sigmoid({number(x_z)} + {factor(h_z)}) = {number(z)}, "
        f"n = tanh({number(x_n)} + {number(r)}*{factor(h_n)}) = {number(n)}; "
        "first the input's part with bias_ih, then the state's with bias_hh"
    )
    total = (1 - z) * n + z * old
    return Derivation(total, source=source, shown=f"(1 - z)*n + z*h = {written}")


GRU_UPDATE = Operation(
    name="gru_update",
    parameters=update_parameters("state hidden hidden_state hx prev s"),
    questions=_questions(3),
    reference=_gru_reference,
    results=(Result("h", ("row", "unit"), _gru_derive),),
    mistakes=gru.MISTAKES,
    traits=_TRAITS,
)


def _lstm_reference(a: Arguments) -> tuple[Tensor, Tensor]:
    h, c = torch.lstm_cell(a.x, (a.h, a.c), a.weight_ih, a.weight_hh, a.bias_ih, a.bias_hh)
    return h, c


def _lstm_parts(a: Arguments, index: tuple[int, ...]) -> tuple[list[float], str]:
    """Return i, f, g and o, and in words where they come from."""
    sums = F.linear(a.x, a.weight_ih, a.bias_ih) + F.linear(a.h, a.weight_hh, a.bias_hh)
    each = [s[index] for s in sums.chunk(4, 1)]
    made = dict(zip("ifgo", each, strict=True))
    values = {k: float(s.tanh() if k == "g" else s.sigmoid()) for k, s in made.items()}
    words = [
        f"{k} = {'tanh' if k == 'g' else 'sigmoid'}({number(s)}) = {number(values[k])}"
        for k, s in made.items()
    ]
    return list(values.values()), ", ".join(words)


def _derive_cell(a: Arguments, index: tuple[int, ...]) -> Derivation:
    (i, f, g, _), source = _lstm_parts(a, index)
    old = float(a.c[index])
    shown = f"f*c + i*g = {number(f)}*{factor(old)} + {number(i)}*{factor(g)}"
    return Derivation(f * old + i * g, source=source, shown=shown)


def _derive_hidden(a: Arguments, index: tuple[int, ...]) -> Derivation:
    (_, _, _, o), source = _lstm_parts(a, index)
    c = _derive_cell(a, index)
    total = o * float(torch.tensor(c.total).tanh())
    shown = f"o*tanh(c) = {number(o)}*tanh({number(c.total)})"
    return Derivation(total, source=f"c = {c.shown} = {number(c.total)}, {source}", shown=shown)


LSTM_UPDATE = Operation(
    name="lstm_update",
    parameters=(
        *(parameters := update_parameters("hidden hidden_state"))[:2],
        parameter("c", "ct c_t c_prev cprev c_0 c0 cx cell cell_state memory", required=True),
        *parameters[2:],
    ),
    questions=_questions(4, cell=True),
    reference=_lstm_reference,
    results=(
        Result("h", ("row", "unit"), _derive_hidden),
        Result("c", ("row", "unit"), _derive_cell),
    ),
    mistakes=lstm.MISTAKES,
    traits=_TRAITS,
    bundles=(bundle("state", "h c", "states hx hc h_c hidden_cell prev old s st hs"),),
)
