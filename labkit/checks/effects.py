"""What can be wrong besides the numbers: arguments changed, device, dtype, gradients."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from labkit.checks.answer import Answer, ask, error_words, results_of
from labkit.checks.bank import Finding, Function, evaluate
from labkit.checks.comparison import differs, parts, plain
from labkit.checks.question import Arguments, Operation, Question
from labkit.checks.signature import Reading
from labkit.checks.worker import Outcome, Worker

__all__ = ["changed_arguments", "other_device", "other_dtype", "other_gradient"]


def changed_arguments(answers: Sequence[Answer]) -> list[Finding]:
    """Find arguments that are not what they were before the call."""
    names = sorted({name for answer in answers for name in answer.modified})
    if not names:
        return []
    return [
        Finding(
            "input_modified",
            f"Your function changes {_listed(names)} in place: afterwards the caller's tensor "
            "holds other numbers.",
            "Work on a copy (x.clone()) or build a new tensor (F.pad, x.new_zeros).",
        )
    ]


def other_device(
    function: Callable, question: Question, reading: Reading, worker: Worker,
    answers: Sequence[Answer],
) -> list[Finding]:  # fmt: skip
    """Find results that do not lie where the input lies."""
    away = [a.device for a in answers if a.device is not None and a.device.type != "cpu"]
    if away:
        return [_device_finding(f"The result is on {away[0]}, the input on the CPU.")]
    accelerator = torch.accelerator.current_accelerator() if _has_accelerator() else None
    if accelerator is None:
        return []
    answer = ask(function, question, reading, worker, device=accelerator)
    if answer.device is not None and answer.device.type == accelerator.type:
        return []
    where = (
        f"raises {error_words(answer.error)}"
        if answer.device is None
        else f"answers on {answer.device}"
    )
    return [_device_finding(f"For tensors on {accelerator} your function {where}.")]


def _has_accelerator() -> bool:
    return torch.accelerator.is_available()


def _device_finding(says: str) -> Finding:
    repair = "Make new tensors beside x: x.new_zeros(...), or torch.zeros(..., device=x.device)."
    return Finding("wrong_device", says, repair)


def other_dtype(
    function: Callable, question: Question, reading: Reading, worker: Worker,
    answers: Sequence[Answer],
) -> list[Finding]:  # fmt: skip
    """Find results of another dtype than the input, for float32 and for float64."""
    lost = [a for a in answers if a.dtype not in (None, a.question.dtype)]
    if lost:
        given, got = _short(lost[0].question.dtype), _short(lost[0].dtype)
        return [_dtype_finding(f"For {given} tensors the result is {got}.")]
    answer = ask(function, question, reading, worker, dtype=torch.float64)
    if answer.dtype == torch.float64 or answer.too_slow:
        return []
    if answer.error is not None:
        return [
            _dtype_finding(f"For float64 tensors your function raises {error_words(answer.error)}")
        ]
    return [_dtype_finding(f"For float64 tensors the result is {_short(answer.dtype)}.")]


def _dtype_finding(says: str) -> Finding:
    repair = "Make new tensors like x: x.new_zeros(...), or torch.zeros(..., dtype=x.dtype)."
    return Finding("wrong_dtype", f"The dtype is lost. {says}", repair, secondary=True)


def _short(dtype: torch.dtype | None) -> str:
    return str(dtype).removeprefix("torch.")


def other_gradient(
    function: Callable, question: Question, reading: Reading, worker: Worker,
    operation: Operation, stand_in: Function | None,
) -> list[Finding]:  # fmt: skip
    """Find gradients that are cut or wrong.

    ``stand_in`` is a function with the same numbers: the operation itself, a wrong variant of it,
    or none if no such function is known.
    """
    args = question.arguments.copied()
    outcome = worker.run(lambda: _gradients(_called(function, reading), args))
    if outcome.too_slow:
        return []
    if outcome.error is not None:
        return [_raised(outcome)]
    got = outcome.value
    known = None if stand_in is None else evaluate(stand_in, question, operation)
    # Where numbers are NaN already, gradients have nothing to add.
    if known is None or not all(t.isfinite().all() for t in parts(known)):
        return [_cut(list(got))] if all(g is None for g in got.values()) else []
    right = _gradients(lambda a: stand_in(operation.complete(a)), question.arguments.copied())
    cut = [name for name, g in got.items() if g is None and right[name] is not None]
    if cut:
        return [_cut(cut)]
    wrong = [n for n, g in got.items() if g is not None and not _close(g, right[n])]
    return [_wrong(wrong[0], got[wrong[0]], right[wrong[0]])] if wrong else []


def _called(function: Callable, reading: Reading) -> Callable[[Arguments], Any]:
    def call(arguments: Arguments) -> Any:
        args, kwargs = reading.bind(arguments)
        return results_of(function(*args, **kwargs), reading) or []

    return call


def _gradients(function: Callable[[Arguments], Any], given: Arguments) -> dict[str, Tensor | None]:
    floats = {k: t for k, t in given.tensors().items() if t.is_floating_point()}
    leaves = {k: t.requires_grad_() for k, t in floats.items()}
    with torch.enable_grad():
        result = function(given)
    several = result if isinstance(result, list | tuple) else [result]
    results = [r for r in several if isinstance(r, Tensor) and r.requires_grad]
    if not results:
        return dict.fromkeys(leaves)
    seeds = [_weights(r) for r in results]
    grads = torch.autograd.grad(results, list(leaves.values()), seeds, allow_unused=True)
    return {k: None if g is None else plain(g) for k, g in zip(leaves, grads, strict=True)}


def _weights(result: Tensor) -> Tensor:
    """Weigh every number differently, or a gradient that mixes them up would look right."""
    weights = torch.arange(result.numel(), device=result.device).remainder(7) - 3.5
    return weights.to(result.dtype).reshape(result.shape)


def _close(one: Tensor, other: Tensor | None) -> bool:
    return other is None or (one.shape == other.shape and not differs(one, other).any())


def _cut(names: list[str]) -> Finding:
    return Finding(
        "gradient_cut",
        f"The gradient is cut: autograd finds no way from the result back to {_listed(names)}.",
        "Stay with tensors all the way: .detach(), .data, .item(), .numpy(), torch.tensor(...) and "
        "torch.no_grad() leave the graph.",
        secondary=True,
    )


def _raised(outcome: Outcome) -> Finding:
    return Finding(
        "gradient_cut",
        f"The gradient is cut: asking for it ends in {error_words(outcome.error)}",
        "Stay with tensors all the way (.numpy() leaves the graph); write into new tensors only.",
        secondary=True,
    )


def _wrong(name: str, got: Tensor | None, right: Tensor | None) -> Finding:
    assert got is not None
    assert right is not None
    index = tuple(differs(got, right).nonzero()[0].tolist())
    return Finding(
        "wrong_gradient",
        f"The result is right, its gradient with respect to {name} is not: at {name}{list(index)} "
        f"it should be {right[index]:.6g}, yours is {got[index]:.6g}.",
        "Look for a step that autograd does not see: a .detach() on the way, a custom backward.",
        secondary=True,
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
