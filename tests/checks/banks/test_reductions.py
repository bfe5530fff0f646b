import pytest
import torch

from labkit.checks.banks import reductions as bank
from labkit.checks.banks.reductions import each, reduced
from labkit.checks.question import Arguments

LOSSES = torch.tensor([[1.0, 2.0, 3.0], [4.0, 6.0, 8.0]])
WORKED = {
    "Yours returns the sum.": 24,
    "Yours returns one loss for each number.": LOSSES.tolist(),
    "Yours divides the sum by the length of the batch alone.": 24 / 2,
    "Your mean is over the last axis alone.": [2, 6],
    "Your mean is over the batch alone.": [2.5, 4, 5.5],
    "Yours divides the mean by the count once more.": 4 / 6,
    "Yours divides by the length of the last axis alone.": 24 / 3,
}


def asked(reduction):
    return Arguments(losses=LOSSES, reduction=reduction)


def reference(a):
    return reduced(a.losses, a.reduction)


@pytest.mark.parametrize("particular", WORKED)
def test_the_mean_is_as_the_words_say(particular):
    variant = bank.REDUCTION_IGNORED.variants[particular]
    right = torch.tensor(WORKED[particular], dtype=torch.float32)
    torch.testing.assert_close(variant(reference, asked("mean")), right)
    if particular.startswith(("Your mean", "Yours divides")):
        assert variant(reference, asked("sum")) == 24


def test_a_mean_whatever_reduction_says():
    variant = bank.REDUCTION_IGNORED.variants["Yours returns the mean, whatever reduction says."]
    assert [float(variant(reference, asked(r))) for r in ("mean", "sum", "none")] == [4, 4, 4]


def test_other_losses_are_put_together_rightly():
    variant = each(lambda a: 2 * a.losses)
    assert variant(None, asked("mean")) == 8
    assert variant(None, asked("sum")) == 48
    assert variant(None, asked("none")).tolist() == (2 * LOSSES).tolist()
