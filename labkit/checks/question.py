"""What a check asks: the arguments of one call, and everything there is to know of an operation.

A new operation is an `Operation`: parameters (made by `parameter`), questions (their tensors from
`labkit.checks.numbers`), a reference, a bank of mistakes, and how a number of the result comes
about. An argument may be a tensor of any dtype, a sequence of tensors, or an option of any kind;
what belongs together, such as the state (h, c), is a `Bundle` that a learner may take as one tuple
or apart. An operation with several results names them in ``results``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from labkit.checks.comparison import TOLERANCE

__all__ = [
    "Arguments",
    "Bundle",
    "Derivation",
    "Operation",
    "Parameter",
    "Question",
    "Result",
    "ShapeRule",
    "Trait",
    "bundle",
    "parameter",
]

COARSE = 2e-2  # float16 and bfloat16 keep three and two decimal digits
FINE = 1e-5  # some approximations are off by less than the usual tolerance


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
        """Return arguments whose tensors are copies, converted with `Tensor.to`'s options.

        A dtype is for floating-point tensors: labels and masks keep theirs.
        """
        return type(self)((name, _copied(v, tensor_options)) for name, v in self.items())

    def tensors(self) -> dict[str, Tensor]:
        """Return every tensor by its name, those in a sequence as ``name[0]`` and so on."""
        return {name: t for key, value in self.items() for name, t in _tensors(key, value)}


def _copied(value: Any, options: dict[str, Any]) -> Any:
    if isinstance(value, list | tuple):
        return type(value)([_copied(v, options) for v in value])
    if not isinstance(value, Tensor):
        return value
    if not value.is_floating_point():
        options = {k: v for k, v in options.items() if k != "dtype"}
    return value.to(**options, copy=True)


def _tensors(name: str, value: Any) -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, list | tuple):
        for i, v in enumerate(value):
            yield from _tensors(f"{name}[{i}]", v)


@dataclass(frozen=True)
class Parameter:
    """One parameter of the operation.

    ``words`` are the names that learners give it, ``default`` is its value when it is not given;
    inputs have none. ``stands_for_none`` makes the tensor given to somebody who demands an
    optional one (or the number). ``own_default``: a function's own default is a part of its answer
    (a base of 1000 is wrong), where others are but a habit (a stride of 2).
    """

    name: str
    words: frozenset[str]
    required: bool = False
    default: Any = None
    stands_for_none: Callable[[Arguments], Any] | None = None
    own_default: bool = False


def parameter(name: str, words: str, **more: Any) -> Parameter:
    """Return a parameter with the names that learners give it, separated by spaces."""
    return Parameter(name, frozenset({name, *words.split()}), **more)


@dataclass(frozen=True)
class Bundle:
    """Parameters that a function may take as one tuple, with the names that learners give that."""

    name: str
    members: tuple[str, ...]
    words: frozenset[str]


def bundle(name: str, members: str, words: str) -> Bundle:
    """Return a bundle of members, with the names that learners give it; separated by spaces."""
    return Bundle(name, tuple(members.split()), frozenset({name, *words.split()}))


@dataclass(frozen=True)
class Question:
    """One call to make; only what differs from the defaults is in ``arguments``.

    A ``probe`` is asked again with another dtype, on another device, and for its gradients. A
    ``fine`` one tells a good approximation from the right number.
    """

    about: str
    arguments: Arguments
    probe: bool = False
    fine: bool = False

    def options(self) -> dict[str, Any]:
        """Return the arguments that are neither tensors nor sequences of tensors."""
        return {k: v for k, v in self.arguments.items() if not any(_tensors(k, v))}

    @property
    def dtype(self) -> torch.dtype | None:
        """The dtype of the floating-point tensors; none if there are none."""
        tensors = self.arguments.tensors().values()
        return next((t.dtype for t in tensors if t.is_floating_point()), None)

    @property
    def tolerance(self) -> float:
        """How far from the right number an answer may be."""
        if self.dtype in (torch.float16, torch.bfloat16):
            return COARSE
        return FINE if self.fine else TOLERANCE


@dataclass(frozen=True)
class Derivation:
    """How one number of the right answer comes about.

    For a sum of products ``factors`` are the two blocks that are multiplied, of shape (channels,
    height, width), ``extra`` is what is added to the sum, ``source`` writes the two blocks as the
    learner would. For anything else ``shown`` writes the computation of the total, such as
    ``"tanh(0.5 - 0.25)"``, and ``source`` says where its numbers come from.
    """

    total: float
    factors: tuple[Tensor, Tensor] | None = None
    extra: float | None = None
    source: str = ""
    shown: str = ""


@dataclass(frozen=True)
class Result:
    """One result: its name, its last axes, and how one of its numbers comes about."""

    name: str
    axes: tuple[str, ...]
    derive: Callable[[Arguments, tuple[int, ...]], Derivation]


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

    Attributes
    ----------
    reference
        Takes `Arguments` with every parameter present; its results are one tensor or a tuple.
    results
        The results. An operation with one has one; learners return several as a tuple or list.
    mistakes
        The bank, from common to rare.
    bundles
        Parameters that a function may take as one tuple.
    differentiable
        Whether gradients are asked; not of an optimiser's step, which records none.
    may_return_more
        Whether a function may return a tuple of which the first is the result.
    """

    name: str
    parameters: tuple[Parameter, ...]
    questions: tuple[Question, ...]
    reference: Callable[[Arguments], Tensor | Sequence[Tensor]]
    results: tuple[Result, ...]
    mistakes: tuple[Any, ...]
    traits: tuple[Trait, ...] = ()
    shape_rules: tuple[ShapeRule, ...] = ()
    bundles: tuple[Bundle, ...] = ()
    differentiable: bool = True
    may_return_more: bool = False

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
