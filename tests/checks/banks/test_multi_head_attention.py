"""Where the features of a head come from, and where they go: numbers say position and feature."""

import pytest
import torch

from labkit.checks.banks import multi_head_attention as bank
from labkit.checks.banks.multi_head_parts import attention_of, side_by_side
from labkit.checks.multi_head_attention import MULTI_HEAD_ATTENTION as OPERATION
from labkit.checks.question import Arguments

X = torch.tensor([[[0.0, 1, 2, 3], [10, 11, 12, 13]]])


def arguments(**options):
    given = {f"w_{n}": torch.eye(4) for n in "qkvo"}
    given |= {"query": X, "key": X, "value": X, "num_heads": 2}
    return OPERATION.complete(Arguments(given | options))


def handed_on(mistake, sentence, **options):
    seen = []
    mistake.variants[sentence](lambda a: seen.append(a) or X, arguments(**options))
    return seen[0]


CUT = [
    (bank.CUT_BY_RESHAPE, "", [[0, 1], [2, 3]]),
    (bank.HEADS_INTERLEAVED, "Yours takes every H-th feature for a head.", [[0, 2], [10, 12]]),
    (bank.HEADS_INTERLEAVED, "Yours joins the heads feature by feature.", [[0, 1], [10, 11]]),
    (bank.ACROSS_HEADS, "", [[0, 1], [2, 3]]),
]


@pytest.mark.parametrize(("mistake", "sentence", "first"), CUT)
def test_the_first_head_has_these_features(mistake, sentence, first):
    assert attention_of(handed_on(mistake, sentence)).q[0, 0].tolist() == first


JOINED = [  # each head answers with its values, as if every position saw itself alone
    (bank.CUT_BY_RESHAPE, "Yours joins them by a reshape too.", X.tolist()),
    (bank.CUT_BY_RESHAPE, "", [[[0, 1, 10, 11], [2, 3, 12, 13]]]),
    (bank.JOINED_WITHOUT_TRANSPOSE, "", [[[0, 1, 10, 11], [2, 3, 12, 13]]]),
    (bank.HEADS_INTERLEAVED, "Yours takes every H-th feature for a head, and puts it back there.",
     X.tolist()),
    (bank.HEADS_INTERLEAVED, "Yours takes every H-th feature for a head.",
     [[[0, 2, 1, 3], [10, 12, 11, 13]]]),
    (bank.HEADS_INTERLEAVED, "Yours joins the heads feature by feature.",
     [[[0, 2, 1, 3], [10, 12, 11, 13]]]),
    (bank.ACROSS_HEADS, "", X.tolist()),
]  # fmt: skip


@pytest.mark.parametrize(("mistake", "sentence", "joined"), JOINED)
def test_features_end_up_here(mistake, sentence, joined):
    given = side_by_side(handed_on(mistake, sentence), lambda inner: inner.v)
    assert given.tolist() == joined


SCALES = {
    "Yours is √ of the whole width.": 1 / 2,
    "Yours does not divide.": 1,
    "Yours is √ of the number of heads.": 1 / 2**0.5,
    "Yours is the width itself, without the root.": 1 / 2,
}


def test_scales_are_those_of_the_sentences():
    given = {s: handed_on(bank.SCALE_WRONG, s).scale for s in bank.SCALE_WRONG.variants}
    assert given == pytest.approx(SCALES)


def test_one_head_is_as_wide_as_everything():
    plain, scaled, raises = bank.ONE_HEAD.variants
    assert handed_on(bank.ONE_HEAD, plain).num_heads == 1
    inner = attention_of(handed_on(bank.ONE_HEAD, scaled))
    assert inner.q[0].tolist() == X.tolist()
    assert inner.scale == pytest.approx(1 / 2**0.5)
    assert handed_on(bank.ONE_HEAD, raises, num_heads=1).num_heads == 1
    with pytest.raises(ValueError, match=r"^$"):
        handed_on(bank.ONE_HEAD, raises)


def test_heads_added_up_or_averaged():
    """With one key every query is answered with its value."""
    a = arguments(key=X[:, :1], value=X[:, :1])
    total, mean = (v(OPERATION.reference, a) for v in bank.HEADS_SUMMED.variants.values())
    assert total.tolist() == [[[0 + 2, 1 + 3]] * 2]
    assert mean.tolist() == [[[1, 2]] * 2]


AXES = {"Yours goes over the heads.": 1, "Yours goes over the queries.": 2}


def test_the_softmax_goes_over_another_axis():
    """Equal scores: a key has 1 / 2 of the shares of two heads, and of three queries 1 / 3."""
    v = torch.ones(1, 1, 4)
    a = arguments(query=torch.zeros(1, 3, 4), key=v, value=v)
    for sentence, share in zip(AXES, (1 / 2, 1 / 3), strict=True):
        given = bank.SOFTMAX_AXIS.variants[sentence](OPERATION.reference, a)
        assert given.flatten().tolist() == pytest.approx([share] * 12)
    over_sequences = bank.SOFTMAX_AXIS.variants["Yours goes over the sequences."]
    assert over_sequences(OPERATION.reference, a).flatten().tolist() == pytest.approx([1] * 12)


def test_masks():
    mask = torch.tensor([[True, False], [True, True]])
    names = ("inverted", "ignored", "causal ignored", "after", "zero")
    sentences = dict(zip(names, bank.MASK_WRONG.variants, strict=True))
    given = {n: handed_on(bank.MASK_WRONG, s, mask=mask, causal=True) for n, s in sentences.items()}
    assert given["inverted"].mask.equal(~mask)
    assert given["ignored"].mask is None
    assert given["causal ignored"].causal is False
    inner = attention_of(arguments(query=0 * X, mask=mask))
    assert given["after"].attend(inner)[0, 0, 0].tolist() == [0 / 2, 1 / 2]
    assert given["zero"].attend(inner)[0, 0, 0].tolist() == [(0 + 10) / 2, (1 + 11) / 2]
