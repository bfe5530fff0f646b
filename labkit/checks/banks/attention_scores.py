"""Attention in its steps, scores, shares and mixture, as the banks of wrong variants need them.

In the code ``a`` are the arguments, and ``op`` the operation, right or already misused once.
T queries, S keys, E width of a query and a key.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.bank import Function, Variant
from labkit.checks.question import Arguments

__all__ = [
    "as_mask",
    "mixed",
    "nowhere_as_mean",
    "nowhere_as_nan",
    "scale_of",
    "scores_of",
    "shares_of",
    "visible",
]


def scale_of(a: Arguments) -> float:
    """Return what the scalar products are multiplied by."""
    return a.q.shape[-1] ** -0.5 if a.scale is None else float(a.scale)


def visible(a: Arguments) -> Tensor:
    """Mark the keys that each query may look at, as (..., T, S)."""
    queries, keys = a.q.shape[-2], a.k.shape[-2]
    seen = torch.ones(queries, keys, dtype=torch.bool, device=a.q.device)
    if a.causal:
        seen = seen.tril(keys - queries)
    return seen if a.mask is None else seen & a.mask


def scores_of(a: Arguments) -> Tensor:
    """Return the scores with their bias, of hidden keys too."""
    scores = a.q @ a.k.mT * scale_of(a)
    return scores if a.bias is None else scores + a.bias


def shares_of(a: Arguments, hidden: float = -torch.inf) -> Tensor:
    """Return the softmax of the scores, in which hidden keys have the score ``hidden``."""
    return scores_of(a).masked_fill(~visible(a), hidden).softmax(-1)


def mixed(shares: Callable[[Arguments], Tensor]) -> Variant:
    """Make a variant that mixes the values in other shares."""
    return lambda _, a: shares(a) @ a.v


def as_mask(a: Arguments, seen: Tensor) -> Arguments:
    """Return the arguments with other visible keys, all of them told by the mask."""
    return a.but(mask=seen, causal=False)


def nowhere_as_nan(op: Function, a: Arguments) -> Tensor:
    """Answer queries that see no key with NaN, as a softmax of nothing but -inf does."""
    return op(a).masked_fill(~visible(a).any(-1, keepdim=True), torch.nan)


def nowhere_as_mean(op: Function, a: Arguments) -> Tensor:
    """Answer queries that see no key with the mean of all values, as equal low scores do."""
    mean = a.v.mean(-2, keepdim=True)
    return torch.where(visible(a).any(-1, keepdim=True), op(a), mean)
