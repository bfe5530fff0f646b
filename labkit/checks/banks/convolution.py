"""Mistakes people make when they write a 2-D convolution, each as functions that make it.

A variant receives the right operation and the arguments, and misuses them. In the code ``a`` are
the arguments, ``kh`` × ``kw`` is the kernel and ``C`` the channels that one kernel sees.
"""

from collections.abc import Callable
from itertools import compress, product

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.question import Arguments

__all__ = ["MISTAKES"]


def _with(change: Callable[[Arguments], dict]) -> Variant:
    """Make a variant that calls the operation with other arguments."""
    return lambda op, a: op(a.but(**change(a)))


def _then(change: Callable[[Tensor], Tensor]) -> Variant:
    """Make a variant that changes the result."""
    return lambda op, a: change(op(a))


def _pair(option: int | tuple[int, int]) -> tuple[int, int]:
    # A variant that was applied before may have split an option by axis already.
    return option if isinstance(option, tuple) else (option, option)


def _size(op: Function, a: Arguments) -> tuple[int, int]:
    height, width = op(a).shape[2:]
    return height, width


def _cropped(change: Callable[[Arguments], dict]) -> Variant:
    """Make a variant that has the right size, but wrong windows from the top left on."""

    def variant(op: Function, a: Arguments) -> Tensor:
        height, width = _size(op, a)
        return op(a.but(**change(a)))[:, :, :height, :width]

    return variant


def _bias_as(change: Callable[[Tensor, Arguments], Tensor]) -> Variant:
    return _with(lambda a: {} if a.bias is None else {"bias": change(a.bias, a)})


def _bias_on_last_axis(op: Function, a: Arguments) -> Tensor:
    result = op(a.but(bias=None))
    return result if a.bias is None else result + a.bias


def _one_axis(option: str, axis: int) -> Callable[[Arguments], dict]:
    def change(a: Arguments) -> dict:
        return {option: tuple(v if i == axis else 1 for i, v in enumerate(_pair(a[option])))}

    return change


def _padded(left: int, right: int, top: int, bottom: int) -> Variant:
    """Make a variant that adds so many times ``padding`` zeros on each side."""

    def variant(op: Function, a: Arguments) -> Tensor:
        high, wide = _pair(a.padding)
        zeros = (left * wide, right * wide, top * high, bottom * high)
        return op(a.but(x=F.pad(a.x, zeros), padding=0))

    return variant


def _padded_with(mode: str) -> Variant:
    def variant(op: Function, a: Arguments) -> Tensor:
        high, wide = _pair(a.padding)
        return op(a.but(x=F.pad(a.x, (wide, wide, high, high), mode=mode), padding=0))

    return variant


def _padded_later(op: Function, a: Arguments) -> Tensor:
    high, wide = _pair(a.padding)
    return F.pad(op(a.but(padding=0)), (wide, wide, high, high))


def _some_sides() -> dict[str, Variant]:
    sides = ("left", "right", "top", "bottom")
    subsets = sorted(product((0, 1), repeat=4), key=lambda s: (sum(s) != 2, s[0] != s[2], s))
    words = {s: " and ".join(compress(sides, s)) for s in subsets if 0 < sum(s) < 4}
    return {f"Yours adds zeros only at the {at}.": _padded(*s) for s, at in words.items()}


def _both_on_one_side() -> dict[str, Variant]:
    return {
        "Yours adds all the zeros at the bottom and right.": _padded(0, 2, 0, 2),
        "Yours adds all the zeros at the top and left.": _padded(2, 0, 2, 0),
        "Yours adds all the zeros at the bottom and left.": _padded(2, 0, 0, 2),
        "Yours adds all the zeros at the top and right.": _padded(0, 2, 2, 0),
    }


def _transposed(name: str) -> Variant:
    return _with(lambda a: {name: a[name].transpose(2, 3)})


def _reread_sizes(op: Function, a: Arguments) -> Tensor:
    result = op(a)
    return result.reshape(*result.shape[:2], result.shape[3], result.shape[2])


def _reread_kernel(a: Arguments) -> dict:
    out, channels, kh, kw = a.weight.shape
    return {"weight": a.weight.reshape(out, channels, kw, kh)}


