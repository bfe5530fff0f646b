"""Put one question to a learner's function and keep everything that can be seen of the answer."""

import inspect
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from labkit.checks.comparison import Values, agree, plain
from labkit.checks.question import Arguments, Operation, Question
from labkit.checks.signature import Reading
from labkit.checks.worker import Worker

__all__ = ["Answer", "adapt", "ask", "error_words", "kind_of", "probe", "results_of"]


@dataclass(frozen=True)
class Answer:
    """What a function made of one question.

    Attributes
    ----------
    value
        Its result as a plain float64 tensor on the CPU, or a tuple of such if the operation has
        several; none if it has none that can be read.
    shape, dtype, device
        Of the result as it came; none if that was no tensor. Of several, the first one whose
        dtype or device is not the arguments'.
    kind
        The type of the result, in words, if it was not what the operation returns.
    error
        What the function raised.
    modified
        Names of the arguments that are not what they were.
    """

    question: Question
    value: Values | None = None
    shape: tuple | None = None
    dtype: torch.dtype | None = None
    device: torch.device | None = None
    kind: str | None = None
    error: BaseException | None = None
    too_slow: bool = False
    modified: tuple[str, ...] = ()

    def agrees(self, expected: Values | None) -> bool:
        """Whether this is the right answer."""
        return agree(self.value, expected, self.question.tolerance)


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
    for bundle in operation.bundles:
        if bundle.name in reading.bundles and not kept.keys().isdisjoint(bundle.members):
            complete = operation.complete(kept)
            kept |= {name: complete[name] for name in bundle.members}
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
    asked = replace(question, arguments=before)
    outcome = worker.run(lambda: _describe(function(*args, **kwargs), asked, given, reading))
    if outcome.value is None:
        return Answer(question, error=outcome.error, too_slow=outcome.too_slow)
    return replace(outcome.value, question=question)


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


def _describe(result: Any, asked: Question, after: Arguments, reading: Reading) -> Answer:
    now = after.tensors()
    modified = tuple(k for k, was in asked.arguments.tensors().items() if not _same(was, now[k]))
    tensors = results_of(result, reading)
    if tensors is None:
        return Answer(asked, kind=kind_of(result), modified=modified)
    value = None if any(t.is_meta for t in tensors) else plain(tensors)
    shape = tuple(tuple(t.shape) for t in tensors)
    if reading.results == 1:
        (value,), (shape,) = value or (None,), shape
    dtype, device = _odd_dtype(tensors, asked), _odd_device(tensors, asked)
    return Answer(asked, value, shape, dtype, device, modified=modified)


def results_of(given: Any, reading: Reading) -> list[Tensor] | None:
    """Return what a function returned as so many ordinary tensors, or none if it is not that."""
    if reading.may_return_more and isinstance(given, list | tuple):
        given = next(iter(given), None)
    tensors = [given] if reading.results == 1 else list(_flat(given))
    if len(tensors) != reading.results:
        return None
    ordinary = all(isinstance(t, Tensor) and t.layout is torch.strided for t in tensors)
    return tensors if ordinary else None


def _flat(given: Any) -> Iterator[Any]:
    """Yield what is in nested tuples: (output, (h, c)) is as good as (output, h, c)."""
    if isinstance(given, list | tuple):
        for one in given:
            yield from _flat(one)
    else:
        yield given


def _odd_dtype(tensors: list[Tensor], asked: Question) -> torch.dtype:
    # Of several results some may count, as indices do; of one, integers are a loss.
    dtypes = [t.dtype for t in tensors if t.is_floating_point()] or [t.dtype for t in tensors]
    return next((d for d in dtypes if d != asked.dtype), dtypes[0])


def _odd_device(tensors: list[Tensor], asked: Question) -> torch.device:
    given = {t.device for t in asked.arguments.tensors().values()}
    return next((t.device for t in tensors if t.device not in given), tensors[0].device)


def error_words(error: BaseException | None) -> str:
    """Return an exception's type and message, shortened, even if it cannot print itself."""
    if error is None:
        return "nothing"
    words = "".join(traceback.format_exception_only(error)).strip()
    return words if len(words) <= 400 else words[:400] + " …"


def _same(was: Tensor, now: Tensor) -> bool:
    return was.shape == now.shape and bool((was == now).all())


def kind_of(result: Any) -> str:
    """Return in words what something that is not a tensor is."""
    if result is None:
        return "None"
    if inspect.iscoroutine(result):
        result.close()
    if isinstance(result, Tensor):
        if result.layout is torch.strided:
            return "one tensor"
        return f"a tensor of layout {result.layout}".replace("torch.", "")
    name = type(result).__name__
    if isinstance(result, list | tuple) and any(isinstance(t, Tensor) for t in result):
        return f"a {name} of {len(result)}"
    if isinstance(result, np.ndarray):
        return f"a numpy array of shape {result.shape}"
    return f"{'an' if name[0].lower() in 'aeio' else 'a'} {name}"
