import math

import pytest
import torch

from labkit.checks.banks import sigmoid as bank
from labkit.checks.elementwise import SIGMOID
from labkit.checks.question import Arguments

# exp is 3 and 1/2, the sigmoid 3/4 and 1/3.
X = torch.tensor([math.log(3), -math.log(2)])
WORKED = {
    ("OVERFLOW", "Yours is exp(x) / (1 + exp(x))."): [3 / 4, 1 / 3],
    ("SIGN_WRONG", "Yours is sigmoid(-x)."): [1 / 4, 2 / 3],
    ("SIGN_WRONG", "Yours is -sigmoid(x)."): [-3 / 4, -1 / 3],
    ("SIGN_WRONG", "Yours is 1 / (1 - exp(-x))."): [1 / (1 - 1 / 3), 1 / (1 - 2)],
    ("PART_FORGOTTEN", "Yours is 1 / exp(-x), without the 1 that is added."): [3, 1 / 2],
    ("PART_FORGOTTEN", "Yours is 1 / (1 - x), without exp."): [
        1 / (1 - math.log(3)),
        1 / (1 + math.log(2)),
    ],
    ("BRANCH_WRONG", "Yours is 1 / (1 + e) everywhere."): [3 / 4, 2 / 3],
    ("BRANCH_WRONG", "Yours is e / (1 + e) everywhere."): [1 / 4, 1 / 3],
    ("RANGE_WRONG", "Yours is 2 * sigmoid(x) - 1, between -1 and 1."): [1 / 2, -1 / 3],
    (
        "EXPONENT_WRONG",
        "Yours is (1 + tanh(x)) / 2, which is twice as steep: take tanh(x / 2).",
    ): [9 / 10, 1 / 5],
    ("LOG_RETURNED", "Yours is log(sigmoid(x))."): [math.log(3 / 4), math.log(1 / 3)],
    ("HARD", "It is x, cut to the range from 0 to 1."): [1, 0],
}


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_the_number_is_as_the_words_say(mistake, particular):
    variant = getattr(bank, mistake).variants[particular]
    numbers = variant(SIGMOID.reference, Arguments(x=X)).tolist()
    assert numbers == pytest.approx(WORKED[mistake, particular])


@pytest.mark.parametrize("particular", bank.OVERFLOW.variants)
def test_overflow_shows_in_large_numbers_only(particular):
    variant = bank.OVERFLOW.variants[particular]
    small = variant(SIGMOID.reference, Arguments(x=X))
    torch.testing.assert_close(small, torch.sigmoid(X))
    large = variant(SIGMOID.reference, Arguments(x=torch.tensor([1000.0, -1000.0])))
    assert large.isnan().sum() == 1
