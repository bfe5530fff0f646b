"""labkit.ops.masked_softmax: shares of 1 among what may be seen, and zeros where nothing may."""

import math

import pytest
import torch

from labkit.ops.masked_softmax import hide, masked_softmax

SCORES = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=torch.float64)
ALLOWED = torch.tensor([[True, False, True], [False, False, False]])


def test_the_worked_example():
    share = math.exp(1) / (math.exp(1) + math.exp(3))
    shares = masked_softmax(SCORES, ALLOWED)
    torch.testing.assert_close(
        shares, torch.tensor([[share, 0, 1 - share], [0, 0, 0]], dtype=torch.float64)
    )


def test_hidden_is_minus_infinity_and_nothing_else_changes():
    assert hide(SCORES, ALLOWED)[0].tolist() == [1, -math.inf, 3]
    assert hide(SCORES, None) is SCORES


def test_agrees_with_pytorch_where_a_row_has_something():
    allowed = torch.rand(4, 5, 6, generator=torch.Generator().manual_seed(0)) > 0.5
    allowed[..., 0] = True
    scores = torch.randn(5, 6, generator=torch.Generator().manual_seed(1))
    expected = scores.masked_fill(~allowed, -math.inf).softmax(-1)
    for may_hide_all in (False, True):
        shares = masked_softmax(scores, allowed, may_hide_all=may_hide_all)
        torch.testing.assert_close(shares, expected)
    assert torch.equal(masked_softmax(scores, None), scores.softmax(-1))


def test_gradcheck():
    scores = SCORES.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda s: masked_softmax(s, ALLOWED), scores)
    assert torch.autograd.gradgradcheck(lambda s: masked_softmax(s, ALLOWED), scores)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_an_empty_row_has_zeros_and_no_gradient(dtype):
    scores = SCORES.to(dtype).requires_grad_()
    shares = masked_softmax(scores, ALLOWED)
    assert shares.dtype is dtype
    assert shares[1].tolist() == [0, 0, 0]
    (gradient,) = torch.autograd.grad((shares * torch.arange(3.0).to(dtype)).sum(), scores)
    assert gradient[1].tolist() == [0, 0, 0]
    assert gradient[0].isfinite().all()
    assert gradient[0, 0] < 0 < gradient[0, 2]


def test_no_keys_at_all():
    assert masked_softmax(torch.ones(2, 0), torch.ones(2, 0, dtype=torch.bool)).shape == (2, 0)


def test_a_large_score_does_not_overflow():
    scores = torch.tensor([[60000.0, 50000.0, -60000.0]], dtype=torch.float16)
    assert masked_softmax(scores, torch.tensor([True, True, False])[None]).tolist() == [[1, 0, 0]]
