"""Masks as callers give them: booleans or numbers to add, one row for all queries or one for each.

T queries, S keys.
"""

import math

import torch
from torch import Tensor

from labkit.errors import DeviceError, DTypeError, ShapeError

__all__ = ["clear_unseen", "expect_mask", "mask_and_bias"]


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


def mask_and_bias(
    mask: Tensor | None, bias: Tensor | None = None, dtype: torch.dtype = torch.float32
) -> tuple[Tensor | None, Tensor | None]:
    """Tell what may be looked at from what is added; minus infinity added means: may not look.

    Parameters
    ----------
    mask, bias
        Two masks, of which the first may be of either kind.
    dtype
        The scores' own; a number too low for it, as -1e9 is for float16, becomes minus infinity.

    Returns
    -------
    tuple
        A mask of booleans and a bias of numbers, or None for either.

    Examples
    --------
    >>> mask, bias = mask_and_bias(torch.tensor([[0.5, -math.inf]]))
    >>> mask.tolist(), bias.tolist()
    ([[True, False]], [[0.5, -inf]])
    """
    if mask is not None and mask.is_floating_point():
        mask, bias = None, mask if bias is None else mask + bias
    if bias is not None:
        bias = bias.to(dtype)
        finite = bias != -math.inf
        mask = finite if mask is None else mask & finite
    return mask, bias


def clear_unseen(x: Tensor, mask: Tensor | None) -> Tensor:
    """Set to zero the keys (or values) that no query may look at, such as padding.

    A weight of 0 times NaN is NaN: without this, what lies in the padding would spoil every answer
    and every gradient.

    Examples
    --------
    >>> clear_unseen(torch.tensor([[1.0], [torch.nan]]), torch.tensor([[True, False]])).tolist()
    [[1.0], [0.0]]
    """
    if mask is None:
        return x
    seen = mask.any(dim=-2) if mask.dim() > 1 else mask
    return x.masked_fill(~seen[..., None], 0)
