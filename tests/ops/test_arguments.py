"""labkit.ops.arguments: each refusal names what came and the call that mends it."""

import pytest
import torch

from labkit.errors import DeviceError, DTypeError, OptionError, ShapeError
from labkit.ops.arguments import (
    expect_alike,
    expect_bias,
    expect_channels,
    expect_classes,
    expect_float,
    expect_not_negative,
    expect_one_of,
    expect_same_shape,
    expect_tensor,
)

pytestmark = pytest.mark.usefixtures("as_learners_run_it")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_floating_dtype_is_welcome(dtype):
    expect_alike(x=torch.ones(2, dtype=dtype), weight=torch.ones(1, dtype=dtype), bias=None)


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool, torch.complex64])
def test_other_numbers_are_refused(dtype):
    with pytest.raises(DTypeError, match=rf"q must hold floating-point numbers, got {dtype}"):
        expect_float("q", torch.ones(2, dtype=dtype))


def test_what_is_no_tensor_is_told_how_to_become_one():
    expect_tensor("target", torch.tensor([2, 0]))
    with pytest.raises(DTypeError, match=r"got list; use torch.as_tensor\(target\)"):
        expect_tensor("target", [2, 0])
    with pytest.raises(DTypeError, match=r"got list; use torch.as_tensor\(x, dtype=torch.float32"):
        expect_float("x", [2, 0])
    with pytest.raises(DTypeError, match=r"gradient must be a torch\.Tensor, got NoneType"):
        expect_same_shape(parameter=torch.ones(1), gradient=None)


def test_the_first_tensor_is_what_the_others_must_match():
    with pytest.raises(DTypeError, match=r"x is torch.float32 but bias is torch.float64"):
        expect_alike(x=torch.ones(1), weight=None, bias=torch.ones(1).double())
    with pytest.raises(DeviceError, match=r"x is on cpu but weight is on meta"):
        expect_alike(x=torch.ones(1), weight=torch.ones(1, device="meta"))


def test_a_bias_is_one_number_a_channel():
    expect_bias(None, 3)
    with pytest.raises(ShapeError, match=r"each of 3 output channels, got shape \(3, 1\)"):
        expect_bias(torch.ones(3, 1), 3)


def test_channels_are_counted_for_each_group():
    x = torch.ones(1, 6, 4, 4)
    expect_channels(x, torch.ones(4, 3, 1, 1), groups=2)
    with pytest.raises(ShapeError, match=r"6 channels, 3 for each of 2 groups, .* expects 6"):
        expect_channels(x, torch.ones(4, 6, 1, 1), groups=2)
    with pytest.raises(OptionError, match="must divide both 6 input and 4 output"):
        expect_channels(x, torch.ones(4, 2, 1, 1), groups=3)
    with pytest.raises(OptionError, match="groups must be a whole number >= 1"):
        expect_channels(x, torch.ones(4, 2, 1, 1), groups=0)


def test_classes_are_integers_in_range():
    expect_classes(torch.tensor([0, 2], dtype=torch.uint8), 3)
    expect_classes(torch.tensor([[0, 7]]), 3, ignore_index=7)
    expect_classes(torch.tensor([9], device="meta"), 3)
    for wrong in (torch.ones(2), torch.ones(2, dtype=torch.bool)):
        with pytest.raises(DTypeError, match=rf"got {wrong.dtype}; use target.long\(\)"):
            expect_classes(wrong, 3)
    for wrong in (-1, 3, 255):
        with pytest.raises(OptionError, match=f"a class from 0 to 2, got {wrong}"):
            expect_classes(torch.tensor([0, wrong, 7]), 3, ignore_index=7)


def test_shapes_are_compared_with_the_first():
    expect_same_shape(x=torch.ones(2, 1), y=torch.zeros(2, 1))
    with pytest.raises(ShapeError, match=r"z must have the shape of x, \(2, 1\), got \(2,\)"):
        expect_same_shape(x=torch.ones(2, 1), y=torch.ones(2, 1), z=torch.ones(2))


@pytest.mark.parametrize("number", [-1e-9, float("nan"), float("-inf")])
def test_options_below_zero_are_refused(number):
    expect_not_negative(lr=0.0, momentum=float("inf"))
    with pytest.raises(OptionError, match=f"momentum must be zero or more, got {number}"):
        expect_not_negative(lr=0.1, momentum=number)


def test_a_word_must_be_one_of_the_choices():
    expect_one_of("reduction", "sum", {"mean": 1, "sum": 2})
    with pytest.raises(OptionError, match="reduction must be one of mean, sum; got 'total'"):
        expect_one_of("reduction", "total", {"mean": 1, "sum": 2})
