"""Positions in a sequence, and the waves that sinusoidal and rotary encodings read them with.

Feature pair i of d features turns at its own frequency, ``base ** (-2 * i / d)`` radians for each
step: the first pair by one radian, each later pair more slowly, the last hardly at all.

d features, "pairs" half of them, rounded up; T queries (query_length), S keys (key_length).
"""

import math
from numbers import Real

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from labkit.errors import DTypeError, OptionError
from labkit.ops.windows import pair

__all__ = ["angle_dtype", "as_positions", "expect_positive", "frequencies", "key_offsets"]


def angle_dtype(device: torch.device) -> torch.dtype:
    """Choose the precision of angles: float64, and float32 where the device has no better (MPS).

    An angle of a million radians, rounded to float32, is wrong by a twentieth of a radian.

    Examples
    --------
    >>> angle_dtype(torch.device("cpu"))
    torch.float64
    """
    return torch.float32 if device.type == "mps" else torch.float64


def as_positions(positions: int | Tensor, device: torch.device | str | None = None) -> Tensor:
    """Write positions as a tensor: a count n stands for 0, 1, ..., n - 1.

    Parameters
    ----------
    positions
        How many, or which; in steps, whole or not.
    device
        Where they are wanted; ``None`` for where they are.

    Raises
    ------
    DTypeError
        If they are not numbers that can be multiplied with a frequency.
    OptionError
        If the count is negative.

    Examples
    --------
    >>> as_positions(3)
    tensor([0, 1, 2])
    """
    if not isinstance(positions, Tensor):
        (count,) = pair(positions, "positions", least=0, axes=1)
        return torch.arange(count, device=device)
    if positions.dtype == torch.bool or positions.is_complex():
        raise DTypeError(
            f"positions must be whole or floating-point numbers, got {positions.dtype}; "
            "give the numbers of the places, for instance torch.arange(length)"
        )
    return positions if device is None else positions.to(device)


def expect_positive(value: float | int, name: str) -> None:
    """Refuse an option that is not a number above zero.

    Raises
    ------
    OptionError
        Saying what came.

    Examples
    --------
    >>> expect_positive(10_000.0, "base")
    """
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not (math.isfinite(value) and value > 0):
        raise OptionError(f"{name} must be a number above 0, got {value!r}")


def frequencies(width: int, base: float | int = 10_000.0) -> Float64[Tensor, " pairs"]:
    """Give each pair of features its frequency, in radians a step.

    Parameters
    ----------
    width
        Features in all; an odd one ends in half a pair, with a frequency too.
    base
        How far the frequencies reach: the slowest wave is about ``2 * pi * base`` steps long.

    Raises
    ------
    OptionError
        If ``width`` is not a count, or ``base`` is not above 0.

    Examples
    --------
    >>> frequencies(4).tolist()
    [1.0, 0.01]
    """
    pair(width, "width", axes=1)
    expect_positive(base, "base")
    return float(base) ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)


def key_offsets(
    query_length: int, key_length: int | None = None, device: torch.device | str | None = None
) -> Int64[Tensor, "query_length key_length"]:
    """Count the steps from each query to each key, forwards; the last of both stand together.

    Parameters
    ----------
    query_length, key_length
        How many; ``None`` for as many keys as queries.
    device
        Of the result; ``None`` for torch's default.

    Raises
    ------
    OptionError
        If a length is not a count.

    Examples
    --------
    >>> key_offsets(2, 3)
    tensor([[-1,  0,  1],
            [-2, -1,  0]])
    """
    key_length = query_length if key_length is None else key_length
    (queries,) = pair(query_length, "query_length", least=0, axes=1)
    (keys,) = pair(key_length, "key_length", least=0, axes=1)
    query_places = torch.arange(queries, device=device) + keys - queries
    return torch.arange(keys, device=device) - query_places[:, None]
