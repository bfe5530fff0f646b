"""Mistakes people make when they write the cross-entropy of logits and labels.

In the code ``a`` are the arguments; the loss of row n is -log softmax(logits[n])[target[n]].
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake
from labkit.checks.banks import labels
from labkit.checks.banks.labels import each, one_hot, picked
from labkit.checks.banks.misuse import with_arguments, with_result
from labkit.checks.question import Arguments

__all__ = ["MISTAKES"]


def _naive(logits: Tensor, target: Tensor) -> Tensor:
    powers = torch.exp(logits)
    return -torch.log(picked(powers / powers.sum(1, keepdim=True), target))


def _naive_apart(logits: Tensor, target: Tensor) -> Tensor:
    return torch.log(torch.exp(logits).sum(1)) - picked(logits, target)


def _padded_log(eps: float) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda x, t: -torch.log(picked(torch.softmax(x, 1), t) + eps)


def _over_rows(op: Function, a: Arguments) -> Tensor:
    return each(lambda x, t: -picked(torch.log_softmax(x, 0), t))(op, a)


def _binary(logits: Tensor, target: Tensor) -> Tensor:
    p, y = torch.softmax(logits, 1), one_hot(logits, target)
    return F.binary_cross_entropy(p, y, reduction="none").sum(1)


SOFTMAX_TWICE = Mistake(
    "softmax_twice",
    "The softmax is applied twice, so the loss can never come near 0.",
    "Cross-entropy takes logits, the raw numbers of the last layer, and applies softmax itself.",
    {"": with_arguments(lambda a: {"logits": torch.softmax(a.logits, 1)})},
)

LOG_FORGOTTEN = Mistake(
    "log_forgotten",
    "The logarithm is forgotten.",
    "The loss of a row is -log(p) of its label, and log(p) = x - logsumexp(x).",
    {
        "Yours is -p.": each(lambda x, t: -picked(torch.softmax(x, 1), t)),
        "Yours is 1 - p.": each(lambda x, t: 1 - picked(torch.softmax(x, 1), t)),
        "Yours is p.": each(lambda x, t: picked(torch.softmax(x, 1), t)),
    },
)

SIGN_WRONG = Mistake(
    "sign_wrong",
    "The sign is wrong: a loss of probabilities is never negative, and smaller is better.",
    "Put a minus before the logarithm.",
    {"": with_result(torch.neg)},
)

OVERFLOW = Mistake(
    "overflow",
    "Large logits break it: exp overflows, or a probability rounds to 0 and its logarithm to -inf.",
    "Stay with logarithms: logits - logsumexp(logits), with the maximum subtracted first.",
    {
        "Yours takes exp of the logits as they are.": each(_naive),
        "Yours takes exp of the logits in the logarithm of the sum.": each(_naive_apart),
        "Yours takes the logarithm of the finished softmax.": each(
            lambda x, t: -torch.log(picked(torch.softmax(x, 1), t))
        ),
        "Yours adds 1e-8 to the probability, so that no loss is above 18.": each(_padded_log(1e-8)),
        "Yours adds 1e-10 to the probability, so that no loss is above 23.": each(
            _padded_log(1e-10)
        ),
        "Yours adds 1e-12 to the probability, so that no loss is above 28.": each(
            _padded_log(1e-12)
        ),
    },
)

REDUCTION_IGNORED = Mistake(
    "reduction_ignored",
    "The losses of the rows are put together in the wrong way.",
    'Return losses.mean() for reduction="mean", which is the default, and losses.sum() for "sum".',
    {
        "Yours returns the sum.": with_arguments(lambda a: {"reduction": "sum"}),
        "Yours returns the mean, whatever reduction says.": with_arguments(
            lambda a: {"reduction": "mean"}
        ),
        "Yours returns one loss for each row.": with_arguments(lambda a: {"reduction": "none"}),
    },
)

MEAN_OVER_CLASSES = Mistake(
    "mean_over_classes",
    "The mean runs over the classes too, so the loss is too small by their number.",
    "Sum over the classes (only the label's term is not zero), then take the mean over the rows.",
    {
        "": each(lambda x, t: -(one_hot(x, t) * torch.log_softmax(x, 1)).mean(1)),
        "Yours divides by the number of classes instead of rows.": lambda op, a: (
            op(a.but(reduction="sum")) / a.logits.shape[1] if a.reduction == "mean" else op(a)
        ),
    },
)

SOFTMAX_FORGOTTEN = Mistake(
    "softmax_forgotten",
    "The logits are not turned into probabilities.",
    "Subtract logsumexp of the row: log_p = x - torch.logsumexp(x, dim=1, keepdim=True).",
    {
        "Yours is -x of the label.": each(lambda x, t: -picked(x, t)),
        "Yours is -log(x) of the label.": each(lambda x, t: -torch.log(picked(x, t))),
        "Yours is the logarithm of the sigmoid.": each(lambda x, t: -F.logsigmoid(picked(x, t))),
    },
)

WRONG_AXIS = Mistake(
    "wrong_axis",
    "The softmax runs down the batch instead of along the classes.",
    "Each row is one example: use dim=1 (or -1).",
    {"": _over_rows},
)

WRONG_BASE = Mistake(
    "wrong_base",
    "The logarithm has another base than e.",
    "Use torch.log, or log_softmax.",
    {
        "Yours has base 2: the loss is in bits.": with_result(
            lambda loss: loss / 0.6931471805599453
        ),
        "Yours has base 10.": with_result(lambda loss: loss / 2.302585092994046),
    },
)

OTHER_LOSS = Mistake(
    "other_loss",
    "That is another loss.",
    "Cross-entropy is -log of the label's probability, and nothing is taken of the others.",
    {
        "Yours is the squared error of the probabilities, summed.": each(
            lambda x, t: (torch.softmax(x, 1) - one_hot(x, t)).square().sum(1)
        ),
        "Yours is the mean squared error of the probabilities.": each(
            lambda x, t: (torch.softmax(x, 1) - one_hot(x, t)).square().mean(1)
        ),
        "Yours adds the binary cross-entropies of all classes.": each(_binary),
        "Yours is the entropy of the prediction; the label is not in it.": each(
            lambda x, t: -(torch.softmax(x, 1) * torch.log_softmax(x, 1)).sum(1)
        ),
        "Yours is exp of the cross-entropy, the perplexity.": with_result(torch.exp),
    },
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    SOFTMAX_TWICE,
    SIGN_WRONG,
    REDUCTION_IGNORED,
    OVERFLOW,
    LOG_FORGOTTEN,
    MEAN_OVER_CLASSES,
    labels.WRONG_CLASS,
    SOFTMAX_FORGOTTEN,
    WRONG_AXIS,
    labels.IGNORE_INDEX_IGNORED,
    labels.SMOOTHING_WRONG,
    WRONG_BASE,
    OTHER_LOSS,
)
