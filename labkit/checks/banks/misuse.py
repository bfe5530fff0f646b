"""Ways to misuse an operation, from which the banks make their wrong variants.

A `Variant` receives the right operation ``op`` and its arguments ``a``.
"""

from collections.abc import Callable

from torch import Tensor

from labkit.checks.bank import Function, Variant
from labkit.checks.question import Arguments

__all__ = ["by_axis", "raises_unless", "with_arguments", "with_result"]


def with_arguments(change: Callable[[Arguments], dict]) -> Variant:
    """Make a variant that calls the operation with other arguments."""
    return lambda op, a: op(a.but(**change(a)))


def with_result(change: Callable[[Tensor], Tensor]) -> Variant:
    """Make a variant that changes the result."""
    return lambda op, a: change(op(a))


def raises_unless(holds: Callable[[Arguments], bool]) -> Variant:
    """Make a variant that is right where ``holds`` and raises elsewhere."""

    def variant(op: Function, a: Arguments) -> Tensor:
        if not holds(a):
            raise ValueError
        return op(a)

    return variant


def by_axis(option: int | tuple[int, int]) -> tuple[int, int]:
    """Return an option as one number for the height and one for the width.

    Learners are asked with one number for both, but a variant that was applied before may have
    split it already.

    Examples
    --------
    >>> by_axis(2), by_axis((2, 1))
    ((2, 2), (2, 1))
    """
    return option if isinstance(option, tuple) else (option, option)
