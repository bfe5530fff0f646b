import math

import pytest
import torch

from labkit.checks.banks import positive_weight as bank
from labkit.checks.binary_cross_entropy import BINARY_CROSS_ENTROPY_WITH_LOGITS as OPERATION
from labkit.checks.question import Arguments

# The sigmoid of log(3) is 3/4, that of -log(2) is 1/3; a yes counts five times.
ASKED = Arguments(
    logits=torch.tensor([math.log(3), -math.log(2)]),
    target=torch.tensor([1.0, 0.0]),
    pos_weight=torch.tensor([5.0]),
    reduction="mean",
)
YES, NO = -math.log(3 / 4), -math.log(2 / 3)
WORKED = {
    "It is ignored.": (YES + NO) / 2,
    "Yours multiplies the term of no.": (YES + 5 * NO) / 2,
    "Yours multiplies both terms.": (5 * YES + 5 * NO) / 2,
    "Yours multiplies the target, in both terms.": (5 * YES + (1 - 5) * -math.log(1 / 4) + NO) / 2,
    "Yours divides by it.": (YES / 5 + NO) / 2,
    "Yours adds it, where it is a factor.": (
        ((1 + 5 - 1) * YES + NO + (5 - 1) * -math.log(1 / 3)) / 2
    ),
    "Yours divides the mean by the sum of the weights, not by the count.": (5 * YES + NO) / (5 + 1),
    "Yours gives it to yes and the rest, 1 - pos_weight, to no.": (5 * YES + (1 - 5) * NO) / 2,
    "Yours multiplies the logits.": (
        (math.log(1 + 3**-5) + math.log(1 + 2**-5)) / 2
    ),
}  # fmt: skip


@pytest.mark.parametrize("particular", bank.POS_WEIGHT_WRONG.variants)
def test_the_weighted_loss_is_as_the_words_say(particular):
    variant = bank.POS_WEIGHT_WRONG.variants[particular]
    assert float(variant(OPERATION.reference, ASKED)) == pytest.approx(WORKED[particular])
    unweighted = ASKED.but(pos_weight=None)
    assert float(variant(OPERATION.reference, unweighted)) == pytest.approx((YES + NO) / 2)


def test_what_counts_each_logarithm():
    assert bank.weight_of(ASKED).tolist() == [5.0]
    variant = bank.counted(lambda t, w: t * w, lambda t, w: 1 - t)
    torch.testing.assert_close(variant(OPERATION.reference, ASKED), OPERATION.reference(ASKED))
