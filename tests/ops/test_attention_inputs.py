"""labkit.ops.attention_inputs: what every form starts from, and what it refuses."""

import math

import pytest
import torch

from labkit.errors import ShapeError
from labkit.ops.attention_inputs import attention_inputs, attention_scores


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_scores_are_products_then_capped_then_biased():
    q, k = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0], [0.0, -1.0]])
    assert attention_scores(q, k).tolist() == [[1 * 3 + 2 * 4, 2 * -1]]
    capped = attention_scores(q, k, torch.tensor([[0.5, -math.inf]]), 10.0)
    assert capped[0, 0].item() == pytest.approx(10 * math.tanh(11 / 10) + 0.5)
    assert capped[0, 1] == -math.inf


def test_queries_are_scaled_and_nothing_else_is():
    q, k, v = numbers(2, 3, 4), numbers(2, 5, 4, seed=1), numbers(2, 5, 6, seed=2)
    inputs = attention_inputs(q, k, v)
    assert torch.equal(inputs.q, q / 2)
    assert inputs.k is k
    assert inputs.v is v
    assert torch.equal(attention_inputs(q, k, scale=3).q, q * 3)


def test_heads_are_repeated_in_groups():
    k = numbers(2, 2, 5, 4)
    inputs = attention_inputs(numbers(2, 6, 3, 4), k)
    assert torch.equal(inputs.k, k[:, [0, 0, 0, 1, 1, 1]])


@pytest.mark.parametrize(
    ("q", "k", "v", "mask", "batch"),
    [
        ((3, 4), (5, 4), (5, 2), None, ()),
        ((2, 1, 3, 4), (6, 5, 4), (6, 5, 2), None, (2, 6)),
        ((8, 3, 4), (2, 5, 4), (2, 5, 2), (7, 1, 1, 5), (7, 8)),
        ((2, 8, 3, 4), (1, 2, 5, 4), (2, 4, 5, 2), (8, 3, 1), (2, 8)),
    ],
    ids=str,
)
def test_leading_axes_are_broadcast(q, k, v, mask, batch):
    mask = None if mask is None else torch.ones(mask, dtype=torch.bool)
    inputs = attention_inputs(numbers(*q), numbers(*k), numbers(*v), mask=mask)
    assert inputs.batch == batch


def test_masks_are_laid_out_for_every_query_and_key():
    inputs = attention_inputs(
        numbers(3, 4), numbers(5, 4), mask=torch.ones(5) > 0, bias=numbers(3, 1)
    )
    assert inputs.looks.mask.shape == (3, 5)
    assert inputs.bias.shape == (3, 5)
    assert (inputs.looks.query_length, inputs.looks.key_length) == (3, 5)


def test_padding_is_cleared_in_keys_and_values():
    keep = torch.tensor([[True, True, False]])
    inputs = attention_inputs(numbers(2, 4), numbers(3, 4), numbers(3, 1), mask=keep)
    assert inputs.k[2].tolist() == [0] * 4
    assert inputs.v[2].tolist() == [0]
    assert (inputs.k[:2] != 0).all()


def test_queries_of_no_width_are_not_divided_by():
    assert attention_inputs(torch.ones(2, 0), torch.ones(3, 0)).q.shape == (2, 0)


@pytest.mark.parametrize("heads", [3, 1, 8])
def test_heads_that_do_not_divide(heads):
    with pytest.raises(ShapeError, match=r"heads of q \(axis -3\) may be a multiple"):
        attention_inputs(numbers(heads, 3, 4), numbers(16 if heads == 8 else 2, 5, 4), numbers(
            4 if heads == 1 else 2, 5, 4))  # fmt: skip
