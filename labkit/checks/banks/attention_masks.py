"""The mistakes of attention about which keys a query may look at, and about a bias.

In the code ``a`` are the arguments; True in a mask means that a query may look at a key.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.attention_scores import (
    as_mask,
    mixed,
    nowhere_as_mean,
    nowhere_as_nan,
    scale_of,
    scores_of,
    shares_of,
    visible,
)
from labkit.checks.banks.misuse import raises_unless, with_arguments
from labkit.checks.question import Arguments

__all__ = [
    "BIAS_WRONG",
    "HIDDEN_ROW",
    "MASKED_BY_ZERO",
    "MASKED_TOO_LITTLE",
    "MASK_ADDED",
    "MASK_AFTER_SOFTMAX",
    "MASK_IGNORED",
    "MASK_INVERTED",
    "MASK_TYPE",
]

_EVERYTHING = {"mask": None, "causal": False}


def _hidden_as(score: float) -> Variant:
    """Make a variant in which hidden keys have a score that is not -inf."""
    return mixed(lambda a: shares_of(a, score))


def _masked_shares(change: Callable[[Tensor, Tensor], Tensor], *, all_masks: bool) -> Variant:
    """Make a variant that masks shares: only those of the mask, or of ``causal`` too."""

    def shares(a: Arguments) -> Tensor:
        free = a.but(**_EVERYTHING) if all_masks else a.but(mask=None)
        seen = visible(a) if all_masks or a.mask is None else a.mask
        return change(shares_of(free), seen)

    return mixed(shares)


def _divided_again(shares: Tensor, seen: Tensor) -> Tensor:
    kept = shares * seen
    return kept / kept.sum(-1, keepdim=True)


def _inverted(answer: Variant) -> Variant:
    """Make a variant with the inverse of the mask, where some queries may be left with no key."""

    def variant(op: Function, a: Arguments) -> Tensor:
        if a.mask is None:
            return op(a)
        return answer(op, as_mask(a, visible(a.but(mask=~a.mask))))

    return variant


def _without_bias(formula: Callable[[Tensor, Tensor], Tensor]) -> Variant:
    """Make a variant that puts the scores without bias and the bias together in another way."""

    def shares(a: Arguments) -> Tensor:
        scores = scores_of(a.but(bias=None))
        scores = scores if a.bias is None else formula(scores, a.bias)
        return scores.masked_fill(~visible(a), -torch.inf).softmax(-1)

    return mixed(shares)


def _bias_after_softmax(op: Function, a: Arguments) -> Tensor:
    right = op(a.but(bias=None))
    return right if a.bias is None else right + a.bias @ a.v


def _mask_added(op: Function, a: Arguments) -> Tensor:
    if a.mask is None:
        return op(a)
    bias = a.mask.to(a.q.dtype) if a.bias is None else a.bias + a.mask.to(a.q.dtype)
    return op(a.but(mask=None, bias=bias))


MASK_IGNORED = Mistake(
    "mask_ignored",
    "Keys that are hidden have a share.",
    "Before the softmax give the scores of hidden keys -inf: masked_fill(~mask, float('-inf')), "
    "and keep the result, which is a new tensor.",
    {
        "Yours does nothing with the mask.": with_arguments(lambda a: {"mask": None}),
        "Yours does nothing with causal.": with_arguments(lambda a: {"causal": False}),
        "Yours does nothing with the mask, nor with causal.": with_arguments(lambda a: _EVERYTHING),
        "Yours does nothing with causal where there is a mask.": with_arguments(
            lambda a: {"causal": a.causal and a.mask is None}
        ),
        "Yours does nothing with the mask where causal is True.": with_arguments(
            lambda a: {"mask": None} if a.causal else {}
        ),
    },
)

MASK_INVERTED = Mistake(
    "mask_inverted",
    "The mask is read the other way round.",
    "True means that a query may look: hide where it is False, masked_fill(~mask, float('-inf')). "
    "(nn.MultiheadAttention has it your way, F.scaled_dot_product_attention has it ours.)",
    {
        "": _inverted(nowhere_as_nan),
        "A query that is left without any key gets the mean of all values.": _inverted(
            nowhere_as_mean
        ),
        "A query that is left without any key gets zeros.": _inverted(lambda op, a: op(a)),
    },
)

MASK_AFTER_SOFTMAX = Mistake(
    "mask_after_softmax",
    "The mask comes after the softmax: hidden keys have had their part of the sum already.",
    "Mask the scores, then take the softmax: masked_fill(~mask, float('-inf')).softmax(-1).",
    {
        "Yours makes shares of hidden keys 0, and the others no longer add up to 1.": (
            _masked_shares(lambda s, seen: s * seen, all_masks=False)
        ),
        "Yours makes shares of hidden keys 0, those of causal too, and the others no longer add "
        "up to 1.": _masked_shares(lambda s, seen: s * seen, all_masks=True),
        "Yours puts -inf among the shares.": _masked_shares(
            lambda s, seen: s.masked_fill(~seen, -torch.inf), all_masks=False
        ),
        "Yours puts -inf among the shares, for causal too.": _masked_shares(
            lambda s, seen: s.masked_fill(~seen, -torch.inf), all_masks=True
        ),
        "Yours puts -1e9 among the shares.": _masked_shares(
            lambda s, seen: s.masked_fill(~seen, -1e9 if s.dtype != torch.float16 else -torch.inf),
            all_masks=True,
        ),
        "Yours divides the shares by their sum again, which is 0 / 0 where hidden keys had "
        "everything.": _masked_shares(_divided_again, all_masks=True),
    },
)

MASKED_BY_ZERO = Mistake(
    "masked_by_zero",
    "Hidden keys have the score 0, which is a score like any other: exp(0) is 1.",
    "Give them -inf before the softmax: masked_fill(~mask, float('-inf')).",
    {
        "": _hidden_as(0.0),
        "The bias is added after that.": mixed(
            lambda a: (
                scores_of(a.but(bias=None)).masked_fill(~visible(a), 0.0)
                + (0.0 if a.bias is None else a.bias)
            ).softmax(-1)
        ),
        "Causal is right, the mask is not.": mixed(
            lambda a: (
                shares_of(a.but(mask=None))
                if a.mask is None
                else scores_of(a)
                .masked_fill(~a.mask, 0.0)
                .masked_fill(~visible(a.but(mask=None)), -torch.inf)
                .softmax(-1)
            )
        ),
    },
)

MASKED_TOO_LITTLE = Mistake(
    "masked_too_little",
    "Hidden keys have a score that is low, but not low enough.",
    "Give them -inf, whose exp is 0 whatever the other scores are.",
    {
        f"Yours gives them {score:g}.": _hidden_as(score)
        for score in (-1.0, -2.0, -5.0, -10.0, -1000.0)
    }
    | {
        f"Yours subtracts {score:g} from their score.": mixed(
            lambda a, score=score: (scores_of(a) - score * ~visible(a)).softmax(-1)
        )
        for score in (1.0, 5.0, 10.0)
    },
)

MASK_ADDED = Mistake(
    "mask_added",
    "A boolean mask is added to the scores as it is: True counts 1, and nothing is hidden.",
    "Where the mask is boolean use masked_fill(~mask, float('-inf')).",
    {"": _mask_added},
)

MASK_TYPE = Mistake(
    "mask_type",
    "A boolean mask cannot be used in this way.",
    "True means that a query may look. Write ~mask for its inverse (1 - mask is not defined for "
    "booleans), or mask.to(q.dtype) for numbers.",
    {"Yours raises.": raises_unless(lambda a: a.mask is None)},
)

HIDDEN_ROW = Mistake(
    "hidden_row",
    "A query that may look at no key at all has no answer of its own; it should get zeros.",
    "Set its shares to 0 after the softmax, where no key is visible: "
    "shares.masked_fill(~mask.any(-1, keepdim=True), 0). Such rows are padding, and one NaN among "
    "them spreads to all gradients.",
    {
        "Yours gives NaN: the softmax of nothing but -inf is 0 / 0.": nowhere_as_nan,
        "Yours gives the mean of all values: equal scores are equal shares, however low.": (
            nowhere_as_mean
        ),
    },
)

BIAS_WRONG = Mistake(
    "bias_wrong",
    "The bias is not added to the scores as it should be.",
    "Add it to the scaled scores, before the softmax: q @ k.mT / math.sqrt(q.shape[-1]) + bias.",
    {
        "Yours ignores it.": with_arguments(lambda a: {"bias": None}),
        "Yours adds it before dividing by √d.": with_arguments(
            lambda a: {} if a.bias is None else {"bias": a.bias * scale_of(a)}
        ),
        "Yours adds it after the softmax.": _bias_after_softmax,
        "Yours subtracts it.": _without_bias(lambda scores, bias: scores - bias),
        "Yours multiplies with it.": _without_bias(lambda scores, bias: scores * bias),
    },
)
