"""labkit.explorers.attention_heads: what fits together, and what is too much to show."""

import numpy as np
import pytest
import torch

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.explorers.attention_heads import attention_heads, image_size


def test_two_axes_are_one_head_and_serve_all_heads():
    one = attention_heads([[1, 2]], np.ones((3, 2)))
    assert one.shape == (1, 1, 3, 2, 2)
    assert torch.equal(one.keys, one.values)
    keys = torch.randn(5, 4)
    several = attention_heads(torch.randn(3, 2, 4), keys, torch.randn(3, 5, 6))
    assert several.shape == (3, 2, 5, 4, 6)
    assert all(torch.equal(head, keys) for head in several.keys)
    assert all(stack.is_contiguous() and stack.dtype == torch.float32 for stack in several)


def test_what_was_given_is_neither_changed_nor_shared():
    queries = torch.randn(2, 3, requires_grad=True)
    heads = attention_heads(queries, queries)
    assert not heads.queries.requires_grad
    assert attention_heads(torch.ones(2, 3, dtype=torch.bfloat16), queries).queries.sum() == 6


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(4,), (4, 2)], r"queries has shape \(4,\)"),
        ([(2, 3, 4, 5), (4, 5)], r"pick one sequence of a batch, such as queries\[0\]"),
        ([(0, 4), (3, 4)], r"queries has shape \(0, 4\)"),
        ([(33, 4), (3, 4)], r"queries of 1 × 33 × 4 .* at most 8 × 32 × 64"),
        ([(3, 4), (33, 4)], "keys of 1 × 33"),
        ([(3, 65), (3, 65)], "queries of 1 × 3 × 65"),
        ([(9, 3, 4), (3, 4)], "queries of 9 × 3"),
        ([(3, 4), (3, 5)], "queries as wide as keys"),
        ([(3, 4), (3, 4), (2, 4)], "a value for each key"),
        ([(2, 3, 4), (3, 3, 4)], "as many heads"),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_what_does_not_fit_is_refused(shapes, message):
    with pytest.raises(ShapeError, match=message):
        attention_heads(*(torch.zeros(shape) for shape in shapes))


@pytest.mark.usefixtures("as_learners_run_it")
def test_what_is_no_real_number_is_refused():
    with pytest.raises(OptionError, match="keys holds NaN"):
        attention_heads([[1.0]], [[torch.nan]])
    with pytest.raises(DTypeError, match="values is complex"):
        attention_heads([[1.0]], [[1.0]], torch.ones(1, 1, dtype=torch.complex64))


def test_vectors_that_are_images_have_as_many_numbers_as_pixels():
    assert image_size((8, 8), (1, 6, 6, 64, 64)) == [8, 8]
    assert image_size(None, (1, 6, 6, 64, 63)) == []


@pytest.mark.parametrize("picture", [(8, 7), (-8, -8)])
def test_images_of_another_size_are_refused(picture):
    with pytest.raises(ShapeError, match=r"needs keys and values of .* got 64 and 64"):
        image_size(picture, (1, 6, 6, 64, 64))
    with pytest.raises(ShapeError, match="got 64 and 10"):
        image_size((8, 8), (1, 6, 6, 64, 10))
