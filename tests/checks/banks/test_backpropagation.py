import math

import pytest
import torch

from labkit.checks.backpropagation import BACKPROPAGATION
from labkit.checks.banks import backpropagation as bank
from labkit.checks.question import Arguments

# One row, one input, one hidden unit, two classes: s = 2 * 0.25 + 0.5 = 1 and h = tanh(1); the
# logits are h and -h, and the label is class 1.
ASKED = Arguments(
    x=torch.tensor([[2.0]]),
    target=torch.tensor([1]),
    weight_1=torch.tensor([[0.25]]),
    bias_1=torch.tensor([0.5]),
    weight_2=torch.tensor([[1.0], [-1.0]]),
    bias_2=torch.zeros(2),
    activation="tanh",
)
H = math.tanh(1)
P = 1 / (1 + math.exp(-2 * H))  # of class 0
BACK = P - (1 - P - 1)  # the errors are P and (1 - P) - 1, the weights 1 and -1

UPDATED = "Yours goes through a weight_2 that was updated already, with a rate of 1."

# The gradient of bias_1 is what comes back, times the derivative of tanh.
WORKED = {
    ("SLOPE_FORGOTTEN", ""): BACK,
    ("SLOPE_WRONG", "Yours is 1 - s**2, of the sum instead of tanh's result."): BACK * (1 - 1**2),
    ("SLOPE_WRONG", "Yours is 1 - tanh(h)**2, taken at the result instead of at the sum."): (
        BACK * (1 - math.tanh(H) ** 2)
    ),
    ("SLOPE_WRONG", "Yours is h * (1 - h), which is that of the sigmoid."): BACK * H * (1 - H),
    ("SLOPE_WRONG", "Yours is tanh itself."): BACK * H,
    ("ERROR_WRONG", "Yours is the softmax, without the label."): (P - (1 - P)) * (1 - H**2),
    ("ERROR_WRONG", "Yours is logits - one_hot, without the softmax."): (
        (H - (-H - 1)) * (1 - H**2)
    ),
    ("WAY_BACK_WRONG", "Yours stops there: the first layer has zeros."): 0,
    ("WAY_BACK_WRONG", UPDATED): (
        (P * (1 - P * H) + (-P) * (-1 + P * H)) * (1 - H**2)
    ),
}  # fmt: skip


def made(mistake, particular="", **changed):
    variant = getattr(bank, mistake).variants[particular]
    return variant(BACKPROPAGATION.reference, ASKED.but(**changed))


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_what_comes_back_to_the_first_layer_is_as_the_words_say(mistake, particular):
    weight_1, bias_1, *_ = made(mistake, particular)
    assert float(bias_1) == pytest.approx(WORKED[mistake, particular], abs=1e-6)
    assert float(weight_1) == pytest.approx(2 * float(bias_1))


def test_without_a_change_the_steps_are_those_of_autograd():
    right = BACKPROPAGATION.reference(ASKED)
    changed = made("INPUT_WRONG", "Layer 2 received h, not the sums before tanh.")
    for i in (0, 1, 3):
        torch.testing.assert_close(changed[i], right[i])
    assert changed[2].flatten().tolist() == pytest.approx([P, -P])  # times s = 1, not h
    relu = ASKED.but(activation="relu")
    derivative = bank.SLOPE_WRONG.variants["Yours is tanh itself."]
    torch.testing.assert_close(
        derivative(BACKPROPAGATION.reference, relu), BACKPROPAGATION.reference(relu)
    )


def test_the_gradient_of_a_bias_without_the_sum():
    two = {"x": torch.tensor([[2.0], [2.0]]), "target": torch.tensor([1, 1])}
    rows = made("BIAS_NOT_SUMMED", "Yours still has a row for each example.", **two)
    assert [tuple(g.shape) for g in rows] == [(1, 1), (2, 1), (2, 1), (2, 2)]
    mean = made("BIAS_NOT_SUMMED", "Yours is the mean over the batch; the 1/N is in delta already.",
                **two)  # fmt: skip
    assert float(mean[1]) == pytest.approx(BACK * (1 - H**2) / 2)
