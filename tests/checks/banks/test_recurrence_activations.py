import math

import pytest
import torch

from labkit.checks.banks import recurrence_activations as bank
from labkit.checks.question import Arguments
from labkit.checks.recurrence import RNN_UPDATE

op = RNN_UPDATE.reference

# One unit: the input gives 1 * 0.5, the state 2 * -0.5, the biases 0.25 and 0.125.
ASKED = Arguments(
    x=torch.ones(1, 1),
    h=torch.full((1, 1), 2.0),
    weight_ih=torch.full((1, 1), 0.5),
    weight_hh=torch.full((1, 1), -0.5),
    bias_ih=torch.tensor([0.25]),
    bias_hh=torch.tensor([0.125]),
    nonlinearity="tanh",
)
X, H = 0.5 + 0.25, -1 + 0.125
TANH = math.tanh(X + H)
WORKED = {
    ("TANH_FORGOTTEN", ""): X + H,
    ("OTHER_ACTIVATION", "Yours is the sigmoid."): 1 / (1 + math.exp(-X - H)),
    ("OTHER_ACTIVATION", "Yours is ReLU."): 0,
    ("OTHER_ACTIVATION", "Yours is the softmax over the units."): 1,
    (
        "OTHER_ACTIVATION",
        "Yours is tanh of half the sum, as (1 - exp(-s)) / (1 + exp(-s)) is.",
    ): (1 - math.exp(-X - H)) / (1 + math.exp(-X - H)),
    ("TANH_TWICE", ""): math.tanh(TANH),
    ("TANH_TOO_EARLY", "Yours adds tanh of the one product and tanh of the other."): (
        math.tanh(X) + math.tanh(H)
    ),
    ("TANH_TOO_EARLY", "Yours adds the old state's product after tanh."): math.tanh(X) + H,
    ("TANH_TOO_EARLY", "Yours adds the input's product after tanh."): X + math.tanh(H),
    ("TANH_TOO_EARLY", "Yours adds the biases after tanh."): math.tanh(0.5 - 1) + 0.25 + 0.125,
    ("NONLINEARITY_IGNORED", ""): TANH,
}


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_the_new_state_is_as_the_words_say(mistake, particular):
    made = getattr(bank, mistake).variants[particular](op, ASKED)
    assert float(made) == pytest.approx(WORKED[mistake, particular], abs=1e-6)


def test_the_sums_are_what_stands_inside_tanh():
    assert float(bank.sums_of(op, ASKED)) == X + H


def test_an_ignored_option_and_relu_applied_twice():
    relu = ASKED.but(nonlinearity="relu", x=torch.full((1, 1), 3.0))
    assert float(bank.NONLINEARITY_IGNORED.variants[""](op, relu)) == pytest.approx(
        math.tanh(1.5 + 0.25 + H)
    )
    assert float(bank.TANH_TWICE.variants[""](op, relu)) == 1.5 + 0.25 + H
