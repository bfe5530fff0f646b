"""Attention in memory linear in the length: the map is computed in small squares and never kept.

The softmax of a row needs the row's largest score and its sum. Both can be carried along while the
keys come in chunks, the *online softmax* [1]_: when a larger score turns up, everything added so
far shrinks by ``exp(old - new)``. The way back computes each square again, from the one number kept
for each row, ``log_sum``: ``P = exp(scores - log_sum)`` [2]_.

T queries, S keys, E width of a query and a key, Ev width of a value.

References
----------
.. [1] Milakov and Gimelshein (2018), Online normalizer calculation for softmax.
   https://arxiv.org/abs/1805.02867
.. [2] Dao et al. (2022), FlashAttention. https://arxiv.org/abs/2205.14135
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.autograd.function import FunctionCtx

from labkit.errors import OptionError
from labkit.ops.attention_inputs import Number, attention_inputs, attention_scores
from labkit.ops.attention_masks import AttentionMask, chunks
from labkit.ops.masked_softmax import hide
from labkit.ops.windows import pair

__all__ = ["chunked_attention"]

Queries = Float[Tensor, "*batch T E"]
Keys = Float[Tensor, "*batch_k S E"]
Values = Float[Tensor, "*batch_v S Ev"]
Mask = Bool[Tensor, "*batch_m #T #S"] | Float[Tensor, "*batch_m #T #S"]
Bias = Float[Tensor, "*batch_b #T #S"]


def chunked_attention(
    q: Queries,
    k: Keys,
    v: Values,
    *,
    chunk_size: int = 256,
    mask: Mask | None = None,
    bias: Bias | None = None,
    causal: bool = False,
    scale: Number | None = None,
    window: int | None = None,
    softcap: Number | None = None,
) -> Float[Tensor, "*batch_o T Ev"]:
    """Attend to the keys chunk by chunk, and add up the answers with the online softmax.

    Apart from ``chunk_size``, parameters, result and errors are those of
    `labkit.ops.attention.scaled_dot_product_attention`.

    Parameters
    ----------
    chunk_size
        How many queries meet how many keys at a time: a square of this side is held for each head.

    Raises
    ------
    OptionError
        Also when gradients of gradients are asked for (``create_graph=True``).

    Examples
    --------
    >>> q = k = v = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> chunked_attention(0 * q, k, v, causal=True, chunk_size=1).tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    pair(chunk_size, "chunk_size", axes=1)
    inputs = attention_inputs(
        q, k, v, mask=mask, bias=bias, causal=causal, scale=scale, window=window, softcap=softcap
    )
    q, k, v = (x.expand(*inputs.batch, *x.shape[-2:]) for x in (inputs.q, inputs.k, inputs.v))
    kind = q.device.type
    if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind):
        # It covers the way there only; the way back below must find what was multiplied.
        q, k, v = (x.to(torch.get_autocast_dtype(kind)) for x in (q, k, v))
    output = _OnlineSoftmax.apply(q, k, v, inputs.bias, inputs.looks, inputs.softcap, chunk_size)
    return inputs.rounded(output)


class _OnlineSoftmax(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        bias: Tensor | None,
        looks: AttentionMask,
        softcap: Number | None,
        chunk_size: int,
    ) -> Tensor:
        ctx.looks, ctx.softcap, ctx.chunk_size = looks, softcap, chunk_size
        wide = torch.promote_types(q.dtype, torch.float32)  # what is added up many times
        output = v.new_empty(*q.shape[:-1], v.shape[-1])
        log_sum = q.new_empty(*q.shape[:-1], 1, dtype=wide)
        for rows in chunks(slice(0, q.shape[-2]), chunk_size):
            # The least number there is, not minus infinity: their difference would be NaN.
            largest = torch.full_like(log_sum[..., rows, :], torch.finfo(wide).min)
            total = torch.zeros_like(largest)
            answer = torch.zeros_like(output[..., rows, :], dtype=wide)
            for keys in chunks(looks.within_reach(rows), chunk_size):
                scores = _square(
                    ctx, rows, keys, q[..., rows, :], k[..., keys, :], _part(bias, rows, keys)
                )
                before, largest = largest, largest.maximum(scores.amax(dim=-1, keepdim=True))
                shares, shrink = (scores - largest).exp(), (before - largest).exp()
                total = total * shrink + shares.sum(dim=-1, keepdim=True)
                answer = answer * shrink + shares.to(v.dtype) @ v[..., keys, :]
            total = total.masked_fill(total == 0, 1)  # where a query may look nowhere
            output[..., rows, :] = answer / total
            log_sum[..., rows, :] = largest + total.log()
        ctx.save_for_backward(q, k, v, bias, output, log_sum)
        return output

    @staticmethod
    def backward(ctx: FunctionCtx, d_output: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():  # create_graph=True; PyTorch's own guard misses half the cases
            raise OptionError(
                "chunked_attention has no gradients of gradients; use scaled_dot_product_attention"
            )
        q, k, v, bias, output, log_sum = ctx.saved_tensors
        d_q, d_k, d_v = (x.new_zeros(x.shape, dtype=log_sum.dtype) for x in (q, k, v))
        d_bias = bias.new_zeros(bias.shape) if ctx.needs_input_grad[3] else None
        # Softmax: d_scores = P * (d_P - sum of P * d_P along the row), and that sum is this one.
        row_sum = (d_output * output).sum(dim=-1, keepdim=True, dtype=log_sum.dtype)
        for rows in chunks(slice(0, q.shape[-2]), ctx.chunk_size):
            for keys in chunks(ctx.looks.within_reach(rows), ctx.chunk_size):
                square = [q[..., rows, :], k[..., keys, :], _part(bias, rows, keys)]
                square = [x if x is None else x.detach().requires_grad_() for x in square]
                with torch.enable_grad():
                    scores = _square(ctx, rows, keys, *square)
                shares = (scores.detach() - log_sum[..., rows, :]).exp()
                d_shares = d_output[..., rows, :] @ v[..., keys, :].mT
                d_scores = shares * (d_shares - row_sum[..., rows, :])
                leaves = [x for x in square if x is not None]
                d_square = torch.autograd.grad(scores, leaves, d_scores)
                d_q[..., rows, :] += d_square[0]
                d_k[..., keys, :] += d_square[1]
                d_v[..., keys, :] += shares.to(v.dtype).mT @ d_output[..., rows, :]
                if d_bias is not None:
                    d_bias[..., rows, keys] += d_square[2]
        return d_q.to(q.dtype), d_k.to(k.dtype), d_v.to(v.dtype), d_bias, None, None, None


def _square(
    ctx: FunctionCtx, rows: slice, keys: slice, q: Tensor, k: Tensor, bias: Tensor | None
) -> Tensor:
    """Score some keys for some queries: one square of the map."""
    allowed = ctx.looks.block(rows, keys, q.device)
    scores = hide(attention_scores(q, k, bias, ctx.softcap), allowed)
    return scores.to(torch.promote_types(q.dtype, torch.float32))


def _part(bias: Tensor | None, rows: slice, keys: slice) -> Tensor | None:
    return None if bias is None else bias[..., rows, keys]
