"""Read which parameters a learner's function takes, so that a check asks for nothing else."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from inspect import Parameter as P
from itertools import takewhile
from typing import Any

from torch import nn

from labkit.checks.question import Arguments, Bundle, Operation, Parameter

__all__ = ["Reading", "SignatureMismatchError", "read"]


class SignatureMismatchError(Exception):
    """A function cannot be called with what the operation has to give."""


@dataclass(frozen=True)
class Reading:
    """How to call one function.

    Attributes
    ----------
    positional
        Parameters given by position, in the function's order.
    keywords
        Parameters given by keyword, with the function's own word for each.
    always
        Parameters to give even at their default value.
    is_open
        Whether the function takes any keyword, so that only trying tells which ones it means.
    remarks
        What the learner may like to know about the reading.
    bundles
        Names of the tuples that the function takes, with what is in them.
    results, may_return_more
        How many tensors the function returns, and whether others may follow the first.
    """

    positional: tuple[str, ...]
    keywords: dict[str, str]
    always: frozenset[str] = frozenset()
    is_open: bool = False
    remarks: tuple[str, ...] = ()
    bundles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    results: int = 1
    may_return_more: bool = False

    def takes(self, name: str) -> bool:
        """Whether the function can be given this parameter, alone or in a tuple."""
        bundle = next((b for b, members in self.bundles.items() if name in members), name)
        return bundle in self.positional or bundle in self.keywords

    def without(self, name: str) -> "Reading":
        """Return a reading that leaves one keyword out."""
        return replace(self, keywords={k: v for k, v in self.keywords.items() if k != name})

    def bind(self, arguments: Arguments) -> tuple[list[Any], dict[str, Any]]:
        """Return the ``args`` and ``kwargs`` for one call."""
        tuples = {
            name: tuple(arguments[member] for member in members)
            for name, members in self.bundles.items()
            if members[0] in arguments
        }
        given = {**arguments, **tuples}
        keywords = {self.keywords[k]: v for k, v in given.items() if k in self.keywords}
        return [given[name] for name in self.positional], keywords


def read(function: Callable, operation: Operation) -> Reading:
    """Read a function's signature in the operation's terms.

    Raises
    ------
    SignatureMismatchError
        If the inputs have no place in it, or it demands something that a check cannot give.
    """
    returns = {
        "results": len(operation.results),
        "may_return_more": operation.may_return_more,
    }
    try:
        target = function.forward if isinstance(function, nn.Module) else function
        declared = list(inspect.signature(target).parameters.values())
    except Exception:  # built-in functions have no signature, and a broken one may raise anything
        keywords = {name: name for name in operation.defaults}
        return Reading(operation.inputs, keywords, is_open=True, **returns)
    kinds = {p.kind for p in declared}
    named = [p for p in declared if p.kind not in (P.VAR_POSITIONAL, P.VAR_KEYWORD)]
    meaning = _inputs(named, operation, more=P.VAR_POSITIONAL in kinds)
    # Who has a function for a default takes functions: no check gives any.
    free = [p for p in named if p.name not in meaning and not inspect.isroutine(p.default)]
    meaning |= _options(free, operation)
    _refuse_unknown(named, meaning, operation)
    reading = _assemble(named, meaning, operation, is_open=P.VAR_KEYWORD in kinds)
    bundles = {b.name: b.members for b in operation.bundles if b.name in meaning.values()}
    return replace(reading, bundles=bundles, **returns)


def _called(parameter: Parameter | Bundle, named: list[P]) -> str | None:
    """Return the function's own word for a parameter: its very name, or one of its words."""
    words = [p.name for p in named if p.name.strip("_").lower() in parameter.words]
    return parameter.name if parameter.name in words else next(iter(words), None)


def _inputs(named: list[P], operation: Operation, *, more: bool) -> dict[str, str]:
    """Return the function's words for the inputs: those that are known, the others by place."""
    places = [p for p in named if p.kind is not P.KEYWORD_ONLY]
    wanted = _wanted(named, [p for p in places if not _is_option(p, operation)], operation)
    words = {p.name: _called(p, named) for p in wanted}
    known = {word: name for name, word in words.items() if word}
    unknown = [name for name, word in words.items() if not word]
    free = [p.name for p in places if p.name not in known and not _is_option(p, operation)]
    if len(unknown) <= len(free):
        return known | dict(zip(free, unknown, strict=False))
    if len(places) < len(wanted) and not more:
        takes = ", ".join(p.name for p in named) or "nothing"
        raise SignatureMismatchError(
            f"it must take {' and '.join(operation.inputs)}; yours takes {takes}"
        )
    return {p.name: w.name for p, w in zip(places, wanted, strict=False)}


