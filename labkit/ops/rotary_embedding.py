"""Rotary embedding: queries and keys are turned by angles that grow with their position.

Two features at a time are the coordinates of a point in the plane, and position p turns it by
``p * base ** (-2 * i / E)`` radians. The dot product of a turned query and a turned key then
depends on the difference of their positions alone, and no length is changed [1]_.

B batch, H heads, T length, E width of one head; "pairs" E / 2. Which two features are a pair is a
matter of layout: neighbours (2i and 2i + 1, the paper's) or halves (i and i + E / 2, as LLaMA's
weights are stored). Our i counts from 0, the paper's from 1.

References
----------
.. [1] Su et al. (2021), RoFormer: Enhanced Transformer with Rotary Position Embedding.
   https://arxiv.org/abs/2104.09864
.. [2] Chen et al. (2023), Extending Context Window of Large Language Models via Positional
   Interpolation: our ``scale`` is their L / L'. https://arxiv.org/abs/2306.15595
"""

from typing import Literal

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from labkit.errors import OptionError, ShapeError
from labkit.ops.arguments import expect_float
from labkit.ops.positions import angle_dtype, as_positions, expect_positive, frequencies
from labkit.ops.windows import pair

__all__ = ["rotary_embedding", "rotary_embedding_loops"]

Sequences = Float[Tensor, "*batch length width"]
Positions = Shaped[Tensor, "*some length"]
Layout = Literal["interleaved", "half"]


