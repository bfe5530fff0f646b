import pytest
import torch

from labkit.checks.adam import ADAM
from labkit.checks.banks import moments as bank
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
    eps=0.0,
    weight_decay=0.0,
)
WORKED = {
    ("SQUARE_WRONG", "Yours is one of gradients without the square."): [3, 0.75 * 8 + 0.25 * 2],
    ("SQUARE_WRONG", "Yours is one of the squares of m."): [3, 0.75 * 8 + 0.25 * 3**2],
    ("SQUARE_WRONG", "Yours squares (1 - beta2) * g as a whole."): [3, 6 + (0.25 * 2) ** 2],
    ("MEANS_WRONG", "Yours add the whole gradient."): [2 + 2, 6 + 4],
    ("MEANS_WRONG", "Yours forget the old ones."): [1, 1],
    ("MEANS_WRONG", "Your v has beta2 and 1 - beta2 exchanged."): [3, 0.25 * 8 + 0.75 * 4],
    ("BETAS_WRONG", "Yours has beta1 in both places."): [3, 0.5 * 8 + 0.5 * 4],
    ("BETAS_WRONG", "Yours has beta2 in both places."): [0.75 * 4 + 0.25 * 2, 7],
    ("BETAS_WRONG", "Yours are 0.9 and 0.999, whatever is given."): [3.8, 0.999 * 8 + 0.001 * 4],
    ("BETAS_SWAPPED", ""): [0.75 * 4 + 0.25 * 2, 0.5 * 8 + 0.5 * 4],
}


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_the_moments_are_as_the_words_say_and_it_moves_by_them(mistake, particular):
    variant = getattr(bank, mistake).variants[particular]
    moved, mean, square = map(float, variant(ADAM.reference, ASKED))
    assert [mean, square] == pytest.approx(WORKED[mistake, particular])
    if not mistake.startswith("BETAS"):
        corrected = mean / (1 - 0.5**2), square / (1 - 0.75**2)
        assert moved == pytest.approx(10 - 0.25 * corrected[0] / corrected[1] ** 0.5)


def test_a_mean_may_be_mixed_the_other_way_round():
    exchanged = "Your m has beta1 and 1 - beta1 exchanged."
    asked = ASKED.but(beta1=0.75)
    _, mean, square = bank.MEANS_WRONG.variants[exchanged](ADAM.reference, asked)
    assert (float(mean), float(square)) == (0.25 * 4 + 0.75 * 2, 7)


def test_the_right_moments_hold_the_decay():
    decayed = ASKED.but(weight_decay=0.5)
    assert float(bank.gradient_of(decayed)) == 2 + 0.5 * 10
    assert float(bank.mean_of(decayed)) == 0.5 * 4 + 0.5 * 7
    assert float(bank.square_of(decayed)) == 0.75 * 8 + 0.25 * 7**2
    right = bank.moved(ASKED, bank.mean_of(ASKED), bank.square_of(ASKED))
    assert torch.equal(right, ADAM.reference(ASKED)[0])
