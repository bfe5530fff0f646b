"""One query of width 4 and two keys; with d the width, the scores 2 / √d and 4 / √d are 1 and 2."""

import math

import pytest
import torch

from labkit.checks.attention import SCALED_DOT_PRODUCT_ATTENTION as OPERATION
from labkit.checks.banks import attention_scale as bank
from labkit.checks.question import Arguments


def arguments(**options):
    q = torch.tensor([[2.0, 0, 0, 0]])
    k = torch.tensor([[1.0, 0, 0, 0], [2, 0, 0, 0]])
    v = torch.tensor([[1.0, 0, 0], [10.0, 0, 0]])
    return OPERATION.complete(Arguments({"q": q, "k": k, "v": v} | options))


def mixture(scale):
    """Return the first number of the answer with scores of 2 * scale and 4 * scale."""
    share = 1 / (1 + math.exp(2 * scale))
    return share * 1 + (1 - share) * 10


def made(mistake, sentence, **options):
    return mistake.variants[sentence](OPERATION.reference, arguments(**options))


SCALES = [
    (bank.SCALE_FORGOTTEN, "", 1),
    (bank.WRONG_D, "Yours takes the number of queries.", 1 / math.sqrt(1)),
    (bank.WRONG_D, "Yours takes the number of keys.", 1 / math.sqrt(2)),
    (bank.WRONG_D, "Yours takes the width of the values.", 1 / math.sqrt(3)),
    (bank.WRONG_D, "Yours takes the number of all elements of q.", 1 / math.sqrt(1 * 4)),
    (bank.SCALE_WRONG, "Yours divides by d, without the root.", 1 / 4),
    (bank.SCALE_WRONG, "Yours multiplies by √d.", 2),
    (bank.SCALE_WRONG, "Yours multiplies by d.", 4),
    (bank.SCALE_WRONG, "Yours divides by d².", 1 / 16),
    (bank.SCALE_WRONG, "Yours divides by the root of √d.", 1 / math.sqrt(2)),
    (bank.SCALE_WRONG, "Yours divides by √(2d).", 1 / math.sqrt(8)),
]


@pytest.mark.parametrize(("mistake", "sentence", "scale"), SCALES)
def test_the_scale_is_what_the_sentence_says(mistake, sentence, scale):
    assert float(made(mistake, sentence)[0, 0]) == pytest.approx(mixture(scale), rel=1e-5)


@pytest.mark.parametrize(("mistake", "sentence", "scale"), SCALES)
def test_a_scale_that_is_given_is_used(mistake, sentence, scale):
    assert float(made(mistake, sentence, scale=0.3)[0, 0]) == pytest.approx(mixture(0.3), rel=1e-5)


IGNORED = {
    "Yours ignores it.": 1 / 2,
    "Yours divides by it.": 1 / 0.2,
    "Yours multiplies by it and divides by √d too.": 0.2 / 2,
}


def test_what_becomes_of_a_scale_that_is_ignored():
    for sentence, scale in IGNORED.items():
        given = made(bank.SCALE_IGNORED, sentence, scale=0.2)
        assert float(given[0, 0]) == pytest.approx(mixture(scale), rel=1e-5), sentence


HEADS = {  # of q (2, 3, 5, 4) and k (2, 3, 7, 4)
    "Yours takes the first axis of q, in a batch the number of sequences.": 2,
    "Yours takes the second axis of q, under heads their number.": 3,
    "Yours takes the number of heads.": 3,
    "Yours takes the width of all heads together.": 3 * 4,
    "Yours takes the number of keys.": 7,
}


@pytest.mark.parametrize("sentence", HEADS)
def test_the_root_under_heads(sentence):
    seen = []
    variant = bank.WRONG_D.variants[sentence]
    a = arguments(q=torch.zeros(2, 3, 5, 4), k=torch.zeros(2, 3, 7, 4))
    variant(lambda given: seen.append(given.scale), a)
    assert seen == [pytest.approx(1 / math.sqrt(HEADS[sentence]))]


def test_shares_divided_too_late_add_up_to_less():
    after = float(made(bank.SCALE_AFTER_SOFTMAX, "")[0, 0])
    assert after == pytest.approx(mixture(1) / 2)


def test_large_scores_overflow():
    plain, one_maximum, more = bank.OVERFLOW.variants.values()
    for variant in (plain, one_maximum, more):
        small = float(variant(OPERATION.reference, arguments())[0, 0])
        assert small == pytest.approx(mixture(1 / 2), rel=1e-5)
    large, low = arguments(scale=100.0), arguments(scale=-100.0)
    assert plain(OPERATION.reference, large).isnan().all()  # inf / inf
    assert plain(OPERATION.reference, low).isnan().all()  # 0 / 0
    assert more(OPERATION.reference, low)[0, 0] == 0  # 0 / 1e-9
    assert float(one_maximum(OPERATION.reference, large)[0, 0]) == 10
    far = arguments(scale=100.0, q=torch.tensor([[2.0, 0, 0, 0], [-2, 0, 0, 0]]))
    assert one_maximum(OPERATION.reference, far).isnan().any(-1).tolist() == [False, True]


def test_half_precision_is_where_a_mask_breaks():
    raises, nan, always = bank.HALF_PRECISION.variants.values()
    half = arguments().copied(dtype=torch.float16)
    assert not bank.is_half(arguments())
    assert bank.is_half(half)
    assert raises(OPERATION.reference, half).equal(OPERATION.reference(half))
    assert nan(OPERATION.reference, half.but(causal=True)).isnan().all()
    for variant, a in ((raises, half.but(causal=True)), (always, half)):
        with pytest.raises(ValueError, match=r"^$"):
            variant(OPERATION.reference, a)
