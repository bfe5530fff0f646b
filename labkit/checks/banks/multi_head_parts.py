"""Multi-head attention in its steps, and with one of them done in another way.

In the code ``a`` are the arguments of the whole. B sequences, T queries, S keys, D width, H heads,
E = D / H width of a head. A matrix is (D, D) with one row for each number it gives, as in
nn.Linear. Besides its parameters ``a`` may hold steps to take instead of the right ones, ``cut``,
``scale``, ``attend`` and ``join``, so that two mistakes about them can be made at once.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from labkit.checks.bank import Variant
from labkit.checks.banks.misuse import with_arguments
from labkit.checks.question import Arguments

__all__ = ["attention_of", "inside", "merged", "projected", "side_by_side", "split"]


def split(x: Tensor, heads: int) -> Tensor:
    """Cut (B, T, D) into heads, (B, H, T, E)."""
    return x.unflatten(-1, (heads, -1)).transpose(-3, -2)


def merged(x: Tensor) -> Tensor:
    """Lay heads side by side: (B, H, T, E) becomes (B, T, D)."""
    return x.transpose(-3, -2).flatten(-2)


def projected(a: Arguments) -> tuple[Tensor, Tensor, Tensor]:
    """Return queries, keys and values of all heads, each (B, length, D)."""
    return (
        F.linear(a.query, a.w_q, a.b_q),
        F.linear(a.key, a.w_k, a.b_k),
        F.linear(a.value, a.w_v, a.b_v),
    )


def attention_of(a: Arguments) -> Arguments:
    """Return the arguments of the attention inside, with one more axis for the heads."""
    cut = a.get("cut", split)
    q, k, v = (cut(x, a.num_heads) for x in projected(a))
    return Arguments(q=q, k=k, v=v, mask=a.mask, bias=None, causal=a.causal, scale=a.get("scale"))


def side_by_side(a: Arguments, attend: Callable[[Arguments], Tensor]) -> Tensor:
    """Return the heads' answers side by side, (B, T, D), before they are projected."""
    return a.get("join", merged)(a.get("attend", attend)(attention_of(a)))


def inside(*, scale: Callable[[Arguments], float] | None = None, **steps: Any) -> Variant:
    """Make a variant with other steps inside; ``scale`` is worked out of the arguments."""
    return with_arguments(lambda a: steps | ({} if scale is None else {"scale": scale(a)}))
