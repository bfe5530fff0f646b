"""Sequences of different lengths in one batch, without ever computing on the padding.

The sequences are put in order, longest first. Then those that still run at a step are the first
rows of the batch, and the rows of all steps fit one after another, packed::

    lengths 3, 1, 2      step 0   step 1   step 2         packed
                         a0       a1       a2             a0 c0 b0 | a1 c1 | a2
                         c0       c1
                         b0                               counts 3, 2, 1

Reading from the end changes only which row comes when: each sequence starts at its own last step.
PyTorch's ``PackedSequence`` is laid out in the same way. T steps, B sequences, D features.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.errors import OptionError, ShapeError

__all__ = [
    "Packing",
    "last_states",
    "plan_packing",
    "read_lengths",
    "still_running",
]


@dataclass(frozen=True)
class Packing:
    """Which rows of a padded batch (T, B, D) come in which order.

    Parameters
    ----------
    time, batch
        The padded batch's T and B.
    counts
        Sequences that still run, for each step up to the longest one's last.
    order
        The sequences, longest first; ``None`` leaves them as they are.
    places
        Of each packed row, its number ``t * B + b`` in the padded batch; ``None`` takes all rows
        as they are.
    """

    time: int
    batch: int
    counts: list[int]
    order: Tensor | None = None
    places: Tensor | None = None

    def pack(self, x: Float[Tensor, "T B D"]) -> Float[Tensor, "rows D"]:
        """Take the rows that are no padding, in the order of the steps."""
        rows = x.flatten(0, 1)
        return rows if self.places is None else rows[self.places]

    def unpack(self, rows: Float[Tensor, "rows D"]) -> Float[Tensor, "T B D"]:
        """Put the rows back, and zeros where there was padding."""
        if self.places is not None:
            zeros = rows.new_zeros(self.time * self.batch, rows.shape[-1])
            rows = zeros.index_copy(0, self.places, rows)
        return rows.unflatten(0, (self.time, self.batch))

    def sort(self, states: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
        """Put one row for each sequence in the order of packing."""
        return states if self.order is None else states[self.order]

    def unsort(self, states: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
        """Undo `sort`."""
        return states if self.order is None else states[self.order.argsort()]


def plan_packing(
    x: Float[Tensor, "T B D"], lengths: list[int] | None = None, *, reverse: bool = False
) -> Packing:
    """Decide which rows are read when.

    Parameters
    ----------
    x
        The padded batch.
    lengths
        Steps of each sequence, as `read_lengths` gives them; ``None`` for all T.
    reverse
        Read each sequence from its own end.

    Examples
    --------
    >>> packing = plan_packing(torch.zeros(3, 3, 1), [3, 1, 2])
    >>> packing.counts, packing.order.tolist(), packing.places.tolist()
    ([3, 2, 1], [0, 2, 1], [0, 2, 1, 3, 5, 6])
    """
    time, batch = x.shape[:2]
    if lengths is None and not reverse:
        return Packing(time, batch, [batch] * time)
    own = torch.tensor([time] * batch if lengths is None else lengths, dtype=torch.long)
    order = own.argsort(descending=True, stable=True)
    steps = torch.arange(time)[:, None]
    running = steps < own[order]  # (T, B)
    when = own[order] - 1 - steps if reverse else steps
    places = (when * batch + order)[running].to(x.device)
    counts = [count for count in running.sum(dim=1).tolist() if count]
    return Packing(time, batch, counts, order.to(x.device), places)


def read_lengths(lengths: Sequence[int] | Tensor | None, time: int, batch: int) -> list[int] | None:
    """Check that there is one whole number from 0 to T for each sequence.

    Raises
    ------
    OptionError, ShapeError
        Saying which one is out of range, or how many were expected.

    Examples
    --------
    >>> read_lengths(torch.tensor([3, 0]), time=4, batch=2)
    [3, 0]
    """
    if lengths is None:
        return None
    own = torch.as_tensor(lengths).flatten().tolist()
    if not all(type(length) is int for length in own):
        raise OptionError(f"lengths must be whole numbers of steps, one a sequence; got {own}")
    if len(own) != batch:
        raise ShapeError(f"lengths must hold one number for each of {batch} sequences, got {own}")
    for b, length in enumerate(own):
        if not 0 <= length <= time:
            raise OptionError(f"lengths[{b}] = {length}, but x has {time} steps: use 0 to {time}")
    return own


def still_running(state: Float[Tensor, "B D"], count: int) -> Float[Tensor, "rows D"]:
    """Drop the sequences that have ended: those after the first ``count``.

    Examples
    --------
    >>> still_running(torch.zeros(3, 2), 1).shape
    torch.Size([1, 2])
    """
    # Even a slice that takes everything costs a copy on the way back.
    return state if len(state) == count else state[:count]


def last_states(initial: Float[Tensor, "B D"], steps: Sequence[Tensor]) -> Float[Tensor, "B D"]:
    """Collect the state of each sequence after its own last step.

    Parameters
    ----------
    initial
        The states before the first step, which a sequence of length 0 keeps.
    steps
        The states after each step, of the sequences that still ran.

    Examples
    --------
    >>> last_states(torch.zeros(3, 1), [torch.ones(2, 1), torch.full((1, 1), 5.0)]).flatten()
    tensor([5., 1., 0.])
    """
    if not steps or len(steps[-1]) == len(initial):
        return steps[-1] if steps else initial
    going_on = [*map(len, steps), 0]
    pairs = zip([initial, *steps], going_on, strict=True)
    ended = [state[count:] for state, count in pairs if len(state) > count]
    return torch.cat(ended[::-1])
