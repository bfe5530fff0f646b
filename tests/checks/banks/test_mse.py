import math

import pytest
import torch

from labkit.checks.banks import mse as bank
from labkit.checks.mse import MSE
from labkit.checks.question import Arguments

# Errors 3 and -1, squares 9 and 1.
ASKED = Arguments(x=torch.tensor([[4.0], [1.0]]), target=torch.tensor([[1.0], [2.0]]))
WORKED = {
    ("ROOT_TAKEN", ""): math.sqrt((9 + 1) / 2),
    ("ROOT_TAKEN", "Yours is the length of the error, the root of the sum."): math.sqrt(9 + 1),
    ("NOT_SQUARED", "Yours are summed with their signs, and cancel."): (3 - 1) / 2,
    ("NOT_SQUARED", "Yours are absolute."): (3 + 1) / 2,
    ("NOT_SQUARED", "Yours are e ^ 2 in words, but 2 ** e in numbers."): (2**3 + 2**-1) / 2,
    ("SQUARED_LATE", ""): ((3 - 1) / 2) ** 2,
    ("SQUARED_APART", "Yours is x ** 2 - target ** 2."): ((16 - 1) + (1 - 4)) / 2,
    ("SQUARED_APART", "Yours is x - target ** 2: a bracket is missing."): ((4 - 1) + (1 - 4)) / 2,
    ("BROADCAST", ""): (3**2 + 2**2 + 0**2 + 1**2) / 4,
    ("COUNT_WRONG", ""): (9 + 1) / 1,
    ("COUNT_WRONG", "Yours is the variance of the errors: their mean is subtracted first."): (
        (2**2 + 2**2) / 2
    ),
    ("HALVED", "Yours is twice as large."): 9 + 1,
    ("OTHER_LOSS", "Yours is Huber's, straight beyond 1."): ((3 - 0.5) + (1 - 0.5)) / 2,
    ("OTHER_LOSS", "Yours is relative to the target."): ((3 / 1) ** 2 + (1 / 2) ** 2) / 2,
}


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_the_loss_is_as_the_words_say(mistake, particular):
    variant = getattr(bank, mistake).variants[particular]
    loss = variant(MSE.reference, ASKED.but(reduction="mean"))
    assert float(loss) == pytest.approx(WORKED[mistake, particular])


def test_a_row_or_several_columns_do_not_broadcast_by_themselves():
    variant = bank.BROADCAST.variants[""]
    row = ASKED.but(x=ASKED.x.T, target=ASKED.target.T, reduction="mean")
    assert float(variant(MSE.reference, row)) == (9 + 1) / 2
