"""labkit.ops.softmax: shares on paper, its loops, PyTorch over every axis, huge and lost scores."""

import math

import pytest
import torch
from torch.nn import functional

from labkit.errors import DTypeError
from labkit.ops.softmax import log_softmax, log_softmax_loops, softmax, softmax_loops

FORMS = [softmax, softmax_loops, log_softmax, log_softmax_loops]
PAIRS = [
    (softmax, softmax_loops, functional.softmax),
    (log_softmax, log_softmax_loops, functional.log_softmax),
]
HALVES = [torch.float16, torch.bfloat16]
INF, NAN = torch.inf, torch.nan


def numbers(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


def assert_same(ours, theirs, *leaves, equal_nan=False):
    """Compare values, and the gradients along one direction."""
    torch.testing.assert_close(ours, theirs, equal_nan=equal_nan)
    direction = numbers(*ours.shape, seed=9, dtype=ours.dtype)
    for mine, its in zip(
        torch.autograd.grad(ours, leaves, direction),
        torch.autograd.grad(theirs, leaves, direction),
        strict=True,
    ):
        torch.testing.assert_close(mine, its, equal_nan=equal_nan)


@pytest.mark.parametrize("form", [softmax, softmax_loops])
def test_shares_on_paper(form):
    scores = torch.tensor([math.log(1), math.log(2), math.log(5)], dtype=torch.float64)
    assert form(scores).tolist() == pytest.approx([1 / 8, 2 / 8, 5 / 8])


@pytest.mark.parametrize("form", [log_softmax, log_softmax_loops])
def test_logarithms_on_paper(form):
    scores = torch.tensor([math.log(1), math.log(3)], dtype=torch.float64)
    assert form(scores).tolist() == pytest.approx([math.log(1 / 4), math.log(3 / 4)])


@pytest.mark.parametrize("dim", [0, 1, 2, -1, -2])
@pytest.mark.parametrize(("fast", "slow", "theirs"), PAIRS)
def test_agrees_with_the_loops_and_with_pytorch_along_every_axis(fast, slow, theirs, dim):
    x = (3 * numbers(4, 2, 3)).requires_grad_()
    assert_same(fast(x, dim=dim), theirs(x, dim=dim), x)
    assert_same(slow(x, dim=dim), theirs(x, dim=dim), x)


def test_shares_are_positive_add_up_to_one_and_do_not_mind_a_shift():
    x = 5 * numbers(6, 7)
    shares = softmax(x, dim=0)
    assert (shares > 0).all()
    torch.testing.assert_close(shares.sum(0), torch.ones(7, dtype=x.dtype))
    torch.testing.assert_close(softmax(x + 100, dim=0), shares)


@pytest.mark.parametrize("form", FORMS)
def test_gradcheck(form):
    assert torch.autograd.gradcheck(lambda x: form(x, dim=0), numbers(3, 2).requires_grad_())


@pytest.mark.parametrize("form", [softmax, log_softmax])
def test_second_derivatives(form):
    assert torch.autograd.gradgradcheck(form, numbers(2, 3).requires_grad_())


@pytest.mark.parametrize("dtype", [*HALVES, torch.float32, torch.float64])
@pytest.mark.parametrize(("fast", "slow", "theirs"), PAIRS)
def test_very_large_logits(fast, slow, theirs, dtype):
    x = torch.tensor([[1e4, -1e4, 0], [-1e4, -1e4, -1e4]], dtype=dtype, requires_grad=True)
    for form in (fast, slow):
        assert form(x).isfinite().all()
        assert_same(form(x), theirs(x, dim=-1), x)


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize(("fast", "slow", "theirs"), PAIRS)
def test_half_precision(fast, slow, theirs, dtype):
    x = numbers(5, 6, dtype=dtype)
    exact = theirs(x.double(), dim=-1)
    for form, steps in ((fast, 0.51), (slow, 4)):
        assert form(x).dtype is dtype
        error = (form(x).double() - exact).abs() / exact.abs()
        assert error.max() <= steps * torch.finfo(dtype).eps


@pytest.mark.parametrize("form", [softmax, log_softmax])
def test_more_equal_scores_than_float16_can_count(form):
    assert (
        form(torch.zeros(2**17, dtype=torch.float16)).tolist()
        == [form(torch.zeros(2**17)).half()[0].item()] * 2**17
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_row_of_nothing_but_minus_infinity_is_nan_as_in_pytorch(form):
    x = torch.tensor([[-INF, -INF], [-INF, 0.0]])
    assert form(x).isnan().tolist() == [[True, True], [False, False]]


@pytest.mark.parametrize("row", [[-INF, 0, 1], [INF, 0, 1], [INF, INF, 0], [NAN, 0, 1]], ids=str)
@pytest.mark.parametrize(("fast", "slow", "theirs"), PAIRS)
def test_infinity_and_nan_go_where_pytorch_lets_them_go(fast, slow, theirs, row):
    x = torch.tensor([[0.0, 1.0, 2.0], row], requires_grad=True)
    assert_same(fast(x), theirs(x, dim=-1), x, equal_nan=True)
    torch.testing.assert_close(slow(x), theirs(x, dim=-1), equal_nan=True)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0,), (2, 0, 3), (4, 1), (1,), ()], ids=str)
@pytest.mark.parametrize(("fast", "slow", "theirs"), PAIRS)
def test_empty_and_single(fast, slow, theirs, shape):
    x = numbers(*shape).requires_grad_()
    assert_same(fast(x), theirs(x, dim=-1), x)
    torch.testing.assert_close(slow(x), theirs(x, dim=-1))


@pytest.mark.parametrize("form", FORMS)
def test_views_that_are_not_contiguous(form):
    x = numbers(4, 6)
    for view in (x.T, x[:, ::2], x[:1].expand(3, -1)):
        torch.testing.assert_close(form(view, dim=0), form(view.contiguous(), dim=0))


@pytest.mark.parametrize("form", FORMS)
def test_the_input_is_not_modified(form):
    x = numbers(2, 3)
    before = x.clone()
    form(x)
    assert torch.equal(x, before)


@pytest.mark.parametrize("form", [softmax, log_softmax])
def test_the_device_is_kept(form):
    assert form(torch.ones(2, 3, device="meta")).device.type == "meta"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("form", [softmax, log_softmax])
def test_a_gpu_gives_the_same(form):
    there = form(numbers(5, 6).cuda(), dim=0)
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), form(numbers(5, 6), dim=0))


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize("form", FORMS)
def test_bad_input_says_what_to_do(form):
    with pytest.raises(DTypeError, match=r"torch.int64; use x.float\(\)"):
        form(torch.arange(3))
    with pytest.raises(IndexError, match=r"range of \[-2, 1\], but got 2"):
        form(numbers(2, 3), dim=2)
