"""Which keys a query may look at: one of the masks that an explorer knows, or the caller's own.

Axes: ``N`` heads, ``T`` queries, ``S`` keys.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from labkit.errors import DTypeError, OptionError, ShapeError

__all__ = ["MASKS", "Mask", "chosen_mask", "given_mask"]

MASKS = ["none", "causal", "padding", "given"]
Mask = Tensor | np.ndarray | Sequence[Sequence[bool]]


def chosen_mask(
    mask: str | Mask | None, shape: Sequence[int]
) -> tuple[str, Bool[Tensor, "N T S"] | None]:
    """Return the name of a mask, and the mask itself where it is one of the caller's own.

    Raises
    ------
    OptionError
        If it is a name, but none of those known.
    ShapeError, DTypeError
        As `given_mask`.

    Examples
    --------
    >>> chosen_mask(None, (1, 2, 2)), chosen_mask("causal", (1, 2, 2))
    (('none', None), ('causal', None))
    """
    if mask is None:
        return "none", None
    if not isinstance(mask, str):
        return "given", given_mask(mask, shape)
    if mask not in MASKS[:-1]:
        raise OptionError(
            f"mask is {mask!r}; expected None, 'causal', 'padding' or a boolean tensor"
        )
    return mask, None


def given_mask(mask: Mask, shape: Sequence[int]) -> Bool[Tensor, "N T S"]:
    """Return a mask, True where a query may look at a key, for every head.

    Raises
    ------
    ShapeError
        If it does not broadcast against (heads, queries, keys).
    DTypeError
        If it is not boolean.

    Examples
    --------
    >>> given_mask([[True, False]], (1, 3, 2)).int().tolist()
    [[[1, 0], [1, 0], [1, 0]]]
    """
    # np.array copies: torch warns about arrays that it may not write to.
    looks = mask if isinstance(mask, Tensor) else torch.from_numpy(np.array(mask))
    if looks.dtype != torch.bool:
        raise DTypeError(
            f"mask has dtype {looks.dtype}; expected torch.bool, True where a query may look; "
            "write mask == 0 for a mask of numbers to add, ~mask where True hides"
        )
    try:
        return looks.detach().cpu().expand(*shape[:3]).contiguous()
    except RuntimeError as error:
        raise ShapeError(
            f"mask has shape {tuple(looks.shape)}; expected (queries, keys) = {tuple(shape[1:3])} "
            f"or (heads, queries, keys) = {tuple(shape[:3])}"
        ) from error
