"""Attention one query and one key at a time: the definition, slow on purpose.

B batch, H heads, T queries, S keys, E width of a query and a key, Ev width of a value, N places in
the batch and heads together.
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from labkit.ops.attention_inputs import AttentionInputs, Number, attention_inputs

__all__ = [
    "attention_weights_loops",
    "flat",
    "scaled_dot_product_attention_loops",
    "share_out",
]

Queries = Float[Tensor, "*batch T E"]
Keys = Float[Tensor, "*batch_k S E"]
Values = Float[Tensor, "*batch_v S Ev"]
Mask = Bool[Tensor, "*batch_m #T #S"] | Float[Tensor, "*batch_m #T #S"]
Bias = Float[Tensor, "*batch_b #T #S"]


def attention_weights_loops(
    q: Queries,
    k: Keys,
    *,
    mask: Mask | None = None,
    bias: Bias | None = None,
    causal: bool = False,
    scale: Number | None = None,
    window: int | None = None,
    softcap: Number | None = None,
) -> Float[Tensor, "*batch_o T S"]:
    """Score every key that a query may look at, and share its attention out by softmax.

    Parameters, result and errors are those of `labkit.ops.attention.attention_weights`.

    Examples
    --------
    >>> q = k = torch.zeros(3, 1)
    >>> attention_weights_loops(q, k, causal=True).tolist()[:2]
    [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]
    """
    inputs = attention_inputs(
        q, k, mask=mask, bias=bias, causal=causal, scale=scale, window=window, softcap=softcap
    )
    batch = inputs.batch
    queries, keys = flat(inputs.q, batch), flat(inputs.k, batch)
    maps = queries.new_zeros(len(queries), q.shape[-2], k.shape[-2])
    for n in range(len(queries)):
        for i in range(q.shape[-2]):
            scores = {j: queries[n, i] @ keys[n, j] for j in _seen(inputs, batch, n, i)}
            for j in scores:
                if softcap is not None:
                    scores[j] = softcap * (scores[j] / softcap).tanh()
                if inputs.bias is not None:
                    scores[j] = scores[j] + flat(inputs.bias, batch)[n, i, j]
            for j, share in share_out(scores).items():
                maps[n, i, j] = share
    return inputs.rounded(maps.reshape(*batch, *maps.shape[1:]))


def scaled_dot_product_attention_loops(
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
) -> Float[Tensor, "*batch_o T Ev"]:
    """Add up the values of the keys that a query may look at, each times its share.

    Parameters, result and errors are those of
    `labkit.ops.attention.scaled_dot_product_attention`.

    Examples
    --------
    >>> k = v = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> scaled_dot_product_attention_loops(0 * k, k, v, causal=True).tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    options = {"mask": mask, "bias": bias, "causal": causal, "window": window}
    inputs = attention_inputs(q, k, v, scale=scale, softcap=softcap, **options)
    maps = attention_weights_loops(q, k, scale=scale, softcap=softcap, **options)
    batch = inputs.batch
    shares, values = flat(maps, batch), flat(inputs.v, batch)
    answers = values.new_zeros(len(values), q.shape[-2], v.shape[-1])
    for n in range(len(values)):
        for i in range(q.shape[-2]):
            for j in _seen(inputs, batch, n, i):
                answers[n, i] += shares[n, i, j] * values[n, j]
    return inputs.rounded(answers.reshape(*batch, *answers.shape[1:]))


def share_out(scores: dict[int, Tensor]) -> dict[int, Tensor]:
    """Turn scores into shares of 1, by key; the largest is taken off, or exp would overflow.

    Examples
    --------
    >>> share_out({4: torch.tensor(5.0), 7: torch.tensor(5.0)})
    {4: tensor(0.5000), 7: tensor(0.5000)}
    """
    if not scores:
        return {}
    largest = torch.stack(list(scores.values())).amax()
    exponentials = {j: (score - largest).exp() for j, score in scores.items()}
    total = sum(exponentials.values())
    return {j: exponential / total for j, exponential in exponentials.items()}


def _seen(inputs: AttentionInputs, batch: tuple[int, ...], n: int, i: int) -> list[int]:
    """List the keys that query ``i`` may look at."""
    looks = inputs.looks
    mask = None if looks.mask is None else flat(looks.mask, batch)[n, i]
    position = i + looks.key_length - looks.query_length
    return [
        j
        for j in range(looks.key_length)
        if (mask is None or mask[j])
        and (not looks.causal or j <= position)
        and (looks.window is None or abs(position - j) < looks.window)
    ]


def flat(x: Tensor, batch: tuple[int, ...]) -> Tensor:
    """Broadcast, and put the axes before the last two into one: (*batch, m, n) -> (N, m, n).

    Examples
    --------
    >>> flat(torch.ones(3, 4), (2, 5)).shape
    torch.Size([10, 3, 4])
    """
    return x.expand(*batch, *x.shape[-2:]).reshape(math.prod(batch), *x.shape[-2:])
