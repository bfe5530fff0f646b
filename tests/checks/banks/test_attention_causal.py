"""Four positions with equal scores: an answer is the mean of those of 1, 2, 4, 8 it sees."""

import math

import pytest
import torch

from labkit.checks.attention import SCALED_DOT_PRODUCT_ATTENTION as OPERATION
from labkit.checks.banks import attention_causal as bank
from labkit.checks.question import Arguments

NAN = math.nan


def made(mistake, sentence, queries=4, causal=True):
    v = torch.tensor([[1.0], [2.0], [4.0], [8.0]])
    given = Arguments(q=torch.zeros(queries, 4), k=torch.zeros(4, 4), v=v, causal=causal)
    return mistake.variants[sentence](OPERATION.reference, OPERATION.complete(given))[:, 0].tolist()


HIDDEN, LATER = "Yours hides a query's own key.", "Yours shows a query only later keys."
ALL = (1 + 2 + 4 + 8) / 4
SEEN = [
    (bank.CAUSAL_OFF_BY_ONE, f"{HIDDEN} One query then sees no key and gets NaN.",
     [NAN, 1, 3 / 2, 7 / 3]),
    (bank.CAUSAL_OFF_BY_ONE,
     f"{HIDDEN} One query then sees no key and gets the mean of all values.",
     [ALL, 1, 3 / 2, 7 / 3]),
    (bank.CAUSAL_OFF_BY_ONE, f"{HIDDEN} One query then sees no key and gets zeros.",
     [0, 1, 3 / 2, 7 / 3]),
    (bank.CAUSAL_OFF_BY_ONE, "Yours shows one key of the future.", [3 / 2, 7 / 3, ALL, ALL]),
    (bank.CAUSAL_OFF_BY_ONE, "Yours shows two keys of the future.", [7 / 3, ALL, ALL, ALL]),
    (bank.CAUSAL_UPSIDE_DOWN, "Yours shows a query its own key and all later ones.",
     [ALL, 14 / 3, 6, 8]),
    (bank.CAUSAL_UPSIDE_DOWN, f"{LATER} One query then sees no key and gets NaN.",
     [14 / 3, 6, 8, NAN]),
    (bank.CAUSAL_FROM_START, "", [1, 3 / 2, 7 / 3, ALL]),
]  # fmt: skip


@pytest.mark.parametrize(("mistake", "sentence", "means"), SEEN)
def test_the_keys_that_are_seen(mistake, sentence, means):
    assert made(mistake, sentence) == pytest.approx(means, nan_ok=True)
    assert made(mistake, sentence, causal=False) == pytest.approx([ALL] * 4)


def test_queries_counted_from_the_start_or_from_the_end():
    assert made(bank.CAUSAL_FROM_START, "", queries=2) == pytest.approx([1, 3 / 2])
    future = made(bank.CAUSAL_OFF_BY_ONE, "Yours shows one key of the future.", queries=2)
    assert future == pytest.approx([ALL, ALL])
    with pytest.raises(ValueError, match=r"^$"):
        made(bank.CAUSAL_FROM_START, "Yours raises.", queries=2)
    assert made(bank.CAUSAL_FROM_START, "Yours raises.") == pytest.approx([1, 3 / 2, 7 / 3, ALL])
