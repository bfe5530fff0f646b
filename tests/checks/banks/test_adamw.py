import pytest
import torch

from labkit.checks.adamw import ADAMW
from labkit.checks.banks import adamw as bank
from labkit.checks.question import Arguments

# m becomes 0.5 * 4 + 0.5 * 2 = 3, v becomes 0.75 * 8 + 0.25 * 2**2 = 7; a rate of 0.25 and a decay
# of 0.5 take 1/8 of 10 off.
ASKED = Arguments(
    parameter=torch.tensor([10.0]),
    gradient=torch.tensor([2.0]),
    mean=torch.tensor([4.0]),
    square=torch.tensor([8.0]),
    step=2,
    lr=0.25,
    beta1=0.5,
    beta2=0.75,
    eps=0.5,
    weight_decay=0.5,
)


def stepped(m, v):
    """Return how far the parameter moves without its decay."""
    return 0.25 * (m / (1 - 0.5**2)) / ((v / (1 - 0.75**2)) ** 0.5 + 0.5)


STEP = stepped(3, 7)
COUPLED = 0.5 * 4 + 0.5 * 7, 0.75 * 8 + 0.25 * 7**2  # the gradient is 2 + 0.5 * 10
WORKED = {
    ("COUPLED", "Yours is added to the gradient."): (10 - stepped(*COUPLED), *COUPLED),
    ("COUPLED", "Yours is added to the gradient, and taken off the parameter too."): (
        10 - 10 / 8 - stepped(*COUPLED),
        *COUPLED,
    ),
    ("COUPLED", "Yours is added to the mean in the step, and divided by the root."): (
        10 - 0.25 * (3 / (1 - 0.5**2) + 0.5 * 10) / ((7 / (1 - 0.75**2)) ** 0.5 + 0.5),
        3,
        7,
    ),
    ("DECAY_WRONG", "There is none."): (10 - STEP, 3, 7),
    ("DECAY_WRONG", "Yours lacks the factor lr."): (10 - 0.5 * 10 - STEP, 3, 7),
    (
        "DECAY_WRONG",
        "Yours is that of the parameter after the step; take it of the one before.",
    ): ((10 - STEP) * 7 / 8, 3, 7),
    ("DECAY_WRONG", "Yours makes the parameter grow: the sign is wrong."): (
        10 + 10 / 8 - STEP,
        3,
        7,
    ),
    ("DECAY_WRONG", "Yours takes off lr * weight_decay, without the parameter."): (
        10 - 1 / 8 - STEP,
        3,
        7,
    ),
    ("DECAY_WRONG", "Yours keeps that part alone: lr * weight_decay * parameter."): (
        10 / 8 - STEP,
        3,
        7,
    ),
}


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_the_step_is_as_the_words_say(mistake, particular):
    variant = getattr(bank, mistake).variants[particular]
    made = [float(result) for result in variant(ADAMW.reference, ASKED)]
    assert made == pytest.approx(WORKED[mistake, particular])


def test_a_mistake_of_adam_keeps_the_right_decay():
    mistake = next(m for m in bank.MISTAKES if m.name == "sign_wrong")
    moved, mean, square = map(float, mistake.variants[""](ADAMW.reference, ASKED))
    assert (moved, mean, square) == pytest.approx((10 - 10 / 8 + STEP, 3, 7))


def test_another_default_shows_only_where_none_is_given():
    variant = bank.DEFAULT_WRONG.variants["Yours is 0.1."]
    assert float(variant(ADAMW.reference, ASKED)[0]) == pytest.approx(10 - 10 / 8 - STEP)
    unasked = ASKED.but(weight_decay=bank.DECAY)
    moved = float(variant(ADAMW.reference, unasked)[0])
    assert moved == pytest.approx(10 - 0.25 * 0.1 * 10 - STEP)
