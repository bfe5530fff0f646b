"""labkit.ops.losses: errors on paper, the loops, PyTorch over the grid, all gradients, edges."""

import math

import pytest
import torch
from torch.nn import functional

from labkit.errors import DeviceError, DTypeError, OptionError, ShapeError
from labkit.ops import losses
from labkit.ops.losses import (
    binary_cross_entropy_with_logits,
    binary_cross_entropy_with_logits_loops,
    mse,
    mse_loops,
)

from .test_activations import numbers

MSE = [mse, mse_loops]
BINARY = [binary_cross_entropy_with_logits, binary_cross_entropy_with_logits_loops]
REDUCTIONS = ["none", "mean", "sum"]
INF, NAN = torch.inf, torch.nan


def problem(*shape, dtype=torch.float64):
    """Return logits, and shares from 0 to 1, of which some are exactly 0 and 1."""
    target = numbers(*shape, seed=1).clamp(0, 1)
    return (numbers(*shape, dtype=dtype).requires_grad_(), target.to(dtype).requires_grad_())


def assert_same(ours, theirs, leaves, **tolerance):
    torch.testing.assert_close(ours, theirs, **tolerance)
    for mine, its in zip(
        torch.autograd.grad(ours.sum(), leaves),
        torch.autograd.grad(theirs.sum(), leaves),
        strict=True,
    ):
        torch.testing.assert_close(mine, its, **tolerance)


@pytest.mark.parametrize("form", MSE)
def test_squared_errors_on_paper(form):
    x, target = torch.tensor([[3.0, 1.0]]), torch.tensor([[1.0, 1.5]])
    squares = [(3 - 1) ** 2, (1 - 1.5) ** 2]
    assert form(x, target, reduction="none").tolist() == [squares]
    assert form(x, target, reduction="sum").item() == sum(squares)
    assert form(x, target).item() == sum(squares) / 2


@pytest.mark.parametrize("form", BINARY)
def test_yes_and_no_on_paper(form):
    logits = torch.tensor([math.log(3), math.log(3), 0.0], dtype=torch.float64)  # 3 to 1, 1 to 1
    target = torch.tensor([1.0, 0.0, 0.25], dtype=torch.float64)
    paper = [-math.log(3 / 4), -math.log(1 / 4), math.log(2)]
    assert form(logits, target, reduction="none").tolist() == pytest.approx(paper)
    five = torch.tensor(5.0, dtype=torch.float64)
    weighed = [5 * paper[0], paper[1], (5 * 0.25 + 0.75) * math.log(2)]
    assert form(logits, target, pos_weight=five).item() == pytest.approx(sum(weighed) / 3)


def test_it_is_cross_entropy_between_a_score_and_zero():
    x = numbers(6)
    two = torch.stack([torch.zeros(6), x], dim=1).double()
    for answer in (0, 1):
        torch.testing.assert_close(
            binary_cross_entropy_with_logits(x, torch.full_like(x, answer)),
            losses.cross_entropy(two, torch.full((6,), answer)),
        )


@pytest.mark.parametrize("form", MSE)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3), (0, 2)], ids=str)
def test_mse_agrees_with_pytorch_in_values_and_all_gradients(form, reduction, shape):
    leaves = problem(*shape)
    ours = form(*leaves, reduction=reduction)
    theirs = functional.mse_loss(*leaves, reduction=reduction)
    if ours.requires_grad:
        assert_same(ours, theirs, leaves, equal_nan=True)
    else:  # the loops over nothing leave nothing to follow back
        assert 0 in shape
        torch.testing.assert_close(ours, theirs, equal_nan=True)


@pytest.mark.parametrize("form", BINARY)
@pytest.mark.parametrize("weights", [None, (), (3,), (2, 1), (2, 3)], ids=str)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_binary_agrees_with_pytorch_in_values_and_all_gradients(form, weights, reduction):
    leaves = problem(2, 3)
    pos_weight = None if weights is None else numbers(*weights, seed=2).abs()
    options = {"pos_weight": pos_weight, "reduction": reduction}
    theirs = functional.binary_cross_entropy_with_logits(*leaves, **options)
    assert_same(form(*leaves, **options), theirs, leaves)


@pytest.mark.parametrize("form", [*MSE, *BINARY])
def test_gradcheck(form):
    assert torch.autograd.gradcheck(form, problem(2, 2))


def test_gradcheck_of_the_weights_too():
    leaves = (*problem(2, 2), numbers(2, seed=3).requires_grad_())
    assert torch.autograd.gradcheck(
        lambda x, t, w: binary_cross_entropy_with_logits(x, t, pos_weight=w), leaves
    )


