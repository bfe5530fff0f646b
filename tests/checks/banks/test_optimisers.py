import pytest
import torch

from labkit.checks.banks import optimisers as bank
from labkit.checks.gradient_descent import SGD
from labkit.checks.question import Arguments

# The velocity becomes 0.5 * 8 + 3 = 7, the parameter 10 - 0.25 * 7 = 8.25.
ASKED = Arguments(
    parameter=torch.tensor([10.0]),
    gradient=torch.tensor([3.0]),
    velocity=torch.tensor([8.0]),
    lr=0.25,
    momentum=0.5,
    dampening=0.0,
    nesterov=False,
    weight_decay=0.0,
)


def made(mistake, particular="", **options):
    results = getattr(bank, mistake).variants[particular](SGD.reference, ASKED.but(**options))
    return [float(r) for r in results]


WORKED = {
    ("SIGN_WRONG", ""): [10 + 0.25 * 7, 7],
    ("UPDATE_RETURNED", ""): [0.25 * 7, 7],
    ("LR_WRONG", "Yours does not use it."): [10 - 7, 7],
    ("LR_WRONG", "Yours divides by it."): [10 - 7 / 0.25, 7],
    ("LR_WRONG", "Yours uses it twice."): [10 - 0.25**2 * 7, 7],
    ("UPDATE_RETURNED", "It has a minus already."): [-0.25 * 7, 7],
}


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_the_parameter_is_as_the_words_say_and_the_velocity_is_right(mistake, particular):
    assert made(mistake, particular) == pytest.approx(WORKED[mistake, particular])