def _wanted(named: list[P], places: list[P], operation: Operation) -> list[Parameter | Bundle]:
    """Return the inputs, with those in one that the function takes together."""
    wanted: list[Parameter | Bundle] = [p for p in operation.parameters if p.required]
    for bundle in operation.bundles:
        apart = [p for p in wanted if p.name in bundle.members]
        too_few = len(places) < len(wanted) and not any(_called(p, named) for p in apart)
        if apart and (_called(bundle, named) or too_few):
            wanted[wanted.index(apart[0])] = bundle
            wanted = [p for p in wanted if p not in apart]
    return wanted


def _is_option(declared: P, operation: Operation) -> bool:
    optional = [p for p in operation.parameters if not p.required]
    return any(_called(p, [declared]) for p in (*optional, *_optional_bundles(operation)))


def _optional_bundles(operation: Operation) -> list[Bundle]:
    return [b for b in operation.bundles if b.members[0] in operation.defaults]


def _options(rest: list[P], operation: Operation) -> dict[str, str]:
    optional = [p for p in operation.parameters if not p.required]
    words = {p.name: _called(p, rest) for p in (*optional, *_optional_bundles(operation))}
    return {word: name for name, word in words.items() if word}


def _refuse_unknown(named: list[P], meaning: dict[str, str], operation: Operation) -> None:
    for parameter in named:
        if parameter.default is P.empty and parameter.name not in meaning:
            known = ", ".join([*operation.inputs, *operation.defaults])
            raise SignatureMismatchError(
                f"it asks for {parameter.name!r}, which a check cannot give: use the names "
                f"{known}, or give {parameter.name!r} a default value"
            )


def _assemble(
    named: list[P], meaning: dict[str, str], operation: Operation, *, is_open: bool
) -> Reading:
    first = list(takewhile(lambda p: _by_place(p, meaning, operation), named))
    later = [p for p in named if p not in first]
    options = [p for p in named if meaning.get(p.name) in operation.defaults]
    positional = [meaning[p.name] for p in first]
    # Inputs without a parameter of their own go into the function's *args.
    bundles = [b for b in operation.bundles if b.name in meaning.values()]
    told = {*meaning.values(), *(member for b in bundles for member in b.members)}
    positional += [name for name in operation.inputs if name not in told]
    keywords = {meaning[p.name]: p.name for p in later if p.name in meaning}
    if is_open:
        keywords = {n: n for n in operation.defaults if n not in positional} | keywords
    return Reading(
        positional=tuple(positional),
        keywords=keywords,
        always=frozenset(meaning[p.name] for p in options if not _agrees(p, meaning, operation)),
        is_open=is_open,
        remarks=_remarks(named, meaning, operation),
    )


def _by_place(parameter: P, meaning: dict[str, str], operation: Operation) -> bool:
    name = meaning.get(parameter.name)
    if parameter.kind is P.POSITIONAL_ONLY:
        return name is not None
    inputs = {*operation.inputs, *(b.name for b in operation.bundles)} - {
        b.name for b in _optional_bundles(operation)
    }
    return name in inputs and parameter.kind is not P.KEYWORD_ONLY


def _agrees(declared: P, meaning: dict[str, str], operation: Operation) -> bool:
    """Whether leaving a parameter out, in a function, means what it means in the operation."""
    ours, theirs = operation.defaults[meaning[declared.name]], declared.default
    if declared.kind is P.POSITIONAL_ONLY:
        return False
    if _is_part_of_the_answer(declared, meaning, operation):
        return True
    return theirs is None if ours is None else type(theirs) is type(ours) and theirs == ours


def _is_part_of_the_answer(declared: P, meaning: dict[str, str], operation: Operation) -> bool:
    """Whether a default is judged with the rest, and so is neither replaced nor remarked on."""
    judged = {p.name for p in operation.parameters if p.own_default}
    return meaning.get(declared.name) in judged and isinstance(declared.default, int | float)


def _remarks(named: list[P], meaning: dict[str, str], operation: Operation) -> tuple[str, ...]:
    ours = {p.name: operation.defaults.get(meaning.get(p.name, "")) for p in named}
    kinds = (int, float)
    odd = [p for p in named if type(p.default) in kinds and type(ours[p.name]) in kinds]
    remarks = [
        f"your default for {p.name} is {p.default}, PyTorch's is {ours[p.name]}"
        for p in odd
        if p.default != ours[p.name] and not _is_part_of_the_answer(p, meaning, operation)
    ]
    left = [p.name for p in named if p.name not in meaning]
    return (*remarks, *(f"{name} was left at your default" for name in left))
