import pytest
import torch

from labkit.checks.banks import gradients as bank
from labkit.checks.question import Arguments

GIVEN = (
    torch.tensor([[1.0, 2.0]]), torch.tensor([3.0]), torch.tensor([[4.0], [5.0]]),
    torch.tensor([6.0, 7.0]),
)  # fmt: skip
ASKED = Arguments(x=torch.zeros(4, 2), weight_2=torch.zeros(2, 1))  # four rows, two classes


def made(mistake, particular=""):
    results = getattr(bank, mistake).variants[particular](lambda a: GIVEN, ASKED)
    return [r.tolist() for r in results]


def times(factor):
    return [(factor * g).tolist() for g in GIVEN]


def test_the_scale_is_as_the_words_say():
    words = "Yours are those of the sum: the division by the batch is missing."
    assert made("MEAN_FORGOTTEN", words) == times(4)
    assert made("MEAN_FORGOTTEN", "Yours are divided by the batch twice.") == times(1 / 4)
    assert made("MEAN_FORGOTTEN", "Yours are divided by the number of classes.") == times(4 / 2)
    assert made("SIGN_WRONG") == times(-1)


def test_a_transposed_gradient_leaves_the_others():
    first = made("GRADIENT_TRANSPOSED", "Yours has the first so.")
    assert first == [[[1], [2]], [3], [[4], [5]], [6, 7]]
    assert made("GRADIENT_TRANSPOSED", "Yours has both so.")[2] == [[4, 5]]


@pytest.mark.parametrize(
    ("particular", "order"),
    [
        ("Yours begin with the last layer.", [2, 3, 0, 1]),
        ("Yours run backwards.", [3, 2, 1, 0]),
        ("Yours have both weights first.", [0, 2, 1, 3]),
        ("Yours have each bias before its weight.", [1, 0, 3, 2]),
        ("Yours have the weights first, and begin with the last layer.", [2, 0, 3, 1]),
    ],
)
def test_the_order_is_as_the_words_say(particular, order):
    assert made("RESULTS_DISORDERED", particular) == [GIVEN[i].tolist() for i in order]


def test_the_way_forward_is_misused_by_its_arguments():
    def look(a):
        return a.bias_1, a.bias_2, a.activation

    asked = ASKED.but(bias_1=torch.ones(1), bias_2=torch.ones(2), activation="tanh")
    forgotten = bank.FORWARD_WRONG.variants["Yours forgets bias_1."](look, asked)
    assert (forgotten[0].tolist(), forgotten[1].tolist()) == ([0], [1, 1])
    assert bank.FORWARD_WRONG.variants["Yours has no activation."](look, asked)[2] == "identity"
