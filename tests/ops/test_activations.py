"""labkit.ops.activations: values and slopes on paper, the loops, PyTorch, far out, in half."""

import math

import pytest
import torch
from torch.nn import functional

from labkit.errors import DTypeError, OptionError
from labkit.ops import activations
from labkit.ops.activations import (
    gelu,
    gelu_loops,
    relu,
    relu_loops,
    sigmoid,
    sigmoid_loops,
    tanh,
    tanh_loops,
)


def gelu_tanh(x):
    return gelu(x, approximate="tanh")


def gelu_tanh_loops(x):
    return gelu_loops(x, approximate="tanh")


def gelu_tanh_in_pytorch(x):
    return functional.gelu(x, approximate="tanh")


TRIPLES = {
    "sigmoid": (sigmoid, sigmoid_loops, torch.sigmoid),
    "tanh": (tanh, tanh_loops, torch.tanh),
    "relu": (relu, relu_loops, torch.relu),
    "gelu": (gelu, gelu_loops, functional.gelu),
    "gelu, tanh": (gelu_tanh, gelu_tanh_loops, gelu_tanh_in_pytorch),
}
HALVES = [torch.float16, torch.bfloat16]
INF, NAN = torch.inf, torch.nan

each = pytest.mark.parametrize(("fast", "slow", "theirs"), TRIPLES.values(), ids=TRIPLES)


def numbers(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


def assert_same(ours, theirs, x, **tolerance):
    """Compare the values, and the gradients along one direction."""
    torch.testing.assert_close(ours, theirs, **tolerance)
    direction = numbers(*x.shape, seed=9, dtype=x.dtype)
    (mine,) = torch.autograd.grad(ours, x, direction, retain_graph=True)
    (its,) = torch.autograd.grad(theirs, x, direction, retain_graph=True)
    torch.testing.assert_close(mine, its, **tolerance)


@pytest.mark.parametrize("form", [sigmoid, sigmoid_loops])
def test_sigmoid_on_paper(form):
    x = torch.tensor([0.0, math.log(3), -math.log(4)], dtype=torch.float64)
    assert form(x).tolist() == pytest.approx([1 / 2, 3 / (3 + 1), 1 / (1 + 4)])


@pytest.mark.parametrize("form", [tanh, tanh_loops])
def test_tanh_on_paper(form):
    x = torch.tensor([0.0, math.log(2), -math.log(3)], dtype=torch.float64)
    assert form(x).tolist() == pytest.approx([0, (4 - 1) / (4 + 1), (1 - 9) / (1 + 9)])


@pytest.mark.parametrize("form", [relu, relu_loops])
def test_relu_on_paper(form):
    assert form(torch.tensor([-3.0, -0.0, 0.0, 2.5])).tolist() == [0, 0, 0, 2.5]


@pytest.mark.parametrize("form", [gelu, gelu_loops])
def test_gelu_on_paper(form):
    x = torch.tensor([0.0, 1.0, -1.0], dtype=torch.float64)
    within_one_deviation = math.erf(1 / math.sqrt(2))  # 68 % of a normal distribution
    assert form(x).tolist() == pytest.approx(
        [0, 1 * (0.5 + within_one_deviation / 2), -1 * (0.5 - within_one_deviation / 2)]
    )


@pytest.mark.parametrize(
    ("form", "slope"), [(sigmoid, 1 / 4), (tanh, 1), (relu, 0), (gelu, 1 / 2), (gelu_tanh, 1 / 2)]
)
def test_the_slope_at_zero_on_paper(form, slope):
    for zero in (0.0, -0.0):
        x = torch.tensor(zero, requires_grad=True)
        assert torch.autograd.grad(form(x), x)[0].item() == slope


def test_identities():
    x = 4 * numbers(50)
    torch.testing.assert_close(tanh(x), 2 * sigmoid(2 * x) - 1)
    torch.testing.assert_close(sigmoid(-x), 1 - sigmoid(x))
    torch.testing.assert_close(relu(x) - relu(-x), x)
    torch.testing.assert_close(gelu(x) - gelu(-x), x)


def test_the_approximation_is_as_close_as_it_says():
    x = torch.linspace(-8, 8, 10_001, dtype=torch.float64)
    apart = (gelu(x) - gelu_tanh(x)).abs().max().item()
    assert 0.0004 < apart < 0.0005
    assert gelu(x).min().item() == pytest.approx(-0.17, abs=1e-3)
    assert x[gelu(x).argmin()].item() == pytest.approx(-0.75, abs=5e-3)


@each
def test_agrees_with_the_loops_and_with_pytorch(fast, slow, theirs):
    x = torch.cat([3 * numbers(30), torch.tensor([0.0, -0.0])]).requires_grad_()
    assert_same(fast(x), theirs(x), x)
    assert_same(slow(x), theirs(x), x)


@each
def test_small_numbers_keep_their_digits(fast, slow, theirs):
    x = torch.tensor([1e-12, -1e-9, 1e-5], dtype=torch.float64, requires_grad=True)
    assert_same(fast(x), theirs(x), x, rtol=1e-14, atol=0)


@each
def test_gradcheck(fast, slow, theirs):
    x = numbers(2, 3).requires_grad_()
    assert torch.autograd.gradcheck(fast, x)
    assert torch.autograd.gradcheck(slow, x)
    assert torch.autograd.gradgradcheck(fast, x)


@pytest.mark.parametrize("dtype", [*HALVES, torch.float32, torch.float64])
@each
def test_very_large_numbers(fast, slow, theirs, dtype):
    x = torch.tensor([1e4, -1e4, 6e4, -6e4, 20, -20], dtype=dtype, requires_grad=True)
    assert fast(x).isfinite().all()
    # The smallest float16 is 6e-8: PyTorch computes half precision in float32 and keeps it.
    assert_same(fast(x), theirs(x), x, rtol=torch.finfo(dtype).eps * 4, atol=1e-7)
    torch.testing.assert_close(slow(x), theirs(x), rtol=torch.finfo(dtype).eps * 4, atol=1e-7)


@pytest.mark.parametrize("dtype", [*HALVES, torch.float32])
@each
def test_the_dtype_is_kept(fast, slow, theirs, dtype):
    x = numbers(40, dtype=dtype).requires_grad_()
    for form in (fast, slow):
        ours = form(x)
        assert ours.dtype is torch.autograd.grad(ours.sum(), x)[0].dtype is dtype
        exact = theirs(x.double())
        torch.testing.assert_close(ours.double(), exact, rtol=0, atol=4 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", HALVES)
@each
def test_half_precision_is_rounded_once(fast, slow, theirs, dtype):
    x = torch.linspace(-6, 6, 121, dtype=torch.float64).to(dtype).requires_grad_()
    exact = x.detach().double().requires_grad_()
    (truth,) = torch.autograd.grad(theirs(exact).sum(), exact)
    (slope,) = torch.autograd.grad(fast(x).sum(), x)
    last_digit = {"rtol": torch.finfo(dtype).eps, "atol": 1e-6}
    torch.testing.assert_close(fast(x).double(), theirs(exact), **last_digit)
    torch.testing.assert_close(slow(x).double(), theirs(exact), **last_digit)
    torch.testing.assert_close(slope.double(), truth, **last_digit)


@each
def test_the_device_is_kept(fast, slow, theirs):
    assert fast(torch.ones(2, device="meta")).device.type == "meta"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@each
def test_a_gpu_gives_the_same(fast, slow, theirs):
    there = fast(numbers(20).cuda())
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), fast(numbers(20)))


