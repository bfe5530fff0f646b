"""Sinusoidal encoding: a position written as the hands of many clocks, from fast to slow.

Each pair of features is the sine and the cosine of one angle, which grows by a fixed amount from a
position to the next. So a step of k positions turns every hand by an angle of its own, whatever the
position: ``PE(p + k)`` is a matrix times ``PE(p)``, and the matrix is `shift_matrix`.

T positions, D d_model (features of one position). Our i counts pairs, as in the paper [1]_:
features 2i and 2i + 1 share the exponent 2i / d_model.

References
----------
.. [1] Vaswani et al. (2017), Attention Is All You Need, section 3.5. https://arxiv.org/abs/1706.03762
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.errors import DTypeError, OptionError
from labkit.ops.positions import as_positions, expect_positive, frequencies
from labkit.ops.windows import pair

__all__ = ["shift_matrix", "sinusoidal_encoding", "sinusoidal_encoding_loops"]

Encoding = Float[Tensor, "*positions d_model"]


def sinusoidal_encoding_loops(
    positions: int | Tensor,
    d_model: int,
    *,
    base: float | int = 10_000.0,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Encoding:
    """Compute one sine or cosine at a time, from the paper's formula: the definition.

    Kept for reading and for testing `sinusoidal_encoding` against; slow on purpose. Parameters,
    result and errors are those of `sinusoidal_encoding`.

    Examples
    --------
    >>> sinusoidal_encoding_loops(2, 4).round(decimals=2).tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.8399999737739563, 0.5400000214576721, 0.009999999776482582, 1.0]]
    """
    places, dtype = _asked(positions, d_model, base, dtype, device)
    encoding = torch.zeros(places.numel(), d_model, dtype=dtype, device=places.device)
    for row, position in enumerate(places.flatten()):
        for column in range(d_model):
            i = column // 2
            angle = position / base ** (2 * i / d_model)
            encoding[row, column] = torch.sin(angle) if column % 2 == 0 else torch.cos(angle)
    return encoding.reshape(*places.shape, d_model)


def sinusoidal_encoding(
    positions: int | Tensor,
    d_model: int,
    *,
    base: float | int = 10_000.0,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Encoding:
    """Encode positions as sines and cosines, side by side, of frequencies that fall step by step.

    Parameters
    ----------
    positions
        How many (0, 1, ..., n - 1), or which: a tensor of any shape, in steps, whole or not.
    d_model
        Features of one position. An odd number ends in a sine.
    base
        How far the frequencies reach: the slowest wave is about ``2 * pi * base`` steps long.
    dtype
        Of the result; ``None`` for that of floating-point positions, else torch's default.
    device
        Of the result; ``None`` for where the positions are, else torch's default.

    Returns
    -------
    Encoding
        Entry ``[p, 2i]`` is ``sin(p / base ** (2i / d_model))``, entry ``[p, 2i + 1]`` the cosine
        of the same angle. Angles are computed in float32, or in float64 for a float64 result: an
        entry is then right to about ``p * 1e-7``, or ``p * 2e-16``.

    Raises
    ------
    OptionError
        If ``d_model`` or the count of positions is not a count, or ``base`` is not above 0.
    DTypeError
        If the positions are no numbers, or ``dtype`` is not floating point.

    Examples
    --------
    >>> sinusoidal_encoding(2, 3).round(decimals=4)
    tensor([[0.0000, 1.0000, 0.0000],
            [0.8415, 0.5403, 0.0022]])
    """
    places, dtype = _asked(positions, d_model, base, dtype, device)
    column = torch.arange(d_model, dtype=torch.float64)
    odd = column % 2
    turning = float(base) ** ((odd - column) / d_model)
    # A cosine is a sine a quarter of a turn ahead, so that one pass of sines fills all columns.
    # Two strided halves, as the formula is often written, are slower.
    ahead = odd * (math.pi / 2)
    angles = torch.addcmul(ahead.to(places), places.unsqueeze(-1), turning.to(places))
    return angles.sin().to(dtype)


def _asked(
    positions: int | Tensor,
    d_model: int,
    base: float | int,
    dtype: torch.dtype | None,
    device: torch.device | str | None,
) -> tuple[Tensor, torch.dtype]:
    """Check the arguments; return the positions in the precision of angles, and the result's."""
    pair(d_model, "d_model", axes=1)
    expect_positive(base, "base")
    places = as_positions(positions, device)
    if dtype is None:
        dtype = places.dtype if places.is_floating_point() else torch.get_default_dtype()
    if not dtype.is_floating_point:
        raise DTypeError(f"an encoding holds sines, which {dtype} cannot; use dtype=torch.float32")
    return places.to(torch.promote_types(dtype, torch.float32)), dtype


def shift_matrix(
    offset: float | int,
    d_model: int,
    *,
    base: float | int = 10_000.0,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Float[Tensor, "d_model d_model"]:
    """Give the matrix that moves an encoding by some positions: ``PE(p + k) = M_k @ PE(p)``.

    Parameters
    ----------
    offset
        Steps k to move by; may be negative, or not whole.
    d_model, base
        As in `sinusoidal_encoding`; ``d_model`` even, since a last sine alone cannot be moved
        without its cosine.
    dtype, device
        Of the result; ``None`` for torch's defaults.

    Returns
    -------
    Tensor
        Rotations of two features each along the diagonal: ``sin(a + b) = cos(b) sin(a) + sin(b)
        cos(a)`` and ``cos(a + b) = cos(b) cos(a) - sin(b) sin(a)``. The same for every position.

    Raises
    ------
    OptionError
        If ``d_model`` is odd, or ``base`` is not above 0.

    Examples
    --------
    >>> places = sinusoidal_encoding(10, 6)
    >>> torch.allclose(shift_matrix(4, 6) @ places[3], places[7], atol=1e-6)
    True
    """
    pair(d_model, "d_model", axes=1)
    if d_model % 2:
        raise OptionError(
            f"d_model={d_model} leaves the last sine without its cosine, and no matrix moves it; "
            "use an even d_model"
        )
    angles = float(offset) * frequencies(d_model, base)
    cosines, sines = angles.cos(), angles.sin()
    rows = (torch.stack((cosines, sines)), torch.stack((-sines, cosines)))
    matrix = torch.block_diag(*torch.stack(rows).unbind(-1))
    return matrix.to(device=device, dtype=dtype or torch.get_default_dtype())
