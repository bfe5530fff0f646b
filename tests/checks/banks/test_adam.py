import pytest
import torch

from labkit.checks.adam import ADAM
from labkit.checks.banks import adam as bank
from labkit.checks.question import Arguments

# m becomes 0.5 * 4 + 0.5 * 2 = 3, v becomes 0.75 * 8 + 0.25 * 2**2 = 7.
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
    weight_decay=0.0,
)
M, V = 3 / (1 - 0.5**2), 7 / (1 - 0.75**2)  # corrected


def root(v):
    return v**0.5


STEPS = {
    ("CORRECTION_WRONG", "Yours has none."): 3 / (root(7) + 0.5),
    ("CORRECTION_WRONG", "Yours corrects m only."): M / (root(7) + 0.5),
    ("CORRECTION_WRONG", "Yours corrects v only."): 3 / (root(V) + 0.5),
    ("CORRECTION_WRONG", "Yours divides by beta**step."): (3 / 0.5**2 / (root(7 / 0.75**2) + 0.5)),
    ("STEP_OFF_BY_ONE", "Yours is one too high."): (
        3 / (1 - 0.5**3) / (root(7 / (1 - 0.75**3)) + 0.5)
    ),
    ("STEP_OFF_BY_ONE", "Yours is one too low."): 3 / 0.5 / (root(7 / 0.25) + 0.5),
    ("EPS_WRONG", "Yours is inside the root."): M / root(V + 0.5),
    ("EPS_WRONG", "Yours is forgotten."): M / root(V),
    ("ROOT_FORGOTTEN", "Yours divides by v."): M / (V + 0.5),
    ("MOVED_BY_OTHER", "Yours divides the gradient, not m."): 2 / (root(V) + 0.5),
    ("MOVED_BY_OTHER", "Yours moves by m alone."): M,
}


@pytest.mark.parametrize(("mistake", "particular"), STEPS)
def test_the_step_is_as_the_words_say_and_the_moments_are_right(mistake, particular):
    variant = getattr(bank, mistake).variants[particular]
    moved, mean, square = map(float, variant(ADAM.reference, ASKED))
    assert moved == pytest.approx(10 - 0.25 * STEPS[mistake, particular])
    assert (mean, square) == (3, 7)


def test_what_is_returned_for_the_next_step():
    def kept(particular):
        variant = bank.STATE_WRONG.variants[particular]
        return [float(r) for r in variant(ADAM.reference, ASKED)]

    moved = 10 - 0.25 * M / (root(V) + 0.5)
    assert kept("Yours returns the old ones.") == pytest.approx([moved, 4, 8])
    assert kept("Yours returns the corrected ones.") == pytest.approx([moved, M, V])
    assert kept("Yours returns v before m.") == pytest.approx([moved, 7, 3])


def test_decay_apart_is_that_of_adamw():
    words = "Yours is taken off the parameter: that is AdamW, a better and another method."
    decayed = ASKED.but(weight_decay=0.5)
    moved, mean, square = bank.DECAY_WRONG.variants[words](ADAM.reference, decayed)
    assert (float(mean), float(square)) == (3, 7)
    assert float(moved) == pytest.approx(10 - 0.25 * (M / (root(V) + 0.5) + 0.5 * 10))
