import math

import pytest
import torch

from labkit.checks.banks import log_softmax as bank
from labkit.checks.log_softmax import LOG_SOFTMAX
from labkit.checks.question import Arguments

# exp is 1 and 3: shares of 1/4 and 3/4. The maximum is log(3).
ROW = torch.tensor([[0.0, math.log(3)]])
L3, L4 = math.log(3), math.log(4)
WORKED = {
    ("MAXIMUM_WRONG", "Yours subtracts it from x, but not in the sum."): [-L3 - L4, -L4],
    (
        "MAXIMUM_WRONG",
        "Yours subtracts it in the sum, but not from x, or adds it back at the end.",
    ): [L3 - L4, 2 * L3 - L4],
    ("MAXIMUM_WRONG", "Yours adds it to the sum, not to its logarithm."): [
        -math.log(4 / 3 + L3),
        L3 - math.log(4 / 3 + L3),
    ],
    ("LOG_FORGOTTEN", "Yours is x - sum(exp(x))."): [-4, L3 - 4],
    ("LOG_FORGOTTEN", "Yours is x - M - sum(exp(x - M))."): [-L3 - 4 / 3, -4 / 3],
    ("LOG_FORGOTTEN", "Yours divides x by log(sum(exp(x)))."): [0, L3 / L4],
    ("SIGN_WRONG", "Yours is -log_softmax(x), a loss."): [L4, L4 - L3],
    ("SIGN_WRONG", "Yours adds the logarithm of the sum."): [L4, L3 + L4],
    ("TOTAL_RETURNED", ""): [L4],
    ("TOTAL_RETURNED", "It stands at every place."): [L4, L4],
    ("EXP_FORGOTTEN", "Yours is x - sum(x)."): [-L3, 0],
    ("EXP_FORGOTTEN", "Yours has the mean of exp for the sum."): [-math.log(2), L3 - math.log(2)],
    ("WRONG_BASE", "Your result is in bits: its logarithm has base 2."): [-2, math.log2(3) - 2],
    ("WRONG_BASE", "Yours subtracts log(1 + sum(exp(x))), as log1p does."): [
        -math.log(5),
        L3 - math.log(5),
    ],
    ("OTHER_FUNCTION", "Yours is the logarithm of the sigmoid, of each number by itself."): [
        math.log(1 / 2),
        math.log(3 / 4),
    ],
}


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_the_logarithm_is_as_the_words_say(mistake, particular):
    variant = getattr(bank, mistake).variants[particular]
    numbers = variant(LOG_SOFTMAX.reference, Arguments(x=ROW, dim=-1)).flatten().tolist()
    assert numbers == pytest.approx(WORKED[mistake, particular])


@pytest.mark.parametrize("particular", bank.UNDERFLOW.variants)
def test_underflow_shows_in_small_shares_only(particular):
    variant = bank.UNDERFLOW.variants[particular]
    near = variant(LOG_SOFTMAX.reference, Arguments(x=ROW, dim=-1))
    torch.testing.assert_close(near, torch.tensor([[-L4, L3 - L4]]))
    far = variant(LOG_SOFTMAX.reference, Arguments(x=torch.tensor([0.0, -200.0]), dim=-1))
    assert abs(float(far[1]) + 200) > 100


@pytest.mark.parametrize("particular", bank.OVERFLOW.variants)
def test_overflow_shows_in_large_numbers_only(particular):
    variant = bank.OVERFLOW.variants[particular]
    small = variant(LOG_SOFTMAX.reference, Arguments(x=ROW, dim=-1))
    torch.testing.assert_close(small, torch.tensor([[-L4, L3 - L4]]))
    rows = torch.tensor([[1000.0, 0.0], [1.0, 1.0]])
    assert not variant(LOG_SOFTMAX.reference, Arguments(x=rows, dim=-1)).isfinite().all()
