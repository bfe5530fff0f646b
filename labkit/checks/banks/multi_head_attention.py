"""Mistakes people make when they write multi-head attention: how heads are cut, joined, compared.

In the code ``a`` are the arguments. B sequences, T queries, S keys, D width, H heads, E = D / H.
Mistakes about the matrices are in `labkit.checks.banks.multi_head_projections`.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.bank import Mistake, Variant
from labkit.checks.banks import multi_head_projections as projections
from labkit.checks.banks.attention_scores import scores_of, shares_of, visible
from labkit.checks.banks.misuse import raises_unless, with_arguments
from labkit.checks.banks.multi_head_parts import (
    inside,
    side_by_side,
    split,
)
from labkit.checks.question import Arguments

__all__ = ["MISTAKES"]


def _reshaped(x: Tensor, heads: int) -> Tensor:
    """Cut rows into heads as they lie in memory: a head gets some of the positions."""
    return x.reshape(len(x), heads, x.shape[1], -1)


def _laid_out(x: Tensor) -> Tensor:
    return x.reshape(len(x), x.shape[2], -1)


def _interleaved(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (-1, heads)).movedim(-1, -3)


def _woven(x: Tensor) -> Tensor:
    return x.movedim(-3, -1).flatten(-2)


def _left_in_place(x: Tensor, heads: int) -> Tensor:
    """Cut (B, T, D) into (B, T, H, E), where attention goes over the heads of one position."""
    return x.unflatten(-1, (heads, -1))


def _reduced(join: Callable[[Tensor], Tensor]) -> Variant:
    """Make a variant that ends with its heads, as narrow as one: w_o does not fit them."""
    return lambda _, a: side_by_side(a.but(join=join), lambda b: shares_of(b) @ b.v)


def _over(axis: int) -> Variant:
    def attend(a: Arguments) -> Tensor:
        return scores_of(a).masked_fill(~visible(a), -torch.inf).softmax(axis) @ a.v

    return inside(attend=attend)


def _multiplied_after(a: Arguments) -> Tensor:
    return (shares_of(a.but(mask=None, causal=False)) * visible(a)) @ a.v


CUT_BY_RESHAPE = Mistake(
    "cut_by_reshape",
    "The heads are cut by a reshape alone: a head gets some of the positions instead of some of "
    "the features.",
    "Cut the last axis and bring the heads forward: x.reshape(B, T, H, E).transpose(1, 2).",
    {
        "Yours joins them by a reshape too.": inside(cut=_reshaped, join=_laid_out),
        "": inside(cut=_reshaped),
    },
)

JOINED_WITHOUT_TRANSPOSE = Mistake(
    "joined_without_transpose",
    "The heads are joined by a reshape alone, which mixes positions with heads.",
    "Bring the heads back before: out.transpose(1, 2).reshape(B, T, D).",
    {"": inside(join=_laid_out)},
)

HEADS_INTERLEAVED = Mistake(
    "heads_interleaved",
    "The features of a head are taken from the wrong places.",
    "Head h has the E features from h * E on: reshape(B, T, H, E), in this order, and joined in "
    "the same order.",
    {
        "Yours takes every H-th feature for a head.": inside(cut=_interleaved),
        "Yours takes every H-th feature for a head, and puts it back there.": inside(
            cut=_interleaved, join=_woven
        ),
        "Yours joins the heads feature by feature.": inside(join=_woven),
    },
)

ACROSS_HEADS = Mistake(
    "across_heads",
    "The heads of one position look at each other; positions never meet.",
    "Attention goes over the axis before the last: bring the heads in front of the positions, "
    "x.reshape(B, T, H, E).transpose(1, 2).",
    {"": inside(cut=_left_in_place, join=lambda x: x.flatten(-2))},
)

ONE_HEAD = Mistake(
    "one_head",
    "There is only one head, whatever num_heads says.",
    "Cut queries, keys and values into num_heads parts of their width, and attend in each.",
    {
        "": with_arguments(lambda a: {"num_heads": 1}),
        "It is scaled by the root of a smaller width.": inside(
            cut=lambda x, heads: split(x, 1),
            scale=lambda a: (a.w_q.shape[0] // a.num_heads) ** -0.5,
        ),
        "Yours raises for several.": raises_unless(lambda a: a.num_heads == 1),
    },
)

SCALE_WRONG = Mistake(
    "scale_wrong",
    "The scores are divided by the wrong number.",
    "d is the width of ONE head: divide by math.sqrt(D // num_heads).",
    {
        "Yours is √ of the whole width.": inside(scale=lambda a: a.w_q.shape[0] ** -0.5),
        "Yours does not divide.": inside(scale=lambda a: 1.0),
        "Yours is √ of the number of heads.": inside(scale=lambda a: a.num_heads**-0.5),
        "Yours is the width itself, without the root.": inside(
            scale=lambda a: a.num_heads / a.w_q.shape[0]
        ),
    },
)

SOFTMAX_AXIS = Mistake(
    "softmax_axis",
    "The softmax goes over the wrong axis.",
    "It goes over the keys, the last axis of the scores (B, H, T, S): softmax(dim=-1).",
    {
        "Yours goes over the heads.": _over(-3),
        "Yours goes over the queries.": _over(-2),
        "Yours goes over the sequences.": _over(0),
    },
)

HEADS_SUMMED = Mistake(
    "heads_summed",
    "The heads' answers are added up instead of laid side by side.",
    "Lay them side by side, which gives the whole width D again, and multiply with w_o.",
    {
        "Yours is their sum.": _reduced(lambda x: x.sum(-3)),
        "Yours is their mean.": _reduced(lambda x: x.mean(-3)),
    },
)

MASK_WRONG = Mistake(
    "mask_wrong",
    "Queries look where they may not.",
    "True means that a query MAY look: masked_fill(~mask, float('-inf')) before the softmax. "
    "(nn.MultiheadAttention has it the other way round.)",
    {
        "Yours reads the mask the other way round, as nn.MultiheadAttention does.": with_arguments(
            lambda a: {} if a.mask is None else {"mask": ~a.mask}
        ),
        "Yours does nothing with the mask.": with_arguments(lambda a: {"mask": None}),
        "Yours does nothing with causal.": with_arguments(lambda a: {"causal": False}),
        "Yours hides keys after the softmax.": inside(attend=_multiplied_after),
        "Yours gives hidden keys the score 0.": inside(attend=lambda a: shares_of(a, 0.0) @ a.v),
    },
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    SCALE_WRONG,
    CUT_BY_RESHAPE,
    JOINED_WITHOUT_TRANSPOSE,
    ACROSS_HEADS,
    projections.OUTPUT_NOT_PROJECTED,
    projections.WEIGHT_NOT_TRANSPOSED,
    projections.BIAS_FORGOTTEN,
    MASK_WRONG,
    ONE_HEAD,
    HEADS_INTERLEAVED,
    SOFTMAX_AXIS,
    projections.PROJECTIONS_SWAPPED,
    projections.SOURCES_MIXED,
    projections.INPUT_NOT_PROJECTED,
    HEADS_SUMMED,
    projections.RESIDUAL_ADDED,
)
