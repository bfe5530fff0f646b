"""Small numbers for questions: the same in each run, and such that a mistake shows.

Examples
--------
>>> numbers = Numbers("a bias")
>>> numbers.integers(2, 3).shape, numbers.labels(4, 2).dtype
(torch.Size([2, 3]), torch.int64)
"""

import torch
from torch import Tensor

__all__ = ["Numbers"]


class Numbers:
    """The numbers of one question, drawn one tensor after the other.

    Parameters
    ----------
    about
        What the question is about. It is the seed too: adding a question leaves the numbers of
        the others alone.
    """

    def __init__(self, about: str) -> None:
        self._generator = torch.Generator().manual_seed(sum(map(ord, about)))

    def integers(self, *shape: int) -> Tensor:
        """Draw whole numbers from 1 to 4 with a sign.

        There is no zero among them, which would hide that a product is missing.
        """
        return (self._below(4, shape) + 1).float() * (2 * self._below(2, shape) - 1)

    def quarters(self, *shape: int) -> Tensor:
        """Draw quarters from -1 to 1 without 0: sums of them leave tanh its slope."""
        return self.integers(*shape) / 4

    def positive(self, *shape: int) -> Tensor:
        """Draw quarters from 1/4 to 1, as for probabilities, squares and variances."""
        return self.quarters(*shape).abs()

    def labels(self, classes: int, *shape: int) -> Tensor:
        """Draw integers from 0 to ``classes`` - 1."""
        return self._below(classes, shape)

    def booleans(self, *shape: int) -> Tensor:
        """Throw coins."""
        return self._below(2, shape) == 1

    def _below(self, limit: int, shape: tuple[int, ...]) -> Tensor:
        return torch.randint(0, limit, shape, generator=self._generator, device="cpu")
