"""Check a learner's recurrent network over a whole sequence.

Axis legend: T steps, N rows (sequences), I inputs, H units.
"""

from typing import Any

import torch
from torch import Tensor

from labkit.checks.banks.recurrence_sequences import MISTAKES
from labkit.checks.examine import examine
from labkit.checks.numbers import Numbers
from labkit.checks.properties import equals, missing
from labkit.checks.question import (
    Arguments,
    Derivation,
    Operation,
    Question,
    Result,
    Trait,
    parameter,
)
from labkit.checks.recurrence import RNN_UPDATE, update_question
from labkit.checks.verdict import Verdict

__all__ = ["RNN", "rnn"]


def rnn(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function runs a recurrent network over a sequence.

    The function takes ``(x, h, weight_ih, weight_hh)``, of the shapes (T, N, I), (N, H), (H, I)
    and (H, H), and any of ``bias_ih``, ``bias_hh``, ``nonlinearity``, ``batch_first`` and
    ``lengths``, the number of steps of each row; the steps after them are padding. It returns
    ``output`` (T, N, H), the state after each step and zeros in the padding, and ``h_n`` (N, H),
    the last state of each row.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> def my_rnn(x, h, weight_ih, weight_hh):
    ...     states = [torch.tanh(x_t @ weight_ih.T + h @ weight_hh.T) for x_t in x]
    ...     return torch.stack(states), states[-1]
    >>> check.rnn(my_rnn).mistake
    'state_not_carried'
    """
    return examine(function, RNN, timeout=timeout)


def _question(
    about: str, sizes: tuple[int, int, int, int], lengths: tuple[int, ...] = (), **more: Any
) -> Question:
    steps, *update = sizes
    asked = update_question(about, tuple(update), **more)
    x = 2 * Numbers(f"{about}, in time").quarters(steps, *update[:2])
    if asked.arguments.get("batch_first"):
        x = x.transpose(0, 1).contiguous()
    padded = {"lengths": torch.tensor(lengths, device="cpu")} if lengths else {}
    return Question(about, asked.arguments.but(x=x, **padded), asked.probe)


_QUESTIONS = (
    _question("two steps of one unit", (2, 1, 1, 1)),
    _question("a sequence", (3, 1, 2, 2)),
    _question("one step", (1, 2, 2, 3)),
    _question("a bias", (3, 1, 2, 2), bias=True),
    _question("a batch", (4, 2, 2, 3)),
    _question("a batch of more rows than steps", (2, 3, 2, 2), bias=True, probe=True),
    _question("as many rows as steps", (3, 3, 2, 2)),
    _question("as many rows, inputs and units", (4, 2, 2, 2), bias=True),
    _question("relu", (3, 2, 2, 2), bias=True, nonlinearity="relu"),
    _question("batch first", (3, 2, 2, 2), batch_first=True),
    _question("batch first, as many rows as steps", (3, 3, 2, 2), batch_first=True),
    _question("batch first with biases", (2, 4, 3, 2), bias=True, batch_first=True),
    _question("rows of one and three steps", (3, 2, 2, 2), (1, 3)),
    _question("rows of all lengths", (4, 3, 2, 2), (4, 1, 2), bias=True, probe=True),
    _question("padding at the end of all", (3, 2, 2, 2), (2, 1), bias=True),
)


def _run(a: Arguments) -> tuple[Tensor, Tensor]:
    h, outputs = a.h, []
    for t, x in enumerate(a.x.transpose(0, 1) if a.batch_first else a.x):
        new = RNN_UPDATE.reference(a.but(x=x, h=h))
        ended = torch.zeros_like(new[:, :1]) if a.lengths is None else (t >= a.lengths)[:, None]
        h = torch.where(ended > 0, h, new)
        outputs.append(torch.where(ended > 0, torch.zeros_like(new), new))
    return torch.stack(outputs, dim=1 if a.batch_first else 0), h


def _steps(a: Arguments) -> int:
    return a.x.shape[1 if a.get("batch_first") else 0]


def _derive_output(a: Arguments, index: tuple[int, ...]) -> Derivation:
    first, second, u = index
    n, t = (first, second) if a.batch_first else (second, first)
    if a.lengths is not None and t >= a.lengths[n]:
        return Derivation(0.0, source=f"step {t} is padding: lengths[{n}] is {int(a.lengths[n])}")
    time_first = a.but(x=a.x.transpose(0, 1) if a.batch_first else a.x, batch_first=False)
    states = [a.h, *_run(time_first)[0]]
    told = RNN_UPDATE.results[0].derive(a.but(x=time_first.x[t], h=states[t]), (n, u))
    before = f"where x is the input of step {t}, and h is the state " + (
        f"after step {t - 1}" if t else "given"
    )
    return Derivation(told.total, source=f"{told.source}, {before}", shown=told.shown)


def _derive_last(a: Arguments, index: tuple[int, ...]) -> Derivation:
    n, u = index
    last = (_steps(a) if a.lengths is None else int(a.lengths[n])) - 1
    place = (n, last, u) if a.batch_first else (last, n, u)
    total = float(_run(a)[0][place])
    return Derivation(total, shown=f"output{list(place)}", source="the state after the last step")


RNN = Operation(
    name="rnn",
    parameters=(
        *RNN_UPDATE.parameters,
        parameter("batch_first", "batchfirst", default=False),
        parameter(
            "lengths",
            "length lens seq_lengths sequence_lengths",
            stands_for_none=lambda a: torch.full((len(a.h),), _steps(a), device=a.x.device),
        ),
    ),
    questions=_QUESTIONS,
    reference=_run,
    results=(
        Result("output", ("step", "row", "unit"), _derive_output),
        Result("h_n", ("row", "unit"), _derive_last),
    ),
    mistakes=MISTAKES,
    traits=(
        Trait("there is one row", "there are more", lambda a: len(a.h) == 1, "batch_one_only"),
        Trait("lengths are not given", "they are", missing("lengths")),
        Trait("no bias is given", "there is one", missing("bias_ih")),
        Trait("batch_first is False", "it is True", equals("batch_first", False)),
        Trait("nonlinearity is tanh", "it is relu", equals("nonlinearity", "tanh")),
        Trait("there is one step", "there are more", lambda a: _steps(a) == 1),
    ),
)
