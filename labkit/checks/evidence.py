"""Show a wrong answer on the smallest question: the first number that differs, and its sum."""

import linecache
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from labkit.checks.answer import Answer, error_words
from labkit.checks.comparison import TOLERANCE, Values, agree, differs, parts
from labkit.checks.question import Derivation, Operation, Question, Result
from labkit.checks.writing import number, products

__all__ = ["Evidence", "call_text", "evidence_of"]


@dataclass(frozen=True)
class Evidence:
    """One question with the right answer and the one given.

    Attributes
    ----------
    call
        The question in words.
    text
        What the answer shows, in words and numbers.
    expected, got
        The two answers; ``got`` is none where none came.
    index
        Of the first number that differs, in ``expected``.
    derivation
        How that number comes about.
    """

    call: str
    text: str
    expected: Tensor
    got: Tensor | None = None
    index: tuple[int, ...] = ()
    derivation: Derivation | None = None


def call_text(question: Question, operation: Operation) -> str:
    """Return the call that a question stands for, with the shapes of its tensors."""
    options = question.options()
    named = [f"{k}={v}" for k, v in options.items()]
    given = [name for name in question.arguments if name not in options]
    tensors = question.arguments.tensors()
    shapes = ", ".join(f"{name} {_content(t)}" for name, t in tensors.items())
    call = f"{operation.name}({', '.join([*_bundled(given, operation), *named])})"
    return f"{call} with shapes {shapes}" if shapes else call


def _bundled(names: list[str], operation: Operation) -> list[str]:
    """Write what belongs together in brackets: x, (h, c), weight."""
    for bundle in operation.bundles:
        if all(member in names for member in bundle.members):
            at = names.index(bundle.members[0])
            rest = [name for name in names if name not in bundle.members]
            names = [*rest[:at], f"({', '.join(bundle.members)})", *rest[at:]]
    return names


def _content(tensor: Tensor) -> str:
    # A few labels or lengths say more than how many there are.
    few = tensor.dim() < 2 and not tensor.is_floating_point()
    return f"= {tensor.tolist()}" if few else f"{tuple(tensor.shape)}"


def evidence_of(
    answer: Answer, expected: Values, operation: Operation, function: Callable
) -> Evidence:
    """Explain one answer, right or wrong."""
    call = call_text(answer.question, operation)
    if answer.error is not None:
        return Evidence(call, _raised(answer.error, function), parts(expected)[0])
    if answer.value is None:
        return Evidence(call, "", parts(expected)[0])
    tolerance = answer.question.tolerance
    both = list(zip(operation.results, parts(expected), parts(answer.value), strict=True))
    wrong = [one for one in both if not agree(*one[1:], tolerance)]
    result, right, got = [*wrong, *both][0]
    index = _first_difference(right, got, tolerance)
    derivation = result.derive(operation.complete(answer.question.arguments), index)
    lines = [_shapes(result, right, got), _element(result, derivation, index, got, tolerance)]
    text = "\n".join(filter(None, lines))
    return Evidence(call, text, right, got, index, derivation)


def _first_difference(expected: Tensor, got: Tensor, tolerance: float) -> tuple[int, ...]:
    """Return the first index of ``expected`` at which ``got`` has another number, or none."""
    wrong = torch.ones_like(expected, dtype=torch.bool)
    if expected.dim() == got.dim():
        common = tuple(
            slice(0, min(ours, theirs))
            for ours, theirs in zip(expected.shape, got.shape, strict=True)
        )
        wrong[common] = differs(expected[common], got[common], tolerance)
    places = wrong.nonzero()
    return tuple(places[0].tolist()) if len(places) else (0,) * expected.dim()


def _shapes(result: Result, expected: Tensor, got: Tensor) -> str:
    if expected.shape == got.shape:
        return ""
    name = "The result" if result.name == "output" else result.name
    right, yours = tuple(expected.shape), tuple(got.shape)
    return f"{name} should have the shape {right}, yours has {yours}."


def _element(
    result: Result, derivation: Derivation, index: tuple[int, ...], got: Tensor, tolerance: float
) -> str:
    should = _sum(derivation) if derivation.factors else _shown(derivation)
    yours = _yours(derivation.total, index, got, tolerance)
    source = f"the sum of {derivation.source}" if derivation.factors else derivation.source
    named = index[len(index) - len(result.axes) :]
    axes = ", ".join(f"{axis} {i}" for axis, i in zip(result.axes, named, strict=True))
    place = ": ".join(filter(None, [axes, source]))
    name = f"{result.name}{list(index) if index else ''}"
    return f"{name} should be {should}{yours}" + (f"\n({place})" if place else "")


def _yours(total: float, index: tuple[int, ...], got: Tensor, tolerance: float = TOLERANCE) -> str:
    if got.dim() != len(index):
        return f"; yours has {got.dim()} axes instead of {len(index)}."
    if any(i >= size for i, size in zip(index, got.shape, strict=True)):
        return "; yours ends before it."
    value = float(got[index])
    return ", and is." if abs(value - total) <= tolerance else f", yours is {number(value)}."


def _shown(derivation: Derivation) -> str:
    total = number(derivation.total)
    return f"{derivation.shown} = {total}" if derivation.shown else total


def _sum(derivation: Derivation) -> str:
    assert derivation.factors is not None
    patch, kernel = derivation.factors
    rows = [products(p, k) for p, k in zip(patch, kernel, strict=True)]
    if len(rows) == 1 and derivation.extra is None:
        return f"{rows[0]} = {number(derivation.total)}"
    lines = [f"{row}   (channel {c})" for c, row in enumerate(rows)]
    if derivation.extra is not None:
        lines.append(f"{number(derivation.extra)}   (bias)")
    return "\n    " + "\n  + ".join(lines) + f"\n  = {number(derivation.total)}"


def _raised(error: BaseException, function: Callable) -> str:
    return f"Your function raised {error_words(error)}{_where(error, function)}"


def _where(error: BaseException, function: Callable) -> str:
    """Name the learner's own line that was running when the error came."""
    try:
        home = function.__code__.co_filename
    except Exception:  # an object's __getattr__ may raise anything
        return ""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == home]
    if not frames:
        return ""
    line = linecache.getline(frames[-1].filename, frames[-1].lineno or 0).strip()
    return f"\n(line {frames[-1].lineno}: {line})" if line else ""
