import math

import pytest
import torch

from labkit.checks.activations import SOFTMAX
from labkit.checks.banks import activations as bank
from labkit.checks.question import Arguments

ROWS = torch.tensor([[0.0, math.log(3)], [math.log(4), 0.0]])  # exp: 1 and 3, 4 and 1


def made(mistake, particular="", x=ROWS, dim=-1):
    numbers = mistake.variants[particular](SOFTMAX.reference, Arguments(x=x, dim=dim))
    return [round(v, 5) for v in numbers.flatten().tolist()]


def test_shares_of_the_wrong_sum():
    assert made(bank.WRONG_AXIS, "Yours uses the first axis.") == [0.2, 0.75, 0.8, 0.25]
    assert made(bank.WRONG_AXIS, "Yours sums over all elements.") == [
        round(v / 9, 5) for v in (1, 3, 4, 1)
    ]
    # The sums are 4 and 5, and lie along the columns: 1/4 and 3/5, 4/4 and 1/5.
    assert made(bank.KEEPDIM_FORGOTTEN, "Nor is the maximum subtracted.") == [0.25, 0.6, 1, 0.2]


def test_what_is_not_divided_or_not_a_power():
    assert made(bank.NOT_NORMALISED, "Yours is exp(x).") == [1, 3, 4, 1]
    assert made(bank.NOT_NORMALISED, "Yours is exp(x - maximum): the largest is 1.") == [
        0.33333, 1, 1, 0.25,
    ]  # fmt: skip
    two = torch.tensor([[1.0, 3.0]])
    assert made(bank.EXP_FORGOTTEN, "Yours divides x by its sum.", two) == [0.25, 0.75]
    assert made(bank.EXP_FORGOTTEN, "Yours divides x² by its sum.", two) == [0.1, 0.9]
    assert made(bank.WRONG_BASE, "Yours are powers of 2.", two) == [0.2, 0.8]
    assert made(bank.HARD_MAXIMUM, x=two) == [0, 1]
    assert made(bank.SIGN_WRONG, x=ROWS[:1]) == [0.75, 0.25]


@pytest.mark.parametrize("particular", bank.OVERFLOW.variants)
def test_overflow_shows_in_large_numbers_only(particular):
    assert made(bank.OVERFLOW, particular) == [0.25, 0.75, 0.8, 0.2]
    large = torch.tensor([[1000.0, 0.0], [1.0, 1.0]])
    assert any(math.isnan(v) for v in made(bank.OVERFLOW, particular, large))
