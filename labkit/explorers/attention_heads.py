"""What an explorer of attention may be given: heads of queries, keys and values.

Axes: ``N`` heads, ``T`` queries, ``S`` keys, ``E`` width of a query and a key, ``W`` of a value.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.errors import ShapeError
from labkit.explorers.inputs import Matrix, finite_numbers

__all__ = ["AttentionHeads", "Stack", "attention_heads", "image_size"]

Stack = Matrix | Sequence[Matrix]
MOST_HEADS = 8
LONGEST = 32
WIDEST = 64


class AttentionHeads(NamedTuple):
    """Queries, keys and values of every head, as float32 on the CPU."""

    queries: Float[Tensor, "N T E"]
    keys: Float[Tensor, "N S E"]
    values: Float[Tensor, "N S W"]

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        """Heads, queries, keys, width of a key, width of a value."""
        return (*self.queries.shape[:2], *self.keys.shape[1:], self.values.shape[2])


def attention_heads(queries: Stack, keys: Stack, values: Stack | None = None) -> AttentionHeads:
    """Return queries, keys and values that fit together; without values, the keys are the values.

    Parameters
    ----------
    queries, keys, values
        (length, width), or (heads, length, width); what has no axis of heads serves all of them.

    Raises
    ------
    ShapeError
        If they do not fit together, or are too many or too wide to show.
    DTypeError, OptionError
        If numbers are complex, NaN or infinite.

    Examples
    --------
    >>> attention_heads(torch.zeros(2, 6, 4), torch.zeros(5, 4)).shape
    (2, 6, 5, 4, 4)
    """
    values = keys if values is None else values
    named = {"queries": queries, "keys": keys, "values": values}
    stacks = {name: _stack(stack, name) for name, stack in named.items()}
    q, k, v = stacks.values()
    heads = {len(stack) for stack in stacks.values()} - {1}
    if len(heads) > 1 or q.shape[2] != k.shape[2] or k.shape[1] != v.shape[1]:
        shapes = ", ".join(f"{name} {tuple(stack.shape)}" for name, stack in stacks.items())
        raise ShapeError(
            f"{shapes} (heads, length, width) do not fit together; expected as many heads, "
            "queries as wide as keys, and a value for each key"
        )
    count = max(heads, default=1)
    return AttentionHeads(*(stack.expand(count, -1, -1).contiguous() for stack in (q, k, v)))


def _stack(numbers: Stack, name: str) -> Float[Tensor, "N length width"]:
    stack = finite_numbers(numbers, name).to(torch.float32)
    if stack.ndim not in (2, 3) or 0 in stack.shape:
        raise ShapeError(
            f"{name} has shape {tuple(stack.shape)}; expected (length, width) or (heads, length, "
            f"width); pick one sequence of a batch, such as {name}[0]"
        )
    heads, length, width = stack.shape if stack.ndim == 3 else (1, *stack.shape)
    if heads > MOST_HEADS or length > LONGEST or width > WIDEST:
        raise ShapeError(
            f"{name} of {heads} × {length} × {width} (heads, length, width) are too many to show; "
            f"expected at most {MOST_HEADS} × {LONGEST} × {WIDEST}; cut them, "
            f"{name}[..., :{LONGEST}, :{WIDEST}]"
        )
    return stack.reshape(heads, length, width)


def image_size(picture: Sequence[int] | None, shape: Sequence[int]) -> list[int]:
    """Return height and width of the images that the vectors are; nothing where they are none.

    Raises
    ------
    ShapeError
        If keys or values do not have as many numbers as such an image.

    Examples
    --------
    >>> image_size((2, 3), (1, 4, 5, 6, 6)), image_size(None, (1, 4, 5, 6, 6))
    ([2, 3], [])
    """
    if picture is None:
        return []
    height, width = picture
    if min(picture) < 1 or {height * width} != set(shape[3:]):
        raise ShapeError(
            f"picture of {height} × {width} needs keys and values of {height * width} numbers, "
            f"got {shape[3]} and {shape[4]}; leave it out where they are no images"
        )
    return [height, width]
