"""Vectors taken apart into the pairs that a rotary embedding turns, and put together again.

The banks of wrong variants are made of these. In the code ``a`` are the arguments, and ``op`` the
operation, right or already misused once.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.bank import Function, Variant
from labkit.checks.banks.positions import width_of
from labkit.checks.question import Arguments

__all__ = ["cosines_and_sines", "features_of", "pairs_of", "turned_as"]


def pairs_of(features: Tensor, a: Arguments, layout: str | None = None) -> Tensor:
    """Return the features that are turned as (..., pairs, 2), in the layout asked for."""
    turned = features[..., : width_of(a)]
    if (layout or a.layout) == "half":
        return turned.unflatten(-1, (2, -1)).transpose(-1, -2)
    return turned.unflatten(-1, (-1, 2))


def features_of(pairs: Tensor, kept: Tensor, a: Arguments, layout: str | None = None) -> Tensor:
    """Return pairs as features again, and behind them those of ``kept`` that are not turned."""
    half = (layout or a.layout) == "half"
    turned = (pairs.transpose(-1, -2) if half else pairs).flatten(-2)
    return torch.cat((turned, kept[..., width_of(a) :]), dim=-1)


def cosines_and_sines(op: Function, a: Arguments) -> tuple[Tensor, Tensor]:
    """Return the cosine and the sine that each pair is turned with: what becomes of (1, 0)."""
    one = torch.zeros_like(pairs_of(a.x, a)) + torch.tensor([1.0, 0.0], dtype=a.x.dtype)
    cosine, sine = pairs_of(op(a.but(x=features_of(one, a.x, a))), a).unbind(-1)
    return cosine, sine


def turned_as(formula: Callable[[Tensor, Tensor, Tensor, Tensor], tuple]) -> Variant:
    """Make a variant with another formula of both features of a pair, their cosine and sine."""

    def variant(op: Function, a: Arguments) -> Tensor:
        first, second = pairs_of(a.x, a).unbind(-1)
        turned = formula(first, second, *cosines_and_sines(op, a))
        return features_of(torch.stack(turned, dim=-1), op(a), a)

    return variant
