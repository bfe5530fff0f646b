"""Show a wrong answer on the smallest question: the first number that differs, and its sum."""

import linecache
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from labkit.checks.answer import Answer, differs, error_words
from labkit.checks.question import Derivation, Operation, Question

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
    tensors = {k: tuple(v.shape) for k, v in question.arguments.items() if isinstance(v, Tensor)}
    options = [f"{k}={v}" for k, v in question.options().items()]
    shapes = ", ".join(f"{name} {shape}" for name, shape in tensors.items())
    return f"{operation.name}({', '.join([*tensors, *options])}) with shapes {shapes}"


def evidence_of(
    answer: Answer, expected: Tensor, operation: Operation, function: Callable
) -> Evidence:
    """Explain one answer, right or wrong."""
    call = call_text(answer.question, operation)
    if answer.error is not None:
        return Evidence(call, _raised(answer.error, function), expected)
    got = answer.value
    if got is None:
        return Evidence(call, "", expected)
    index = _first_difference(expected, got)
    arguments = operation.complete(answer.question.arguments)
    derivation = operation.derive(arguments, index)
    lines = [_shapes(expected, got), _element(operation, derivation, index, got)]
    text = "\n".join(filter(None, lines))
    return Evidence(call, text, expected, got, index, derivation)


def _first_difference(expected: Tensor, got: Tensor) -> tuple[int, ...]:
    """Return the first index of ``expected`` at which ``got`` has another number, or none."""
    wrong = torch.ones_like(expected, dtype=torch.bool)
    if expected.dim() == got.dim():
        common = tuple(
            slice(0, min(ours, theirs))
            for ours, theirs in zip(expected.shape, got.shape, strict=True)
        )
        wrong[common] = differs(expected[common], got[common])
    places = wrong.nonzero()
    return tuple(places[0].tolist()) if len(places) else (0,) * expected.dim()


def _shapes(expected: Tensor, got: Tensor) -> str:
    if expected.shape == got.shape:
        return ""
    right, yours = tuple(expected.shape), tuple(got.shape)
    return f"The result should have the shape {right}, yours has {yours}."


def _element(
    operation: Operation, derivation: Derivation, index: tuple[int, ...], got: Tensor
) -> str:
    place = ", ".join(f"{axis} {i}" for axis, i in zip(operation.axes, index, strict=True))
    return (
        f"output{list(index)} should be {_sum(derivation)}{_yours(derivation.total, index, got)}\n"
        f"({place}: the sum of {derivation.source})"
    )


def _yours(total: float, index: tuple[int, ...], got: Tensor) -> str:
    if got.dim() != len(index):
        return f"; yours has {got.dim()} axes instead of {len(index)}."
    if any(i >= size for i, size in zip(index, got.shape, strict=True)):
        return "; yours ends before it."
    value = float(got[index])
    return ", and is." if abs(value - total) < 1e-3 else f", yours is {_number(value)}."


def _sum(derivation: Derivation) -> str:
    patch, kernel = derivation.factors
    rows = [
        " + ".join(
            f"{_factor(a)}*{_factor(b)}" for a, b in zip(p.flatten(), k.flatten(), strict=True)
        )
        for p, k in zip(patch, kernel, strict=True)
    ]
    if len(rows) == 1 and derivation.extra is None:
        return f"{rows[0]} = {_number(derivation.total)}"
    lines = [f"{row}   (channel {c})" for c, row in enumerate(rows)]
    if derivation.extra is not None:
        lines.append(f"{_number(derivation.extra)}   (bias)")
    return "\n    " + "\n  + ".join(lines) + f"\n  = {_number(derivation.total)}"


def _number(value: float | Tensor) -> str:
    return f"{float(value):.6g}"


def _factor(value: Tensor) -> str:
    return f"({_number(value)})" if value < 0 else _number(value)


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
