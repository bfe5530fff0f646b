import math

import pytest
import torch

from labkit.checks.banks import lstm as bank
from labkit.checks.gated_recurrence import LSTM_UPDATE
from labkit.checks.question import Arguments

# One unit whose four sums are zero: the gates are a half, the candidate is 0, c' is c / 2.
ASKED = Arguments(
    x=torch.zeros(1, 1),
    h=torch.full((1, 1), 3.0),
    c=torch.full((1, 1), 2.0),
    weight_ih=torch.zeros(4, 1),
    weight_hh=torch.zeros(4, 1),
    bias_ih=None,
    bias_hh=None,
)


def made(mistake, particular):
    results = mistake.variants[particular](LSTM_UPDATE.reference, ASKED)
    return [float(r) for r in results]


H = math.tanh(1) / 2
WORKED = {
    ("CELL_TANH_FORGOTTEN", "Yours returns h = o * c."): [0.5, 1],
    ("CELL_TANH_FORGOTTEN", "Yours has it around the product: tanh(o * c)."): [
        math.tanh(0.5), 1,
    ],
    ("CELL_TANH_FORGOTTEN", "Yours keeps tanh(c) as the cell state."): [H, math.tanh(1)],
    ("CELL_TANH_FORGOTTEN", "Yours keeps tanh(c) as the cell state, and takes tanh of it again."): [
        math.tanh(math.tanh(1)) / 2, math.tanh(1),
    ],
    ("OLD_CELL_USED", "Your h is made of the old one."): [math.tanh(2) / 2, 1],
    ("OLD_CELL_USED", "Your h is right, but the old c is returned."): [H, 2],
    ("CELL_IGNORED", ""): [0, 0],
    ("STATES_SWAPPED", "Yours returns (c, h)."): [1, H],
    ("STATES_SWAPPED", "Yours takes (c, h)."): [math.tanh(1.5) / 2, 1.5],
    ("STATES_SWAPPED", "Yours takes and returns (c, h)."): [1.5, math.tanh(1.5) / 2],
    ("STATES_SWAPPED", "Yours returns h twice."): [H, H],
}  # fmt: skip


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_both_states_are_as_the_words_say(mistake, particular):
    assert made(getattr(bank, mistake), particular) == pytest.approx(
        WORKED[mistake, particular], abs=1e-6
    )
