"""labkit.ops.winners: the first of equal elements, NaN, and the way of the gradient."""

import pytest
import torch

from labkit.ops.winners import first_maximum, pick


def test_the_first_of_equal_elements_wins_and_the_last_nan():
    nan = torch.nan
    views = [torch.tensor([5.0, 1.0, 3.0, nan]), torch.tensor([5.0, 2.0, nan, 9.0])]
    views += [torch.tensor([4.0, 2.0, nan, 9.0])]
    best, which = first_maximum(views, torch.tensor(0))
    assert best[:2].tolist() == [5, 2]
    assert best[2:].isnan().all()
    assert which.tolist() == [0, 1, 2, 0]


def test_the_favourite_wins_where_nothing_beats_the_first():
    none = torch.tensor([-torch.inf, -torch.inf])
    _, which = first_maximum([none, none, torch.tensor([-torch.inf, 0.0])], torch.tensor(1))
    assert which.tolist() == [1, 2]


def test_more_views_than_a_byte_can_count():
    views = [torch.tensor([float(number == 300)]) for number in range(400)]
    assert first_maximum(views, torch.tensor(0))[1].tolist() == [300]


def test_more_views_than_two_bytes_can_count():
    views = [torch.tensor([float(number == 40_000)]) for number in range(40_001)]
    assert first_maximum(views, torch.tensor(0))[1].tolist() == [40_000]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_pick_takes_one_pixel_and_gives_it_the_gradient(layout):
    x = torch.arange(12.0).reshape(1, 2, 2, 3).contiguous(memory_format=layout).requires_grad_()
    rows, columns = torch.tensor([[[[1]], [[0]]]]), torch.tensor([[[[2]], [[1]]]])
    picked = pick(x, rows, columns)
    assert picked.tolist() == [[[[5.0]], [[7.0]]]]
    (gradient,) = torch.autograd.grad(picked.sum(), x)
    assert gradient.nonzero().tolist() == [[0, 0, 1, 2], [0, 1, 0, 1]]
