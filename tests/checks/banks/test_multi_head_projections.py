"""What a variant hands on to the operation: matrices are multiples of one that is not symmetric."""

import pytest
import torch

from labkit.checks.bank import Mistake
from labkit.checks.banks import multi_head_projections as bank
from labkit.checks.multi_head_attention import MULTI_HEAD_ATTENTION as OPERATION
from labkit.checks.question import Arguments

BASE = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
FACTORS = {"q": 1, "k": 10, "v": 100, "o": 1000}
X, Y, Z = (torch.full((1, 2, 2), number) for number in (1.0, 2.0, 3.0))


def handed_on(mistake, sentence, heads=1):
    given = {f"w_{n}": f * BASE for n, f in FACTORS.items()}
    given |= {f"b_{n}": f * torch.ones(2) for n, f in FACTORS.items()}
    given |= {"query": X, "key": Y, "value": Z, "num_heads": heads}
    seen = []
    mistake.variants[sentence](lambda a: seen.append(a) or X, OPERATION.complete(Arguments(given)))
    return seen[0]


def transposed(a):
    return {n for n, f in FACTORS.items() if a[f"w_{n}"].equal(f * BASE.T)}


def without_bias(a):
    return {n for n in FACTORS if a[f"b_{n}"] is None}


def unprojected(a):
    return {n for n in FACTORS if a[f"w_{n}"].equal(torch.eye(2))}


LEFT_OUT = [
    (bank.WEIGHT_NOT_TRANSPOSED, "Yours multiplies with all four as they are.", transposed, "qkvo"),
    (bank.WEIGHT_NOT_TRANSPOSED, "Yours multiplies with w_q, w_k and w_v as they are.", transposed,
     "qkv"),
    (bank.WEIGHT_NOT_TRANSPOSED, "Yours multiplies with w_o as it is.", transposed, "o"),
    (bank.BIAS_FORGOTTEN, "Yours uses none of them.", without_bias, "qkvo"),
    (bank.BIAS_FORGOTTEN, "Yours leaves out those of queries, keys and values.", without_bias,
     "qkv"),
    (bank.BIAS_FORGOTTEN, "Yours leaves out that of the output.", without_bias, "o"),
    (bank.BIAS_FORGOTTEN, "Yours leaves out that of the queries.", without_bias, "q"),
    (bank.BIAS_FORGOTTEN, "Yours leaves out that of the values.", without_bias, "v"),
    (bank.INPUT_NOT_PROJECTED, "Yours takes query, key and value as they are.", unprojected, "qkv"),
    (bank.INPUT_NOT_PROJECTED, "Yours takes value as it is.", unprojected, "v"),
    (bank.INPUT_NOT_PROJECTED, "Yours takes key as it is.", unprojected, "k"),
    (bank.INPUT_NOT_PROJECTED, "Yours takes query as it is.", unprojected, "q"),
    (bank.OUTPUT_NOT_PROJECTED, "", unprojected, "o"),
]  # fmt: skip


@pytest.mark.parametrize(("mistake", "sentence", "which", "names"), LEFT_OUT)
def test_exactly_what_the_sentence_names_is_left_out(mistake, sentence, which, names):
    a = handed_on(mistake, sentence)
    assert which(a) == set(names)
    if which is unprojected:
        assert without_bias(a) == set(names)


SWAPPED = [s for s in bank.PROJECTIONS_SWAPPED.variants if "each head" not in s]


@pytest.mark.parametrize("sentence", SWAPPED)
def test_the_matrices_have_the_order_of_the_sentence(sentence):
    a = handed_on(bank.PROJECTIONS_SWAPPED, sentence)
    order = [word[2] for word in sentence.replace(",", "").split() if word.startswith("w_")]
    assert len(SWAPPED) == 5
    assert [float(a[f"w_{n}"][0, 0]) for n in "qkv"] == [FACTORS[n] for n in order]
    assert [float(a[f"b_{n}"][0]) for n in "qkv"] == [FACTORS[n] for n in order]


def test_rows_read_head_by_head():
    """The rows q0 q1 k0 k1 v0 v1 are read as q, k, v of head 0 and then of head 1."""
    a = handed_on(bank.PROJECTIONS_SWAPPED, "Yours reads q, k and v of each head in turn.", heads=2)
    q0, q1, k0, k1, v0, v1 = torch.cat([BASE, 10 * BASE, 100 * BASE])
    assert a.w_q.equal(torch.stack([q0, k1]))
    assert a.w_k.equal(torch.stack([q1, v0]))
    assert a.w_v.equal(torch.stack([k0, v1]))
    assert a.b_q.tolist() == [1, 10]


SOURCES = {
    "Yours makes the values of key.": (X, Y, Y),
    "Yours makes the keys of value.": (X, Z, Z),
    "Yours makes all of query.": (X, X, X),
}


def test_what_is_projected():
    for sentence, sources in SOURCES.items():
        a = handed_on(bank.SOURCES_MIXED, sentence)
        assert all(map(torch.equal, (a.query, a.key, a.value), sources)), sentence


def test_a_residual_is_the_query():
    given = Arguments(query=X)
    assert bank.RESIDUAL_ADDED.variants[""](lambda a: 5 * Y, given).equal(5 * Y + X)


def test_every_mistake_has_its_place_in_the_order():
    told = {v.name for v in vars(bank).values() if isinstance(v, Mistake)}
    assert told <= {m.name for m in OPERATION.mistakes}
