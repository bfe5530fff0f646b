"""labkit.ops.convolution: worked numbers, its own loops, PyTorch over a grid, gradients, edges."""

from itertools import product

import pytest
import torch
from torch.nn import functional

from labkit.errors import DeviceError, DTypeError, OptionError, ShapeError
from labkit.ops.convolution import conv1d, conv2d, conv2d_loops, output_size

STRIDES = [1, 2, 3, (2, 1)]
PADDINGS = [0, 1, (2, 0), "same", "valid"]
DILATIONS = [1, 2, (1, 2)]
GROUPS = [1, 2, 4]
GRID = [
    {"stride": s, "padding": p, "dilation": d, "groups": g}
    for s, p, d, g in product(STRIDES, PADDINGS, DILATIONS, GROUPS)
    if p != "same" or s == 1
]
# PyTorch warns that "same" padding of an even kernel costs it a copy: its business, not an error.
EVEN_SAME = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


def numbers(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def problem(*, groups=1, batch=3, kernel=(4, 2), dtype=torch.float64):
    """Four channels to eight, on images of 9 × 8; even kernels, which "same" pads unevenly."""
    x, weight = numbers(batch, 4, 9, 8), numbers(8, 4 // groups, *kernel, seed=1)
    return x.to(dtype), weight.to(dtype), numbers(8, seed=2).to(dtype)


@pytest.mark.parametrize("convolve", [conv2d, conv2d_loops])
def test_the_worked_example(convolve):
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    kernel = torch.arange(4.0).reshape(1, 1, 2, 2)
    expected = [
        [0 * 0 + 1 * 1 + 3 * 2 + 4 * 3, 1 * 0 + 2 * 1 + 4 * 2 + 5 * 3],
        [3 * 0 + 4 * 1 + 6 * 2 + 7 * 3, 4 * 0 + 5 * 1 + 7 * 2 + 8 * 3],
    ]
    assert convolve(image, kernel)[0, 0].tolist() == expected == [[19, 25], [37, 43]]


@pytest.mark.parametrize("convolve", [conv2d, conv2d_loops])
def test_channels_are_summed_and_the_bias_is_added_once(convolve):
    image = torch.tensor([[[[2.0]], [[3.0]]]])
    kernels = torch.tensor([[[[10.0]], [[100.0]]], [[[1.0]], [[0.0]]]])
    maps = convolve(image, kernels, torch.tensor([0.5, -1.0]))
    assert maps.flatten().tolist() == [2 * 10 + 3 * 100 + 0.5, 2 * 1 + 3 * 0 - 1]


def test_it_is_cross_correlation_and_a_flip_makes_it_true_convolution():
    signal, kernel = torch.tensor([1.0, 2.0, 4.0, 8.0]), torch.tensor([1.0, 0.0, -1.0])
    slid = [1 * 1 + 2 * 0 - 4, 2 * 1 + 4 * 0 - 8]
    assert conv1d(signal.view(1, 4), kernel.view(1, 1, 3)).tolist() == [slid]
    flipped = conv1d(signal.view(1, 4), kernel.flip(0).view(1, 1, 3), padding=2)[0]
    # Multiplying polynomials is true convolution: (1 + 2z + 4z² + 8z³)(1 - z²).
    assert flipped.tolist() == [1, 2, 4 - 1, 8 - 2, -4, -8]


@pytest.mark.parametrize("options", GRID[::5], ids=str)
@EVEN_SAME
def test_agrees_with_the_loops(options):
    x, weight, bias = problem(groups=options["groups"])
    torch.testing.assert_close(
        conv2d(x, weight, bias, **options), conv2d_loops(x, weight, bias, **options)
    )


@pytest.mark.parametrize("options", GRID, ids=str)
@pytest.mark.parametrize("with_bias", [False, True])
@EVEN_SAME
def test_agrees_with_pytorch_in_values_and_all_gradients(options, with_bias):
    arguments = problem(groups=options["groups"])[: 3 if with_bias else 2]
    leaves = [tensor.requires_grad_() for tensor in arguments]
    ours, theirs = conv2d(*leaves, **options), functional.conv2d(*leaves, **options)
    torch.testing.assert_close(ours, theirs)
    direction = numbers(*ours.shape, seed=3)
    for mine, its in zip(
        torch.autograd.grad(ours, leaves, direction),
        torch.autograd.grad(theirs, leaves, direction),
        strict=True,
    ):
        torch.testing.assert_close(mine, its)


@pytest.mark.parametrize("kernel", [(1, 1), (1, 5), (4, 1), (9, 8), (2, 2)])
@pytest.mark.parametrize("batch", [0, 1, 2])
def test_agrees_with_pytorch_on_odd_shapes(kernel, batch):
    x, weight, bias = problem(batch=batch, kernel=kernel)
    torch.testing.assert_close(conv2d(x, weight, bias), functional.conv2d(x, weight, bias))


SIGNAL_GRID = [
    {"stride": s, "padding": p, "dilation": d, "groups": g}
    for s, p, d, g in product(STRIDES[:3], [0, 2, (1,), "same", "valid"], [1, 3], GROUPS)
    if p != "same" or s == 1
]


@pytest.mark.parametrize("options", SIGNAL_GRID, ids=str)
@EVEN_SAME
def test_conv1d_agrees_with_pytorch(options):
    x = numbers(2, 4, 13).requires_grad_()
    weight = numbers(8, 4 // options["groups"], 4).requires_grad_()
    ours, theirs = conv1d(x, weight, **options), functional.conv1d(x, weight, **options)
    torch.testing.assert_close(ours, theirs)
    for mine, its in zip(
        torch.autograd.grad(ours.sin().sum(), (x, weight)),
        torch.autograd.grad(theirs.sin().sum(), (x, weight)),
        strict=True,
    ):
        torch.testing.assert_close(mine, its)


@pytest.mark.parametrize("convolve", [conv2d, conv2d_loops])
@pytest.mark.parametrize("groups", [1, 2])
def test_gradcheck(convolve, groups):
    x, weight, bias = problem(groups=groups, batch=1, kernel=(2, 2))
    leaves = tuple(tensor.requires_grad_() for tensor in (x[..., :4, :3].clone(), weight, bias))
    assert torch.autograd.gradcheck(
        lambda *args: convolve(*args, stride=(1, 2), padding=1, groups=groups), leaves
    )


def test_second_derivatives():
    x, weight, _ = problem(batch=1, kernel=(2, 2))
    leaves = (x[..., :3, :3].clone().requires_grad_(), weight[:2].clone().requires_grad_())
    assert torch.autograd.gradgradcheck(conv2d, leaves)


@pytest.mark.parametrize("convolve", [conv2d, conv2d_loops])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_is_kept(convolve, dtype):
    arguments = problem(dtype=dtype)
    maps = convolve(*arguments, padding=1)
    assert maps.dtype is dtype
    exact = functional.conv2d(*(tensor.double() for tensor in arguments), padding=1)
    # 32 products of size ~1, each rounded to the dtype's own precision.
    torch.testing.assert_close(maps.double(), exact, rtol=0, atol=50 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("convolve", [conv2d, conv2d_loops])
def test_the_device_is_kept(convolve):
    x, weight, bias = (tensor.to("meta") for tensor in problem(batch=1))
    assert convolve(x[..., :4, :4], weight, bias).device.type == "meta"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("options", GRID[::7], ids=str)
def test_a_gpu_gives_the_same(options):
    arguments = problem(groups=options["groups"])
    there = conv2d(*(tensor.cuda() for tensor in arguments), **options)
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), conv2d(*arguments, **options))


@pytest.mark.parametrize("convolve", [conv2d, conv2d_loops])
def test_the_input_is_not_modified(convolve):
    arguments = problem()
    before = [tensor.clone() for tensor in arguments]
    convolve(*arguments, padding=1)
    assert all(torch.equal(a, b) for a, b in zip(arguments, before, strict=True))


@pytest.mark.parametrize("convolve", [conv2d, conv2d_loops])
def test_one_image_needs_no_batch_axis(convolve):
    x, weight, bias = problem()
    torch.testing.assert_close(convolve(x[0], weight, bias), convolve(x, weight, bias)[0])


def test_views_that_are_not_contiguous():
    x, weight, bias = problem()
    transposed = numbers(3, 4, 8, 9).transpose(2, 3)
    expanded = x[:1].expand(3, -1, -1, -1)
    for view in (transposed, expanded, x[..., ::2], x.to(memory_format=torch.channels_last)):
        torch.testing.assert_close(
            conv2d(view, weight, bias), functional.conv2d(view, weight, bias)
        )


def test_more_images_than_are_multiplied_at_once():
    x = torch.randn(40, 4, 64, 64, generator=torch.Generator().manual_seed(0))
    weight = torch.randn(3, 4, 3, 3, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(
        conv2d(x, weight), functional.conv2d(x, weight), rtol=1e-4, atol=1e-4
    )


def test_a_nan_stays_under_the_windows_that_see_it():
    x = torch.zeros(1, 1, 5, 5)
    x[0, 0, 0, 0] = torch.nan
    maps = conv2d(x, torch.ones(1, 1, 2, 2))
    assert maps.isnan().nonzero().tolist() == [[0, 0, 0, 0]]


def test_autocast_computes_in_half_precision():
    x, weight, _ = problem(dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        maps = conv2d(x, weight.bfloat16(), None)
    torch.testing.assert_close(maps.float(), functional.conv2d(x, weight), rtol=0.05, atol=0.1)


WRONG = [
    ("x of rank 2", lambda x, w, b: conv2d(x[0, 0], w), ShapeError, r"x must be \(batch, channels"),
    ("channels", lambda x, w, b: conv2d(x[:, :3], w), ShapeError, r"x has 3 channels.*expects 4"),
    ("bias", lambda x, w, b: conv2d(x, w, b[:2]), ShapeError, r"each of 8 output.*shape \(2,\)"),
    ("kernel too large", lambda x, w, b: conv2d(x, w, dilation=5), ShapeError, "spreads over 16"),
    ("integers", lambda x, w, b: conv2d(x.long(), w), DTypeError, r"torch.int64; use x.float\(\)"),
    ("a list", lambda x, w, b: conv2d(x.tolist(), w), DTypeError, "must be a torch.Tensor, got li"),
    ("two dtypes", lambda x, w, b: conv2d(x, w.float()), DTypeError, r"use weight.to\(x.dtype\)"),
    ("two devices", lambda x, w, b: conv2d(x, w.to("meta")), DeviceError, r"to\(x.device\)"),
    ("groups", lambda x, w, b: conv2d(x, w, groups=3), OptionError, "groups=3 must divide both 4"),
    ("stride 0", lambda x, w, b: conv2d(x, w, stride=0), OptionError, "stride must be .* got 0"),
    ("same", lambda x, w, b: conv2d(x, w, stride=2, padding="same"), OptionError, "stride of 2"),
    ("a word", lambda x, w, b: conv2d(x, w, padding="full"), OptionError, "'same' or 'valid'"),
    ("1-d", lambda x, w, b: conv1d(x, w), ShapeError, r"\(batch, channels, length\)"),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        call(*problem())


def test_the_size_function_is_the_one_of_the_windows():
    assert output_size(28, 5, padding=2) == 28
