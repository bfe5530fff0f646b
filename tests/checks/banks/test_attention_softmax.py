"""Two queries and two keys with the scores 0, 1 and 0, 3; the values are 1 and 10."""

import math

import pytest
import torch

from labkit.checks.attention import SCALED_DOT_PRODUCT_ATTENTION as OPERATION
from labkit.checks.banks import attention_softmax as bank
from labkit.checks.question import Arguments

E = math.exp
ROW = (1 + E(1), 1 + E(3))  # what the shares of a query are divided by
COLUMN = (1 + 1, E(1) + E(3))
SUM = 1 + E(1) + 1 + E(3)
MIX = ((1 + 10 * E(1)) / ROW[0], (1 + 10 * E(3)) / ROW[1])


def arguments(batch=()):
    q, k, v = torch.tensor([[1.0], [3.0]]), torch.tensor([[0.0], [1.0]]), [[1.0], [10.0]]
    given = Arguments(q=q, k=k, v=torch.tensor(v))
    return OPERATION.complete(
        Arguments((name, t.expand(*batch, *t.shape)) for name, t in given.items())
    )


def made(mistake, sentence, a):
    return mistake.variants[sentence](OPERATION.reference, a).flatten().tolist()


def over_columns():
    return [1 / 2 * 1 + E(1) / COLUMN[1] * 10, 1 / 2 * 1 + E(3) / COLUMN[1] * 10]


SIGMOID = [1 / 2 * 1 + 10 / (1 + E(-score)) for score in (1, 3)]
SHARES = [[1 / ROW[0], E(1) / ROW[0]], [1 / ROW[1], E(3) / ROW[1]]]
WORKED = [
    (bank.SOFTMAX_AXIS, "Yours goes over the queries, dim=-2.", over_columns()),
    (bank.SOFTMAX_AXIS, "Yours goes over the first axis, dim=0.", over_columns()),
    (bank.SOFTMAX_AXIS, "Yours goes over all pairs of query and key together.",
     [(1 + 10 * E(1)) / SUM, (1 + 10 * E(3)) / SUM]),
    (bank.SOFTMAX_FORGOTTEN, "Yours mixes with the scores themselves.", [0 + 10, 0 + 30]),
    (bank.SOFTMAX_FORGOTTEN, "Yours mixes with exp(score).", [1 + 10 * E(1), 1 + 10 * E(3)]),
    (bank.SOFTMAX_FORGOTTEN, "Yours mixes with sigmoid(score).", SIGMOID),
    (bank.SOFTMAX_FORGOTTEN, "Yours mixes with the logarithm of the shares.",
     [math.log(a) + 10 * math.log(b) for a, b in SHARES]),
    (bank.SOFTMAX_MISPLACED, "Yours is applied to the finished mixture.", [1, 1]),
    (bank.SOFTMAX_MISPLACED, "Yours is applied twice to the scores.",
     [(E(a) + 10 * E(b)) / (E(a) + E(b)) for a, b in SHARES]),
    (bank.SOFTMAX_MISPLACED, "Yours divides scores by their sum: exp is missing.", [10, 10]),
    (bank.MEAN_NOT_MIXTURE, "Yours takes the mean of all values.", [11 / 2, 11 / 2]),
    (bank.MEAN_NOT_MIXTURE, "Yours takes the mean of the values that a query sees.",
     [11 / 2, 11 / 2]),
    (bank.MEAN_NOT_MIXTURE, "Yours takes the sum of all values.", [11, 11]),
    (bank.MEAN_NOT_MIXTURE, "Yours takes the value of the best key alone.", [10, 10]),
    (bank.MEAN_NOT_MIXTURE, "Yours divides the mixture by the number of keys.",
     [MIX[0] / 2, MIX[1] / 2]),
]  # fmt: skip


@pytest.mark.parametrize(("mistake", "sentence", "answer"), WORKED)
def test_the_mixture_is_what_the_sentence_says(mistake, sentence, answer):
    assert made(mistake, sentence, arguments()) == pytest.approx(answer, rel=1e-5)


AXES = {  # the sum of a query's shares, in 2 equal sequences of 3 equal heads
    "Yours goes over the first axis, dim=0.": 1 / 2 + 1 / 2,
    "Yours goes over the second axis, dim=1.": 1 / 3 + 1 / 3,
}


@pytest.mark.parametrize("sentence", AXES)
def test_equal_sequences_or_heads_share_equally(sentence):
    a = arguments((2, 3)).but(v=torch.ones(2, 3, 2, 1))
    assert made(bank.SOFTMAX_AXIS, sentence, a) == pytest.approx([AXES[sentence]] * 12)


def test_the_axis_that_pytorch_chooses_depends_on_their_number():
    sentence = "Yours names no axis, which PyTorch then chooses by their number."
    assert made(bank.SOFTMAX_AXIS, sentence, arguments()) == pytest.approx(list(MIX))
    first = "Yours goes over the first axis, dim=0."
    second = "Yours goes over the second axis, dim=1."
    for batch, same in (((2,), first), ((2, 3), second)):
        a = arguments(batch)
        assert made(bank.SOFTMAX_AXIS, sentence, a) == made(bank.SOFTMAX_AXIS, same, a)
