"""What is measured: one operation on one size, in several forms, against PyTorch's own."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Case", "random"]

Form = Callable[..., Tensor]


@dataclass(frozen=True)
class Case:
    """One operation on one size.

    Attributes
    ----------
    operation, size
        What the table calls them.
    arguments
        Makes the tensors that every form is called with.
    reference
        PyTorch's own form.
    forms
        The others by name; labkit's comes first.
    bars
        The ratios to meet, forward and forward + backward; none where no bar is set.
    tolerance
        How far a form's result may be from the reference's.
    parts
        Forms that do a part of the work only, so that their results cannot agree.
    """

    operation: str
    size: str
    arguments: Callable[[], tuple[Tensor, ...]]
    reference: Form
    forms: dict[str, Form]
    bars: tuple[float, float] | None = None
    tolerance: float = 1e-3
    parts: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The operation and its size."""
        return f"{self.operation}, {self.size}"


def random(*shapes: tuple[int, ...], seed: int = 0) -> Callable[[], tuple[Tensor, ...]]:
    """Make normal numbers of these shapes, the same at each call."""

    def make() -> tuple[Tensor, ...]:
        generator = torch.Generator().manual_seed(seed)
        return tuple(torch.randn(shape, generator=generator) for shape in shapes)

    return make
