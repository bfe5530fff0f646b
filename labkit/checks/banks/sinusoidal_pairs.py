"""Sinusoidal tables taken apart into pairs of sine and cosine, and put together again.

The banks of wrong variants are made of these. In the code ``a`` are the arguments, and ``op`` the
operation, right or already misused once.
"""

import torch
from torch import Tensor

from labkit.checks.bank import Function
from labkit.checks.banks.positions import places_of
from labkit.checks.question import Arguments

__all__ = ["angles_of", "pairs_of", "table_of"]


def pairs_of(op: Function, a: Arguments) -> Tensor:
    """Return the sine and the cosine of each angle, also the cosine that an odd width leaves out.

    The result is (positions, pairs, 2).
    """
    # One column more makes all exponents smaller; a larger base makes up for it.
    even = a.d_model + a.d_model % 2
    table = op(a.but(d_model=even, base=float(a.base) ** (even / a.d_model)))
    return table.unflatten(-1, (-1, 2))


def table_of(pairs: Tensor, a: Arguments) -> Tensor:
    """Let sines and cosines take turns in the columns, as many as were asked for."""
    return pairs.flatten(-2)[..., : a.d_model]


def angles_of(a: Arguments) -> Tensor:
    """Return the angles themselves, (positions, pairs).

    Examples
    --------
    >>> angles_of(Arguments(positions=3, d_model=4, base=100)).tolist()
    [[0.0, 0.0], [1.0, 0.1], [2.0, 0.2]]
    """
    column = torch.arange(0, a.d_model, 2, dtype=torch.float64)
    return places_of(a).unsqueeze(-1) / float(a.base) ** (column / a.d_model)
