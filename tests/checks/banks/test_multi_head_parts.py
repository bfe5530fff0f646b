"""One sequence of two positions, four features, two heads; a number says where it was."""

import torch

from labkit.checks.banks import multi_head_parts as parts
from labkit.checks.multi_head_attention import MULTI_HEAD_ATTENTION as OPERATION
from labkit.checks.question import Arguments

X = torch.tensor([[[0.0, 1, 2, 3], [10, 11, 12, 13]]])
HEADS = [[[[0, 1], [10, 11]], [[2, 3], [12, 13]]]]


def arguments(**options):
    eye = torch.eye(4)
    given = {"query": X, "key": X + 100, "value": X + 200, "num_heads": 2}
    given |= {"w_q": eye, "w_k": 2 * eye, "w_v": 3 * eye, "w_o": eye}
    return OPERATION.complete(Arguments(given | options))


def test_a_head_has_neighbouring_features_of_all_positions():
    assert parts.split(X, 2).tolist() == HEADS
    assert parts.merged(torch.tensor(HEADS)).tolist() == X.tolist()


def test_each_input_has_its_own_matrix_and_bias():
    q, k, v = parts.projected(arguments(b_k=torch.ones(4)))
    assert q.equal(X)
    assert k.equal(2 * (X + 100) + 1)
    assert v.equal(3 * (X + 200))


def test_the_attention_inside_has_an_axis_of_heads():
    inner = parts.attention_of(arguments(causal=True))
    assert inner.q.tolist() == HEADS
    assert (inner.causal, inner.scale, inner.mask) == (True, None, None)


def test_steps_can_be_other_than_the_right_ones():
    a = arguments()
    seen = []
    cut = parts.inside(cut=lambda x, heads: x[:, None], scale=lambda a: 1 / a.num_heads)
    join = parts.inside(attend=lambda inner: inner.q, join=lambda x: x.sum(1))
    # One variant within the other: both have changed something in the end.
    join(lambda b: cut(lambda c: seen.append(c) or b.query, b), a)
    inner = parts.attention_of(seen[0])
    assert inner.q.shape == (1, 1, 2, 4)
    assert inner.scale == 1 / 2
    assert parts.side_by_side(seen[0], lambda inner: inner.v).equal(X)


def test_side_by_side_is_before_the_last_projection():
    answers = parts.side_by_side(arguments(w_o=torch.zeros(4, 4)), lambda inner: inner.v)
    assert answers.equal(3 * (X + 200))
