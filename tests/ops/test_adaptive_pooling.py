"""labkit.ops.adaptive_pooling: worked windows, its loops, PyTorch over a grid, gradients, edges."""

from itertools import product

import pytest
import torch
from torch.nn import functional

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.ops.adaptive_pooling import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_loops,
    adaptive_max_pool2d,
    adaptive_max_pool2d_loops,
    global_avg_pool2d,
    global_max_pool2d,
)

AVERAGES = [adaptive_avg_pool2d, adaptive_avg_pool2d_loops]
MAXIMA = [adaptive_max_pool2d, adaptive_max_pool2d_loops]
SIZES = [1, 2, 3, 5, 7, 9, (1, 4), (5, 3), (None, 2), (6, None)]
SHAPES = [(8, 7), (5, 5), (1, 6)]


def images(*shape, dtype=torch.float64):
    """Return images of few different numbers, most of them negative: full of ties."""
    generator = torch.Generator().manual_seed(0)
    return (torch.randint(5, shape, generator=generator) - 4).to(dtype)


def compare(ours, theirs, x):
    torch.testing.assert_close(ours, theirs, equal_nan=True)
    direction = torch.linspace(1, 2, ours.numel(), dtype=ours.dtype).reshape(ours.shape)
    mine, its = (torch.autograd.grad(result, x, direction) for result in (ours, theirs))
    torch.testing.assert_close(mine, its)


@pytest.mark.parametrize("pool", AVERAGES)
def test_windows_that_overlap_and_differ_in_length(pool):
    row = torch.tensor([[[2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]]])
    # Eight pixels, five windows: [0, 2), [1, 4), [3, 5), [4, 7), [6, 8).
    expected = [(2 + 4) / 2, (4 + 8 + 16) / 3, (16 + 32) / 2, (32 + 64 + 128) / 3, (128 + 256) / 2]
    assert pool(row, (1, 5))[0, 0].tolist() == pytest.approx(expected)


@pytest.mark.parametrize("pool", MAXIMA)
def test_the_largest_and_where_it_was(pool):
    row = torch.tensor([[[1.0, 5.0, 5.0, 2.0, 0.0]]])
    maxima, indices = pool(row, (1, 2), return_indices=True)
    assert maxima.tolist() == [[[max(1, 5, 5), max(5, 2, 0)]]]
    assert indices.tolist() == [[[1, 2]]]


@pytest.mark.parametrize(("shape", "size"), list(product(SHAPES, SIZES)), ids=str)
@pytest.mark.parametrize("pool", AVERAGES)
def test_averages_agree_with_pytorch_in_values_and_gradients(pool, shape, size):
    x = images(2, 3, *shape).requires_grad_()
    compare(pool(x, size), functional.adaptive_avg_pool2d(x, size), x)


@pytest.mark.parametrize(("shape", "size"), list(product(SHAPES, SIZES)), ids=str)
@pytest.mark.parametrize("pool", MAXIMA)
def test_maxima_agree_with_pytorch_in_values_indices_and_gradients(pool, shape, size):
    x = images(2, 3, *shape).requires_grad_()
    theirs, their_indices = functional.adaptive_max_pool2d(x, size, return_indices=True)
    ours, indices = pool(x, size, return_indices=True)
    compare(ours, theirs, x)
    assert torch.equal(indices, their_indices)
    assert torch.equal(pool(x, size), theirs)


@pytest.mark.parametrize("batch", [(), (0,), (1,), (3,)])
def test_global_pooling_is_one_window(batch):
    x = images(*batch, 4, 5, 6).requires_grad_()
    compare(global_avg_pool2d(x), x.mean(dim=(-2, -1)), x)
    one = functional.adaptive_max_pool2d(x, 1)[..., 0, 0]
    compare(global_max_pool2d(x), one, x)


