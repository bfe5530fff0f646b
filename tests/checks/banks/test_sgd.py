import pytest
import torch

from labkit.checks.banks import sgd as bank
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
    ("LR_IN_VELOCITY", "It is in the step too, so that it counts twice."): [
        10 - 0.25 * (0.5 * 8 + 0.25 * 3), 0.5 * 8 + 0.25 * 3,
    ],
    ("LR_IN_VELOCITY", "It is in the step too, and the velocity has a minus."): [
        10 + 0.25 * (0.5 * 8 - 0.25 * 3), 0.5 * 8 - 0.25 * 3,
    ],
    ("NESTEROV_WRONG", "It is always on."): [10 - 0.25 * (3 + 0.5 * 7), 7],
    ("DAMPENING_WRONG", "Yours adds dampening * g, which is nothing where it is 0."): [
        10 - 0.25 * 0.5 * 8, 0.5 * 8,
    ],
    ("LR_IN_VELOCITY", ""): [10 - (0.5 * 8 + 0.25 * 3), 0.5 * 8 + 0.25 * 3],
    ("VELOCITY_SIGN", "Yours subtracts the gradient in the velocity."): [10 - 0.25 * 1, 4 - 3],
    ("MOMENTUM_WRONG", "Yours is the gradient alone: momentum is ignored."): [10 - 0.25 * 3, 3],
    ("MOMENTUM_WRONG", "Yours adds only 1 - momentum of the gradient."): [10 - 0.25 * 5.5, 5.5],
    ("MOMENTUM_WRONG", "Yours never fades: v + g."): [10 - 0.25 * 11, 11],
    ("OLD_VELOCITY", "Yours moves by the old one."): [10 - 0.25 * 8, 7],
    ("OLD_VELOCITY", "Yours returns the old one."): [8.25, 8],
    ("RESULTS_SWAPPED", ""): [7, 8.25],
}  # fmt: skip


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_parameter_and_velocity_are_as_the_words_say(mistake, particular):
    assert made(mistake, particular) == pytest.approx(WORKED[mistake, particular])


def test_momentum_and_the_rest_exchanged():
    exchanged = "Yours has momentum and 1 - momentum exchanged."
    assert made("MOMENTUM_WRONG", exchanged, momentum=0.75)[1] == 0.25 * 8 + 0.75 * 3


def test_nesterov_shows_with_the_option_only():
    for particular in bank.NESTEROV_WRONG.variants.keys() - {"It is always on."}:
        assert made("NESTEROV_WRONG", particular) == [8.25, 7]
    whole = made("NESTEROV_WRONG", "Yours adds the whole velocity.", nesterov=True)
    assert whole == [10 - 0.25 * (3 + 7), 7]


def test_decay_is_worked_into_the_gradient_or_not():
    given = {"weight_decay": 0.5}
    assert made("DECAY_WRONG", "It is ignored.", **given) == [8.25, 7]
    apart = "Yours is taken off the parameter, and not part of the velocity."
    assert made("DECAY_WRONG", apart, **given) == [8.25 - 0.25 * 0.5 * 10, 7]
    grows = "Yours makes the parameter grow: the sign is wrong."
    assert made("DECAY_WRONG", grows, **given) == [10 - 0.25 * (4 + 3 - 5), 2]


def test_dampening():
    damped = made("DAMPENING_WRONG", "Yours damps the velocity too.", dampening=0.25)
    assert damped == [10 - 0.25 * 0.75 * 7, 0.75 * 7]
    assert made("DAMPENING_WRONG", "Yours adds dampening * g.", dampening=0.25)[1] == 4 + 0.25 * 3
