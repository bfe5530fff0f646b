"""The mistakes of attention about the softmax: along which axis, of what, and whether at all.

In the code ``a`` are the arguments.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.attention_scores import mixed, scores_of, shares_of, visible
from labkit.checks.banks.misuse import with_result
from labkit.checks.question import Arguments

__all__ = ["MEAN_NOT_MIXTURE", "SOFTMAX_AXIS", "SOFTMAX_FORGOTTEN", "SOFTMAX_MISPLACED"]


def _masked(a: Arguments) -> Tensor:
    return scores_of(a).masked_fill(~visible(a), -torch.inf)


def _shared(formula: Callable[[Tensor], Tensor]) -> Variant:
    """Make a variant that makes shares of the masked scores by another formula."""
    return mixed(lambda a: formula(_masked(a)))


def _over(*axes: int) -> Variant:
    """Make a variant whose softmax goes over one axis, or over some of them together."""
    if len(axes) == 1:
        return _shared(lambda scores: scores.softmax(axes[0]))
    return _shared(lambda scores: scores.flatten(axes[0]).softmax(-1).reshape(scores.shape))


def _implied(scores: Tensor) -> Tensor:
    return scores.softmax(0 if scores.dim() == 3 else 1)


def _divided(numbers: Tensor) -> Tensor:
    return numbers / numbers.sum(-1, keepdim=True)


def _one_hot(scores: Tensor) -> Tensor:
    return torch.zeros_like(scores).scatter(-1, scores.argmax(-1, keepdim=True), 1.0)


def _equal_shares(a: Arguments) -> Tensor:
    return _divided(torch.ones_like(scores_of(a)) * visible(a))


def _shares_of_unmasked_scores(_: Function, a: Arguments) -> Tensor:
    return (scores_of(a) * visible(a)) @ a.v


def _softmax_last(_: Function, a: Arguments) -> Tensor:
    return (_masked(a) @ a.v).softmax(-1)


SOFTMAX_AXIS = Mistake(
    "softmax_axis",
    "The softmax goes over the wrong axis.",
    "It goes over the keys, the last axis of the scores (..., T, S), so that the shares of one "
    "query add up to 1: softmax(dim=-1).",
    {
        "Yours goes over the queries, dim=-2.": _over(-2),
        "Yours goes over the first axis, dim=0.": _over(0),
        "Yours goes over the second axis, dim=1.": _over(1),
        "Yours goes over the third axis, dim=2.": _over(2),
        "Yours names no axis, which PyTorch then chooses by their number.": _shared(_implied),
        "Yours goes over all pairs of query and key together.": _over(-2, -1),
        "Yours goes over all elements together.": _over(0, -1),
    },
)

SOFTMAX_FORGOTTEN = Mistake(
    "softmax_forgotten",
    "The shares of a query do not add up to 1.",
    "Take the softmax of the scores over the keys: torch.softmax(scores, dim=-1) @ v.",
    {
        "Yours mixes with the scores themselves.": _shared(lambda scores: scores),
        "Yours mixes with the scores themselves, 0 where a key is hidden.": (
            _shares_of_unmasked_scores
        ),
        "Yours mixes with exp(score).": _shared(torch.exp),
        "Yours mixes with sigmoid(score).": _shared(torch.sigmoid),
        "Yours mixes with relu(score).": _shared(torch.relu),
        "Yours mixes with the logarithm of the shares.": _shared(
            lambda scores: scores.log_softmax(-1)
        ),
    },
)

SOFTMAX_MISPLACED = Mistake(
    "softmax_misplaced",
    "The softmax is taken of something else than the scores, or more than once.",
    "Scores, then softmax, then values: torch.softmax(scores, dim=-1) @ v.",
    {
        "Yours is applied to the finished mixture.": _softmax_last,
        "Yours is applied to the right mixture once more.": with_result(lambda x: x.softmax(-1)),
        "Yours is applied twice to the scores.": mixed(lambda a: shares_of(a).softmax(-1)),
        "Yours divides scores by their sum: exp is missing.": _shared(_divided),
    },
)

MEAN_NOT_MIXTURE = Mistake(
    "mean_not_mixture",
    "The values are not weighted by the shares.",
    "Multiply the shares (..., T, S) with the values (..., S, width): shares @ v.",
    {
        "Yours takes the mean of the values that a query sees.": mixed(_equal_shares),
        "Yours takes the mean of all values.": mixed(
            lambda a: torch.ones_like(scores_of(a)) / a.k.shape[-2]
        ),
        "Yours takes the sum of all values.": mixed(lambda a: torch.ones_like(scores_of(a))),
        "Yours takes the value of the best key alone.": _shared(_one_hot),
        "Yours divides the mixture by the number of keys.": lambda op, a: op(a) / a.k.shape[-2],
    },
)
