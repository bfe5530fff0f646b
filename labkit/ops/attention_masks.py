"""Which keys a query may look at: a mask the caller gives, causality, and a sliding window.

Queries stand at the END of the keys, as they do when a model writes: with T queries and S keys,
query ``i`` is at position ``i + S - T`` among the keys, and the last one sees them all. **PyTorch's
``is_causal=True`` counts from the START**, which differs as soon as T is not S.

A mask here says **True = may look**, as in `torch.nn.functional.scaled_dot_product_attention`;
**the masks of `torch.nn.MultiheadAttention` are the other way round** (True = hidden).

T queries, S keys.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor

from labkit.errors import DeviceError, DTypeError, ShapeError
from labkit.ops.windows import pair

__all__ = ["AttentionMask", "causal_mask", "expect_mask"]


def causal_mask(
    query_length: int,
    key_length: int | None = None,
    *,
    window: int | None = None,
    device: torch.device | str | None = None,
) -> Bool[Tensor, "T S"]:
    """Let each query look at its own position and at those before it.

    Parameters
    ----------
    query_length, key_length
        How many queries and keys; as many keys as queries if not given.
    window
        How many keys each query may look at, its own included, as in Mistral 7B; all if not given.
    device
        Where the mask is made.

    Returns
    -------
    Bool[Tensor, "T S"]
        True where query ``i`` may look at key ``j``: ``0 <= i + S - T - j < window``.

    Examples
    --------
    >>> causal_mask(3).int().tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    >>> causal_mask(2, 4, window=2).int().tolist()
    [[0, 1, 1, 0], [0, 0, 1, 1]]
    """
    keys = query_length if key_length is None else key_length
    looks = AttentionMask(query_length, keys, causal=True, window=window)
    return looks.near(slice(0, query_length), slice(0, keys), device)


@dataclass(frozen=True)
class AttentionMask:
    """Every reason why a query may not look at a key.

    Attributes
    ----------
    query_length, key_length
        T and S.
    mask
        True where a query may look at a key, of a shape ``(..., T, S)``; or none.
    causal
        Whether a query looks no further ahead than its own position.
    window
        A query sees the keys fewer than ``window`` places away: behind it, and ahead of it too
        unless it is causal.
    """

    query_length: int
    key_length: int
    mask: Bool[Tensor, "*batch T S"] | None = None
    causal: bool = False
    window: int | None = None

    def __post_init__(self) -> None:
        if self.window is not None:
            pair(self.window, "window", axes=1)

    @property
    def may_hide_all(self) -> bool:
        """Whether there may be a query that sees no key at all."""
        return self.mask is not None or self.query_length > self.key_length

    def within_reach(self, rows: slice) -> slice:
        """Bound the keys that some of these queries may see; those outside need no arithmetic.

        Examples
        --------
        >>> AttentionMask(8, 8, causal=True, window=3).within_reach(slice(4, 6))
        slice(2, 6, None)
        """
        first, end = 0, self.key_length
        position = self.key_length - self.query_length
        if self.window is not None:
            first = max(0, rows.start + position - self.window + 1)
        if (ahead := self._ahead()) is not None:
            end = max(0, min(end, rows.stop + position + ahead))
        return slice(min(first, end), end)

    def block(
        self, rows: slice, keys: slice, device: torch.device | None = None
    ) -> Bool[Tensor, "*batch t s"] | None:
        """Cut out the part for some queries and some keys; None if every one may look at all."""
        near = self.near(rows, keys, device) if self._ahead() is not None else None
        if self.mask is None:
            return near
        given = self.mask[..., rows, keys]
        return given if near is None else given & near

    def near(
        self, rows: slice, keys: slice, device: torch.device | str | None = None
    ) -> Bool[Tensor, "t s"]:
        """Say which keys causality and the window let a query see, whatever the mask says."""
        query = torch.arange(rows.start, rows.stop, device=device)[:, None]
        query = query + (self.key_length - self.query_length)
        key = torch.arange(keys.start, keys.stop, device=device)
        ahead = self._ahead()
        near = key <= query + (self.key_length + self.query_length if ahead is None else ahead)
        return near if self.window is None else near & (key > query - self.window)

    def _ahead(self) -> int | None:
        """Count the keys ahead of its own that a query sees; None for all of them."""
        if self.causal:
            return 0
        return None if self.window is None else self.window - 1


def expect_mask(name: str, mask: Tensor, q: Tensor, lengths: tuple[int, int]) -> None:
    """Refuse a mask that is neither of booleans nor of numbers to add, or does not fit.

    Raises
    ------
    DTypeError, DeviceError, ShapeError
        Saying what a mask is here.

    Examples
    --------
    >>> expect_mask("mask", torch.ones(2, 3, dtype=torch.bool), torch.ones(2, 4), (2, 3))
    """
    kinds = ("mask must be boolean (True = may look) or", "bias must hold")
    if not isinstance(mask, Tensor) or not (
        mask.is_floating_point() or (name == "mask" and mask.dtype is torch.bool)
    ):
        kind = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
        raise DTypeError(
            f"{kinds[name == 'bias']} floating-point numbers to add to the scores, got {kind}; "
            f"use {name}.{'bool' if name == 'mask' else 'float'}()"
        )
    if mask.device != q.device:
        raise DeviceError(f"q is on {q.device} but {name} is on {mask.device}; use .to(q.device)")
    fits = zip(reversed(mask.shape), reversed(lengths), strict=False)
    if any(size not in (1, length) for size, length in fits):
        raise ShapeError(
            f"{name} must be (..., queries, keys), here (..., {lengths[0]}, {lengths[1]}) or 1 "
            f"along an axis, got {tuple(mask.shape)}; a row of keys to keep in each sequence, "
            "(batch, keys), is given as keep[:, None, :] or, with heads, keep[:, None, None, :]"
        )
