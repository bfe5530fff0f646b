"""Compare answers: a tensor with a tensor, and several results one by one."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

__all__ = ["TOLERANCE", "Values", "agree", "alike", "differs", "parts", "plain"]

TOLERANCE = 1e-3  # questions hold small integers and quarters: wrong answers are further off

Values = Tensor | tuple[Tensor, ...]


def parts(values: Values | None) -> tuple[Tensor, ...]:
    """Return the results of an answer: one of a tensor, none of an error."""
    if values is None:
        return ()
    return values if isinstance(values, tuple) else (values,)


def plain(values: Tensor | Sequence[Tensor]) -> Values:
    """Return numbers as ordinary float64 tensors on the CPU, in the same arrangement."""
    return _plain(values) if isinstance(values, Tensor) else tuple(map(_plain, values))


def _plain(tensor: Tensor) -> Tensor:
    tensor = tensor.detach().as_subclass(Tensor)
    return (tensor.real if tensor.is_complex() else tensor).to("cpu", torch.float64, copy=True)


def agree(one: Values | None, other: Values | None, tolerance: float = TOLERANCE) -> bool:
    """Whether two answers are the same; none (raised) and one without numbers are alike."""
    return _match(one, other, lambda a, b: differs(a, b, tolerance))


def alike(one: Values | None, other: Values | None, tolerance: float = TOLERANCE) -> bool:
    """Whether two wrong answers are the same: as `agree`, but infinity and NaN equal themselves."""
    return _match(one, other, lambda a, b: differs(a, b, tolerance) & ~_both_odd(a, b))


def differs(one: Tensor, other: Tensor, tolerance: float = TOLERANCE) -> Tensor:
    """Mark the elements of two tensors of one shape that are not the same; NaN always differs."""
    return ~((one - other).abs() <= tolerance)


def _both_odd(one: Tensor, other: Tensor) -> Tensor:
    return (one == other) | (one.isnan() & other.isnan())


def _match(
    one: Values | None, other: Values | None, wrong: Callable[[Tensor, Tensor], Tensor]
) -> bool:
    ours, theirs = parts(one), parts(other)
    if not any(t.numel() for t in ours) or not any(t.numel() for t in theirs):
        return not any(t.numel() for t in (*ours, *theirs))
    return len(ours) == len(theirs) and all(
        a.shape == b.shape and not wrong(a, b).any() for a, b in zip(ours, theirs, strict=True)
    )
