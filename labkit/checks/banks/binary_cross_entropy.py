"""Mistakes people make when they write the binary cross-entropy of logits.

In the code ``a`` are the arguments, x a logit, t its target, w the weight of a "yes" and s the
sigmoid of x; the loss is -w t log(s) - (1 - t) log(1 - s).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Mistake, Variant
from labkit.checks.banks.misuse import with_arguments, with_result
from labkit.checks.banks.positive_weight import POS_WEIGHT_WRONG, counted, of_numbers
from labkit.checks.banks.reductions import REDUCTION_IGNORED

__all__ = ["MISTAKES"]


def _by_probability(log_yes: Callable, log_no: Callable) -> Variant:
    """Make a variant that takes its logarithms of the finished sigmoid."""

    def loss(x: Tensor, t: Tensor, w: Tensor) -> Tensor:
        p = torch.sigmoid(x)
        return -w * t * log_yes(p) - (1 - t) * log_no(1 - p)

    return of_numbers(loss)


def _padded(eps: float) -> Variant:
    return _by_probability(lambda p: torch.log(p + eps), lambda q: torch.log(q + eps))


def _clamped(x: Tensor, t: Tensor, w: Tensor) -> Tensor:
    p = torch.sigmoid(x).clamp(1e-7, 1 - 1e-7)
    return -w * t * torch.log(p) - (1 - t) * torch.log(1 - p)


def _floored(p: Tensor) -> Tensor:
    return torch.log(p).clamp(min=-100)


def _log_of_softmax(x: Tensor, t: Tensor, w: Tensor) -> Tensor:
    p = torch.softmax(x, -1)
    return -w * t * torch.log(p) - (1 - t) * torch.log(1 - p)


SIGMOID_TWICE = Mistake(
    "sigmoid_twice",
    "The sigmoid is applied twice, so the loss can never come near 0.",
    "Logits are the raw numbers of the last layer: apply one sigmoid, inside the loss.",
    {"": with_arguments(lambda a: {"logits": torch.sigmoid(a.logits)})},
)

SIGMOID_FORGOTTEN = Mistake(
    "sigmoid_forgotten",
    "The logits are not turned into probabilities by a sigmoid.",
    "Use log(sigmoid(x)) for yes and log(sigmoid(-x)), which is log(1 - sigmoid(x)), for no.",
    {
        "Yours takes the logarithm of the logits: of a negative one that is NaN.": of_numbers(
            lambda x, t, w: -w * t * torch.log(x) - (1 - t) * torch.log(1 - x)
        ),
        "Yours has the logits where the logarithms belong.": of_numbers(
            lambda x, t, w: -w * t * x - (1 - t) * (1 - x)
        ),
        "Yours takes a softmax, which makes the answers of a row compete.": of_numbers(
            _log_of_softmax
        ),
        "Yours takes tanh, whose negative values have no logarithm.": of_numbers(
            lambda x, t, w: -w * t * torch.tanh(x).log() - (1 - t) * (1 - torch.tanh(x)).log()
        ),
    },
)

OVERFLOW = Mistake(
    "overflow",
    "Large logits break it: exp overflows, or a sigmoid rounds to 0 or 1 and its logarithm is "
    "-inf.",
    "Stay with the logits: x.clamp(min=0) - x * target + log1p(exp(-x.abs())), or F.logsigmoid.",
    {
        "Yours takes the logarithm of the finished sigmoid.": _by_probability(torch.log, torch.log),
        "Yours takes exp(x) as it is.": of_numbers(
            lambda x, t, w: (1 + (w - 1) * t) * torch.log(1 + torch.exp(x)) - w * t * x
        ),
        "Yours takes exp(-x) as it is.": of_numbers(
            lambda x, t, w: (1 - t) * x + (1 + (w - 1) * t) * torch.log(1 + torch.exp(-x))
        ),
        "Yours takes exp(x) for no and exp(-x) for yes; 0 * inf is NaN.": of_numbers(
            lambda x, t, w: (
                w * t * torch.log(1 + torch.exp(-x)) + (1 - t) * torch.log(1 + torch.exp(x))
            )
        ),
        "Yours hands the sigmoid to a function that lets no logarithm be below -100: no loss is "
        "above 100.": _by_probability(_floored, _floored),
        "Yours adds 1e-7 to the probability, so that no loss is above 16.": _padded(1e-7),
        "Yours adds 1e-8 to the probability, so that no loss is above 18.": _padded(1e-8),
        "Yours adds 1e-10 to the probability, so that no loss is above 23.": _padded(1e-10),
        "Yours adds 1e-12 to the probability, so that no loss is above 28.": _padded(1e-12),
        "Yours clamps the probability to 1e-7 and 1 - 1e-7.": of_numbers(_clamped),
    },
)

SIGN_WRONG = Mistake(
    "sign_wrong",
    "A sign is wrong: logarithms of probabilities are negative, a loss is not.",
    "Put one minus before the whole: -(t * log(s) + (1 - t) * log(1 - s)).",
    {
        "Yours has no minus.": with_result(torch.neg),
        "Your minus holds for the first term only: the bracket around both is missing.": counted(
            lambda t, w: t * w, lambda t, w: t - 1
        ),
        "Your two terms are subtracted, not added.": counted(
            lambda t, w: -t * w, lambda t, w: 1 - t
        ),
    },
)

TERM_FORGOTTEN = Mistake(
    "term_forgotten",
    "One of the two terms is missing: a network that always gives the same answer gets no loss.",
    "Add both: t * log(s) speaks where the truth is yes, (1 - t) * log(1 - s) where it is no.",
    {
        "Yours has no loss where the truth is no.": counted(lambda t, w: t * w, lambda t, w: 0 * t),
        "Yours has no loss where the truth is yes.": counted(
            lambda t, w: 0 * t, lambda t, w: 1 - t
        ),
    },
)

TARGET_SWAPPED = Mistake(
    "target_swapped",
    "Yes and no are swapped: the loss is small where the answer is wrong.",
    "Multiply log(sigmoid(x)) by the target, and log(1 - sigmoid(x)) by 1 - target.",
    {
        "": with_arguments(lambda a: {"logits": -a.logits}),
        "Yours has 1 - target in the place of target.": with_arguments(
            lambda a: {"target": 1 - a.target}
        ),
    },
)

TERM_WRONG = Mistake(
    "term_wrong",
    "The second term is not that of no.",
    "It is (1 - t) * log(1 - s): what is left of the target, times the log of what is left of s.",
    {
        "Yours has log(s) in both terms.": counted(lambda t, w: t * w + 1 - t, lambda t, w: 0 * t),
        "Yours has the target in both terms.": counted(lambda t, w: t * w, lambda t, w: t),
        "Yours has 1 - log(s) in the place of log(1 - s).": of_numbers(
            lambda x, t, w: -w * t * F.logsigmoid(x) - (1 - t) * (1 - F.logsigmoid(x))
        ),
        "Yours has -log(s) in the place of log(1 - s).": counted(
            lambda t, w: t * w - (1 - t), lambda t, w: 0 * t
        ),
        "Yours forgets 1 - t: -log(1 - s) is always added.": counted(
            lambda t, w: t * w, lambda t, w: torch.ones_like(t)
        ),
    },
)

LOG_FORGOTTEN = Mistake(
    "log_forgotten",
    "The logarithm is forgotten.",
    "The loss is -log of the probability of the truth: it grows without end.",
    {
        "Yours is -(t * s + (1 - t) * (1 - s)).": of_numbers(
            lambda x, t, w: -w * t * torch.sigmoid(x) - (1 - t) * torch.sigmoid(-x)
        ),
        "Yours is t * (1 - s) + (1 - t) * s.": of_numbers(
            lambda x, t, w: w * t * torch.sigmoid(-x) + (1 - t) * torch.sigmoid(x)
        ),
    },
)

TARGET_ROUNDED = Mistake(
    "target_rounded",
    "A target between 0 and 1 is taken for a whole yes or no.",
    "Use it as a number: t * log(s) + (1 - t) * log(1 - s).",
    {
        "Yours asks whether it is 1.": with_arguments(lambda a: {"target": 1.0 * (a.target == 1)}),
        "Yours asks whether it is above 0.5.": with_arguments(
            lambda a: {"target": 1.0 * (a.target > 0.5)}
        ),
        "Yours asks whether it is above 0.": with_arguments(
            lambda a: {"target": 1.0 * (a.target > 0)}
        ),
    },
)

WRONG_BASE = Mistake(
    "wrong_base",
    "The logarithm has another base than e.",
    "Use torch.log, or F.logsigmoid.",
    {
        "Yours has base 2: the loss is in bits.": with_result(lambda loss: loss / 0.69314718),
        "Yours has base 10.": with_result(lambda loss: loss / 2.30258509),
    },
)

OTHER_LOSS = Mistake(
    "other_loss",
    "That is another loss.",
    "Binary cross-entropy is -log of the probability that the network gave to the truth.",
    {
        "Yours is the squared error of the probabilities.": of_numbers(
            lambda x, t, w: (torch.sigmoid(x) - t) ** 2
        ),
        "Yours is the squared error of the logits.": of_numbers(lambda x, t, w: (x - t) ** 2),
        "Yours is the distance of the probability from the target.": of_numbers(
            lambda x, t, w: (torch.sigmoid(x) - t).abs()
        ),
        "Yours is that of targets -1 and 1: log(1 + exp(-t * x)).": of_numbers(
            lambda x, t, w: F.softplus(-t * x)
        ),
        "Yours is the hinge of a support vector machine.": of_numbers(
            lambda x, t, w: (1 - (2 * t - 1) * x).relu()
        ),
        "Yours is the entropy of the prediction; the target is not in it.": of_numbers(
            lambda x, t, w: F.binary_cross_entropy_with_logits(x, x.sigmoid(), reduction="none")
        ),
        "Yours is exp of it.": with_result(torch.exp),
    },
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    SIGMOID_TWICE,
    SIGN_WRONG,
    OVERFLOW,
    REDUCTION_IGNORED,
    TERM_FORGOTTEN,
    TARGET_SWAPPED,
    TERM_WRONG,
    SIGMOID_FORGOTTEN,
    POS_WEIGHT_WRONG,
    LOG_FORGOTTEN,
    TARGET_ROUNDED,
    WRONG_BASE,
    OTHER_LOSS,
)
