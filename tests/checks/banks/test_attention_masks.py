"""A query with the scores 0, 1, 2 for the values 1, 10, 100, of which the last is hidden."""

import math

import pytest
import torch

from labkit.checks.attention import SCALED_DOT_PRODUCT_ATTENTION as OPERATION
from labkit.checks.banks import attention_masks as bank
from labkit.checks.question import Arguments

INF, E = math.inf, math.e
VALUES = (1, 10, 100)


def arguments(**options):
    k = torch.tensor([[0.0], [1.0], [2.0]])
    v = torch.tensor([[float(value)] for value in VALUES])
    mask = torch.tensor([[True, True, False]])
    given = {"q": torch.ones(1, 1), "k": k, "v": v, "mask": mask}
    return OPERATION.complete(Arguments(given | options))


def made(mistake, sentence, **options):
    return float(mistake.variants[sentence](OPERATION.reference, arguments(**options)))


def mixture(*scores):
    powers = [math.exp(score) for score in scores]
    return sum(p * v for p, v in zip(powers, VALUES, strict=True)) / sum(powers)


RIGHT = mixture(0, 1, -INF)
WHOLE = 1 + E + E**2
AFTER = (1 * 1 + E * 10) / WHOLE
TOO_LITTLE = [
    (bank.MASKED_TOO_LITTLE, f"Yours gives them {score}.", mixture(0, 1, score))
    for score in (-1, -2, -5, -10, -1000)
] + [
    (bank.MASKED_TOO_LITTLE, f"Yours subtracts {less} from their score.", mixture(0, 1, 2 - less))
    for less in (1, 5, 10)
]
WORKED = [
    (bank.MASK_IGNORED, "Yours does nothing with the mask.", mixture(0, 1, 2)),
    (bank.MASK_INVERTED, "", 100),
    (
        bank.MASK_AFTER_SOFTMAX,
        "Yours makes shares of hidden keys 0, and the others no longer add up to 1.",
        AFTER,
    ),
    (bank.MASK_AFTER_SOFTMAX, "Yours puts -inf among the shares.", -INF),
    (bank.MASK_AFTER_SOFTMAX, "Yours puts -1e9 among the shares.", AFTER - 1e9 * 100),
    (
        bank.MASK_AFTER_SOFTMAX,
        "Yours divides the shares by their sum again, which is 0 / 0 where hidden keys had "
        "everything.",
        RIGHT,
    ),
    (bank.MASKED_BY_ZERO, "", mixture(0, 1, 0)),
    *TOO_LITTLE,
    (bank.MASK_ADDED, "", mixture(0 + 1, 1 + 1, 2 + 0)),
]


@pytest.mark.parametrize(("mistake", "sentence", "answer"), WORKED)
def test_the_mixture_is_what_the_sentence_says(mistake, sentence, answer):
    assert made(mistake, sentence) == pytest.approx(answer, rel=1e-5)
    assert made(mistake, sentence, mask=None) == pytest.approx(mixture(0, 1, 2), rel=1e-5)


def test_dividing_again_comes_too_late_where_the_hidden_key_had_everything():
    _, divided = list(bank.MASK_AFTER_SOFTMAX.variants)[-2:]
    assert math.isnan(made(bank.MASK_AFTER_SOFTMAX, divided, scale=1000.0))


def test_an_inverted_mask_may_leave_nothing_to_see():
    everything = torch.tensor([[True, True, True]])
    nan, mean, zero = (made(bank.MASK_INVERTED, s, mask=everything)
                       for s in bank.MASK_INVERTED.variants)  # fmt: skip
    assert math.isnan(nan)
    assert (mean, zero) == (sum(VALUES) / 3, 0)


def test_a_row_without_keys():
    nothing = torch.zeros(1, 3, dtype=torch.bool)
    nan, mean = (made(bank.HIDDEN_ROW, s, mask=nothing) for s in bank.HIDDEN_ROW.variants)
    assert math.isnan(nan)
    assert mean == sum(VALUES) / 3
    assert [made(bank.HIDDEN_ROW, s) for s in bank.HIDDEN_ROW.variants] == [
        pytest.approx(RIGHT)
    ] * 2


BIASED = {
    "Yours ignores it.": mixture(0, 0.5 * 1, -INF),
    "Yours adds it before dividing by √d.": mixture(0 + 0.5 * 3, 0.5 * 1 - 0.5 * 2, -INF),
    "Yours adds it after the softmax.": mixture(0, 0.5 * 1, -INF) + 3 * 1 - 2 * 10 + 4 * 100,
    "Yours subtracts it.": mixture(0 - 3, 0.5 * 1 + 2, -INF),
    "Yours multiplies with it.": mixture(0 * 3, 0.5 * -2, -INF),
}


def test_what_becomes_of_a_bias():
    bias = torch.tensor([[3.0, -2.0, 4.0]])
    for sentence, answer in BIASED.items():
        given = made(bank.BIAS_WRONG, sentence, bias=bias, scale=0.5)
        assert given == pytest.approx(answer, rel=1e-5), sentence


def test_a_boolean_mask_that_cannot_be_used_raises():
    with pytest.raises(ValueError, match=r"^$"):
        made(bank.MASK_TYPE, "Yours raises.")
    assert made(bank.MASK_TYPE, "Yours raises.", mask=None) == pytest.approx(mixture(0, 1, 2))


def test_of_mask_and_causal_one_may_be_ignored():
    """With three queries and causal the first sees key 0 alone, in whatever a mask allows."""
    a = arguments(q=torch.ones(3, 1), mask=torch.tensor([[True, False, True]]), causal=True)
    seen = {}
    for sentence, variant in bank.MASK_IGNORED.variants.items():
        variant(lambda given, s=sentence: seen.update({s: (given.mask is None, given.causal)}), a)
    assert seen == {
        "Yours does nothing with the mask.": (True, True),
        "Yours does nothing with causal.": (False, False),
        "Yours does nothing with the mask, nor with causal.": (True, False),
        "Yours does nothing with causal where there is a mask.": (False, False),
        "Yours does nothing with the mask where causal is True.": (True, True),
    }