@pytest.mark.parametrize("form", BINARY)
@pytest.mark.parametrize("target", [0.0, 0.25, 1.0])
def test_the_slope_of_an_undecided_answer(form, target):
    x = torch.zeros(1, requires_grad=True)
    (slope,) = torch.autograd.grad(form(x, torch.full_like(x, target)), x)
    assert slope.item() == 0.5 - target


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("form", BINARY)
def test_very_large_logits(form, dtype):
    x = torch.tensor([1e4, 1e4, -1e4, -1e4], dtype=dtype, requires_grad=True)
    target = torch.tensor([1, 0, 1, 0], dtype=dtype)
    surprise = form(x, target, reduction="none")
    assert surprise.tolist() == [0, x[0].item(), x[0].item(), 0]
    assert torch.autograd.grad(surprise.sum(), x)[0].tolist() == [0, 1, -1, 0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("form", [*MSE, *BINARY])
def test_the_dtype_is_kept(form, dtype):
    leaves = problem(3, 4, dtype=dtype)
    loss = form(*leaves, reduction="mean")
    exact = form(*(leaf.double() for leaf in leaves))
    assert {loss.dtype, *(g.dtype for g in torch.autograd.grad(loss, leaves))} == {dtype}
    assert (loss.double() - exact).abs() <= 2 * torch.finfo(dtype).eps


@pytest.mark.parametrize("form", [mse, *BINARY, mse_loops])
def test_the_device_is_kept(form):
    there = torch.ones(2, 3, device="meta")
    assert form(there, there).device.type == "meta"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("form", [mse, binary_cross_entropy_with_logits])
def test_a_gpu_gives_the_same(form):
    leaves = problem(4, 5)
    there = form(*(leaf.cuda() for leaf in leaves))
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), form(*leaves))


@pytest.mark.parametrize("form", BINARY)
@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (1,)], ids=str)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_empty_and_single(form, shape, reduction):
    leaves = problem(*shape)
    theirs = functional.binary_cross_entropy_with_logits(*leaves, reduction=reduction)
    torch.testing.assert_close(form(*leaves, reduction=reduction), theirs, equal_nan=True)


@pytest.mark.parametrize("form", [*MSE, *BINARY])
def test_views_that_are_not_contiguous(form):
    x, target = (leaf.detach() for leaf in problem(4, 6))
    for one, other in ((x.T, target.T), (x[:, ::2], target[:1, 1::2].expand(4, -1))):
        torch.testing.assert_close(form(one, other), form(one.contiguous(), other.contiguous()))


@pytest.mark.parametrize("number", [INF, -INF, NAN])
@pytest.mark.parametrize("answer", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("form", [mse, binary_cross_entropy_with_logits])
def test_infinity_and_nan_go_where_pytorch_lets_them_go(form, number, answer):
    x, target = torch.tensor([1.0, number]), torch.tensor([0.5, answer])
    theirs = functional.mse_loss if form is mse else functional.binary_cross_entropy_with_logits
    torch.testing.assert_close(
        form(x, target, reduction="none"), theirs(x, target, reduction="none"), equal_nan=True
    )


@pytest.mark.parametrize("form", [*MSE, *BINARY])
def test_the_input_is_not_modified(form):
    leaves = problem(3)
    before = [leaf.detach().clone() for leaf in leaves]
    form(*leaves)
    assert all(torch.equal(a, b) for a, b in zip(leaves, before, strict=True))


@pytest.mark.parametrize("name", ["cross_entropy", "cross_entropy_loops"])
def test_a_lesson_needs_one_import(name):
    assert name in losses.__all__
    assert callable(getattr(losses, name))


WRONG = [
    ("(N,1) and (N,)", lambda f, x: f(x[:, None], x), ShapeError, r"\(3, 1\), got \(3,\)"),
    ("integers", lambda f, x: f(x, (x > 0).long()), DTypeError, r"use target.float\(\)"),
    ("dtypes", lambda f, x: f(x, x.float()), DTypeError, r"but target is torch.float32"),
    ("devices", lambda f, x: f(x, x.to("meta")), DeviceError, "target is on meta"),
    ("reduction", lambda f, x: f(x, x, reduction="avg"), OptionError, "mean, sum; got 'avg'"),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize("form", [*MSE, *BINARY])
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(form, call, error, says):
    with pytest.raises(error, match=says):
        call(form, numbers(3))


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize("form", BINARY)
@pytest.mark.parametrize("shape", [(2,), (1, 3), (2, 1)], ids=str)
def test_weights_that_do_not_broadcast_say_so(form, shape):
    x = numbers(3)
    with pytest.raises(ShapeError, match=r"target's shape, \(3,\); got \(.*\d"):
        form(x, x, pos_weight=numbers(*shape))
