"""labkit.ops.transposed_convolution: stamps by hand, the gradient of conv2d, PyTorch's grid."""

from itertools import product

import pytest
import torch
from torch.nn import functional

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.ops.convolution import conv2d, conv_transpose2d

GRID = list(
    product([1, 2, (3, 1)], [0, 1, (2, 0)], [0, 1, (1, 0)], [1, 2, (1, 3)], [1, 2], [False, True])
)


def numbers(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def test_two_stamps_overlap_and_add():
    stamped = conv_transpose2d(torch.tensor([[[1.0, 10.0]]]), torch.tensor([[[[1.0, 2.0, 3.0]]]]))
    assert stamped.tolist() == [[[1, 2 + 10, 3 + 20, 30]]]


@pytest.mark.parametrize(("stride", "padding", "added", "dilation", "groups", "with_bias"), GRID)
def test_agrees_with_pytorch_in_values_and_all_gradients(
    stride, padding, added, dilation, groups, with_bias
):
    leaves = [numbers(2, 4, 5, 6), numbers(4, 3, 3, 2, seed=1), numbers(3 * groups, seed=2)]
    leaves = [leaf.requires_grad_() for leaf in leaves[: 3 if with_bias else 2]]
    options = {
        "stride": stride,
        "padding": padding,
        "output_padding": added,
        "dilation": dilation,
        "groups": groups,
    }
    try:
        theirs = functional.conv_transpose2d(*leaves, **options)
    except RuntimeError:
        with pytest.raises((OptionError, ShapeError)):
            conv_transpose2d(*leaves, **options)
        return
    ours = conv_transpose2d(*leaves, **options)
    torch.testing.assert_close(ours, theirs)
    direction = numbers(*ours.shape, seed=3)
    for mine, its in zip(
        torch.autograd.grad(ours, leaves, direction),
        torch.autograd.grad(theirs, leaves, direction),
        strict=True,
    ):
        torch.testing.assert_close(mine, its)


@pytest.mark.parametrize(("stride", "padding", "groups"), [(1, 0, 1), (2, 1, 1), (1, 2, 2)])
def test_it_is_the_gradient_of_convolution(stride, padding, groups):
    x, weight = numbers(2, 4, 7, 7).requires_grad_(), numbers(6, 4 // groups, 3, 3)
    maps = conv2d(x, weight, stride=stride, padding=padding, groups=groups)
    direction = numbers(*maps.shape, seed=1)
    (gradient,) = torch.autograd.grad(maps, x, direction)
    torch.testing.assert_close(
        conv_transpose2d(direction, weight, stride=stride, padding=padding, groups=groups), gradient
    )


def test_gradcheck():
    leaves = [numbers(1, 2, 3, 2), numbers(2, 1, 2, 2), numbers(1)]
    assert torch.autograd.gradcheck(
        lambda *args: conv_transpose2d(*args, stride=2, padding=1),
        [v.requires_grad_() for v in leaves],
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_is_kept(dtype):
    x, weight = numbers(1, 2, 3, 3).to(dtype), numbers(2, 1, 2, 2).to(dtype)
    assert conv_transpose2d(x, weight).dtype is dtype


def test_one_image_needs_no_batch_axis_and_a_batch_may_be_empty():
    x, weight = numbers(2, 4, 5, 5), numbers(4, 3, 2, 2)
    torch.testing.assert_close(conv_transpose2d(x[0], weight), conv_transpose2d(x, weight)[0])
    assert conv_transpose2d(x[:0], weight).shape == (0, 3, 6, 6)


@pytest.mark.usefixtures("as_learners_run_it")
def test_bad_input_says_what_to_do():
    x, weight = numbers(2, 4, 3, 3), numbers(4, 3, 2, 2)
    with pytest.raises(ShapeError, match=r"weight \(channels, out_channels / groups"):
        conv_transpose2d(x[:, :3], weight)
    with pytest.raises(OptionError, match="groups=3 must divide 4 input channels"):
        conv_transpose2d(x, weight, groups=3)
    with pytest.raises(OptionError, match="output_padding=2 must be less than the stride 2"):
        conv_transpose2d(x, weight, stride=2, output_padding=2)
    with pytest.raises(ShapeError, match=r"padding 2 cuts all 4 pixels .* use padding <= 1"):
        conv_transpose2d(x, weight, padding=2)
    with pytest.raises(DTypeError, match=r"use x.float\(\)"):
        conv_transpose2d(x.int(), weight)
    with pytest.raises(ShapeError, match="each of 3 output channels"):
        conv_transpose2d(x, weight, numbers(4))
