"""Scaled dot-product attention: the loops that define it, then matrix products.

Each query looks at all keys at once. The better a key matches (the larger their scalar product),
the larger the share its value has in the answer [1]_::

    output = softmax(q kᵀ / √E) v

E is the paper's d_k and Ev its d_v: the length of ONE key and of ONE value, not a size of their
matrices. √E because a sum of E independent products of size 1 is about √E large; without it the
softmax saturates and its gradient dies.

B batch, H heads, T queries, S keys, E width of a query and a key, Ev width of a value.

References
----------
.. [1] Vaswani et al. (2017), Attention Is All You Need, section 3.2.1.
   https://arxiv.org/abs/1706.03762
.. [2] Ainslie et al. (2023), GQA: several query heads share one key head.
   https://arxiv.org/abs/2305.13245
.. [3] Jiang et al. (2023), Mistral 7B: the sliding window. https://arxiv.org/abs/2310.06825
.. [4] Gemma Team (2024), Gemma 2: the soft cap. https://arxiv.org/abs/2408.00118
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from labkit.ops.attention_inputs import AttentionInputs, Number, attention_inputs, attention_scores
from labkit.ops.attention_masks import chunks
from labkit.ops.masked_softmax import masked_softmax

__all__ = ["attention_weights", "scaled_dot_product_attention"]

Queries = Float[Tensor, "*batch T E"]
Keys = Float[Tensor, "*batch_k S E"]
Values = Float[Tensor, "*batch_v S Ev"]
Mask = Bool[Tensor, "*batch_m #T #S"] | Float[Tensor, "*batch_m #T #S"]
Bias = Float[Tensor, "*batch_b #T #S"]
Map = Float[Tensor, "*batch_o T S"]
Outputs = Float[Tensor, "*batch_o T Ev"]

# Queries are answered this many at a time. Their scores then stay in the processor's cache, and
# with causal=True the keys ahead of the last of them are never multiplied: half the work.
_ROWS_AT_ONCE = 256


def attention_weights(
    q: Queries,
    k: Keys,
    *,
    mask: Mask | None = None,
    bias: Bias | None = None,
    causal: bool = False,
    scale: Number | None = None,
    window: int | None = None,
    softcap: Number | None = None,
) -> Map:
    """Compute the map: what share of its attention each query pays to each key.

    Parameters and errors are those of `scaled_dot_product_attention`.

    Returns
    -------
    Map
        Each row is one query's weights, from 0 to 1, with the sum 1; all 0 if it may look nowhere.

    Examples
    --------
    >>> q = k = torch.zeros(3, 1)
    >>> attention_weights(q, k, causal=True).tolist()[:2]
    [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]
    """
    inputs = attention_inputs(
        q, k, mask=mask, bias=bias, causal=causal, scale=scale, window=window, softcap=softcap
    )
    return inputs.rounded(_weights(inputs, slice(0, q.shape[-2]), slice(0, k.shape[-2])))


def scaled_dot_product_attention(
    q: Queries,
    k: Keys,
    v: Values,
    *,
    mask: Mask | None = None,
    bias: Bias | None = None,
    causal: bool = False,
    scale: Number | None = None,
    window: int | None = None,
    softcap: Number | None = None,
) -> Outputs:
    """Answer each query with the mean of the values, weighted by how well their keys match it.

    Parameters
    ----------
    q, k, v
        Queries, keys and values: any axes before the last two, broadcast against each other. If
        axis -3 of ``q`` is a multiple of that of ``k`` and ``v``, neighbouring query heads share a
        key head [2]_.
    mask
        True where a query **may look** at a key, as in PyTorch's function of this name
        (`torch.nn.MultiheadAttention` has it the other way round); or floating-point numbers to
        add to the scores. Broadcast against ``(..., T, S)``.
    bias
        Numbers to add to the scores, after scale and cap; minus infinity hides a key.
    causal
        Whether a query sees only the keys up to its own position. Queries stand at the END of the
        keys: query ``i`` is at position ``i + S - T``. (PyTorch's ``is_causal`` puts them at the
        start, which is the same only if T = S.)
    scale
        What the scalar products are multiplied by; ``1 / √E`` if not given.
    window
        Query at position ``p`` sees the keys ``p - window + 1`` to ``p``: its own and
        ``window - 1`` back [3]_; without ``causal``, as many ahead as well.
    softcap
        Scores are bent to lie within ± this: ``softcap * tanh(score / softcap)`` [4]_, before the
        mask and the bias.

    Returns
    -------
    Outputs
        One answer for each query, in the values' units and width. A query that may look nowhere
        gets zeros, and zero gradients. Where no query may look at a key, nothing in it or in its
        value matters, not even NaN; a NaN hidden from some queries only may still reach them, as
        in PyTorch.

    Raises
    ------
    ShapeError
        If widths, lengths or leading axes do not fit.
    DTypeError, DeviceError
        If a tensor is not floating point, or the tensors differ in dtype or device.
    OptionError
        If an option means nothing here.

    See Also
    --------
    torch.nn.functional.scaled_dot_product_attention : The library's version; equal to rounding.
    labkit.ops.chunked_attention.chunked_attention : The same, without ever holding the map.

    Examples
    --------
    >>> k = v = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> scaled_dot_product_attention(100 * k, k, v).round(decimals=3).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    >>> scaled_dot_product_attention(0 * k, k, v, causal=True).tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    inputs = attention_inputs(
        q, k, v, mask=mask, bias=bias, causal=causal, scale=scale, window=window, softcap=softcap
    )
    blocks = []
    for rows in chunks(slice(0, q.shape[-2]), _ROWS_AT_ONCE) or [slice(0, 0)]:
        keys = inputs.looks.within_reach(rows)
        blocks.append(_weights(inputs, rows, keys) @ inputs.v[..., keys, :])
    return inputs.rounded(blocks[0] if len(blocks) == 1 else torch.cat(blocks, dim=-2))


def _weights(inputs: AttentionInputs, rows: slice, keys: slice) -> Tensor:
    """Compute the part of the map that belongs to some queries and some keys."""
    q, k = inputs.q[..., rows, :], inputs.k[..., keys, :]
    bias = None if inputs.bias is None else inputs.bias[..., rows, keys]
    allowed = inputs.looks.block(rows, keys, q.device)
    scores = attention_scores(q, k, bias, inputs.softcap)
    return masked_softmax(scores, allowed, may_hide_all=inputs.looks.may_hide_all)
