import math

import pytest
import torch

from labkit.checks.banks import labels as bank
from labkit.checks.losses import CROSS_ENTROPY
from labkit.checks.question import Arguments

# Shares 1/6, 2/6 and 3/6, and 1/3 each.
ASKED = Arguments(
    logits=torch.tensor([[0.0, math.log(2), math.log(3)], [1.0, 1.0, 1.0]]),
    target=torch.tensor([2, 0]),
    ignore_index=-100,
    label_smoothing=0.0,
    reduction="none",
)
A, B, C = (-math.log(share / 6) for share in (1, 2, 3))
THIRD = math.log(3)


def made(mistake, particular="", **options):
    return mistake.variants[particular](CROSS_ENTROPY.reference, ASKED.but(**options)).tolist()


WORKED = {
    "Yours takes target - 1, as if classes counted from 1.": B,
    "Yours takes target + 1.": A,
    "Yours takes the most likely class, not the label.": C,
    "Yours takes the first class.": A,
    "Yours takes all classes but the label.": A + B,
    "Yours takes all classes.": A + B + C,
}


@pytest.mark.parametrize("particular", WORKED)
def test_the_class_is_the_one_the_words_say(particular):
    assert made(bank.WRONG_CLASS, particular)[0] == pytest.approx(WORKED[particular])


def test_every_row_meets_every_label_without_the_rows_index():
    words = "Yours pairs every row with every label: log_p[:, target]."
    table = made(bank.WRONG_CLASS, words)
    assert table[0] == pytest.approx([C, A])
    assert table[1] == pytest.approx([THIRD, THIRD])
    mean = made(bank.WRONG_CLASS, words, reduction="mean")
    assert mean == pytest.approx((C + A + 2 * THIRD) / 4)


def test_an_ignored_row_counts_in_the_sum_or_in_the_number():
    given = {"ignore_index": 0, "reduction": "mean"}
    assert made(bank.IGNORE_INDEX_IGNORED, **given) == pytest.approx((C + THIRD) / 2)
    words = "Their losses are left out, but the mean still divides by all rows."
    assert made(bank.IGNORE_INDEX_IGNORED, words, **given) == pytest.approx(C / 2)


SHARES = {
    "It is ignored.": (0, 0, 1),
    "Yours gives eps / (K - 1) to the others and 1 - eps to the label.": (0.15, 0.15, 0.7),
    "Yours gives 1 - eps to the label and eps / K to the others: that is less than 1.": (
        0.1, 0.1, 0.7,
    ),
    "Yours gives the others nothing.": (0, 0, 0.7),
    "Yours takes nothing from the label: the shares are more than 1.": (0.1, 0.1, 1),
    "Yours gives eps to each of the others.": (0.3, 0.3, 0.7),
    "Yours has eps and 1 - eps exchanged.": (0.7 / 3, 0.7 / 3, 0.3 + 0.7 / 3),
}  # fmt: skip


@pytest.mark.parametrize("particular", bank.SMOOTHING_WRONG.variants)
def test_the_shares_are_as_the_words_say(particular):
    a, b, c = SHARES[particular]
    given = made(bank.SMOOTHING_WRONG, particular, label_smoothing=0.3)
    assert given[0] == pytest.approx(a * A + b * B + c * C)
