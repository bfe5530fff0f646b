import math

import pytest
import torch

from labkit.checks.banks import relu as bank
from labkit.checks.elementwise import RELU
from labkit.checks.question import Arguments

X = torch.tensor([[-2.0, 0.5], [8.0, -0.5]])
WORKED = {
    ("SIGN_WRONG", "Yours is relu(-x)."): [2, 0, 0, 0.5],
    ("SIGN_WRONG", "Yours keeps what is below zero: the smaller of 0 and x."): [-2, 0, 0, -0.5],
    ("LEAKY", "Yours keeps a hundredth of it, as a leaky relu does."): [-0.02, 0.5, 8, -0.005],
    ("LEAKY", "Yours turns it round: |x|."): [2, 0.5, 8, 0.5],
    ("LEAKY", "Yours is -inf there, as for a mask."): [-math.inf, 0.5, 8, -math.inf],
    ("BOUND_WRONG", "Yours is never below 1."): [1, 1, 8, 1],
    ("BOUND_WRONG", "Yours keeps numbers above 1 only."): [0, 0, 8, 0],
    ("BOUND_WRONG", "Yours is never above 6."): [0, 0.5, 6, 0],
    ("BOUND_WRONG", "Yours is shifted: the larger of 0 and x - 1."): [0, 0, 7, 0],
    ("MAXIMUM_OF_ALL", ""): [8],
    ("MAXIMUM_OF_ALL", "Yours does so along the last axis."): [0.5, 8],
    ("MAXIMUM_OF_ALL", "Yours keeps the largest alone, and 0 for the rest."): [0, 0, 8, 0],
    ("DROPPED", ""): [0.5, 8],
    ("SQUARED", "Yours is squared."): [0, 0.25, 64, 0],
}


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_the_numbers_are_as_the_words_say(mistake, particular):
    variant = getattr(bank, mistake).variants[particular]
    made = variant(RELU.reference, Arguments(x=X)).flatten().tolist()
    assert made == pytest.approx(WORKED[mistake, particular])