@each
def test_infinity_and_nan_go_where_pytorch_lets_them_go(fast, slow, theirs):
    x = torch.tensor([INF, -INF, NAN, 1.0], requires_grad=True)
    (mine,) = torch.autograd.grad(fast(x).sum(), x)
    assert mine.isfinite()[3]
    if theirs is functional.gelu:  # PyTorch's kernel for CPUs makes NaN of +inf; the limit is +inf
        assert fast(x)[0] == slow(x)[0] == INF
        x = x[1:]
    torch.testing.assert_close(fast(x), theirs(x), equal_nan=True)
    torch.testing.assert_close(slow(x), theirs(x), equal_nan=True)


@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (1,)], ids=str)
@each
def test_empty_and_single(fast, slow, theirs, shape):
    x = numbers(*shape)
    assert fast(x).shape == shape
    torch.testing.assert_close(slow(x), fast(x))


@each
def test_views_that_are_not_contiguous(fast, slow, theirs):
    x = numbers(4, 6)
    for view in (x.T, x[:, ::2], x[:1].expand(3, -1)):
        torch.testing.assert_close(fast(view), theirs(view))
        torch.testing.assert_close(slow(view), theirs(view))


@each
def test_the_input_is_not_modified(fast, slow, theirs):
    x = numbers(4)
    before = x.clone()
    fast(x), slow(x)
    assert torch.equal(x, before)


@pytest.mark.parametrize("name", ["softmax", "softmax_loops", "log_softmax", "log_softmax_loops"])
def test_a_lesson_needs_one_import(name):
    assert name in activations.__all__
    assert callable(getattr(activations, name))


@pytest.mark.usefixtures("as_learners_run_it")
@each
def test_integers_and_lists_are_refused(fast, slow, theirs):
    for form in (fast, slow):
        with pytest.raises(DTypeError, match=r"torch.int64; use x.float\(\)"):
            form(torch.arange(3))
        with pytest.raises(DTypeError, match=r"must be a torch.Tensor, got list"):
            form([1.0])


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize("form", [gelu, gelu_loops])
def test_there_are_two_gelus(form):
    with pytest.raises(OptionError, match="approximate must be one of none, tanh; got 'erf'"):
        form(numbers(2), approximate="erf")
