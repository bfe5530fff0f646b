"""The largest of several tensors, element by element, and which of them it was.

A maximum hands its whole gradient to the one element that won. Of equal elements the first wins,
and a NaN beats every number: the rules of PyTorch's pooling (`torch.maximum`, left alone, would
share the gradient between equal elements).
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor

__all__ = ["first_maximum", "pick"]

Images = Float[Tensor, "*batch height width"]
Maps = Float[Tensor, "*batch out_height out_width"]
Indices = Int64[Tensor, "*batch out_height out_width"]


def first_maximum(views: Sequence[Tensor], favourite: Tensor) -> tuple[Tensor, Tensor]:
    """Compare tensors of one shape, element by element.

    Parameters
    ----------
    views
        The tensors, the first of them the first to be beaten.
    favourite
        The number of the view that wins where none beats the first; broadcast to its shape.

    Returns
    -------
    tuple
        The largest elements, and the number of the first view that holds each; where there are
        NaN, the last one of them.

    Examples
    --------
    >>> three = [torch.tensor([1.0, 7.0]), torch.tensor([5.0, 7.0]), torch.tensor([2.0, 7.0])]
    >>> first_maximum(three, torch.tensor(0))
    (tensor([5., 7.]), tensor([1, 0]))
    """
    best = views[0]
    # Numbers of two bytes, where they are enough, take a quarter of an index's memory and time.
    counting = torch.int16 if len(views) <= torch.iinfo(torch.int16).max else torch.int64
    winner = favourite.to(counting).expand(best.shape)
    for number, view in enumerate(views[1:], start=1):
        # A view with gaps is slow to read: one copy pays for the three passes over it.
        view = view.contiguous()
        beats = (view > best) | view.isnan()
        best = torch.maximum(best, view)
        winner = torch.maximum(winner, beats.to(counting) * number)
    return best, winner.long()


def pick(x: Images, row: Indices, column: Indices) -> Maps:
    """Take one pixel for each place; the gradient goes back to that pixel alone.

    Examples
    --------
    >>> x = torch.arange(6.0).reshape(1, 2, 3)
    >>> pick(x, torch.tensor([[[1]]]), torch.tensor([[[2]]]))
    tensor([[[5.]]])
    """
    place = (row * x.shape[-1] + column).flatten(-2)
    return x.flatten(-2).gather(-1, place).reshape(row.shape)
