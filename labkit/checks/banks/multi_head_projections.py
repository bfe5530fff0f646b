"""The mistakes of multi-head attention about its four matrices, their biases and what they project.

In the code ``a`` are the arguments. B sequences, D width, H heads; matrices are (D, D).
"""

from itertools import permutations

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import with_arguments
from labkit.checks.question import Arguments

__all__ = [
    "BIAS_FORGOTTEN",
    "INPUT_NOT_PROJECTED",
    "OUTPUT_NOT_PROJECTED",
    "PROJECTIONS_SWAPPED",
    "RESIDUAL_ADDED",
    "SOURCES_MIXED",
    "WEIGHT_NOT_TRANSPOSED",
]

_INPUTS = ("q", "k", "v")


def _transposed(*names: str) -> Variant:
    return with_arguments(lambda a: {f"w_{n}": a[f"w_{n}"].mT for n in names})


def _no_bias(*names: str) -> Variant:
    return with_arguments(lambda a: {f"b_{n}": None for n in names})


def _no_matrix(*names: str) -> Variant:
    """Make a variant in which some of the projections are left out."""
    return with_arguments(
        lambda a: (
            {f"w_{n}": torch.eye(len(a.w_q), dtype=a.w_q.dtype) for n in names}
            | {f"b_{n}": None for n in names}
        )
    )


def _in_order(order: tuple[str, ...]) -> Variant:
    """Make a variant that takes the matrix, and the bias, of another input."""
    return with_arguments(
        lambda a: {
            f"{kind}_{mine}": a[f"{kind}_{theirs}"]
            for kind in ("w", "b")
            for mine, theirs in zip(_INPUTS, order, strict=True)
        }
    )


def _in_turn(op: Function, a: Arguments) -> Tensor:
    """Read the rows of all three matrices as q, k and v of one head after the other."""
    changed = {}
    for kind in ("w", "b"):
        if a[f"{kind}_q"] is None:
            continue
        stacked = torch.cat([a[f"{kind}_{n}"] for n in _INPUTS])
        rows = stacked.unflatten(0, (a.num_heads, 3, -1)).movedim(1, 0).flatten(1, 2)
        changed |= {f"{kind}_{n}": part for n, part in zip(_INPUTS, rows, strict=True)}
    return op(a.but(**changed))


OUTPUT_NOT_PROJECTED = Mistake(
    "output_not_projected",
    "The last projection is missing: heads laid side by side know nothing of each other yet.",
    "End with heads @ w_o.T, plus b_o if there is one.",
    {"": _no_matrix("o")},
)

WEIGHT_NOT_TRANSPOSED = Mistake(
    "weight_not_transposed",
    "A matrix is used without its transpose.",
    "Matrices are stored as in nn.Linear, one row for each number that comes out: x @ w.T, or "
    "F.linear(x, w).",
    {
        "Yours multiplies with all four as they are.": _transposed("q", "k", "v", "o"),
        "Yours multiplies with w_q, w_k and w_v as they are.": _transposed("q", "k", "v"),
        "Yours multiplies with w_o as it is.": _transposed("o"),
    },
)

BIAS_FORGOTTEN = Mistake(
    "bias_forgotten",
    "A bias is left out.",
    "Add each bias after its matrix: F.linear(x, w_q, b_q), and the same for k, v and o.",
    {
        "Yours uses none of them.": _no_bias("q", "k", "v", "o"),
        "Yours leaves out those of queries, keys and values.": _no_bias("q", "k", "v"),
        "Yours leaves out that of the output.": _no_bias("o"),
        "Yours leaves out that of the queries.": _no_bias("q"),
        "Yours leaves out that of the values.": _no_bias("v"),
    },
)

PROJECTIONS_SWAPPED = Mistake(
    "projections_swapped",
    "Queries, keys and values are projected with each other's matrices.",
    "The order is query, key, value: q = query @ w_q.T, k = key @ w_k.T, v = value @ w_v.T; in "
    "in_proj_weight the first D rows are w_q, then come w_k and w_v.",
    {
        f"Yours takes w_{', w_'.join(order[:2])} and w_{order[2]} for q, k and v.": _in_order(order)
        for order in permutations(_INPUTS)
        if order != _INPUTS
    }
    | {"Yours reads q, k and v of each head in turn.": _in_turn},
)

SOURCES_MIXED = Mistake(
    "sources_mixed",
    "Queries, keys and values are not made of what they should be made of.",
    "q comes from query, k from key and v from value; only in self-attention they are the same.",
    {
        "Yours makes the values of key.": with_arguments(lambda a: {"value": a.key}),
        "Yours makes the keys of value.": with_arguments(lambda a: {"key": a.value}),
        "Yours makes all of query.": with_arguments(lambda a: {"key": a.query, "value": a.query}),
    },
)

INPUT_NOT_PROJECTED = Mistake(
    "input_not_projected",
    "Not all inputs are projected.",
    "Project first: q = query @ w_q.T, k = key @ w_k.T, v = value @ w_v.T; then cut into heads.",
    {
        "Yours takes query, key and value as they are.": _no_matrix("q", "k", "v"),
        "Yours takes value as it is.": _no_matrix("v"),
        "Yours takes key as it is.": _no_matrix("k"),
        "Yours takes query as it is.": _no_matrix("q"),
    },
)

RESIDUAL_ADDED = Mistake(
    "residual_added",
    "The query is added to the answer.",
    "Leave that to the Transformer's block, which has attention as one of its parts.",
    {"": lambda op, a: op(a) + a.query},
)
