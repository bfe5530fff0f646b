"""Causal attention, 8 heads of width 64: the whole map, head by head, and in chunks."""

import torch
from forms.case import Case, random
from torch import Tensor
from torch.nn import functional

from labkit.ops.attention import chunked_attention, scaled_dot_product_attention

__all__ = ["CASES"]


def whole_map(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Make the whole map, hide the future with minus infinity, mix."""
    future = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool, device=q.device).triu(1)
    scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(future, float("-inf"))
    return scores.softmax(-1) @ v


def minus_a_billion(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Add a large negative number instead, and normalise by hand."""
    past = torch.ones(q.shape[-2], k.shape[-2], device=q.device).tril()
    scores = torch.einsum("...td,...sd->...ts", q, k) / q.shape[-1] ** 0.5 + (1 - past) * -1e9
    powers = (scores - scores.amax(-1, keepdim=True)).exp()
    return torch.einsum("...ts,...sd->...td", powers / powers.sum(-1, keepdim=True), v)


def head_by_head(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Loop over the heads."""
    heads = zip(q.unbind(-3), k.unbind(-3), v.unbind(-3), strict=True)
    return torch.stack([whole_map(*head) for head in heads], dim=-3)


def _case(length: int, heads: int, bars: tuple[float, float]) -> Case:
    return Case(
        "attention, causal",
        f"{heads}×{length}×64",
        random(*[(1, heads, length, 64)] * 3),
        lambda q, k, v: functional.scaled_dot_product_attention(q, k, v, is_causal=True),
        {
            "labkit": lambda q, k, v: scaled_dot_product_attention(q, k, v, causal=True),
            "labkit, online softmax": lambda q, k, v: chunked_attention(q, k, v, causal=True),
            "whole map": whole_map,
            "−1e9, by hand": minus_a_billion,
            "head by head": head_by_head,
        },
        bars,
    )


CASES = [
    _case(128, 8, (1.6, 1.4)),
    _case(1024, 8, (1.6, 1.3)),
    _case(4096, 1, (1.6, 1.3)),
]
