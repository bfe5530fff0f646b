"""Mistakes people make in one update of a recurrent state, h' = tanh(W x + b + U h + b).

In the code ``a`` are the arguments; W is ``weight_ih`` (hidden, input), U is ``weight_hh`` (hidden,
hidden). Those that only misuse arguments hold for gates and for whole sequences too.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks import recurrence_activations as activations
from labkit.checks.banks.misuse import raises_unless, with_arguments
from labkit.checks.banks.recurrence_activations import sums_of
from labkit.checks.question import Arguments

__all__ = [
    "BATCH_ONE_ONLY",
    "BIAS_FORGOTTEN",
    "BIAS_ONCE",
    "BIAS_TWICE",
    "BIAS_WRONG_AXIS",
    "INPUT_IGNORED",
    "MISTAKES",
    "STATE_IGNORED",
    "WEIGHTS_SWAPPED",
    "WEIGHT_TRANSPOSED",
]


def _without(*names: str) -> Variant:
    return with_arguments(lambda a: dict.fromkeys(names))


def _times(factor: int, *names: str) -> Variant:
    def change(a: Arguments) -> dict:
        return {name: None if a[name] is None else factor * a[name] for name in names}

    return with_arguments(change)


def _zero(name: str) -> Variant:
    return with_arguments(lambda a: {name: torch.zeros_like(a[name])})


def _transposed(name: str) -> Variant:
    """Make a variant that multiplies by each gate's square block as it stands: ``h @ U``."""

    def change(a: Arguments) -> dict:
        blocks = a[name].unflatten(0, (-1, a.weight_hh.shape[1]))
        if blocks.shape[1] != blocks.shape[2]:
            raise ValueError
        return {name: blocks.transpose(1, 2).flatten(0, 1)}

    return with_arguments(change)


def _reread(a: Arguments) -> dict:
    out, width = a.weight_ih.shape
    return {"weight_ih": a.weight_ih.reshape(width, out).T}


def _multiplied(op: Function, a: Arguments) -> Tensor:
    product = F.linear(a.x, a.weight_ih, a.bias_ih) * F.linear(a.h, a.weight_hh, a.bias_hh)
    return torch.relu(product) if a.nonlinearity == "relu" else torch.tanh(product)


def _bias_down(op: Function, a: Arguments) -> Tensor:
    sums = sums_of(op, a.but(bias_ih=None, bias_hh=None))
    for bias in (a.bias_ih, a.bias_hh):
        sums = sums if bias is None else sums + bias[:, None]
    return torch.relu(sums) if a.nonlinearity == "relu" else torch.tanh(sums)


STATE_WITHOUT_WEIGHTS = Mistake(
    "state_without_weights",
    "The old state itself is added; only its product with the matrix should be.",
    "Multiply it first, h @ weight_hh.T, and add it inside tanh.",
    {
        "Yours adds h inside tanh.": with_arguments(
            lambda a: {"weight_hh": torch.eye(len(a.weight_hh), dtype=a.h.dtype)}
        ),
        "Yours adds h to the result: a residual connection.": lambda op, a: op(a) + a.h,
    },
)

NOT_ADDED = Mistake(
    "not_added",
    "The two products are not added.",
    "Add them: torch.tanh(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh).",
    {
        "Yours subtracts the state's.": with_arguments(lambda a: {"h": -a.h}),
        "Yours subtracts the input's.": with_arguments(lambda a: {"x": -a.x}),
        "Yours multiplies them.": _multiplied,
    },
)

STATE_IGNORED = Mistake(
    "state_ignored",
    "The state that goes in does not matter: the answer is as if h were zero.",
    "Add the old state's product, h @ weight_hh.T: it is all that the network remembers.",
    {
        "": _zero("h"),
        "Its bias is forgotten with it.": with_arguments(
            lambda a: {"h": torch.zeros_like(a.h), "bias_hh": None}
        ),
    },
)

