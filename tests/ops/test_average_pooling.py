"""labkit.ops.average_pooling: worked numbers, its loops, PyTorch over a grid, gradients, edges."""

from itertools import product

import pytest
import torch
from torch.nn import functional

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.ops.average_pooling import (
    avg_pool1d,
    avg_pool2d,
    avg_pool2d_loops,
    with_single_precision,
)

GRID = [
    {
        "kernel_size": k,
        "stride": s,
        "padding": p,
        "ceil_mode": c,
        "count_include_pad": counted,
        "divisor_override": divisor,
    }
    for k, s, p, c, counted, divisor in product(
        [1, 2, 3, (2, 3)], [None, 1, 2, (1, 3)], [0, 1, (1, 0)], [False, True], [False, True],
        [None, 3, -2],
    )
]  # fmt: skip
FORMS = [avg_pool2d, avg_pool2d_loops]


def images(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def compare(ours, theirs, x):
    torch.testing.assert_close(ours, theirs)
    direction = torch.linspace(1, 2, ours.numel(), dtype=ours.dtype).reshape(ours.shape)
    mine, its = (torch.autograd.grad(result, x, direction) for result in (ours, theirs))
    torch.testing.assert_close(mine, its)


@pytest.mark.parametrize("pool", FORMS)
def test_the_worked_example(pool):
    image = torch.tensor([[[1.0, 3.0, 2.0, 2.0], [4.0, 0.0, 2.0, 1.0]]])
    expected = [(1 + 3 + 4 + 0) / 4, (2 + 2 + 2 + 1) / 4]
    assert pool(image, 2).tolist() == [[expected]] == [[[2.0, 1.75]]]


@pytest.mark.parametrize("pool", FORMS)
def test_the_padding_counts_unless_told_otherwise_and_what_is_beyond_it_never(pool):
    image = torch.tensor([[[6.0, 12.0, 18.0]]])
    options = {"kernel_size": (1, 2), "padding": (0, 1)}
    assert pool(image, **options).tolist() == [[[(0 + 6) / 2, (12 + 18) / 2]]]
    alone = pool(image, **options, count_include_pad=False)
    assert alone.tolist() == [[[6 / 1, (12 + 18) / 2]]]
    over_the_edge = pool(image, (1, 2), ceil_mode=True)
    assert over_the_edge.tolist() == [[[(6 + 12) / 2, 18 / 1]]]
    assert pool(image, (1, 2), divisor_override=1).tolist() == [[[6 + 12]]]


@pytest.mark.parametrize("pool", FORMS)
def test_every_pixel_has_its_share_of_the_gradient(pool):
    x = torch.zeros(1, 2, 3, requires_grad=True)
    (gradient,) = torch.autograd.grad(pool(x, 2, stride=1).sum(), x)
    assert gradient[0].tolist() == 2 * [[0.25, 0.25 + 0.25, 0.25]]


@pytest.mark.parametrize("options", GRID[::11], ids=str)
def test_agrees_with_the_loops(options):
    x = images(2, 3, 8, 7).requires_grad_()
    try:
        defined = avg_pool2d_loops(x, **options)
    except OptionError as error:
        with pytest.raises(type(error)):
            avg_pool2d(x, **options)
    else:
        compare(avg_pool2d(x, **options), defined, x)


@pytest.mark.parametrize("options", GRID, ids=str)
def test_agrees_with_pytorch_in_values_and_gradients(options):
    x = images(2, 3, 8, 7).requires_grad_()
    try:
        theirs = functional.avg_pool2d(x, **options)
    except RuntimeError:
        with pytest.raises(OptionError):
            avg_pool2d(x, **options)
    else:
        compare(avg_pool2d(x, **options), theirs, x)


@pytest.mark.parametrize("kernel", [(1, 1), (1, 5), (4, 1), (8, 7), (2, 2)])
@pytest.mark.parametrize("batch", [0, 1, 2])
def test_agrees_with_pytorch_on_odd_shapes(kernel, batch):
    x = images(batch, 2, 8, 7).requires_grad_()
    compare(avg_pool2d(x, kernel), functional.avg_pool2d(x, kernel), x)


@pytest.mark.parametrize("options", GRID[::23], ids=str)
def test_avg_pool1d_agrees_with_pytorch(options):
    options = {n: v[1:] if isinstance(v, tuple) else v for n, v in options.items()}
    del options["divisor_override"]
    x = images(2, 3, 13).requires_grad_()
    try:
        theirs = functional.avg_pool1d(x, **options)
    except RuntimeError:
        with pytest.raises(OptionError):
            avg_pool1d(x, **options)
    else:
        compare(avg_pool1d(x, **options), theirs, x)


@pytest.mark.parametrize("pool", FORMS)
@pytest.mark.parametrize("check", [torch.autograd.gradcheck, torch.autograd.gradgradcheck])
def test_first_and_second_derivatives(pool, check):
    x = images(1, 2, 4, 3).requires_grad_()
    options = {"stride": 1, "padding": 1, "count_include_pad": False}
    assert check(lambda x: pool(x, 2, **options) ** 2, x)


@pytest.mark.parametrize("pool", FORMS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_is_kept_and_only_the_result_is_rounded(pool, dtype):
    x = images(2, 3, 30, 30, dtype=dtype).requires_grad_()
    means = pool(x, 15)
    assert means.dtype is dtype
    exact = functional.avg_pool2d(x.double(), 15)
    torch.testing.assert_close(means.double(), exact, rtol=torch.finfo(dtype).eps, atol=1e-6)
    (gradient,) = torch.autograd.grad(means.sum(), x)
    torch.testing.assert_close(gradient, torch.full_like(x, 1 / 225))


@pytest.mark.parametrize("pool", FORMS)
def test_a_sum_that_half_precision_cannot_hold(pool):
    x = torch.full((1, 2, 2), 60_000.0, dtype=torch.float16)
    assert pool(x, 2).tolist() == [[[60_000.0]]]


def test_single_precision_is_enough_for_half_and_double_stays():
    dtypes = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
    became = [with_single_precision(torch.zeros(1, dtype=dtype)).dtype for dtype in dtypes]
    assert became == [torch.float32] * 3 + [torch.float64]


@pytest.mark.parametrize("pool", FORMS)
def test_the_device_is_kept(pool):
    x = images(1, 2, 4, 4).to("meta")
    assert pool(x, 3, stride=2, padding=1).device.type == "meta"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("options", GRID[::29], ids=str)
def test_a_gpu_gives_the_same(options):
    x = images(2, 3, 9, 9)
    there = avg_pool2d(x.cuda(), **options)
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), avg_pool2d(x, **options))


