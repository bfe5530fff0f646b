"""The mistakes of attention about 1/√E, and about numbers too large or too small to compute with.

In the code ``a`` are the arguments. E is the width of ONE query, the paper's d_k.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.attention_scores import mixed, scale_of, scores_of, visible
from labkit.checks.banks.misuse import raises_unless, with_arguments
from labkit.checks.question import Arguments

__all__ = [
    "HALF_PRECISION",
    "OVERFLOW",
    "SCALE_AFTER_SOFTMAX",
    "SCALE_FORGOTTEN",
    "SCALE_IGNORED",
    "SCALE_WRONG",
    "WRONG_D",
    "is_half",
]


def is_half(a: Arguments) -> bool:
    """Whether the question is asked in float16."""
    return a.q.dtype == torch.float16


def _scaled(scale: Callable[[Arguments], float]) -> Variant:
    """Make a variant with another scale where none is given."""
    return with_arguments(lambda a: {"scale": scale(a)} if a.scale is None else {})


def _root(d: Callable[[Arguments], float]) -> Variant:
    return _scaled(lambda a: 1 / math.sqrt(d(a)))


def _scaled_after(op: Function, a: Arguments) -> Tensor:
    return op(a.but(scale=1.0)) * scale_of(a)


def _exponentials(largest: Callable[[Tensor], Tensor | float], more: float = 0.0) -> Variant:
    """Make a variant whose softmax is exp(x - largest) / (its sum + more), and may be 0 / 0."""

    def shares(a: Arguments) -> Tensor:
        scores = scores_of(a).masked_fill(~visible(a), -torch.inf)
        powers = torch.exp(scores - largest(scores))
        return powers / (powers.sum(-1, keepdim=True) + more)

    return mixed(shares)


def _hides(a: Arguments) -> bool:
    return a.causal or a.mask is not None


def _nan_in_half(op: Function, a: Arguments) -> Tensor:
    return op(a) * torch.nan if is_half(a) and _hides(a) else op(a)


SCALE_FORGOTTEN = Mistake(
    "scale_forgotten",
    "The scores are not divided by √d.",
    "Divide them before the softmax: q @ k.mT / math.sqrt(q.shape[-1]). Sums of d products grow "
    "like √d, and a softmax of large scores gives everything to one key.",
    {"": _scaled(lambda a: 1.0)},
)

WRONG_D = Mistake(
    "wrong_d",
    "The scores are divided by the root of the wrong number.",
    "d is the width of one query and one key: q.shape[-1], counted from the end.",
    {
        "Yours takes the number of queries.": _root(lambda a: a.q.shape[-2]),
        "Yours takes the number of keys.": _root(lambda a: a.k.shape[-2]),
        "Yours takes the width of the values.": _root(lambda a: a.v.shape[-1]),
        "Yours takes the first axis of q, in a batch the number of sequences.": _root(
            lambda a: a.q.shape[0]
        ),
        "Yours takes the first axis of k, in a batch the number of sequences.": _root(
            lambda a: a.k.shape[0]
        ),
        "Yours takes the second axis of q, under heads their number.": _root(
            lambda a: a.q.shape[1]
        ),
        "Yours takes the second axis of k, under heads their number.": _root(
            lambda a: a.k.shape[1]
        ),
        "Yours takes the number of heads.": _root(
            lambda a: a.q.shape[1] if a.q.dim() == 4 else a.q.shape[-1]
        ),
        "Yours takes the width of all heads together.": _root(
            lambda a: a.q.shape[-1] * (a.q.shape[1] if a.q.dim() == 4 else 1)
        ),
        "Yours takes the number of all elements of q.": _root(lambda a: a.q.numel()),
    },
)

SCALE_WRONG = Mistake(
    "scale_wrong",
    "The scores are scaled by the wrong power of d.",
    "Divide them by √d, once: q @ k.mT / math.sqrt(q.shape[-1]).",
    {
        "Yours divides by d, without the root.": _scaled(lambda a: 1 / a.q.shape[-1]),
        "Yours multiplies by √d.": _scaled(lambda a: math.sqrt(a.q.shape[-1])),
        "Yours multiplies by d.": _scaled(lambda a: a.q.shape[-1]),
        "Yours divides by d².": _scaled(lambda a: a.q.shape[-1] ** -2),
        "Yours divides by the root of √d.": _scaled(lambda a: a.q.shape[-1] ** -0.25),
        "Yours divides by √(2d).": _root(lambda a: 2 * a.q.shape[-1]),
    },
)

SCALE_AFTER_SOFTMAX = Mistake(
    "scale_after_softmax",
    "The shares are divided by √d, not the scores.",
    "Divide before the softmax: after it a row must still add up to 1.",
    {"": _scaled_after},
)

SCALE_IGNORED = Mistake(
    "scale_ignored",
    "The scale that is given is not what the scores are multiplied by.",
    "Where a scale is given, multiply by it instead of 1/√d.",
    {
        "Yours ignores it.": with_arguments(lambda a: {"scale": None}),
        "Yours divides by it.": with_arguments(
            lambda a: {} if a.scale is None else {"scale": 1 / a.scale}
        ),
        "Yours multiplies by it and divides by √d too.": with_arguments(
            lambda a: {} if a.scale is None else {"scale": a.scale * a.q.shape[-1] ** -0.5}
        ),
    },
)

OVERFLOW = Mistake(
    "overflow",
    "The softmax breaks down for large scores: exp(89) is more than float32 can hold, and "
    "exp(-104) is 0.",
    "Use torch.softmax(scores, dim=-1), or subtract each row's maximum before exp.",
    {
        "Yours takes exp of the scores as they are.": _exponentials(lambda s: 0.0),
        "Yours subtracts one maximum from all rows: those far below it become 0 / 0.": (
            _exponentials(lambda s: s.max())
        ),
        "Yours also adds a small number to the sum, which then is all that is left of it.": (
            _exponentials(lambda s: 0.0, more=1e-9)
        ),
    },
)

HALF_PRECISION = Mistake(
    "half_precision",
    "In float16 your mask does not work.",
    "Hide keys with masked_fill(~mask, float('-inf')), which every dtype has; -1e9 is beyond "
    "float16, which ends at -65504. Make tensors of your own in the dtype of the scores.",
    {
        "Yours raises there.": raises_unless(lambda a: not (is_half(a) and _hides(a))),
        "Yours gives NaN there: 0 * inf is NaN.": _nan_in_half,
        "Yours raises there, even without a mask.": raises_unless(lambda a: not is_half(a)),
    },
)
