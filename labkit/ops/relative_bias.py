"""Relative bias: a learned number for each distance, near ones each their own, far ones shared.

T5 adds to every score a number looked up by how far the key is from the query [1]_. Distances are
sorted into buckets: small ones have a bucket each, larger ones share buckets that grow in the same
ratio, and everything beyond ``max_distance`` falls into the last.

H heads, T queries (query_length), S keys (key_length), "buckets" rows of the learned table.

References
----------
.. [1] Raffel et al. (2020), Exploring the Limits of Transfer Learning with a Unified Text-to-Text
   Transformer, section 2.1. https://arxiv.org/abs/1910.10683
.. [2] Shaw, Uszkoreit and Vaswani (2018), Self-Attention with Relative Position Representations.
   https://arxiv.org/abs/1803.02155
"""

import math

import torch
from jaxtyping import Float, Int, Int64
from torch import Tensor

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.ops.arguments import expect_float
from labkit.ops.positions import key_offsets
from labkit.ops.windows import pair

__all__ = ["relative_position_bias", "relative_position_bucket", "relative_position_bucket_loops"]


def relative_position_bucket_loops(
    relative_position: Int[Tensor, "*shape"],
    *,
    bidirectional: bool = True,
    num_buckets: int = 32,
    max_distance: int = 128,
) -> Int64[Tensor, "*shape"]:
    """Sort one distance at a time, by counting the bounds that it passes: the definition.

    Parameters, result and errors are those of `relative_position_bucket`.

    Examples
    --------
    >>> relative_position_bucket_loops(torch.tensor([-2, 0, 2])).tolist()
    [2, 0, 18]
    """
    side, exact = _sides(relative_position, bidirectional, num_buckets, max_distance)
    shared, far = side - exact, int(max_distance)  # Python's own integers never overflow
    buckets = []
    for offset in relative_position.flatten().tolist():
        distance = abs(offset) if bidirectional else max(0, -offset)
        # Bound n is exact * (far / exact) ** (n / shared), here without roots.
        passed = [
            n for n in range(1, shared) if distance**shared * exact**n >= exact**shared * far**n
        ]
        bucket = distance if distance < exact else exact + len(passed)
        buckets.append(bucket + side if bidirectional and offset > 0 else bucket)
    return relative_position.new_tensor(buckets, dtype=torch.long).reshape(relative_position.shape)


def relative_position_bucket(
    relative_position: Int[Tensor, "*shape"],
    *,
    bidirectional: bool = True,
    num_buckets: int = 32,
    max_distance: int = 128,
) -> Int64[Tensor, "*shape"]:
    """Sort distances into buckets, finely where they are small and coarsely where they are large.

    Parameters
    ----------
    relative_position
        Place of the key minus place of the query, in steps.
    bidirectional
        Whether keys after the query have buckets of their own (the upper half); otherwise all of
        them fall into bucket 0, for a decoder that does not see them.
    num_buckets
        How many buckets in all: of each side, one half hold one distance each, the other half
        grow in equal ratios.
    max_distance
        Steps from which on everything shares the last bucket.

    Raises
    ------
    DTypeError
        If the distances are not whole numbers.
    OptionError
        If the buckets cannot be shared out so.

    Examples
    --------
    >>> relative_position_bucket(torch.tensor([-200, -9, -2, 0, 2, 9, 200])).tolist()
    [15, 8, 2, 0, 18, 24, 31]
    """
    side, exact = _sides(relative_position, bidirectional, num_buckets, max_distance)
    relative_position = relative_position.long()  # in a byte, minus -128 is -128
    distance = relative_position.abs() if bidirectional else (-relative_position).clamp(min=0)
    ratio = torch.log(distance.clamp(min=1) / exact) / math.log(max_distance / exact)
    shared = (exact + (ratio * (side - exact)).long()).clamp(max=side - 1)
    bucket = torch.where(distance < exact, distance, shared)
    return bucket + side * (relative_position > 0) if bidirectional else bucket


def _sides(
    relative_position: Tensor, bidirectional: bool, num_buckets: int, max_distance: int
) -> tuple[int, int]:
    """Check the arguments; count the buckets of each side, and those that hold one distance."""
    if relative_position.is_floating_point() or relative_position.dtype == torch.bool:
        raise DTypeError(
            f"relative_position must hold whole numbers, got {relative_position.dtype}; "
            "use relative_position.long()"
        )
    least = 4 if bidirectional else 2
    (num_buckets,) = pair(num_buckets, "num_buckets", least=least, axes=1)
    if num_buckets % least:
        raise OptionError(
            f"num_buckets must divide by {least}, for each side into two equal parts; "
            f"got {num_buckets}; use {num_buckets // least * least}"
        )
    side = num_buckets // 2 if bidirectional else num_buckets
    exact = side // 2
    pair(max_distance, "max_distance", least=exact + 1, axes=1)
    return side, exact


def relative_position_bias(
    table: Float[Tensor, "buckets num_heads"],
    query_length: int,
    key_length: int | None = None,
    *,
    bidirectional: bool = True,
    max_distance: int = 128,
) -> Float[Tensor, "num_heads query_length key_length"]:
    """Look up what is added to the scores of each head, by the distance of query and key.

    Parameters
    ----------
    table
        The learned numbers, a row for each bucket, as T5 stores them.
    query_length, key_length
        Places of the queries and of the keys; ``None`` for as many keys as queries. **The last
        query stands at the last key**, so that one new query after many cached keys is at the end.
    bidirectional, max_distance
        As in `relative_position_bucket`.

    Raises
    ------
    ShapeError, DTypeError, OptionError
        If the table is not one of floating-point numbers, bucket by head, or the options of
        `relative_position_bucket` do not fit it.

    Examples
    --------
    >>> table = torch.arange(32.0).reshape(32, 1)  # a bucket's number is its bias
    >>> relative_position_bias(table, 3)[0]
    tensor([[ 0., 17., 18.],
            [ 1.,  0., 17.],
            [ 2.,  1.,  0.]])
    """
    expect_float("table", table)
    if table.dim() != 2:
        raise ShapeError(f"table must be (buckets, num_heads), got shape {tuple(table.shape)}")
    buckets = relative_position_bucket(
        key_offsets(query_length, key_length, device=table.device),
        bidirectional=bidirectional,
        num_buckets=len(table),
        max_distance=max_distance,
    )
    return table[buckets].permute(2, 0, 1)