@pytest.mark.parametrize("pool", FORMS)
def test_the_input_is_not_modified(pool):
    x = images(1, 2, 5, 5)
    before = x.clone()
    pool(x, 2, padding=1)
    assert torch.equal(x, before)


@pytest.mark.parametrize("pool", FORMS)
def test_one_image_needs_no_batch_axis(pool):
    x = images(2, 3, 5, 5)
    torch.testing.assert_close(pool(x[0], 2), pool(x, 2)[0])


def test_views_that_are_not_contiguous():
    x = images(2, 3, 6, 6)
    expanded = x[:1].expand(4, -1, -1, -1)
    for view in (x.mT, expanded, x[..., ::2], x.to(memory_format=torch.channels_last)):
        view = view.detach().requires_grad_()
        compare(avg_pool2d(view, 3, stride=1), functional.avg_pool2d(view, 3, 1), view)


@pytest.mark.parametrize("pool", FORMS)
def test_a_nan_and_an_infinity_stay_under_the_windows_that_see_them(pool):
    x = images(1, 2, 6, 6)
    x[0, 0, 1, 1], x[0, 1, 4, 0] = torch.nan, torch.inf
    torch.testing.assert_close(
        pool(x, 2, padding=1), functional.avg_pool2d(x, 2, padding=1), equal_nan=True
    )


@pytest.mark.parametrize("pool", FORMS)
def test_no_channels_and_no_images(pool):
    for shape in ((0, 2, 4, 4), (2, 0, 4, 4), (0, 4, 4)):
        assert pool(torch.zeros(shape), 2).shape == (*shape[:-2], 2, 2)


WRONG = [
    ("rank 2", lambda x: avg_pool2d(x[0, 0], 2), ShapeError, r"x must be \(batch, channels"),
    ("no signal", lambda x: avg_pool1d(x, 2), ShapeError, r"\(batch, channels, length\)"),
    ("too large", lambda x: avg_pool2d(x, 7), ShapeError, "kernel of 7 .* 5 pixels"),
    ("padding", lambda x: avg_pool2d(x, 2, padding=2), OptionError, "at most half of kernel_size"),
    ("half a divisor", lambda x: avg_pool2d(x, 2, divisor_override=1.5), OptionError, "got 1.5"),
    ("divisor", lambda x: avg_pool2d(x, 2, divisor_override=0), OptionError, "other than 0"),
    ("integers", lambda x: avg_pool2d(x.int(), 2), DTypeError, r"use x.float\(\)"),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        call(images(1, 2, 5, 5))