def rotary_embedding_loops(
    x: Sequences,
    *,
    positions: Positions | None = None,
    base: float | int = 10_000.0,
    layout: Layout = "interleaved",
    rotary_dim: int | None = None,
    scale: float | int = 1.0,
) -> Sequences:
    """Turn one pair of features of one vector at a time: the definition.

    Kept for reading and for testing `rotary_embedding` against; slow on purpose. Parameters, result
    and errors are those of `rotary_embedding`.

    Examples
    --------
    >>> rotary_embedding_loops(torch.tensor([[1.0, 0.0], [1.0, 0.0]])).round(decimals=4)
    tensor([[1.0000, 0.0000],
            [0.5403, 0.8415]])
    """
    places, width = _asked(x, positions, base, layout, rotary_dim, scale)
    vectors = x.flatten(0, -2)
    turned = vectors.clone()
    for row, position in enumerate(places.expand(x.shape[:-1]).flatten()):
        for i in range(width // 2):
            first, second = (2 * i, 2 * i + 1) if layout == "interleaved" else (i, i + width // 2)
            angle = position * scale / base ** (2 * i / width)
            a, b = vectors[row, first], vectors[row, second]
            turned[row, first] = a * torch.cos(angle) - b * torch.sin(angle)
            turned[row, second] = a * torch.sin(angle) + b * torch.cos(angle)
    return turned.reshape(x.shape)


def rotary_embedding(
    x: Sequences,
    *,
    positions: Positions | None = None,
    base: float | int = 10_000.0,
    layout: Layout = "interleaved",
    rotary_dim: int | None = None,
    scale: float | int = 1.0,
) -> Sequences:
    """Turn each pair of features by an angle that grows with the position, as complex numbers do.

    Use it on queries and keys, not on values, and before the scores.

    Parameters
    ----------
    x
        Queries or keys, for instance (batch, heads, length, width).
    positions
        Of the vectors, in steps, whole or not: one for each, ``(T,)``, for all sequences;
        or with leading axes of `x` as far as they differ, so that ``(B, T)`` serves all heads of
        an `x` of ``(B, H, T, E)``. ``None`` for 0, 1, ..., T - 1.
    base
        How far the frequencies reach, as in `sinusoidal_encoding`.
    layout
        Which features make a pair: neighbours, ``"interleaved"``, or ``"half"``, feature i and the
        one half a width further on. Weights trained with one are wrong with the other.
    rotary_dim
        Features that are turned, from the first; the others pass as they are. ``None`` for all.
    scale
        What positions are multiplied with: 0.5 squeezes a sequence twice as long as those in
        training into the angles known from there (position interpolation [2]_).

    Returns
    -------
    Sequences
        As `x` in shape, dtype and device; half precision is turned in float32.

    Raises
    ------
    ShapeError
        If `x` has no axis of positions, or the positions do not fit it.
    DTypeError
        If `x` is not floating point, or the positions are no numbers.
    OptionError
        If the features that are turned make no pairs, or an option means nothing here.

    Examples
    --------
    >>> x = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    >>> rotary_embedding(x).round(decimals=4)
    tensor([[1.0000, 0.0000],
            [0.5403, 0.8415]])
    """
    places, width = _asked(x, positions, base, layout, rotary_dim, scale)
    angles = places.unsqueeze(-1) * scale * frequencies(width, base).to(places)
    turn = _turn_halves if layout == "half" else _turn_neighbours
    turned, kept = x[..., :width], x[..., width:]
    precision = torch.promote_types(x.dtype, torch.float32)
    features = turn(turned.to(precision), angles).to(x.dtype)
    return torch.cat((features, kept), dim=-1) if width < x.shape[-1] else features


def _turn_neighbours(features: Tensor, angles: Tensor) -> Tensor:
    """Turn features 2i and 2i + 1, read as one complex number: by a product with cos + i sin."""
    pairs = features.unflatten(-1, (-1, 2)).contiguous()
    # Complex numbers begin at an even place of their memory, which a view of floats need not.
    points = torch.view_as_complex(pairs.clone() if pairs.storage_offset() % 2 else pairs)
    rotation = torch.polar(torch.ones_like(angles), angles).to(points.dtype)
    return torch.view_as_real(points * rotation).flatten(-2)


def _turn_halves(features: Tensor, angles: Tensor) -> Tensor:
    """Turn features i and i + E / 2, which lie apart and so are cheaper as two real blocks."""
    first, second = features.chunk(2, dim=-1)
    cosines, sines = angles.cos().to(features.dtype), angles.sin().to(features.dtype)
    return torch.cat((first * cosines - second * sines, first * sines + second * cosines), dim=-1)


def _asked(
    x: Tensor,
    positions: Tensor | None,
    base: float | int,
    layout: str,
    rotary_dim: int | None,
    scale: float | int,
) -> tuple[Tensor, int]:
    """Check the arguments; return the positions, with an axis for each of x, and the width."""
    expect_float("x", x)
    if x.dim() < 2:
        raise ShapeError(f"x must be (..., length, width), got shape {tuple(x.shape)}")
    if layout not in ("interleaved", "half"):
        raise OptionError(f"layout must be 'interleaved' or 'half', got {layout!r}")
    expect_positive(base, "base")
    expect_positive(scale, "scale")
    width = x.shape[-1] if rotary_dim is None else rotary_dim
    pair(width, "rotary_dim", axes=1)
    if width % 2 or width > x.shape[-1]:
        raise OptionError(
            "features are turned in pairs, so rotary_dim must be even, and at most the width of x, "
            f"{x.shape[-1]}; got {width}; use rotary_dim={min(width, x.shape[-1]) // 2 * 2}"
        )
    length = x.shape[-2]
    places = as_positions(length if positions is None else positions, x.device)
    return _along(places, x).to(angle_dtype(x.device)), width


def _along(places: Tensor, x: Tensor) -> Tensor:
    """Give positions an axis for each of x but the last: (B, T) for (B, H, T, E) -> (B, 1, T)."""
    (*axes, length), missing = x.shape[:-1], x.dim() - 1 - places.dim()
    if missing >= 0 and places.dim() and places.shape[-1] == length:
        spread = places.reshape(*places.shape[:-1], *(1,) * missing, length)
        if all(n in (1, m) for n, m in zip(spread.shape, axes, strict=False)):
            return spread
    raise ShapeError(
        "positions must be (length,), or leading axes of x and then its length; "
        f"got {tuple(places.shape)} for x {tuple(x.shape)}"
    )
