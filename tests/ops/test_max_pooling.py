"""labkit.ops.max_pooling: worked numbers, its loops, PyTorch over a grid, ties, edges."""

from itertools import product

import pytest
import torch
from torch.nn import functional

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.ops.max_pooling import max_pool1d, max_pool2d, max_pool2d_loops

KERNELS = [1, 2, 3, (2, 3)]
STRIDES = [None, 1, 2, (1, 3)]
PADDINGS = [0, 1, (1, 0)]
DILATIONS = [1, 2, (1, 3)]
GRID = [
    {"kernel_size": k, "stride": s, "padding": p, "dilation": d, "ceil_mode": c}
    for k, s, p, d, c in product(KERNELS, STRIDES, PADDINGS, DILATIONS, [False, True])
]
FORMS = [max_pool2d, max_pool2d_loops]


def images(*shape, seed=0, kinds=5, dtype=torch.float64):
    """Return images of few different numbers, most of them negative: full of ties."""
    generator = torch.Generator().manual_seed(seed)
    return (torch.randint(kinds, shape, generator=generator) - (kinds - 1)).to(dtype)


def direction(like):
    return torch.linspace(1, 2, like.numel(), dtype=like.dtype).reshape(like.shape)


def compare(ours, theirs, x):
    """Compare maxima, indices and gradients of one pooling with another's."""
    (maxima, indices), (their_maxima, their_indices) = ours, theirs
    torch.testing.assert_close(maxima, their_maxima, rtol=0, atol=0, equal_nan=True)
    assert torch.equal(indices, their_indices)
    mine, its = (torch.autograd.grad(m, x, direction(m)) for m in (maxima, their_maxima))
    torch.testing.assert_close(mine, its, rtol=0, atol=1e-12)


@pytest.mark.parametrize("pool", FORMS)
def test_the_worked_example(pool):
    image = torch.tensor([[[1.0, 3.0, 2.0, 2.0], [4.0, 0.0, 2.0, 1.0]]])
    maxima, indices = pool(image, 2, return_indices=True)
    assert maxima.tolist() == [[[max(1, 3, 4, 0), max(2, 2, 2, 1)]]]
    assert indices.tolist() == [[[1 * 4 + 0, 0 * 4 + 2]]]


@pytest.mark.parametrize("pool", FORMS)
def test_padding_never_wins(pool):
    image = torch.tensor([[[-1.0, -2.0], [-3.0, -4.0]]])
    assert pool(image, 2, padding=1).tolist() == [[[-1, -2], [-3, -4]]]


