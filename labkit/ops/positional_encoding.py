"""Positional encoding: how attention, which sees a set, is told the order of a sequence.

Attention without positions gives the same for every order of its input, in that order. Three places
can tell it: the input (add `sinusoidal_encoding` or `learned_encoding`), queries and keys (turn
them with `rotary_embedding`), or the scores (add `alibi_bias` or `relative_position_bias`).

T positions, D d_model (features of one position).

References
----------
.. [1] Gehring et al. (2017), Convolutional Sequence to Sequence Learning, section 3.1: learned
   positions. https://arxiv.org/abs/1705.03122
.. [2] Vaswani et al. (2017), Attention Is All You Need, section 3.5, which compares learned and
   sinusoidal ones. https://arxiv.org/abs/1706.03762
"""

from jaxtyping import Float
from torch import Tensor

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.ops.alibi import alibi_bias, alibi_bias_loops, alibi_slopes
from labkit.ops.arguments import expect_float
from labkit.ops.positions import as_positions
from labkit.ops.relative_bias import (
    relative_position_bias,
    relative_position_bucket,
    relative_position_bucket_loops,
)
from labkit.ops.rotary_embedding import rotary_embedding, rotary_embedding_loops
from labkit.ops.sinusoidal_encoding import (
    shift_matrix,
    sinusoidal_encoding,
    sinusoidal_encoding_loops,
)

__all__ = [
    "alibi_bias",
    "alibi_bias_loops",
    "alibi_slopes",
    "learned_encoding",
    "relative_position_bias",
    "relative_position_bucket",
    "relative_position_bucket_loops",
    "rotary_embedding",
    "rotary_embedding_loops",
    "shift_matrix",
    "sinusoidal_encoding",
    "sinusoidal_encoding_loops",
]


def learned_encoding(
    table: Float[Tensor, "rows d_model"], positions: int | Tensor
) -> Float[Tensor, "*positions d_model"]:
    """Look positions up in a table that is learned like any other weight.

    Parameters
    ----------
    table
        One row of features for each position from 0 on.
    positions
        How many (0, 1, ..., n - 1), or which: whole numbers in a tensor of any shape.

    Returns
    -------
    Tensor
        The rows, of the table's dtype and on its device.

    Raises
    ------
    OptionError
        If a position has no row: what was never trained is not known.
    ShapeError, DTypeError
        If the table is not one of floating-point numbers, or the positions are not whole.

    Examples
    --------
    >>> import torch
    >>> table = torch.tensor([[0.0, 0.1], [1.0, 1.1]])
    >>> learned_encoding(table, torch.tensor([1, 1, 0]))
    tensor([[1.0000, 1.1000],
            [1.0000, 1.1000],
            [0.0000, 0.1000]])
    """
    expect_float("table", table)
    if table.dim() != 2:
        raise ShapeError(f"table must be (rows, d_model), got shape {tuple(table.shape)}")
    places = as_positions(positions, table.device)
    if places.is_floating_point():
        raise DTypeError(
            f"positions must be whole numbers to look up, got {places.dtype}; "
            "use positions.long(), or sinusoidal_encoding, which knows places between"
        )
    beyond = places[(places < 0) | (places >= len(table))]
    if beyond.numel():
        raise OptionError(
            f"position {beyond[0].item()} has no row in a table of {len(table)} rows; "
            "learn a longer table, or use sinusoidal_encoding, which has no end"
        )
    return table[places.long()]