INPUT_IGNORED = Mistake(
    "input_ignored",
    "The input does not matter: the answer is as if x were zero.",
    "Add the input's product, x @ weight_ih.T.",
    {
        "": _zero("x"),
        "Its bias is forgotten with it.": with_arguments(
            lambda a: {"x": torch.zeros_like(a.x), "bias_ih": None}
        ),
    },
)

BIAS_FORGOTTEN = Mistake(
    "bias_forgotten",
    "The biases are forgotten: the result is as if there were none.",
    "Add bias_ih and bias_hh before the non-linearity.",
    {"": _without("bias_ih", "bias_hh")},
)

BIAS_ONCE = Mistake(
    "bias_once",
    "Only one of the two biases is used.",
    "PyTorch keeps one bias with each matrix: add bias_ih and bias_hh.",
    {
        "Yours forgets bias_hh.": _without("bias_hh"),
        "Yours forgets bias_ih.": _without("bias_ih"),
        "Yours adds bias_ih twice instead of bias_hh.": with_arguments(
            lambda a: {"bias_hh": a.bias_ih}
        ),
        "Yours adds bias_hh twice instead of bias_ih.": with_arguments(
            lambda a: {"bias_ih": a.bias_hh}
        ),
    },
)

BIAS_TWICE = Mistake(
    "bias_twice",
    "A bias is added twice.",
    "Add bias_ih once with the input's product and bias_hh once with the state's.",
    {
        "Yours adds both twice.": _times(2, "bias_ih", "bias_hh"),
        "Yours adds bias_ih twice.": _times(2, "bias_ih"),
        "Yours adds bias_hh twice.": _times(2, "bias_hh"),
    },
)

BIAS_WRONG_AXIS = Mistake(
    "bias_wrong_axis",
    "The bias is added along the batch: each row gets one number of it.",
    "Add it as it is: its numbers belong to the last axis, the units.",
    {"": _bias_down},
)

WEIGHTS_SWAPPED = Mistake(
    "weights_swapped",
    "The two matrices are swapped: weight_ih meets the state, weight_hh the input.",
    "ih leads from the input to the hidden state: x @ weight_ih.T + h @ weight_hh.T.",
    {"": with_arguments(lambda a: {"weight_ih": a.weight_hh, "weight_hh": a.weight_ih})},
)

WEIGHT_TRANSPOSED = Mistake(
    "weight_transposed",
    "A matrix is used transposed.",
    "A weight has a row for each unit, as in nn.Linear: x @ weight_ih.T, h @ weight_hh.T.",
    {
        "Yours computes h @ weight_hh.": _transposed("weight_hh"),
        "Yours computes x @ weight_ih.": _transposed("weight_ih"),
        "Yours computes both so.": lambda op, a: _transposed("weight_ih")(
            lambda b: _transposed("weight_hh")(op, b), a
        ),
        "Yours rereads weight_ih in another shape.": with_arguments(_reread),
    },
)

BATCH_ONE_ONLY = Mistake(
    "batch_one_only",
    "It is right for a batch of one row only.",
    "Each row of x has its own row of h: compute with all of them at once.",
    {
        "Yours gives every row the state of the first.": with_arguments(
            lambda a: {"h": a.h[:1].expand_as(a.h)}
        ),
        "Yours raises for more.": raises_unless(lambda a: len(a.h) == 1),
    },
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    activations.TANH_FORGOTTEN,
    activations.OTHER_ACTIVATION,
    STATE_IGNORED,
    INPUT_IGNORED,
    BIAS_FORGOTTEN,
    BIAS_ONCE,
    BIAS_TWICE,
    WEIGHT_TRANSPOSED,
    WEIGHTS_SWAPPED,
    activations.TANH_TOO_EARLY,
    activations.TANH_TWICE,
    STATE_WITHOUT_WEIGHTS,
    NOT_ADDED,
    activations.NONLINEARITY_IGNORED,
    BIAS_WRONG_AXIS,
    BATCH_ONE_ONLY,
)
