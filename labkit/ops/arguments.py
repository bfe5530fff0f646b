"""What every operation asks of its tensors: real numbers of one kind, in one place."""

from collections.abc import Iterable

import torch
from torch import Tensor

from labkit.errors import DeviceError, DTypeError, OptionError, ShapeError
from labkit.ops.windows import pair

__all__ = [
    "expect_alike",
    "expect_bias",
    "expect_channels",
    "expect_classes",
    "expect_float",
    "expect_not_negative",
    "expect_one_of",
    "expect_same_shape",
    "expect_tensor",
]


def expect_tensor(name: str, tensor: Tensor, *, dtype: str = "") -> None:
    """Refuse what is not a tensor, such as a list.

    Parameters
    ----------
    name
        What the caller knows it by.
    tensor
        Of any numbers.
    dtype
        What the message advises to convert it to; nothing for what its numbers suggest.

    Raises
    ------
    DTypeError
        Saying what came and how to convert it.

    Examples
    --------
    >>> expect_tensor("target", torch.tensor([2, 0]))
    """
    if not isinstance(tensor, Tensor):
        wanted = f", dtype={dtype}" if dtype else ""
        raise DTypeError(
            f"{name} must be a torch.Tensor, got {type(tensor).__name__}; "
            f"use torch.as_tensor({name}{wanted})"
        )


def expect_float(name: str, tensor: Tensor) -> None:
    """Refuse what is not a tensor of floating-point numbers.

    Raises
    ------
    DTypeError
        Saying what came and how to convert it.

    Examples
    --------
    >>> expect_float("x", torch.ones(2))
    """
    expect_tensor(name, tensor, dtype="torch.float32")
    if not tensor.is_floating_point():
        raise DTypeError(
            f"{name} must hold floating-point numbers, got {tensor.dtype}; use {name}.float()"
        )


def expect_alike(**tensors: Tensor | None) -> None:
    """Refuse tensors that are not floating point, or differ in dtype or device.

    Parameters
    ----------
    tensors
        By the name that the caller knows them by; ``None`` is passed over. The first is what the
        others are compared with.

    Raises
    ------
    DTypeError, DeviceError
        Naming both tensors and the conversion that makes them alike.

    Examples
    --------
    >>> expect_alike(x=torch.ones(2), weight=torch.ones(3), bias=None)
    """
    given = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    for name, tensor in given.items():
        expect_float(name, tensor)
    first, reference = next(iter(given.items()))
    for name, tensor in given.items():
        if tensor.device != reference.device:
            raise DeviceError(
                f"{first} is on {reference.device} but {name} is on {tensor.device}; "
                f"use {name}.to({first}.device)"
            )
        # Autocast makes the dtypes alike by itself, inside the matrix product.
        if tensor.dtype != reference.dtype and not torch.is_autocast_enabled(tensor.device.type):
            raise DTypeError(
                f"{first} is {reference.dtype} but {name} is {tensor.dtype}; "
                f"use {name}.to({first}.dtype)"
            )


def expect_bias(bias: Tensor | None, channels: int) -> None:
    """Refuse a bias that is not one number for each output channel.

    Raises
    ------
    ShapeError
        Saying how many were expected and what came.

    Examples
    --------
    >>> expect_bias(torch.zeros(3), 3)
    """
    if bias is not None and bias.shape != (channels,):
        raise ShapeError(
            f"bias must hold one number for each of {channels} output channels, "
            f"got shape {tuple(bias.shape)}"
        )


def expect_channels(x: Tensor, weight: Tensor, groups: int) -> None:
    """Refuse kernels that do not fit the channels of the images, or groups that do not divide them.

    Raises
    ------
    OptionError, ShapeError
        Saying how the channels are counted.

    Examples
    --------
    >>> expect_channels(torch.ones(1, 4, 9, 9), torch.ones(6, 2, 3, 3), groups=2)
    """
    pair(groups, "groups", axes=1)  # raises where it is not a count
    in_channels, out_channels = x.shape[-3], len(weight)
    if in_channels % groups or out_channels % groups:
        raise OptionError(
            f"groups={groups} must divide both {in_channels} input and {out_channels} output "
            "channels"
        )
    if in_channels // groups != weight.shape[1]:
        raise ShapeError(
            f"x has {in_channels} channels, {in_channels // groups} for each of {groups} groups, "
            f"but weight expects {weight.shape[1]}: x {tuple(x.shape)}, "
            f"weight {tuple(weight.shape)}; weight is (out_channels, channels / groups, ...)"
        )


def expect_classes(target: Tensor, classes: int, *, ignore_index: int | None = None) -> None:
    """Refuse targets that are not whole numbers from 0 to ``classes - 1``.

    A class out of range is an error here on every device; CUDA itself would stop the whole process,
    and others would read whatever lies there.

    Raises
    ------
    DTypeError, OptionError
        Saying what came, and the numbers that are classes.

    Examples
    --------
    >>> expect_classes(torch.tensor([0, 2, -100]), classes=3, ignore_index=-100)
    """
    if target.is_floating_point() or target.is_complex() or target.dtype is torch.bool:
        raise DTypeError(
            f"target must hold the numbers of classes as integers, got {target.dtype}; "
            "use target.long()"
        )
    if target.device.type == "meta":  # it has a shape and no numbers
        return
    wrong = (target < 0) | (target >= classes)
    if ignore_index is not None:
        wrong &= target != ignore_index
    if wrong.any():
        raise OptionError(
            f"target must be a class from 0 to {classes - 1}, got {target[wrong][0].item()}"
        )


def expect_same_shape(**tensors: Tensor) -> None:
    """Refuse tensors of different shapes: broadcasting (N, 1) against (N,) gives N × N numbers.

    Raises
    ------
    ShapeError, DTypeError
        Naming the first tensor and the one that differs, or the one that is no tensor: the
        gradient of a parameter is ``None`` before the way back.

    Examples
    --------
    >>> expect_same_shape(output=torch.ones(2, 3), target=torch.zeros(2, 3))
    """
    first, reference = next(iter(tensors.items()))
    for name, tensor in tensors.items():
        expect_float(name, tensor)
        if tensor.shape != reference.shape:
            raise ShapeError(
                f"{name} must have the shape of {first}, {tuple(reference.shape)}, "
                f"got {tuple(tensor.shape)}; reshape one of them"
            )


def expect_not_negative(**numbers: float) -> None:
    """Refuse options below zero, and those that are not a number.

    Raises
    ------
    OptionError
        Naming the option.

    Examples
    --------
    >>> expect_not_negative(lr=0.1, momentum=0.0)
    """
    for name, number in numbers.items():
        if not number >= 0:
            raise OptionError(f"{name} must be zero or more, got {number}")


def expect_one_of(name: str, choice: str, choices: Iterable[str]) -> None:
    """Refuse a word that names none of the choices.

    Raises
    ------
    OptionError
        Listing the choices.

    Examples
    --------
    >>> expect_one_of("reduction", "mean", ("none", "mean", "sum"))
    """
    known = tuple(choices)
    if choice not in known:
        raise OptionError(f"{name} must be one of {', '.join(known)}; got {choice!r}")
