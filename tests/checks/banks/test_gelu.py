import math

import pytest
import torch

from labkit.checks.banks import gelu as bank
from labkit.checks.gelu import GELU
from labkit.checks.question import Arguments

X = 1.5
ERF, TANH = math.erf(X / math.sqrt(2)), math.tanh(math.sqrt(2 / math.pi) * (X + 0.044715 * X**3))
EXACT, NEARLY = X * (1 + ERF) / 2, X * (1 + TANH) / 2
WORKED = {
    ("APPROXIMATION_WRONG", "Yours has the two exchanged."): (NEARLY, EXACT),
    ("HALF_FORGOTTEN", "Yours has none, and is twice as large."): (2 * EXACT, 2 * NEARLY),
    ("HALF_FORGOTTEN", "Yours adds 0.5 to erf, without taking half of that."): (
        X * (0.5 + ERF),
        X * (0.5 + TANH),
    ),
    ("ONE_FORGOTTEN", "Yours is x * erf(...) / 2."): (X * ERF / 2, X * TANH / 2),
    ("X_FORGOTTEN", "Yours is Φ(x)."): ((1 + ERF) / 2, (1 + TANH) / 2),
    ("ERF_WRONG", "Yours is that of x."): (X * (1 + math.erf(X)) / 2, NEARLY),
    ("CUBE_WRONG", "Yours has no cube."): (
        EXACT,
        X * (1 + math.tanh(math.sqrt(2 / math.pi) * X)) / 2,
    ),
    ("CUBE_WRONG", "Yours has √2/π for √(2/π)."): (
        EXACT,
        X * (1 + math.tanh(math.sqrt(2) / math.pi * (X + 0.044715 * X**3))) / 2,
    ),
    ("DENSITY_TAKEN", "Yours is the density."): (
        math.exp(-(X**2) / 2) / math.sqrt(2 * math.pi),
        math.exp(-(X**2) / 2) / math.sqrt(2 * math.pi),
    ),
    (
        "SIGN_WRONG",
        "Yours has 1 - erf for 1 + erf: large numbers vanish and negative ones stay.",
    ): (X * (1 - ERF) / 2, X * (1 - TANH) / 2),
}


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_the_number_is_as_the_words_say_in_both_forms(mistake, particular):
    variant = getattr(bank, mistake).variants[particular]
    made = [
        float(variant(GELU.reference, Arguments(x=torch.tensor([X]), approximate=form)))
        for form in ("none", "tanh")
    ]
    assert made == pytest.approx(WORKED[mistake, particular])


def test_the_slope_is_that_of_autograd():
    x = torch.tensor([-2.0, 0.0, 0.5], requires_grad=True)
    (slope,) = torch.autograd.grad(torch.nn.functional.gelu(x).sum(), x)
    mistake = next(m for m in bank.MISTAKES if m.name == "derivative_returned")
    made = mistake.variants[""](GELU.reference, Arguments(x=x.detach(), approximate="none"))
    torch.testing.assert_close(made, slope)
