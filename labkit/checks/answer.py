"""Put one question to a learner's function and keep everything that can be seen of the answer."""

import inspect
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from labkit.checks.question import Arguments, Operation, Question
from labkit.checks.signature import Reading
from labkit.checks.worker import Worker

__all__ = ["Answer", "adapt", "agree", "ask", "differs", "error_words", "kind_of", "plain", "probe"]

TOLERANCE = 1e-3  # questions hold small integers and quarters: wrong answers are further off


@dataclass(frozen=True)
class Answer:
    """What a function made of one question.

    Attributes
    ----------
    value
        Its result as a plain float64 tensor on the CPU; none if it has none that can be read.
    shape, dtype, device
        Of the result as it came; none if that was no tensor.
    kind
        The type of the result, in words, if it was no tensor.
    error
        What the function raised.
    modified
        Names of the arguments that are not what they were.
    """

    question: Question
    value: Tensor | None = None
    shape: tuple[int, ...] | None = None
    dtype: torch.dtype | None = None
    device: torch.device | None = None
    kind: str | None = None
    error: BaseException | None = None
    too_slow: bool = False
    modified: tuple[str, ...] = ()


def adapt(question: Question, reading: Reading, operation: Operation) -> Question | None:
    """Return the question as this function can be asked it, or None if it cannot."""
    given = question.arguments
    if any(not reading.takes(name) for name in question.options()):
        return None
    kept = Arguments((name, value) for name, value in given.items() if reading.takes(name))
    for parameter in operation.parameters:
        if parameter.name in reading.always and parameter.name not in kept:
            stand_in = parameter.stands_for_none
            kept[parameter.name] = stand_in(given) if stand_in else parameter.default
    return replace(question, arguments=kept)


def ask(
    function: Callable,
    question: Question,
    reading: Reading,
    worker: Worker,
    **tensor_options: Any,
) -> Answer:
    """Call the function, in the worker, with copies of the arguments converted as told."""
    given = question.arguments.copied(**tensor_options)
    before = given.copied()
    args, kwargs = reading.bind(given)
    outcome = worker.run(lambda: _describe(function(*args, **kwargs), question, before, given))
    if outcome.value is None:
        return Answer(question, error=outcome.error, too_slow=outcome.too_slow)
    return outcome.value


def probe(function: Callable, operation: Operation, reading: Reading, worker: Worker) -> Reading:
    """Find out which keywords a function with an open signature really takes, by trying each."""
    for name, default in operation.defaults.items() if reading.is_open else ():
        question = operation.questions[0]
        stand_in = next(p.stands_for_none for p in operation.parameters if p.name == name)
        value = stand_in(question.arguments) if stand_in else default
        asked = replace(question, arguments=question.arguments.but(**{name: value}))
        error = ask(function, asked, reading, worker).error
        if isinstance(error, TypeError) and "keyword argument" in error_words(error):
            reading = reading.without(name)
    return reading


def _describe(result: Any, question: Question, before: Arguments, after: Arguments) -> Answer:
    modified = tuple(
        name
        for name, was in before.items()
        if isinstance(was, Tensor) and not _same(was, after[name])
    )
    if not isinstance(result, Tensor) or result.layout is not torch.strided:
        return Answer(question, kind=kind_of(result), modified=modified)
    value = None if result.is_meta else plain(result)
    shape = tuple(result.shape)
    return Answer(question, value, shape, result.dtype, result.device, modified=modified)


def error_words(error: BaseException | None) -> str:
    """Return an exception's type and message, shortened, even if it cannot print itself."""
    if error is None:
        return "nothing"
    words = "".join(traceback.format_exception_only(error)).strip()
    return words if len(words) <= 400 else words[:400] + " …"


def plain(tensor: Tensor) -> Tensor:
    """Return a tensor's numbers as an ordinary float64 tensor on the CPU."""
    tensor = tensor.detach().as_subclass(Tensor)
    return (tensor.real if tensor.is_complex() else tensor).to("cpu", torch.float64, copy=True)


def agree(one: Tensor | None, other: Tensor | None) -> bool:
    """Whether two answers are the same; none (raised) and one without numbers are alike."""
    if one is None or other is None or not one.numel() or not other.numel():
        return not any(answer is not None and answer.numel() for answer in (one, other))
    return one.shape == other.shape and not differs(one, other).any()


def differs(one: Tensor, other: Tensor) -> Tensor:
    """Mark the elements of two tensors of one shape that are not the same; NaN always differs."""
    return ~((one - other).abs() <= TOLERANCE)


def _same(was: Tensor, now: Tensor) -> bool:
    return was.shape == now.shape and bool((was == now).all())


def kind_of(result: Any) -> str:
    """Return in words what something that is not a tensor is."""
    if result is None:
        return "None"
    if inspect.iscoroutine(result):
        result.close()
    if isinstance(result, Tensor):
        return f"a tensor of layout {result.layout}".replace("torch.", "")
    name = type(result).__name__
    if isinstance(result, np.ndarray):
        return f"a numpy array of shape {result.shape}"
    return f"{'an' if name[0].lower() in 'aeio' else 'a'} {name}"
