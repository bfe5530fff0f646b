"""Properties of questions, and of the shape of answers, that several operations ask for.

They make the `Trait.holds` and `ShapeRule.matches` of an operation.
"""

from collections.abc import Callable

from torch import Tensor

from labkit.checks.question import Arguments

__all__ = ["equals", "height_width_swapped", "missing", "off_by_one", "square"]

Holds = Callable[[Arguments], bool]
Shape = tuple[int, ...]


def equals(name: str, value: object) -> Holds:
    """Make a property that holds where an argument, which is no tensor, has this value."""
    return lambda a: a[name] == value


def missing(name: str) -> Holds:
    """Make a property that holds where an argument is not given."""
    return lambda a: a[name] is None


def square(*names: str) -> Holds:
    """Make a property that holds where the last two axes of these tensors have one length."""

    def holds(a: Arguments) -> bool:
        tensors: list[Tensor] = [a[name] for name in names]
        return all(t.shape[-2] == t.shape[-1] for t in tensors)

    return holds


def off_by_one(step: int) -> Callable[[Arguments, Shape, Shape], bool]:
    """Make a rule for images that are ``step`` pixels (1 or -1) too high, too wide, or both."""

    def matches(_: Arguments, expected: Shape, got: Shape) -> bool:
        if len(got) != 4 or got[:2] != expected[:2] or got == expected:
            return False
        return all(g - e in (0, step) for g, e in zip(got[2:], expected[2:], strict=True))

    return matches


def height_width_swapped(_: Arguments, expected: Shape, got: Shape) -> bool:
    """Whether the last two axes of a result have each other's length."""
    return got != expected and got == (*expected[:2], *expected[:1:-1])
