import math

import pytest
import torch

from labkit.checks.banks import binary_cross_entropy as bank
from labkit.checks.binary_cross_entropy import BINARY_CROSS_ENTROPY_WITH_LOGITS as OPERATION
from labkit.checks.question import Arguments

# The sigmoid of log(3) is 3/4, that of -log(2) is 1/3.
ASKED = Arguments(
    logits=torch.tensor([math.log(3), -math.log(2)]),
    target=torch.tensor([1.0, 0.0]),
    pos_weight=None,
    reduction="mean",
)
YES, NO = -math.log(3 / 4), -math.log(2 / 3)


def made(mistake, particular="", **options):
    return mistake.variants[particular](OPERATION.reference, ASKED.but(**options)).tolist()


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


WORKED = {
    ("SIGMOID_TWICE", ""): -(math.log(sigmoid(3 / 4)) + math.log(1 - sigmoid(1 / 3))) / 2,
    ("SIGN_WRONG", "Yours has no minus."): -(YES + NO) / 2,
    (
        "SIGN_WRONG",
        "Your minus holds for the first term only: the bracket around both is missing.",
    ): (YES - NO) / 2,
    ("TERM_FORGOTTEN", "Yours has no loss where the truth is no."): YES / 2,
    ("TERM_FORGOTTEN", "Yours has no loss where the truth is yes."): NO / 2,
    ("TARGET_SWAPPED", ""): -(math.log(1 / 4) + math.log(1 / 3)) / 2,
    ("TERM_WRONG", "Yours has log(s) in both terms."): -(math.log(3 / 4) + math.log(1 / 3)) / 2,
    ("TERM_WRONG", "Yours has 1 - log(s) in the place of log(1 - s)."): (
        (YES - (1 - math.log(1 / 3))) / 2
    ),
    ("LOG_FORGOTTEN", "Yours is -(t * s + (1 - t) * (1 - s))."): -(3 / 4 + 2 / 3) / 2,
    ("LOG_FORGOTTEN", "Yours is t * (1 - s) + (1 - t) * s."): (1 / 4 + 1 / 3) / 2,
    ("SIGMOID_FORGOTTEN", "Yours has the logits where the logarithms belong."): (
        -(math.log(3) + 1 + math.log(2)) / 2
    ),
    ("WRONG_BASE", "Yours has base 2: the loss is in bits."): (YES + NO) / 2 / math.log(2),
    ("OTHER_LOSS", "Yours is the squared error of the probabilities."): (
        ((1 / 4) ** 2 + (1 / 3) ** 2) / 2
    ),
    ("OTHER_LOSS", "Yours is the hinge of a support vector machine."): (1 - math.log(2)) / 2,
    ("OTHER_LOSS", "Yours is exp of it."): math.sqrt(4 / 3 * 3 / 2),
}


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_the_loss_is_as_the_words_say(mistake, particular):
    assert made(getattr(bank, mistake), particular) == pytest.approx(WORKED[mistake, particular])


@pytest.mark.parametrize("particular", bank.OVERFLOW.variants)
def test_overflow_shows_in_large_logits_only(particular):
    assert made(bank.OVERFLOW, particular) == pytest.approx((YES + NO) / 2, abs=1e-6)
    large = [
        made(bank.OVERFLOW, particular, logits=torch.tensor(x)) for x in ([-200.0, 0.0], [0, 200.0])
    ]
    assert not all(math.isclose(loss, (200 + math.log(2)) / 2, rel_tol=0.1) for loss in large)


@pytest.mark.parametrize("particular", bank.TARGET_ROUNDED.variants)
def test_targets_between_are_rounded_and_others_kept(particular):
    assert made(bank.TARGET_ROUNDED, particular) == pytest.approx((YES + NO) / 2)
    wrong = made(bank.TARGET_ROUNDED, particular, target=torch.tensor([0.75, 0.75]))
    taken = -math.log(1 / 4) + NO if "is 1" in particular else YES - math.log(1 / 3)
    assert wrong == pytest.approx(taken / 2)