def _channel(which: int) -> Variant:
    """Make a variant in which each kernel sees one channel of its group."""
    return _with(
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


def _channels_apart_then_bias(op: Function, a: Arguments) -> Tensor:
    result = _channels_apart(op, a.but(bias=None))
    return result if a.bias is None else result + a.bias[:, None, None]


def _mean(count: Callable[[Arguments], int]) -> Variant:
    return _with(lambda a: {"weight": a.weight / count(a)})


def _smaller_after_stride(op: Function, a: Arguments) -> Tensor:
    """Count (size - kernel + 1) // stride windows: one is lost where the stride does not divide."""
    fits = op(a.but(stride=1)).shape[2:]
    high, wide = (n // s for n, s in zip(fits, _pair(a.stride), strict=True))
    return op(a)[:, :, :high, :wide]


def _partial_windows(reach: Callable[[int], int]) -> Variant:
    """Make a variant whose last windows hang over the end by up to ``reach(stride)`` pixels."""

    def variant(op: Function, a: Arguments) -> Tensor:
        (high, wide), (down, along) = _pair(a.padding), _pair(a.stride)
        zeros = (wide, wide + reach(along), high, high + reach(down))
        return op(a.but(x=F.pad(a.x, zeros), padding=0))

    return variant


def _rounded_up(op: Function, a: Arguments) -> Tensor:
    high, wide = _partial_windows(lambda s: s - 1)(op, a).shape[2:]
    result = op(a)
    return F.pad(result, (0, wide - result.shape[3], 0, high - result.shape[2]))


def _zeros_before_bias(right: int, bottom: int) -> Variant:
    def variant(op: Function, a: Arguments) -> Tensor:
        result = F.pad(op(a.but(bias=None)), (0, right, 0, bottom))
        return result if a.bias is None else result + a.bias[:, None, None]

    return variant


def _first_group(a: Arguments) -> dict:
    return {"x": a.x[:, : a.weight.shape[1]], "groups": 1}


def _shared_by_groups(a: Arguments) -> dict:
    return {"weight": a.weight.repeat(1, a.groups, 1, 1), "groups": 1}


def _interleaved(a: Arguments) -> dict:
    return {"x": a.x.unflatten(1, (-1, a.groups)).transpose(1, 2).flatten(1, 2)}


def _interleaved_kernels(op: Function, a: Arguments) -> Tensor:
    result = op(a)
    return result.unflatten(1, (a.groups, -1)).transpose(1, 2).flatten(1, 2)


def _as_in_out(a: Arguments) -> dict:
    out, channels, kh, kw = a.weight.shape
    return {"weight": a.weight.reshape(channels, out, kh, kw).transpose(0, 1)}


def _as_matrix(a: Arguments) -> dict:
    shape = a.weight.shape
    return {"weight": a.weight.reshape(-1, shape[0]).T.reshape(shape)}


def _refuse(holds: Callable[[Arguments], bool]) -> Variant:
    """Make a variant that is right where ``holds`` and raises elsewhere."""

    def variant(op: Function, a: Arguments) -> Tensor:
        if not holds(a):
            raise ValueError
        return op(a)

    return variant


# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    Mistake(
        "kernel_flipped",
        "The kernel is flipped. That is the convolution of mathematics and of signal processing; "
        "the conv2d of deep learning is cross-correlation and lays the kernel on as it is.",
        "Multiply the patch by weight[o] as it stands, without flip or [::-1].",
        {
            "": _with(lambda a: {"weight": a.weight.flip(2, 3)}),
            "Yours flips it upside down.": _with(lambda a: {"weight": a.weight.flip(2)}),
            "Yours flips it left to right.": _with(lambda a: {"weight": a.weight.flip(3)}),
            "Yours flips the channels too.": _with(lambda a: {"weight": a.weight.flip(1, 2, 3)}),
        },
    ),
    Mistake(
        "bias_forgotten",
        "The bias is forgotten: the result is as if there were none.",
        "Add bias[o] once to every pixel of output channel o.",
        {"": _with(lambda a: {"bias": None})},
    ),
    Mistake(
        "bias_per_element",
        "The bias is added more than once to each pixel, inside the sum instead of after it.",
        "Sum all products first, then add bias[o] once.",
        {
            "Yours adds it for every product of the sum.":
            _bias_as(lambda bias, a: bias * a.weight[0].numel()),
            "Yours adds it for every channel.": _bias_as(lambda bias, a: bias * a.weight.shape[1]),
            "Yours adds it for every place in the kernel.":
            _bias_as(lambda bias, a: bias * a.weight[0, 0].numel()),
            "Yours adds it for every row of the kernel.":
            _bias_as(lambda bias, a: bias * a.weight.shape[2]),
            "Yours adds it for every column of the kernel.":
            _bias_as(lambda bias, a: bias * a.weight.shape[3]),
        },
    ),
    Mistake(
        "stride_ignored",
        "The stride is ignored: windows move by one pixel, whatever stride says.",
        "Let the window of output row i begin at row i * stride, and likewise for columns.",
        {
            "": _with(lambda a: {"stride": 1}),
            "The size of the output is right.": _cropped(lambda a: {"stride": 1}),
        },
    ),
    Mistake(
        "stride_one_axis",
        "The stride is used along one axis only.",
        "Use stride for rows and for columns.",
        {
            "Yours uses it for rows (height), not for columns (width).":
            _with(_one_axis("stride", 0)),
            "Yours uses it for columns (width), not for rows (height).":
            _with(_one_axis("stride", 1)),
            "Yours has the right size, but uses it for rows (height) only.":
            _cropped(_one_axis("stride", 0)),
            "Yours has the right size, but uses it for columns (width) only.":
            _cropped(_one_axis("stride", 1)),
        },
    ),
    Mistake(
        "padding_ignored",
        "The padding is ignored: no zeros are added around the image.",
        "Add padding zeros at the top, bottom, left and right of x before anything else.",
        {
            "": _with(lambda a: {"padding": 0}),
            "Yours adds them around the result instead.": _padded_later,
        },
    ),
    Mistake(
        "padding_one_side",
        "The padding does not go all around the image.",
        "Add padding zeros on each of the four sides: F.pad(x, (p, p, p, p)).",
        {**_some_sides(), **_both_on_one_side()},
    ),
    Mistake(
        "padding_twice",
        "The padding is added twice: there are 2 * padding zeros on each side.",
        "Either pad x yourself or hand padding on, not both.",
        {"": _padded(2, 2, 2, 2)},
    ),
    Mistake(
        "padding_not_zeros",
        "The padding does not consist of zeros.",
        "Pad with zeros: F.pad(x, (p, p, p, p)) does so when no mode is named.",
        {
            "Yours repeats the edge.": _padded_with("replicate"),
            "Yours mirrors the image.": _padded_with("reflect"),
            "Yours continues with the opposite edge.": _padded_with("circular"),
        },
    ),
    Mistake(
        "height_width_swapped",
        "Height and width are swapped somewhere.",
        "Axis 2 is height (rows), axis 3 is width (columns), in x, in weight and in the result.",
        {
            "Yours returns the transposed image.": _then(lambda out: out.transpose(2, 3)),
            "Yours uses the kernel transposed.": _transposed("weight"),
            "Yours uses the image transposed.": _transposed("x"),
            "Yours takes the height of the output for its width.": _reread_sizes,
            "Yours takes the height of the kernel for its width.": _with(_reread_kernel),
        },
    ),
    Mistake(
        "channels_not_summed",
        "The input channels are not summed: an output pixel is the sum over all of them.",
        "Sum over channels, rows and columns of the kernel.",
        {
            "Yours uses the first channel only.": _channel(0),
            "Yours uses the last channel only.": _channel(-1),
            "Yours keeps a channel axis in the result.": _channels_apart,
            "Yours adds bias afterwards to a result that still has a channel axis.":
            _channels_apart_then_bias,
            "Yours takes the mean over channels.": _mean(lambda a: a.weight.shape[1]),
            "Yours takes the mean over all products.": _mean(lambda a: a.weight[0].numel()),
            "Yours takes the mean over the places in the kernel.":
            _mean(lambda a: a.weight[0, 0].numel()),
            "Yours lets kernel o see input channel o only.": _with(_own_channel),
        },
    ),
    Mistake(
        "output_too_small",
        "The output is one too small.",
        "There are (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1 windows.",
        {
            "The last row and the last column are missing.": _then(lambda out: out[..., :-1, :-1]),
            "The last row is missing.": _then(lambda out: out[..., :-1, :]),
            "The last column is missing.": _then(lambda out: out[..., :-1]),
            "The first row and the first column are missing.": _then(lambda out: out[..., 1:, 1:]),
            "The first row is missing.": _then(lambda out: out[..., 1:, :]),
            "The first column is missing.": _then(lambda out: out[..., 1:]),
            "The + 1 belongs after the division by stride.": _smaller_after_stride,
        },
    ),
    Mistake(
        "output_too_large",
        "The output is one too large.",
        "There are (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1 windows.",
        {
            "There is a row and a column of zeros too many.":
            _then(lambda out: F.pad(out, (0, 1, 0, 1))),
            "There is a row of zeros too many.": _then(lambda out: F.pad(out, (0, 0, 0, 1))),
            "There is a column of zeros too many.": _then(lambda out: F.pad(out, (0, 1, 0, 0))),
            "The last row and column come from windows that hang over the edge.":
            _partial_windows(lambda s: s),
            "Where the stride does not divide, the last windows hang over the edge.":
            _partial_windows(lambda s: s - 1),
            "Where the stride does not divide, the size is rounded up.": _rounded_up,
            "The last row and column hold nothing but bias.": _zeros_before_bias(1, 1),
            "The last row holds nothing but bias.": _zeros_before_bias(0, 1),
            "The last column holds nothing but bias.": _zeros_before_bias(1, 0),
        },
    ),
    Mistake(
        "dilation_ignored",
        "The dilation is ignored: the kernel's elements lie on neighbouring pixels.",
        "Let kernel row u lie on image row top + u * dilation, and likewise for columns.",
        {
            "": _with(lambda a: {"dilation": 1}),
            "The size of the output is right.": _cropped(lambda a: {"dilation": 1}),
        },
    ),
    Mistake(
        "dilation_one_axis",
        "The dilation is used along one axis only.",
        "Use dilation for rows and for columns.",
        {
            "Yours uses it for rows (height), not for columns (width).":
            _with(_one_axis("dilation", 0)),
            "Yours uses it for columns (width), not for rows (height).":
            _with(_one_axis("dilation", 1)),
        },
    ),
    Mistake(
        "groups_ignored",
        "The groups are ignored.",
        "Cut x and weight into groups along the channels; group g of the kernels sees group g of "
        "the channels.",
        {
            "Yours shows every kernel the channels of the first group.": _with(_first_group),
            "Yours shows every kernel the channels of all groups.": _with(_shared_by_groups),
            "Yours raises as soon as groups is not 1.": _refuse(lambda a: a.groups == 1),
        },
    ),
    Mistake(
        "groups_interleaved",
        "The groups are cut wrongly: a group is a block of neighbouring channels.",
        "Group g holds channels g * C to (g + 1) * C - 1.",
        {
            "Yours takes every groups-th channel of x.": _with(_interleaved),
            "Yours returns the output channels of all groups in turn.": _interleaved_kernels,
        },
    ),
    Mistake(
        "weight_transposed",
        "The weight's first two axes are transposed: it is read as (in, out, height, width).",
        "weight has the shape (channels out, channels in, height, width), as in PyTorch.",
        {
            "": _with(lambda a: {"weight": a.weight.transpose(0, 1)}),
            "Yours reads it so without moving its numbers.": _with(_as_in_out),
            "Yours lays it out as a matrix with a column, not a row, for each kernel.":
            _with(_as_matrix),
        },
    ),
    Mistake(
        "bias_wrong_axis",
        "The bias is added along the width, where broadcasting puts a vector.",
        "Give it axes of size 1 for height and width: bias[:, None, None].",
        {"": _bias_on_last_axis},
    ),
    Mistake(
        "batch_one_only",
        "It is right for a batch of one image only.",
        "Treat every image: the first axis of x counts them, and the result has as many.",
        {
            "Yours answers for the first image only.": _with(lambda a: {"x": a.x[:1]}),
            "Yours answers for the last image only.": _with(lambda a: {"x": a.x[-1:]}),
            "Yours gives every image the answer of the first.":
            _with(lambda a: {"x": a.x[:1].expand_as(a.x)}),
            "Yours adds the images up.": _then(lambda out: out.sum(0, keepdim=True)),
            "Yours raises for more.": _refuse(lambda a: len(a.x) == 1),
        },
    ),
    Mistake(
        "square_only",
        "It is right for square shapes only, as if height and width were one number.",
        "Read height and width apart: kh, kw = weight.shape[2:] and H, W = x.shape[2:].",
        {
            "Yours raises for an oblong image.": _refuse(lambda a: a.x.shape[2] == a.x.shape[3]),
            "Yours raises for an oblong kernel.":
            _refuse(lambda a: a.weight.shape[2] == a.weight.shape[3]),
        },
    ),
)  # fmt: skip
