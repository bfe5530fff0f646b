"""The mistakes of attention about what queries, keys and values are for, and about their axes.

In the code ``a`` are the arguments.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.attention_causal import one_length
from labkit.checks.banks.attention_scores import scores_of, shares_of, visible
from labkit.checks.banks.misuse import raises_unless, with_arguments
from labkit.checks.question import Arguments

__all__ = [
    "BATCH_ONE_ONLY",
    "KEYS_NOT_TRANSPOSED",
    "LEADING_AXES",
    "ONE_LENGTH",
    "ROLES_SWAPPED",
    "WEIGHTS_RETURNED",
]


def _reshaped(keys: Tensor) -> Tensor:
    return keys.reshape(*keys.shape[:-2], keys.shape[-1], keys.shape[-2]).mT


def _mixing_over_queries(_: Function, a: Arguments) -> Tensor:
    return shares_of(a).mT @ a.v


def _of_one_sequence(i: int) -> Variant:
    """Make a variant in which all sequences of a batch are answered as one of them is."""
    return lambda op, a: op(a)[i].expand(op(a).shape) if a.q.dim() > 2 else op(a)


def _first_alone(op: Function, a: Arguments) -> Tensor:
    return op(a)[0] if a.q.dim() > 2 else op(a)


def _axes(holds: Callable[[int], bool]) -> Variant:
    return raises_unless(lambda a: holds(a.q.dim()))


KEYS_NOT_TRANSPOSED = Mistake(
    "keys_not_transposed",
    "The keys are not transposed: a score is the product of a query with a ROW of k.",
    "Write q @ k.mT, or k.transpose(-2, -1): it exchanges the last two axes and no others.",
    {
        "Yours multiplies with k as it is, which works only where it is square.": with_arguments(
            lambda a: {"k": a.k.mT}
        ),
        "Yours reshapes k, which mixes the numbers of different keys.": with_arguments(
            lambda a: {"k": _reshaped(a.k)}
        ),
    },
)

ROLES_SWAPPED = Mistake(
    "roles_swapped",
    "Queries, keys and values have changed places.",
    "Queries are compared with keys, and values are what is mixed: softmax(q @ k.mT / √d) @ v.",
    {
        "Yours mixes the keys.": with_arguments(lambda a: {"v": a.k}),
        "Yours compares queries with values.": with_arguments(lambda a: {"k": a.v}),
        "Yours compares queries with values and mixes the keys.": with_arguments(
            lambda a: {"k": a.v, "v": a.k}
        ),
        "Yours compares queries with queries.": with_arguments(lambda a: {"k": a.q}),
        "Yours mixes the queries.": with_arguments(lambda a: {"v": a.q}),
        "Yours compares keys with queries: rows and columns of the scores are exchanged.": (
            with_arguments(lambda a: {"q": a.k, "k": a.q})
        ),
        "Yours compares keys with keys.": with_arguments(lambda a: {"q": a.k}),
        "Yours transposes the shares before it mixes.": _mixing_over_queries,
    },
)

WEIGHTS_RETURNED = Mistake(
    "weights_returned",
    "The result is not the mixture of the values.",
    "One step is left, shares @ v; return the mixture, and the shares after it if you like.",
    {
        "Yours returns the shares.": lambda _, a: shares_of(a),
        "Yours returns the scores.": lambda _, a: scores_of(a),
        "Yours returns the masked scores.": lambda _, a: scores_of(a).masked_fill(
            ~visible(a), -torch.inf
        ),
    },
)

LEADING_AXES = Mistake(
    "leading_axes",
    "It is right for one number of axes only.",
    "Count axes from the end: k.mT or k.transpose(-2, -1) instead of k.T or k.transpose(0, 1), "
    "q.shape[-1] and dim=-1, whatever stands before them (...).",
    {
        "Yours raises unless q is (length, width).": _axes(lambda count: count == 2),
        "Yours raises unless q is (batch, length, width).": _axes(lambda count: count == 3),
        "Yours raises unless q is (batch, heads, length, width).": _axes(lambda count: count == 4),
        "Yours raises for (batch, heads, length, width).": _axes(lambda count: count < 4),
        "Yours raises for (length, width).": _axes(lambda count: count > 2),
    },
)

ONE_LENGTH = Mistake(
    "one_length",
    "It works only where there are as many queries as keys.",
    "Read both lengths: T = q.shape[-2] and S = k.shape[-2]. The scores are (..., T, S).",
    {"Yours raises elsewhere.": raises_unless(one_length)},
)

BATCH_ONE_ONLY = Mistake(
    "batch_one_only",
    "Sequences of a batch are not answered each by itself.",
    "Leave the first axis alone: q @ k.mT multiplies the matrices of each sequence.",
    {
        "Yours answers all as the first.": _of_one_sequence(0),
        "Yours answers all as the last.": _of_one_sequence(-1),
        "Yours answers the first alone.": _first_alone,
    },
)
