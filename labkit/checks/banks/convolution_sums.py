"""The mistakes of a 2-D convolution about its sums: of which products, and what is added.

In the code ``a`` are the arguments; a kernel has ``kh`` × ``kw`` places for each channel it sees.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import raises_unless, with_arguments
from labkit.checks.question import Arguments

__all__ = [
    "BIAS_FORGOTTEN",
    "BIAS_PER_ELEMENT",
    "CHANNELS_NOT_SUMMED",
    "GROUPS_IGNORED",
    "GROUPS_INTERLEAVED",
    "KERNEL_FLIPPED",
]


def _bias_as(change: Callable[[Tensor, Arguments], Tensor]) -> Variant:
    return with_arguments(lambda a: {} if a.bias is None else {"bias": change(a.bias, a)})


def _channel(which: int) -> Variant:
    """Make a variant in which each kernel sees one channel of its group."""
    return with_arguments(
        lambda a: {
            "x": a.x.unflatten(1, (a.groups, -1))[:, :, which],
            "weight": a.weight[:, [which]],
        }
    )


def _own_channel(a: Arguments) -> dict:
    out, channels = a.weight.shape[:2]
    seen = a.weight.new_zeros(out, channels)
    for o in range(out):
        seen[o, o % channels] = 1
    return {"weight": a.weight * seen[:, :, None, None]}


def _channels_apart(op: Function, a: Arguments) -> Tensor:
    """Leave the channel axis in the result: (N, O, C, H, W)."""
    x = a.x.unflatten(1, (a.groups, -1))
    each = [op(a.but(x=x[:, :, c], weight=a.weight[:, [c]])) for c in range(x.shape[2])]
    return torch.stack(each, dim=2)


def _apart_then_bias(op: Function, a: Arguments) -> Tensor:
    result = _channels_apart(op, a.but(bias=None))
    return result if a.bias is None else result + a.bias[:, None, None]


def _mean(count: Callable[[Arguments], int]) -> Variant:
    return with_arguments(lambda a: {"weight": a.weight / count(a)})


def _first_group(a: Arguments) -> dict:
    return {"x": a.x[:, : a.weight.shape[1]], "groups": 1}


def _shared_by_groups(a: Arguments) -> dict:
    return {"weight": a.weight.repeat(1, a.groups, 1, 1), "groups": 1}


def _interleaved(a: Arguments) -> dict:
    return {"x": a.x.unflatten(1, (-1, a.groups)).transpose(1, 2).flatten(1, 2)}


def _interleaved_kernels(op: Function, a: Arguments) -> Tensor:
    result = op(a)
    return result.unflatten(1, (a.groups, -1)).transpose(1, 2).flatten(1, 2)


KERNEL_FLIPPED = Mistake(
    "kernel_flipped",
    "The kernel is flipped. That is the convolution of mathematics and of signal processing; "
    "the conv2d of deep learning is cross-correlation and lays the kernel on as it is.",
    "Multiply the patch by weight[o] as it stands, without flip or [::-1].",
    {
        "": with_arguments(lambda a: {"weight": a.weight.flip(2, 3)}),
        "Yours flips it upside down.": with_arguments(lambda a: {"weight": a.weight.flip(2)}),
        "Yours flips it left to right.": with_arguments(lambda a: {"weight": a.weight.flip(3)}),
        "Yours flips the channels too.": with_arguments(
            lambda a: {"weight": a.weight.flip(1, 2, 3)}
        ),
    },
)

BIAS_FORGOTTEN = Mistake(
    "bias_forgotten",
    "The bias is forgotten: the result is as if there were none.",
    "Add bias[o] once to every pixel of output channel o.",
    {"": with_arguments(lambda a: {"bias": None})},
)

BIAS_PER_ELEMENT = Mistake(
    "bias_per_element",
    "The bias is added more than once to each pixel, inside the sum instead of after it.",
    "Sum all products first, then add bias[o] once.",
    {
        "Yours adds it for every product of the sum.": _bias_as(
            lambda bias, a: bias * a.weight[0].numel()
        ),
        "Yours adds it for every channel.": _bias_as(lambda bias, a: bias * a.weight.shape[1]),
        "Yours adds it for every place in the kernel.": _bias_as(
            lambda bias, a: bias * a.weight[0, 0].numel()
        ),
        "Yours adds it for every row of the kernel.": _bias_as(
            lambda bias, a: bias * a.weight.shape[2]
        ),
        "Yours adds it for every column of the kernel.": _bias_as(
            lambda bias, a: bias * a.weight.shape[3]
        ),
    },
)

CHANNELS_NOT_SUMMED = Mistake(
    "channels_not_summed",
    "The input channels are not summed: an output pixel is the sum over all of them.",
    "Sum over channels, rows and columns of the kernel.",
    {
        "Yours uses the first channel only.": _channel(0),
        "Yours uses the last channel only.": _channel(-1),
        "Yours keeps a channel axis in the result.": _channels_apart,
        "Yours adds bias afterwards to a result that still has a channel axis.": _apart_then_bias,
        "Yours takes the mean over channels.": _mean(lambda a: a.weight.shape[1]),
        "Yours takes the mean over all products.": _mean(lambda a: a.weight[0].numel()),
        "Yours takes the mean over the places in the kernel.": _mean(
            lambda a: a.weight[0, 0].numel()
        ),
        "Yours lets kernel o see input channel o only.": with_arguments(_own_channel),
    },
)

GROUPS_IGNORED = Mistake(
    "groups_ignored",
    "The groups are ignored.",
    "Cut x and weight into groups along the channels; group g of the kernels sees group g of "
    "the channels.",
    {
        "Yours shows every kernel the channels of the first group.": with_arguments(_first_group),
        "Yours shows every kernel the channels of all groups.": with_arguments(_shared_by_groups),
        "Yours raises as soon as groups is not 1.": raises_unless(lambda a: a.groups == 1),
    },
)

GROUPS_INTERLEAVED = Mistake(
    "groups_interleaved",
    "The groups are cut wrongly: a group is a block of neighbouring channels.",
    "Group g holds channels g * C to (g + 1) * C - 1.",
    {
        "Yours takes every groups-th channel of x.": with_arguments(_interleaved),
        "Yours returns the output channels of all groups in turn.": _interleaved_kernels,
    },
)