@pytest.mark.parametrize("pool", FORMS)
def test_the_gradient_goes_to_the_first_of_equal_pixels_alone(pool):
    x = torch.zeros(1, 4, 4, requires_grad=True)
    (gradient,) = torch.autograd.grad(pool(x, 2), x, torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    assert gradient[0].tolist() == [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("options", GRID[::7], ids=str)
def test_agrees_with_the_loops(options):
    x = images(2, 3, 8, 7).requires_grad_()
    try:
        defined = max_pool2d_loops(x, **options, return_indices=True)
    except (OptionError, ShapeError) as error:
        with pytest.raises(type(error)):
            max_pool2d(x, **options)
    else:
        compare(max_pool2d(x, **options, return_indices=True), defined, x)


@pytest.mark.parametrize("options", GRID, ids=str)
def test_agrees_with_pytorch_in_values_indices_and_gradients(options):
    x = images(2, 3, 8, 7).requires_grad_()
    try:
        theirs = functional.max_pool2d(x, **options, return_indices=True)
    except RuntimeError:
        with pytest.raises((OptionError, ShapeError)):
            max_pool2d(x, **options)
        return
    compare(max_pool2d(x, **options, return_indices=True), theirs, x)
    values_alone = max_pool2d(x.detach(), **options)
    assert torch.equal(values_alone, theirs[0])


@pytest.mark.parametrize("kernel", [(1, 1), (1, 5), (4, 1), (8, 7), (2, 2)])
@pytest.mark.parametrize("batch", [0, 1, 2])
def test_agrees_with_pytorch_on_odd_shapes(kernel, batch):
    x = images(batch, 2, 8, 7).requires_grad_()
    theirs = functional.max_pool2d(x, kernel, return_indices=True)
    compare(max_pool2d(x, kernel, return_indices=True), theirs, x)


@pytest.mark.parametrize("options", GRID[1::11], ids=str)
def test_max_pool1d_agrees_with_pytorch(options):
    # The options of the grid's width, as one number or as a sequence of one.
    options = {n: v[1:] if isinstance(v, tuple) else v for n, v in options.items()}
    x = images(2, 3, 13).requires_grad_()
    try:
        theirs = functional.max_pool1d(x, **options, return_indices=True)
    except RuntimeError:
        with pytest.raises((OptionError, ShapeError)):
            max_pool1d(x, **options)
    else:
        compare(max_pool1d(x, **options, return_indices=True), theirs, x)
        assert torch.equal(max_pool1d(x, **options), theirs[0])


def scattered(*shape):
    """Return numbers that are all different: there a maximum has a derivative."""
    count = torch.Size(shape).numel()
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    return order.double().reshape(shape).requires_grad_()


@pytest.mark.parametrize("pool", FORMS)
def test_gradcheck(pool):
    x = scattered(1, 2, 5, 4)
    assert torch.autograd.gradcheck(lambda x: pool(x, 2, stride=1, padding=1), x)


def test_second_derivatives():
    x = scattered(1, 1, 4, 4)
    assert torch.autograd.gradgradcheck(lambda x: max_pool2d(x, 3, stride=1, padding=1) ** 2, x)


def test_gradients_by_transformation_and_forward_mode():
    x = scattered(2, 1, 4, 4).detach()
    theirs = torch.func.grad(lambda x: functional.max_pool2d(x, 2).square().sum())(x)
    assert torch.equal(torch.func.grad(lambda x: max_pool2d(x, 2).square().sum())(x), theirs)
    assert torch.equal(torch.vmap(lambda x: max_pool2d(x, 2))(x), max_pool2d(x, 2))


@pytest.mark.parametrize("pool", FORMS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_is_kept_and_nothing_is_rounded(pool, dtype):
    x = images(2, 3, 7, 6, dtype=dtype).requires_grad_()
    maxima = pool(x, 3, stride=2, padding=1)
    assert maxima.dtype is dtype
    exact = functional.max_pool2d(x.double(), 3, stride=2, padding=1)
    assert torch.equal(maxima.double(), exact)
    (gradient,) = torch.autograd.grad(maxima.sum(), x)
    (its,) = torch.autograd.grad(exact.sum(), x)
    assert torch.equal(gradient, its)


@pytest.mark.parametrize("pool", FORMS)
def test_the_device_is_kept(pool):
    x = images(1, 2, 4, 4).to("meta")
    maxima, indices = pool(x, 3, stride=2, padding=1, return_indices=True)
    assert {maxima.device.type, indices.device.type, pool(x, 2).device.type} == {"meta"}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("options", GRID[::13], ids=str)
def test_a_gpu_gives_the_same(options):
    x = images(2, 3, 9, 9)
    there = max_pool2d(x.cuda(), **options, return_indices=True)
    assert all(tensor.device.type == "cuda" for tensor in there)
    for ours, here in zip(there, max_pool2d(x, **options, return_indices=True), strict=True):
        assert torch.equal(ours.cpu(), here)


@pytest.mark.parametrize("pool", FORMS)
def test_the_input_is_not_modified(pool):
    x = images(1, 2, 5, 5)
    before = x.clone()
    pool(x, 2, padding=1, return_indices=True)
    assert torch.equal(x, before)


@pytest.mark.parametrize("pool", FORMS)
def test_one_image_needs_no_batch_axis(pool):
    x = images(2, 3, 5, 5)
    for alone, in_batch in zip(
        pool(x[0], 2, return_indices=True), pool(x, 2, return_indices=True), strict=True
    ):
        assert torch.equal(alone, in_batch[0])


def test_views_that_are_not_contiguous():
    x = images(2, 3, 6, 6)
    expanded = x[:1].expand(4, -1, -1, -1)
    for view in (x.mT, expanded, x[..., ::2], x.to(memory_format=torch.channels_last)):
        view = view.detach().requires_grad_()
        theirs = functional.max_pool2d(view, 3, 1, return_indices=True)
        compare(max_pool2d(view, 3, stride=1, return_indices=True), theirs, view)


@pytest.mark.parametrize("pool", FORMS)
def test_a_nan_wins_every_window_that_sees_it_and_the_last_one_has_the_gradient(pool):
    x = images(1, 2, 6, 6)
    x[0, 0, 1, 1] = x[0, 0, 1, 2] = x[0, 0, 4, 0] = torch.nan
    x.requires_grad_()
    options = {"kernel_size": 3, "stride": 1, "padding": 1}
    theirs = functional.max_pool2d(x, **options, return_indices=True)
    compare(pool(x, **options, return_indices=True), theirs, x)
    assert torch.equal(pool(x.detach(), **options).isnan(), theirs[0].isnan())


@pytest.mark.parametrize("pool", FORMS)
@pytest.mark.parametrize("window", [(3, 1, 1), (4, 2, 2), (4, 2, 3)])
def test_a_window_of_minus_infinity_is_won_by_its_first_pixel_not_by_the_padding(pool, window):
    x = torch.full((1, 7, 8), -torch.inf, dtype=torch.float64, requires_grad=True)
    kernel_size, padding, dilation = window
    options = {
        "kernel_size": kernel_size, "stride": 1, "padding": padding, "dilation": dilation
    }  # fmt: skip
    theirs = functional.max_pool2d(x, **options, return_indices=True)
    compare(pool(x, **options, return_indices=True), theirs, x)


@pytest.mark.parametrize("pool", FORMS)
def test_a_window_wholly_in_the_padding_gives_minus_infinity_and_no_gradient(pool):
    x = torch.tensor([[[1.0, 5.0, 3.0]]], requires_grad=True)
    # Two taps four pixels apart, at -1 and 3: one before the three pixels, one after them.
    maxima = pool(x, (1, 2), padding=(0, 1), dilation=(1, 4))
    assert maxima.tolist() == [[[-torch.inf]]]
    assert torch.autograd.grad(maxima, x, torch.ones(1, 1, 1))[0].tolist() == [[[0, 0, 0]]]
    options = {"stride": 1, "padding": (0, 1), "dilation": (1, 4), "return_indices": True}
    ours, theirs = pool(x, (1, 2), **options), functional.max_pool2d(x, (1, 2), **options)
    assert all(map(torch.equal, ours, theirs))


@pytest.mark.parametrize("pool", FORMS)
def test_no_channels_and_no_images(pool):
    for shape in ((0, 2, 4, 4), (2, 0, 4, 4), (0, 4, 4)):
        maxima, indices = pool(torch.zeros(shape), 2, return_indices=True)
        assert maxima.shape == indices.shape == (*shape[:-2], 2, 2)


WRONG = [
    ("rank 2", lambda x: max_pool2d(x[0, 0], 2), ShapeError, r"x must be \(batch, channels"),
    ("no signal", lambda x: max_pool1d(x, 2), ShapeError, r"\(batch, channels, length\)"),
    ("too large", lambda x: max_pool2d(x, 7), ShapeError, "kernel of 7 .* 5 pixels"),
    ("padding", lambda x: max_pool2d(x, 2, padding=2), OptionError, "at most half of kernel_size"),
    ("dilation", lambda x: max_pool2d(x, 2, dilation=0), OptionError, "dilation must be"),
    ("integers", lambda x: max_pool2d(x.int(), 2), DTypeError, r"use x.float\(\)"),
    ("an array", lambda x: max_pool2d(x.numpy(), 2), DTypeError, "must be a torch.Tensor"),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        call(images(1, 2, 5, 5))
