"""What is asked of a positional encoding: at which positions, and for how many features.

The banks of wrong variants read their arguments ``a`` with these: one operation is given positions
and a width, another a tensor that has them.
"""

import torch
from torch import Tensor

from labkit.checks.question import Arguments

__all__ = ["places_of", "width_of"]


def places_of(a: Arguments) -> Tensor:
    """Return the positions one by one, also where only their number or a tensor is given.

    Examples
    --------
    >>> places_of(Arguments(positions=3)).tolist()
    [0.0, 1.0, 2.0]
    >>> places_of(Arguments(positions=None, x=torch.zeros(2, 4))).tolist()
    [0.0, 1.0]
    """
    if isinstance(a.positions, Tensor):
        return a.positions.double()
    count = a.x.shape[-2] if a.positions is None else a.positions
    return torch.arange(count, dtype=torch.float64)


def width_of(a: Arguments) -> int:
    """Return how many features share the frequencies.

    Examples
    --------
    >>> width_of(Arguments(d_model=6)), width_of(Arguments(x=torch.zeros(2, 4), rotary_dim=None))
    (6, 4)
    """
    return a.d_model if "d_model" in a else a.rotary_dim or a.x.shape[-1]
