"""What every form of scaled dot-product attention asks of its tensors, and the scores it starts at.

B batch, H heads, T queries, S keys, E width of a query and a key, Ev width of a value.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.errors import OptionError, ShapeError
from labkit.ops.arguments import expect_alike
from labkit.ops.attention_masks import AttentionMask
from labkit.ops.mask_arguments import clear_unseen, expect_mask, mask_and_bias

__all__ = ["AttentionInputs", "Number", "attention_inputs", "attention_scores"]

Number = int | float


@dataclass(frozen=True)
class AttentionInputs:
    """Queries, keys and values that fit together, and how they are to be scored."""

    q: Float[Tensor, "*batch T E"]
    k: Float[Tensor, "*batch_k S E"]
    v: Float[Tensor, "*batch_v S Ev"] | None
    bias: Float[Tensor, "*batch_b T S"] | None
    looks: AttentionMask
    softcap: Number | None
    dtype: torch.dtype

    @property
    def batch(self) -> torch.Size:
        """The axes before the last two, after broadcasting."""
        tensors = (self.q, self.k, self.v, self.looks.mask, self.bias)
        return torch.broadcast_shapes(*(x.shape[:-2] for x in tensors if x is not None))

    def rounded(self, x: Tensor) -> Tensor:
        """Give a result the half precision that the queries came in, if they did."""
        return x if self.q.dtype == self.dtype else x.to(self.dtype)


def attention_scores(
    q: Float[Tensor, "*batch T E"],
    k: Float[Tensor, "*batch_k S E"],
    bias: Float[Tensor, "*batch_b T S"] | None = None,
    softcap: Number | None = None,
) -> Float[Tensor, "*batch_o T S"]:
    """Score keys for queries: their product, bent under a cap, plus a bias.

    Examples
    --------
    >>> attention_scores(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]])).tolist()
    [[11.0]]
    """
    scores = q @ k.mT
    if softcap is not None:
        scores = softcap * (scores / softcap).tanh()
    return scores if bias is None else scores + bias


def attention_inputs(
    q: Tensor,
    k: Tensor,
    v: Tensor | None = None,
    *,
    mask: Tensor | None = None,
    bias: Tensor | None = None,
    causal: bool = False,
    scale: Number | None = None,
    window: int | None = None,
    softcap: Number | None = None,
) -> AttentionInputs:
    """Check the arguments; scale the queries, repeat grouped heads, clear the keys nobody sees.

    Half precision is computed in float32 and rounded at the end, as PyTorch does: a score above
    65,504 is infinite in float16, and in bfloat16 one near 100 is off by up to a quarter.

    Raises
    ------
    ShapeError, DTypeError, DeviceError, OptionError
        Saying what was expected, what came and what to do.

    Examples
    --------
    >>> attention_inputs(torch.ones(2, 4), torch.ones(3, 4)).q[0].tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    _expect_fitting(q, k, v, mask, bias)
    if softcap is not None and not softcap > 0:
        raise OptionError(f"softcap must be a number > 0, or None for no cap, got {softcap!r}")
    lengths = q.shape[-2], k.shape[-2]
    mask, bias = mask_and_bias(mask, bias, q.dtype)
    exact = torch.promote_types(q.dtype, torch.float32)
    k, v = (x if x is None else clear_unseen(_repeated_heads(q, x), mask).to(exact) for x in (k, v))
    scale = 1 / math.sqrt(max(1, q.shape[-1])) if scale is None else scale
    mask, bias = (
        x.expand(*x.shape[:-2], *lengths) if x is not None else None for x in (mask, bias)
    )
    looks = AttentionMask(*lengths, mask, causal, window)
    return AttentionInputs(q.to(exact) * scale, k, v, bias, looks, softcap, q.dtype)


def _repeated_heads(q: Tensor, x: Tensor) -> Tensor:
    """Give each query head a key (or value) head: of H / G groups, each serves G heads in a row."""
    if q.dim() < 3 or x.dim() < 3 or x.shape[-3] in (0, 1, q.shape[-3]) or q.shape[-3] == 1:
        return x
    return x.repeat_interleave(q.shape[-3] // x.shape[-3], dim=-3)


def _expect_fitting(
    q: Tensor, k: Tensor, v: Tensor | None, mask: Tensor | None, bias: Tensor | None
) -> None:
    expect_alike(q=q, k=k, v=v)
    tensors = {"q": q, "k": k, "v": v, "mask": mask, "bias": bias}
    given = {name: x for name, x in tensors.items() if x is not None}
    shapes = ", ".join(f"{name} {tuple(getattr(x, 'shape', ()))}" for name, x in given.items())
    if min(x.dim() for x in (q, k, v) if x is not None) < 2:
        raise ShapeError(f"q, k and v must be (..., length, width); got {shapes}")
    if q.shape[-1] != k.shape[-1]:
        raise ShapeError(f"queries and keys must be equally wide to be multiplied; got {shapes}")
    if v is not None and v.shape[-2] != k.shape[-2]:
        raise ShapeError(f"there must be one value for each key; got {shapes}")
    for name in [name for name in ("mask", "bias") if name in given]:
        expect_mask(name, given[name], q, (q.shape[-2], k.shape[-2]))
    aligned = [_repeated_heads(q, x) if name in ("k", "v") else x for name, x in given.items()]
    try:
        torch.broadcast_shapes(*(x.shape[:-2] for x in aligned))
    except RuntimeError:
        raise ShapeError(
            "the axes before the last two must be equal or 1, except that the heads of q (axis -3) "
            f"may be a multiple of those of k and v; got {shapes}"
        ) from None
