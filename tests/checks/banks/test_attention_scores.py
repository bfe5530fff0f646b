"""One query of width 4 (√4 = 2) and three keys: products 2, 4, 6, scores 1, 2, 3."""

import math

import pytest
import torch

from labkit.checks.attention import SCALED_DOT_PRODUCT_ATTENTION as OPERATION
from labkit.checks.banks import attention_scores as steps
from labkit.checks.question import Arguments

E1, E2, E3 = math.exp(1), math.exp(2), math.exp(3)


def arguments(**options):
    q = torch.tensor([[2.0, 0, 0, 0]])
    k = torch.tensor([[1.0, 0, 0, 0], [2, 0, 0, 0], [3, 0, 0, 0]])
    v = torch.tensor([[1.0], [10.0], [100.0]])
    return OPERATION.complete(Arguments({"q": q, "k": k, "v": v} | options))


def test_scores_and_shares():
    assert steps.scale_of(arguments()) == 1 / 2
    assert steps.scores_of(arguments()).tolist() == [[1, 2, 3]]
    shares = steps.shares_of(arguments())[0].tolist()
    assert shares == pytest.approx([e / (E1 + E2 + E3) for e in (E1, E2, E3)])


def test_a_scale_and_a_bias():
    a = arguments(scale=2.0, bias=torch.tensor([[0.5, 0.0, -1.0]]))
    assert steps.scores_of(a).tolist() == [[2 * 2 + 0.5, 2 * 4, 2 * 6 - 1]]


def test_hidden_keys_have_no_share_or_the_one_of_the_score_given():
    a = arguments(mask=torch.tensor([[True, True, False]]))
    assert steps.shares_of(a)[0].tolist() == pytest.approx([E1 / (E1 + E2), E2 / (E1 + E2), 0])
    assert float(steps.shares_of(a, 1.0)[0, 2]) == pytest.approx(E1 / (E1 + E2 + E1))


def test_causal_queries_are_the_last_positions():
    two = torch.zeros(2, 4)
    assert steps.visible(arguments(q=two, causal=True)).tolist() == [[1, 1, 0], [1, 1, 1]]
    mask = torch.tensor([[True, False, True]])
    assert steps.visible(arguments(q=two, causal=True, mask=mask)).tolist() == [
        [1, 0, 0],
        [1, 0, 1],
    ]


def test_a_mask_of_ones_own_takes_the_place_of_causal():
    seen = torch.tensor([[False, True, False]])
    assert steps.visible(steps.as_mask(arguments(causal=True), seen)).tolist() == [[0, 1, 0]]


def test_mixed_gives_the_values_in_other_shares():
    variant = steps.mixed(lambda a: torch.tensor([[0.5, 0.25, 0.25]]))
    assert float(variant(OPERATION.reference, arguments())) == 0.5 * 1 + 0.25 * 10 + 0.25 * 100


def test_a_query_that_sees_nothing_is_answered_in_three_ways():
    nothing = arguments(mask=torch.zeros(1, 3, dtype=torch.bool))
    assert float(OPERATION.reference(nothing)) == 0
    assert math.isnan(steps.nowhere_as_nan(OPERATION.reference, nothing))
    assert float(steps.nowhere_as_mean(OPERATION.reference, nothing)) == 111 / 3
    for answer in (steps.nowhere_as_nan, steps.nowhere_as_mean):
        right = OPERATION.reference(arguments())
        assert answer(OPERATION.reference, arguments()).equal(right)
