"""Check a learner's cross-entropy: the questions it is asked, and how a loss comes about."""

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.banks.losses import MISTAKES
from labkit.checks.examine import examine
from labkit.checks.numbers import Numbers
from labkit.checks.properties import equals
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
from labkit.checks.writing import factor, number, terms

__all__ = ["CROSS_ENTROPY", "cross_entropy"]


def cross_entropy(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is the cross-entropy of logits and labels.

    The function takes ``(logits, target)``, of the shapes (batch, classes) and (batch,), and any of
    ``ignore_index``, ``label_smoothing`` and ``reduction`` ("mean", "sum" or "none").

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> check.cross_entropy(lambda x, t: F.cross_entropy(x.softmax(1), t)).mistake
    'softmax_twice'
    """
    return examine(function, CROSS_ENTROPY, timeout=timeout)


def _question(
    about: str,
    rows: int,
    classes: int,
    *,
    probe: bool = False,
    labels: tuple[int, ...] = (),
    **options: float | int | str,
) -> Question:
    numbers = Numbers(about)
    logits = 2 * numbers.quarters(rows, classes)
    target = torch.tensor(labels, device="cpu") if labels else numbers.labels(classes, rows)
    return Question(about, Arguments(logits=logits, target=target, **options), probe)


def _large(about: str, logits: list[list[float]], labels: list[int]) -> Question:
    given = (torch.tensor(values, device="cpu") for values in (logits, labels))
    return Question(about, Arguments(zip(("logits", "target"), given, strict=True)))


_QUESTIONS = (
    _question("one row of two classes", 1, 2, labels=(1,)),
    _question("one row of three classes", 1, 3, labels=(2,)),
    _question("two rows", 2, 3, labels=(2, 0), probe=True),
    _question("as many rows as classes", 3, 3, labels=(1, 1, 0)),
    _question("more rows than classes", 5, 2, labels=(0, 1, 1, 0, 1)),
    _question("many classes", 2, 6, labels=(4, 3)),
    _large("large logits", [[1000.0, 990.0, 1001.0], [0.0, 2.0, 1.0]], [0, 1]),
    _large("large and wrong", [[200.0, 0.0, -2.0], [1.0, 35.0, 0.5]], [1, 2]),
    _large("large negative logits", [[-1000.0, -1002.0]], [1]),
    _question("the sum", 3, 4, labels=(3, 0, 1), reduction="sum"),
    _question("one loss for each row", 3, 2, labels=(0, 1, 1), reduction="none", probe=True),
    _question("a label to ignore", 3, 3, labels=(2, -1, 0), ignore_index=-1),
    _question("class 0 to ignore", 4, 3, labels=(0, 2, 0, 1), ignore_index=0, probe=True),
    _question("ignored in a sum", 3, 3, labels=(1, 2, 1), ignore_index=2, reduction="sum"),
    _question("smoothed labels", 2, 3, labels=(1, 0), label_smoothing=0.25),
    _question("smoothed labels of many classes", 3, 5, labels=(4, 0, 2), label_smoothing=0.5),
    _question("smoothed, summed", 2, 4, labels=(1, 3), label_smoothing=0.25, reduction="sum"),
)


def _reference(a: Arguments) -> Tensor:
    return F.cross_entropy(
        a.logits,
        a.target,
        ignore_index=a.ignore_index,
        label_smoothing=a.label_smoothing,
        reduction=a.reduction,
    )


def _derive(a: Arguments, index: tuple[int, ...]) -> Derivation:
    losses = _reference(a.but(reduction="none", logits=a.logits.double()))
    if index:
        return _derive_row(a, index[0], float(losses[index]))
    kept = losses[a.target != a.ignore_index]
    total, written = float(kept.sum()), terms(kept.tolist())
    if a.reduction == "mean":
        total, written = total / len(kept), f"({written}) / {len(kept)}"
    first = int((a.target != a.ignore_index).nonzero()[0])
    row = _derive_row(a, first, float(losses[first]))
    source = f"the loss of row {first} is {row.shown} = {number(row.total)}"
    return Derivation(total, shown=written, source=source)


def _derive_row(a: Arguments, n: int, loss: float) -> Derivation:
    label, row = int(a.target[n]), a.logits[n].double()
    if label == a.ignore_index:
        return Derivation(0.0, source=f"label {label} is ignored")
    rest = torch.logsumexp(row, 0)
    if a.label_smoothing:
        shares = torch.full_like(row, a.label_smoothing / len(row))
        shares[label] += 1 - a.label_smoothing
        products = [
            f"{number(s)}*({number(rest)} - {factor(x)})" for s, x in zip(shares, row, strict=True)
        ]
        return Derivation(loss, shown=" + ".join(products), source=f"row {n}, {number(rest)} = "
                          "log of the sum of exp")  # fmt: skip
    powers = " + ".join(f"exp({number(x)})" for x in row)
    return Derivation(
        loss,
        shown=f"log({powers}) - {factor(row[label])}",
        source=f"row {n}, whose label is class {label}",
    )


def _one_for_each_row(a: Arguments, expected: tuple[int, ...], got: tuple[int, ...]) -> bool:
    return not expected and got == (len(a.target),)


def _largest(a: Arguments) -> float:
    return float(a.logits.abs().max())


def _mild(a: Arguments) -> bool:
    return bool((_reference(a.but(reduction="none")) < 15).all())


CROSS_ENTROPY = Operation(
    name="cross_entropy",
    parameters=(
        parameter("logits", "logit x xs input inputs z scores prediction pred output y_hat",
                  required=True),
        parameter("target", "targets t y label labels y_true truth classes", required=True),
        parameter("ignore_index", "ignore ignored pad_index padding_idx", default=-100),
        parameter("label_smoothing", "smoothing eps epsilon alpha", default=0.0),
        parameter("reduction", "reduce reduct mode", default="mean"),
    ),
    questions=_QUESTIONS,
    reference=_reference,
    results=(Result("output", (), _derive),),
    mistakes=MISTAKES,
    traits=(
        Trait("logits are below 100", "one is larger", lambda a: _largest(a) < 100, "overflow"),
        Trait("the loss of each row is below 15", "one is larger", _mild, "overflow"),
        Trait("reduction is mean", "it is not", equals("reduction", "mean"), "reduction_ignored"),
        Trait(
            "no label is ignored",
            "one is",
            lambda a: bool((a.target != a.ignore_index).all()),
            "ignore_index_ignored",
        ),
        Trait("label_smoothing is 0", "it is not", equals("label_smoothing", 0.0)),
        Trait("there is one row", "there are more", lambda a: len(a.target) == 1),
    ),
    shape_rules=(ShapeRule("reduction_ignored", _one_for_each_row),),
)  # fmt: skip