@pytest.mark.parametrize("pool", AVERAGES + MAXIMA)
def test_gradcheck(pool):
    order = torch.randperm(2 * 5 * 4, generator=torch.Generator().manual_seed(0))
    x = order.double().reshape(1, 2, 5, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: pool(x, (2, 3)), x)


@pytest.mark.parametrize("pool", AVERAGES + MAXIMA)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_is_kept(pool, dtype):
    x = images(2, 3, 8, 7, dtype=dtype).requires_grad_()
    pooled = pool(x, (3, 2))
    assert pooled.dtype is dtype
    torch.testing.assert_close(
        pooled.double(), pool(x.double(), (3, 2)), rtol=torch.finfo(dtype).eps, atol=1e-6
    )
    assert torch.autograd.grad(pooled.sum(), x)[0].dtype is dtype


@pytest.mark.parametrize("pool", [*AVERAGES, *MAXIMA, lambda x, _: global_avg_pool2d(x)])
def test_the_device_is_kept(pool):
    assert pool(images(1, 2, 4, 4).to("meta"), 3).device.type == "meta"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("pool", [adaptive_avg_pool2d, adaptive_max_pool2d])
def test_a_gpu_gives_the_same(pool, size):
    x = images(2, 3, 8, 7)
    there = pool(x.cuda(), size)
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), pool(x, size))


@pytest.mark.parametrize("pool", AVERAGES + MAXIMA)
def test_the_input_is_not_modified_and_may_be_any_view(pool):
    x = images(2, 3, 6, 6)
    before = x.clone()
    for view in (x.mT, x[:1].expand(4, -1, -1, -1), x[..., ::2], x[0]):
        torch.testing.assert_close(pool(view, 2), pool(view.clone(), 2))
    assert torch.equal(x, before)


@pytest.mark.parametrize("pool", MAXIMA)
def test_a_nan_wins_every_window_that_sees_it(pool):
    x = images(1, 2, 6, 5)
    # Three windows over five columns: the first and the last are shorter than the middle one.
    x[0, 0, 1, 0] = x[0, 0, 1, 1] = x[0, 1, 5, 4] = torch.nan
    x.requires_grad_()
    theirs, their_indices = functional.adaptive_max_pool2d(x, (4, 3), return_indices=True)
    ours, indices = pool(x, (4, 3), return_indices=True)
    compare(ours, theirs, x)
    assert torch.equal(indices, their_indices)


@pytest.mark.parametrize("pool", AVERAGES)
def test_a_nan_stays_under_the_windows_that_see_it(pool):
    x = images(1, 2, 6, 5)
    x[0, 0, 1, 1] = torch.nan
    theirs = functional.adaptive_avg_pool2d(x, 4)
    torch.testing.assert_close(pool(x, 4), theirs, equal_nan=True)


@pytest.mark.parametrize("pool", AVERAGES + MAXIMA)
def test_no_channels_and_no_images(pool):
    for shape in ((0, 2, 4, 4), (2, 0, 4, 4), (0, 4, 4)):
        assert pool(torch.zeros(shape), (2, 3)).shape == (*shape[:-2], 2, 3)


WRONG = [
    ("rank 2", lambda pool, x: pool(x[0, 0], 2), ShapeError, r"x must be \(batch, channels"),
    ("no pixels", lambda pool, x: pool(x[:, :, :0], 2), ShapeError, "nothing to pool"),
    ("no windows", lambda pool, x: pool(x, 0), OptionError, "output_size must be"),
    ("nothing", lambda pool, x: pool(x, None), OptionError, "output_size must be .* got None"),
    ("three", lambda pool, x: pool(x, (1, 2, 3)), OptionError, "output_size must be"),
    ("integers", lambda pool, x: pool(x.int(), 2), DTypeError, r"use x.float\(\)"),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize("pool", [adaptive_avg_pool2d, adaptive_max_pool2d])
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(pool, call, error, says):
    with pytest.raises(error, match=says):
        call(pool, images(1, 2, 5, 5))
