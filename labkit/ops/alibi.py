"""ALiBi: attention with linear biases, which grow with the distance between query and key.

No vector is added to the input; instead, each head takes from every score its own slope times the
distance, and so sees near places more clearly than far ones [1]_.

H heads, T queries (query_length), S keys (key_length). Our slopes are the paper's m.

References
----------
.. [1] Press, Smith and Lewis (2021), Train Short, Test Long: Attention with Linear Biases Enables
   Input Length Extrapolation. https://arxiv.org/abs/2108.12409
"""

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.ops.positions import key_offsets
from labkit.ops.windows import pair

__all__ = ["alibi_bias", "alibi_bias_loops", "alibi_slopes"]

Bias = Float[Tensor, "num_heads query_length key_length"]


def alibi_slopes(
    num_heads: int,
    *,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Float[Tensor, " num_heads"]:
    """Give each head its slope, in score lost for each step of distance.

    Parameters
    ----------
    num_heads
        How many. A power of two gives ``2 ** (-8 / H)`` and its powers; between two powers of two,
        the slopes of the lower one are followed by every second slope of the upper one.
    dtype, device
        Of the result; ``None`` for torch's defaults.

    Raises
    ------
    OptionError
        If ``num_heads`` is not a count.

    Examples
    --------
    >>> alibi_slopes(4)
    tensor([0.2500, 0.0625, 0.0156, 0.0039])
    >>> alibi_slopes(3)
    tensor([0.0625, 0.0039, 0.2500])
    """
    (num_heads,) = pair(num_heads, "num_heads", axes=1)
    power = 2 ** (num_heads.bit_length() - 1)  # the largest power of two that is not larger
    steps = [8 * (h + 1) / power for h in range(power)]
    between = [8 * (2 * h + 1) / (2 * power) for h in range(num_heads - power)]
    return torch.tensor([2.0**-step for step in steps + between], dtype=dtype, device=device)


def alibi_bias_loops(
    num_heads: int,
    query_length: int,
    key_length: int | None = None,
    *,
    causal: bool = True,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Bias:
    """Compute the bias of one head, query and key at a time: the definition.

    Parameters, result and errors are those of `alibi_bias`.

    Examples
    --------
    >>> alibi_bias_loops(1, 2, causal=False).tolist()
    [[[0.0, -0.00390625], [-0.00390625, 0.0]]]
    """
    slopes = alibi_slopes(num_heads, dtype=dtype, device=device)
    offsets = key_offsets(query_length, key_length, device=device)
    bias = slopes.new_zeros(num_heads, *offsets.shape)
    first = offsets.shape[1] - offsets.shape[0]  # the place of query 0 among the keys
    for h in range(num_heads):
        for query in range(offsets.shape[0]):
            for key in range(offsets.shape[1]):
                distance = abs(first + query - key)
                unseen = causal and key > first + query
                bias[h, query, key] = -torch.inf if unseen else slopes[h] * -distance
    return bias


def alibi_bias(
    num_heads: int,
    query_length: int,
    key_length: int | None = None,
    *,
    causal: bool = True,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Bias:
    """Give what is added to the scores of each head: minus its slope times the distance.

    Parameters
    ----------
    num_heads
        How many; see `alibi_slopes`.
    query_length, key_length
        Places of the queries and of the keys; ``None`` for as many keys as queries. **The last
        query stands at the last key**, so that one new query after many cached keys is at the end.
    causal
        Whether keys after the query are out of sight, as in the paper: their bias is minus
        infinity. Without it, distance counts alike to both sides.
    dtype, device
        Of the result; ``None`` for torch's defaults.

    Raises
    ------
    OptionError
        If a number is not a count.

    Examples
    --------
    >>> alibi_bias(2, 3)[0]
    tensor([[ 0.0000,    -inf,    -inf],
            [-0.0625,  0.0000,    -inf],
            [-0.1250, -0.0625,  0.0000]])
    """
    slopes = alibi_slopes(num_heads, dtype=dtype, device=device)
    offsets = key_offsets(query_length, key_length, device=device)
    bias = slopes[:, None, None] * -offsets.abs()
    return bias.masked_fill(offsets > 0, -torch.inf) if causal else bias
