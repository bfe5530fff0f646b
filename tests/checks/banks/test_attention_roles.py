"""Two queries, three keys, width 2: what is compared with what is told by handing it on."""

import pytest
import torch

from labkit.checks.attention import SCALED_DOT_PRODUCT_ATTENTION as OPERATION
from labkit.checks.banks import attention_roles as bank
from labkit.checks.question import Arguments


def arguments(*batch, queries=2, keys=3, width=2):
    shapes = {"q": (queries, width), "k": (keys, width), "v": (keys, width)}
    given = Arguments(
        (name, torch.randn(*batch, *shape, generator=torch.Generator().manual_seed(i)))
        for i, (name, shape) in enumerate(shapes.items())
    )
    return OPERATION.complete(given)


ROLES = {
    "Yours mixes the keys.": "qkk",
    "Yours compares queries with values.": "qvv",
    "Yours compares queries with values and mixes the keys.": "qvk",
    "Yours compares queries with queries.": "qqv",
    "Yours mixes the queries.": "qkq",
    "Yours compares keys with queries: rows and columns of the scores are exchanged.": "kqv",
    "Yours compares keys with keys.": "kkv",
}


@pytest.mark.parametrize("sentence", ROLES)
def test_the_roles_are_those_of_the_sentence(sentence):
    a = arguments()
    seen = []
    bank.ROLES_SWAPPED.variants[sentence](lambda b: seen.extend([b.q, b.k, b.v]), a)
    assert all(given is a[name] for given, name in zip(seen, ROLES[sentence], strict=True))


def test_transposed_shares_mix_over_queries():
    a = arguments(queries=3)
    given = list(bank.ROLES_SWAPPED.variants.values())[-1](OPERATION.reference, a)
    shares = torch.softmax(a.q @ a.k.T / 2**0.5, dim=1)
    torch.testing.assert_close(given, shares.T @ a.v)


def test_keys_as_they_are_and_reshaped():
    a = arguments(keys=2)
    as_it_is, reshaped = bank.KEYS_NOT_TRANSPOSED.variants.values()
    expected = torch.softmax(a.q @ a.k / 2**0.5, dim=1) @ a.v
    torch.testing.assert_close(as_it_is(OPERATION.reference, a), expected)
    a = arguments()
    expected = torch.softmax(a.q @ a.k.reshape(2, 3) / 2**0.5, dim=1) @ a.v
    torch.testing.assert_close(reshaped(OPERATION.reference, a), expected)


def test_what_is_returned_before_the_mixture():
    a = arguments().but(mask=torch.tensor([[True, False, True]]))
    shares, scores, masked = (
        v(OPERATION.reference, a) for v in bank.WEIGHTS_RETURNED.variants.values()
    )
    torch.testing.assert_close(shares.sum(-1), torch.ones(2))
    assert shares[:, 1].tolist() == [0, 0]
    torch.testing.assert_close(scores, a.q @ a.k.T / 2**0.5)
    assert masked[:, 1].isneginf().all()


def test_sequences_of_a_batch():
    a = arguments(2)
    right = OPERATION.reference(a)
    first, last, alone = (v(OPERATION.reference, a) for v in bank.BATCH_ONE_ONLY.variants.values())
    assert first.equal(torch.stack([right[0], right[0]]))
    assert last.equal(torch.stack([right[1], right[1]]))
    assert alone.equal(right[0])
    for variant in bank.BATCH_ONE_ONLY.variants.values():
        assert variant(OPERATION.reference, arguments()).equal(OPERATION.reference(arguments()))


def raises(variant, a):
    try:
        variant(OPERATION.reference, a)
    except ValueError:
        return True
    return False


def test_where_functions_of_one_number_of_axes_raise():
    every = [arguments(), arguments(2), arguments(2, 3)]
    told = [[raises(v, a) for a in every] for v in bank.LEADING_AXES.variants.values()]
    assert told == [
        [False, True, True],
        [True, False, True],
        [True, True, False],
        [False, False, True],
        [True, False, False],
    ]


def test_where_functions_of_one_length_raise():
    (variant,) = bank.ONE_LENGTH.variants.values()
    assert raises(variant, arguments())
    assert not raises(variant, arguments(queries=3))
