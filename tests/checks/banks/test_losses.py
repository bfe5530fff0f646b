import math

import pytest
import torch

from labkit.checks.banks import losses as bank
from labkit.checks.losses import CROSS_ENTROPY
from labkit.checks.question import Arguments

# Shares 1/4 and 3/4, 2/3 and 1/3; the labels have 3/4 and 2/3.
ASKED = Arguments(
    logits=torch.tensor([[0.0, math.log(3)], [math.log(2), 0.0]]),
    target=torch.tensor([1, 0]),
    ignore_index=-100,
    label_smoothing=0.0,
    reduction="mean",
)
A, B = -math.log(3 / 4), -math.log(2 / 3)


def made(mistake, particular="", **options):
    return mistake.variants[particular](CROSS_ENTROPY.reference, ASKED.but(**options)).tolist()


WORKED = {
    ("LOG_FORGOTTEN", "Yours is -p."): -(3 / 4 + 2 / 3) / 2,
    ("LOG_FORGOTTEN", "Yours is 1 - p."): (1 / 4 + 1 / 3) / 2,
    ("SIGN_WRONG", ""): -(A + B) / 2,
    ("REDUCTION_IGNORED", "Yours returns the sum."): A + B,
    ("MEAN_OVER_CLASSES", ""): (A + B) / 4,
    ("SOFTMAX_FORGOTTEN", "Yours is -x of the label."): -(math.log(3) + math.log(2)) / 2,
    ("WRONG_BASE", "Yours has base 2: the loss is in bits."): (A + B) / 2 / math.log(2),
    ("OTHER_LOSS", "Yours is the squared error of the probabilities, summed."): (
        2 * (1 / 4) ** 2 + 2 * (1 / 3) ** 2
    )
    / 2,
    ("OTHER_LOSS", "Yours is exp of the cross-entropy, the perplexity."): math.sqrt(4 / 3 * 1.5),
    ("OTHER_LOSS", "Yours adds the binary cross-entropies of all classes."): A + B,
}


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_the_loss_is_as_the_words_say(mistake, particular):
    assert made(getattr(bank, mistake), particular) == pytest.approx(WORKED[mistake, particular])


@pytest.mark.parametrize("particular", bank.OVERFLOW.variants)
def test_overflow_shows_in_large_logits_only(particular):
    assert made(bank.OVERFLOW, particular) == pytest.approx((A + B) / 2, abs=1e-6)
    large = made(bank.OVERFLOW, particular, logits=torch.tensor([[200.0, 0.0], [0.0, 0.0]]))
    assert not math.isclose(large, (200 + math.log(2)) / 2, rel_tol=0.1)


def test_down_the_batch_each_column_has_its_own_sum():
    # Column 1 holds 3 and 1, column 0 holds 1 and 2.
    assert made(bank.WRONG_AXIS) == pytest.approx(-(math.log(3 / 4) + math.log(2 / 3)) / 2)
    assert made(bank.WRONG_AXIS, target=torch.tensor([0, 0])) == pytest.approx(
        -(math.log(1 / 3) + math.log(2 / 3)) / 2
    )
