"""Check a learner's binary cross-entropy: what it is asked, and how a loss comes about."""

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.banks.binary_cross_entropy import MISTAKES
from labkit.checks.banks.positive_weight import weight_of
from labkit.checks.examine import examine
from labkit.checks.numbers import Numbers
from labkit.checks.properties import equals, missing
from labkit.checks.question import (
    Arguments,
    Derivation,
    Operation,
    Question,
    Result,
    ShapeRule,
    Trait,
    parameter,
)
from labkit.checks.verdict import Verdict
from labkit.checks.writing import number, terms

__all__ = ["BINARY_CROSS_ENTROPY_WITH_LOGITS", "binary_cross_entropy_with_logits"]


def binary_cross_entropy_with_logits(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is the binary cross-entropy of logits and targets.

    The function takes ``(logits, target)`` of one shape, and any of ``pos_weight`` and
    ``reduction`` ("mean", "sum" or "none").

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> def my_loss(logits, target):
    ...     p = torch.sigmoid(logits)
    ...     return -(target * p.log() + (1 - target) * (1 - p).log()).mean()
    >>> check.binary_cross_entropy_with_logits(my_loss).mistake
    'overflow'
    """
    return examine(function, BINARY_CROSS_ENTROPY_WITH_LOGITS, timeout=timeout)


def _question(
    about: str,
    *shape: int,
    soft: bool = False,
    weights: tuple[float, ...] = (),
    probe: bool = False,
    **options: str,
) -> Question:
    numbers = Numbers(about)
    logits = 2 * numbers.quarters(*shape)
    target = numbers.positive(*shape) if soft else numbers.booleans(*shape).float()
    given = Arguments(logits=logits, target=target, **options)
    if weights:
        given["pos_weight"] = torch.tensor(weights, device="cpu")
    return Question(about, given, probe)


def _given(about: str, logits: list[float], target: list[float]) -> Question:
    given = (torch.tensor(values, device="cpu") for values in (logits, target))
    return Question(about, Arguments(zip(("logits", "target"), given, strict=True)))


_QUESTIONS = (
    _given("one yes", [0.5], [1.0]),
    _given("one no", [0.5], [0.0]),
    _given("a yes and a no", [2.0, -1.5], [1.0, 0.0]),
    _question("a batch", 3, probe=True),
    _question("two answers for each", 3, 2),
    _question("three answers for each of two", 2, 3),
    _given("undecided", [0.0, 0.0], [1.0, 0.0]),
    _question("targets between", 3, soft=True, probe=True),
    _given("sure and right", [20.0, -30.0], [1.0, 0.0]),
    _given("sure and wrong", [-35.0, 40.0, 1.0], [1.0, 0.0, 1.0]),
    _given("large logits", [1000.0, 300.0], [1.0, 1.0]),
    _given("large negative logits", [-1000.0, -200.0], [0.0, 0.0]),
    _given("large and wrong", [-200.0, 1000.0], [1.0, 0.0]),
    _question("the summed losses", 2, 2, reduction="sum"),
    _question("one loss for each number", 3, 2, reduction="none", probe=True),
    _given("only yes", [1.0, -0.5], [1.0, 1.0]),
    _question("yes counts more", 2, 3, weights=(3.0,)),
    _question("a weight for each column", 3, 2, weights=(2.0, 0.5)),
    _question("weighted targets between", 2, 2, soft=True, weights=(4.0,)),
    _question("weighted, summed", 3, 2, weights=(0.25, 3.0), reduction="sum"),
)


def _reference(a: Arguments) -> Tensor:
    # Targets are given, not learned: whether a gradient reaches them is not asked. Nor are
    # gradients asked with pos_weight, of which PyTorch has none.
    return F.binary_cross_entropy_with_logits(
        a.logits, a.target.detach(), pos_weight=a.pos_weight, reduction=a.reduction
    )


def _derive(a: Arguments, index: tuple[int, ...]) -> Derivation:
    losses = _reference(a.copied(dtype=torch.float64).but(reduction="none"))
    if index:
        return _derive_loss(a, index, float(losses[index]))
    total, written = float(losses.sum()), terms(losses.flatten().tolist())
    if a.reduction == "mean":
        total, written = total / losses.numel(), f"({written}) / {losses.numel()}"
    first = (0,) * losses.dim()
    one = _derive_loss(a, first, float(losses[first]))
    source = f"the first loss is {one.shown} = {number(one.total)}, of {one.source}"
    return Derivation(total, shown=written, source=source)


def _derive_loss(a: Arguments, index: tuple[int, ...], loss: float) -> Derivation:
    x, t = float(a.logits[index]), float(a.target[index])
    w = float(weight_of(a).expand(a.logits.shape)[index])
    parts = [(w * t, f"log(1 + exp({number(-x)}))"), (1 - t, f"log(1 + exp({number(x)}))")]
    shown = [log if share == 1 else f"{number(share)}*{log}" for share, log in parts if share]
    weight = "" if a.pos_weight is None else f" and weight {number(w)}"
    source = f"logit {number(x)} with target {number(t)}{weight}; log(1 + exp(-x)) is -log(s)"
    return Derivation(loss, shown=" + ".join(shown), source=source)


def _one_for_each_number(a: Arguments, expected: tuple[int, ...], got: tuple[int, ...]) -> bool:
    return not expected and got == tuple(a.logits.shape)


def _below(limit: int) -> Trait:
    def holds(a: Arguments) -> bool:
        return bool(a.logits.abs().max() < limit)

    return Trait(f"logits are below {limit}", "one is larger", holds, "overflow")


def _mild(a: Arguments) -> bool:
    return bool((_reference(a.but(reduction="none", pos_weight=None)) < 8).all())


BINARY_CROSS_ENTROPY_WITH_LOGITS = Operation(
    name="binary_cross_entropy_with_logits",
    parameters=(
        parameter("logits", "logit x xs input inputs z scores prediction pred output y_hat",
                  required=True),
        parameter("target", "targets t y label labels y_true truth", required=True),
        parameter("pos_weight", "positive_weight pw w_pos weight_pos",
                  stands_for_none=lambda a: a.logits.new_ones(1)),
        parameter("reduction", "reduce reduct mode", default="mean"),
    ),
    questions=_QUESTIONS,
    reference=_reference,
    results=(Result("output", (), _derive),),
    mistakes=MISTAKES,
    traits=(
        _below(100),
        _below(15),
        Trait("every loss is below 8", "one is larger", _mild, "overflow"),
        Trait("reduction is mean", "it is not", equals("reduction", "mean"), "reduction_ignored"),
        Trait("pos_weight is None", "it is given", missing("pos_weight"), "pos_weight_wrong"),
        Trait(
            "every target is 0 or 1",
            "one is between them",
            lambda a: bool(((a.target == 0) | (a.target == 1)).all()),
            "target_rounded",
        ),
        Trait("there is one logit", "there are more", lambda a: a.logits.numel() == 1),
        Trait("logits have one axis", "they have two", lambda a: a.logits.dim() == 1),
    ),
    shape_rules=(ShapeRule("reduction_ignored", _one_for_each_number),),
)  # fmt: skip
