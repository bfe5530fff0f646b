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

from labkit.ops.windows import pair

__all__ = ["AttentionMask", "causal_mask", "chunks"]


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
        end = min(max(rows.stop + self._offset + self._ahead, 0), self.key_length)
        first = max(rows.start + self._offset - self._behind, 0)
        return slice(min(first, end), end)

    def block(
        self, rows: slice, keys: slice, device: torch.device | None = None
    ) -> Bool[Tensor, "*batch t s"] | None:
        """Cut out the part for some queries and some keys; None if every one may look at all.

        Examples
        --------
        >>> looks = AttentionMask(4, 4, causal=True)
        >>> looks.block(slice(2, 4), slice(1, 4)).tolist()
        [[True, True, False], [True, True, True]]
        >>> looks.block(slice(2, 4), slice(0, 3))  # nothing here is in anyone's future
        """
        last_query, last_key = rows.stop - 1 + self._offset, keys.stop - 1
        all_near = (
            last_key <= rows.start + self._offset + self._ahead
            and keys.start >= last_query - self._behind
        )
        given = None if self.mask is None else self.mask[..., rows, keys]
        if all_near:
            return given
        near = self.near(rows, keys, device)
        return near if given is None else given & near

    def near(
        self, rows: slice, keys: slice, device: torch.device | str | None = None
    ) -> Bool[Tensor, "t s"]:
        """Say which keys causality and the window let a query see, whatever the mask says.

        Examples
        --------
        >>> AttentionMask(3, 3, window=2).near(slice(0, 1), slice(0, 3)).tolist()
        [[True, True, False]]
        """
        query = torch.arange(rows.start, rows.stop, device=device)[:, None] + self._offset
        key = torch.arange(keys.start, keys.stop, device=device)
        near = key <= query + self._ahead
        return near if self.window is None else near & (key >= query - self._behind)

    @property
    def _offset(self) -> int:
        """The position of the first query among the keys."""
        return self.key_length - self.query_length

    @property
    def _behind(self) -> int:
        """How many keys before its own a query sees."""
        return self.key_length + self.query_length if self.window is None else self.window - 1

    @property
    def _ahead(self) -> int:
        """How many keys after its own a query sees."""
        return 0 if self.causal else self._behind


def chunks(places: slice, size: int) -> list[slice]:
    """Cut a range into pieces of one size, the last one maybe shorter.

    Examples
    --------
    >>> chunks(slice(2, 7), 3)
    [slice(2, 5, None), slice(5, 7, None)]
    """
    starts = range(places.start, places.stop, size)
    return [slice(start, min(start + size, places.stop)) for start in starts]
