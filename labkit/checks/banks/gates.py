"""What the mistakes of gated recurrent units have in common: their gates lie stacked in one matrix.

In the code ``a`` are the arguments, whose weights and biases have a block of rows for each gate.
"""

from collections.abc import Callable
from itertools import permutations

import torch
from torch import Tensor

from labkit.checks.bank import Variant
from labkit.checks.banks.misuse import with_arguments

__all__ = ["interleaved", "orders"]

STACKED = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def orders(*gates: str) -> dict[str, Variant]:
    """Return a variant for each wrong order in which the gates can be read."""
    right = tuple(range(len(gates)))
    return {
        f"Yours reads them as {', '.join(gates[i] for i in order)}.": _read_as(order)
        for order in permutations(right)
        if order != right
    }


def _read_as(order: tuple[int, ...]) -> Variant:
    def turned(rows: Tensor) -> Tensor:
        blocks = rows.chunk(len(order))
        return torch.cat([blocks[order.index(gate)] for gate in range(len(order))])

    return _rearranged(turned)


def interleaved(gates: int) -> Variant:
    """Make a variant for which every third (of three gates) row, not every third block, is one."""
    return _rearranged(lambda rows: rows.unflatten(0, (-1, gates)).transpose(0, 1).flatten(0, 1))


def _rearranged(change: Callable[[Tensor], Tensor]) -> Variant:
    return with_arguments(
        lambda a: {name: None if a[name] is None else change(a[name]) for name in STACKED}
    )
