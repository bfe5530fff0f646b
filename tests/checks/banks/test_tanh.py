import math

import pytest
import torch

from labkit.checks.banks import tanh as bank
from labkit.checks.elementwise import TANH
from labkit.checks.question import Arguments

# exp is 3, its inverse 1/3: tanh is (3 - 1/3) / (3 + 1/3) = 4/5.
X = torch.tensor([math.log(3)])
WORKED = {
    ("OVERFLOW", "Yours takes exp(2 * x)."): (9 - 1) / (9 + 1),
    ("SCALE_WRONG", "Yours is tanh(x / 2): the 2 in the exponent is missing."): (3 - 1) / (3 + 1),
    ("SCALE_WRONG", "Yours is tanh(2 * x)."): (81 - 1) / (81 + 1),
    ("SCALE_WRONG", "Yours is sigmoid(2 * x), from 0 to 1."): 9 / 10,
    ("SCALE_WRONG", "Yours is 2 * sigmoid(2 * x), from 0 to 2."): 18 / 10,
    ("SCALE_WRONG", "Yours is sigmoid(2 * x) - 1, from -1 to 0."): 9 / 10 - 1,
    ("FRACTION_WRONG", "Yours is upside down."): 5 / 4,
    ("FRACTION_WRONG", "Yours has nothing below: exp(x) - exp(-x)."): 3 - 1 / 3,
    ("FRACTION_WRONG", "Yours is half of what stands below: cosh(x)."): (3 + 1 / 3) / 2,
    (
        "FRACTION_WRONG",
        "Yours has no brackets: exp(x) - exp(-x) / exp(x) + exp(-x).",
    ): 3 - 1 / 3 / 3 + 1 / 3,
    ("FRACTION_WRONG", "Yours has exp(x) alone above."): 3 / (3 + 1 / 3),
}


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_the_number_is_as_the_words_say(mistake, particular):
    variant = getattr(bank, mistake).variants[particular]
    made = float(variant(TANH.reference, Arguments(x=X)))
    assert made == pytest.approx(WORKED[mistake, particular])


@pytest.mark.parametrize("particular", bank.OVERFLOW.variants)
def test_overflow_shows_in_large_numbers_only(particular):
    variant = bank.OVERFLOW.variants[particular]
    assert float(variant(TANH.reference, Arguments(x=X))) == pytest.approx(4 / 5)
    large = variant(TANH.reference, Arguments(x=torch.tensor([1000.0, -1000.0])))
    assert large.isnan().any()
