"""What a check asks: the arguments of one call, and everything there is to know of an operation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

__all__ = ["Arguments", "Derivation", "Operation", "Parameter", "Question", "ShapeRule", "Trait"]


class Arguments(dict[str, Any]):
    """The arguments of one call by name, as attributes too.

    Examples
    --------
    >>> arguments = Arguments(stride=2, padding=1)
    >>> arguments.but(stride=1).stride, arguments.stride
    (1, 2)
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def but(self, **changes: Any) -> "Arguments":
        """Return the same arguments, except for these."""
        return type(self)(self, **changes)

    def copied(self, **tensor_options: Any) -> "Arguments":
        """Return arguments whose tensors are copies, converted with `Tensor.to`'s options."""
        return type(self)(
            (name, value.to(**tensor_options, copy=True) if isinstance(value, Tensor) else value)
            for name, value in self.items()
        )


@dataclass(frozen=True)
class Parameter:
    """One parameter of the operation.

    ``words`` are the names that learners give it, ``default`` is its value when it is not given;
    inputs have none. ``stands_for_none`` makes the tensor given to somebody who demands an
    optional one.
    """

    name: str
    words: frozenset[str]
    required: bool = False
    default: Any = None
    stands_for_none: Callable[[Arguments], Tensor] | None = None


@dataclass(frozen=True)
class Question:
    """One call to make; only what differs from the defaults is in ``arguments``.

    A ``probe`` is asked again with another dtype, on another device, and for its gradients.
    """

    about: str
    arguments: Arguments
    probe: bool = False

    def options(self) -> dict[str, Any]:
        """Return the arguments that are not tensors."""
        return {k: v for k, v in self.arguments.items() if not isinstance(v, Tensor)}


@dataclass(frozen=True)
class Derivation:
    """How one number of the right answer comes about.

    ``factors`` are the two blocks whose products are summed, of shape (channels, height, width),
    ``extra`` is what is added to the sum, ``source`` writes the two blocks as the learner would.
    """

    total: float
    factors: tuple[Tensor, Tensor]
    extra: float | None
    source: str


@dataclass(frozen=True)
class Trait:
    """A property of questions on which being right may depend.

    ``name`` is the mistake of a function that is right only where the property holds, if that has
    a name; ``raising_only`` asks that it raises wherever the property does not hold.
    """

    holds_words: str
    fails_words: str
    holds: Callable[[Arguments], bool]
    name: str | None = None
    raising_only: bool = False


@dataclass(frozen=True)
class ShapeRule:
    """A mistake known by the shape of the answer alone: ``matches(arguments, expected, got)``."""

    name: str
    matches: Callable[[Arguments, tuple[int, ...], tuple[int, ...]], bool]


@dataclass(frozen=True)
class Operation:
    """An operation as the machinery of checks sees it.

    ``reference`` takes `Arguments` with every parameter present. ``axes`` names the axes of
    the result, and ``derive(arguments, index)`` explains one of its numbers.
    """

    name: str
    parameters: tuple[Parameter, ...]
    questions: tuple[Question, ...]
    reference: Callable[[Arguments], Tensor]
    axes: tuple[str, ...]
    derive: Callable[[Arguments, tuple[int, ...]], Derivation]
    mistakes: tuple[Any, ...]
    traits: tuple[Trait, ...] = ()
    shape_rules: tuple[ShapeRule, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the parameters that every call gives."""
        return tuple(p.name for p in self.parameters if p.required)

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Values of the parameters that a call may leave out."""
        return {p.name: p.default for p in self.parameters if not p.required}

    def complete(self, arguments: Arguments) -> Arguments:
        """Return the arguments with the defaults filled in."""
        return Arguments(self.defaults, **arguments)
