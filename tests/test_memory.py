import pytest
import torch

from labkit.memory import kept_for_backward


def leaf(*shape):
    return torch.rand(*shape, requires_grad=True)


def test_a_product_keeps_both_factors():
    one, other = leaf(10, 20), leaf(20, 5)
    assert kept_for_backward(lambda: one @ other) == 4 * (10 * 20 + 20 * 5)


def test_a_sum_keeps_nothing():
    one, other = leaf(100), leaf(100)
    assert kept_for_backward(lambda: one + other) == 0


def test_what_is_kept_twice_counts_once():
    x = leaf(50)
    assert kept_for_backward(lambda: (x * x, x.view(5, 10) * x.view(5, 10))) == 4 * 50


def test_without_a_gradient_nothing_is_kept():
    x = torch.rand(100)
    assert kept_for_backward(lambda: x.exp()) == 0


def test_each_intermediate_counts_although_nobody_holds_it_any_more():
    x = leaf(1000)
    assert kept_for_backward(lambda: x.exp().tanh().sigmoid()) == 3 * 4 * 1000


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_keeps_as_much():
    x = torch.rand(1000, device="cuda", requires_grad=True)
    assert kept_for_backward(lambda: x.exp().tanh()) == 2 * 4 * 1000
