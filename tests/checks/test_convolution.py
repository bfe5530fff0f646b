"""Learners of many styles: the right ones pass, and each wrong one is told its own mistake."""

import functools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.checks import check
from labkit.checks.convolution import CONV2D

# Letters: n image, o output channel, c input channel, i j output pixel, u v kernel pixel.


def out_size(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


# ---------------------------------------------------------------- right answers, in many styles


def every_loop(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    x = F.pad(x, (padding,) * 4)
    n_images, _, high, wide = x.shape
    n_out, per_group, kh, kw = weight.shape
    rows = out_size(high, kh, stride, 0, dilation)
    columns = out_size(wide, kw, stride, 0, dilation)
    out = x.new_zeros(n_images, n_out, rows, columns)
    for n in range(n_images):
        for o in range(n_out):
            first = o // (n_out // groups) * per_group
            for i in range(rows):
                for j in range(columns):
                    total = 0 if bias is None else bias[o]
                    for c in range(per_group):
                        for u in range(kh):
                            for v in range(kw):
                                pixel = x[
                                    n,
                                    first + c,
                                    i * stride + u * dilation,
                                    j * stride + v * dilation,
                                ]
                                total = total + pixel * weight[o, c, u, v]
                    out[n, o, i, j] = total
    return out


def lists_of_scalars(x, w):
    n_images, _, high, wide = x.shape
    n_out, _, kh, kw = w.shape
    return torch.stack([
        torch.stack([
            torch.stack([
                torch.stack([
                    (x[n, :, i:i + kh, j:j + kw] * w[o]).sum() for j in range(wide - kw + 1)
                ])
                for i in range(high - kh + 1)
            ])
            for o in range(n_out)
        ])
        for n in range(n_images)
    ])  # fmt: skip


def zeros_with_dtype(x, weight, bias=None):
    rows, columns = (a - b + 1 for a, b in zip(x.shape[2:], weight.shape[2:], strict=True))
    out = torch.zeros(len(x), len(weight), rows, columns, dtype=x.dtype, device=x.device)
    for i in range(rows):
        for j in range(columns):
            patch = x[:, :, i : i + weight.shape[2], j : j + weight.shape[3]]
            out[:, :, i, j] = torch.einsum("ncuv,ocuv->no", patch, weight)
    return out if bias is None else out + bias.view(1, -1, 1, 1)


def unfold_matmul(x, weight, bias=None, stride=1, padding=0, dilation=1):
    n, _, high, _ = x.shape
    o, _, kh, kw = weight.shape
    columns = F.unfold(x, (kh, kw), dilation=dilation, padding=padding, stride=stride)
    out = weight.reshape(o, -1) @ columns
    if bias is not None:
        out = out + bias[:, None]
    return out.reshape(n, o, out_size(high, kh, stride, padding, dilation), -1)


def windows_einsum(image, kernel, b=None, *, strides=1, pad=0):
    image = F.pad(image, (pad, pad, pad, pad))
    windows = image.unfold(2, kernel.shape[2], strides).unfold(3, kernel.shape[3], strides)
    out = torch.einsum("ncijuv,ocuv->noij", windows, kernel)
    return out if b is None else out + b[None, :, None, None]


def strided(x, w, stride):
    n, c, high, wide = x.shape
    kh, kw = w.shape[2:]
    a, b, d, e = x.stride()
    shape = (n, c, out_size(high, kh, stride), out_size(wide, kw, stride), kh, kw)
    windows = x.as_strided(shape, (a, b, d * stride, e * stride, d, e))
    return torch.tensordot(windows, w, dims=([1, 4, 5], [1, 2, 3])).permute(0, 3, 1, 2)


def taps(x, weight, bias, stride, padding):
    """Shift and add: one multiplication for each place in the kernel."""
    x = F.pad(x, (padding,) * 4)
    kh, kw = weight.shape[2:]
    rows, columns = x.shape[2] - kh + 1, x.shape[3] - kw + 1
    total = bias.reshape(1, -1, 1, 1)
    for u in range(kh):
        for v in range(kw):
            shifted = x[:, :, u : u + rows : stride, v : v + columns : stride]
            total = total + torch.einsum("nchw,oc->nohw", shifted, weight[:, :, u, v])
    return total


def with_keywords(x, weight, **options):
    return F.conv2d(x, weight, **options)


def anything(*args, **options):
    return F.conv2d(*args, **options)


def only_two_by_star(*args):
    x, weight = args
    return F.conv2d(x, weight)


def keyword_only(*, x, weight, bias=None, dilation=1):
    return F.conv2d(x, weight, bias, dilation=dilation)


def positional_only(x, weight, bias, stride, /):
    return F.conv2d(x, weight, bias, stride)


def weight_first(kernel, image):
    return F.conv2d(image, kernel)


def sloppy_defaults(x, w, bias=0.0, stride=None, pad=(0, 0)):
    bias = None if isinstance(bias, float) else bias
    return F.conv2d(x, w, bias, stride or 1, pad)


class AsModule(nn.Module):
    def forward(self, x, weight, bias=None, groups=1):
        return F.conv2d(x, weight, bias, groups=groups)


class AsObject:
    def __call__(self, x, weight, padding=0):
        return F.conv2d(x, weight, padding=padding)


@functools.wraps(unfold_matmul)
def wrapped(*args, **kwargs):
    return unfold_matmul(*args, **kwargs)


def by_transposition(x, weight):
    """A convolution is the gradient of its transposed one."""
    shape = (
        len(x),
        len(weight),
        *(a - b + 1 for a, b in zip(x.shape[2:], weight.shape[2:], strict=True)),
    )
    probe = torch.zeros(shape, dtype=x.dtype, requires_grad=True)
    back = F.conv_transpose2d(probe, weight)
    return torch.autograd.grad(back, probe, x, create_graph=True)[0]


RIGHT = [
    every_loop, lists_of_scalars, zeros_with_dtype, unfold_matmul, windows_einsum, strided, taps,
    with_keywords, anything, only_two_by_star, keyword_only, positional_only, weight_first,
    sloppy_defaults, wrapped, by_transposition, F.conv2d, torch.conv2d, AsModule(), AsObject(),
    functools.partial(F.conv2d, stride=1), functools.partial(unfold_matmul, bias=None),
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: getattr(f, "__name__", type(f).__name__))
def test_every_correct_style_passes(answer):
    verdict = check.conv2d(answer)
    assert verdict.passed, verdict
    assert verdict
    assert verdict.mistake is None
    assert verdict.also == ()


def test_what_a_function_does_not_take_is_not_asked_and_said():
    verdict = check.conv2d(lists_of_scalars)
    assert "bias, stride, padding, dilation, groups" in verdict.message
    assert check.conv2d(every_loop).asked > verdict.asked
    assert "groups" in check.conv2d(unfold_matmul).message
    assert "Not asked" not in check.conv2d(every_loop).message


# ---------------------------------------------------------------- wrong answers, each its mistake

WRONG = []


def makes(mistake):
    def keep(function):
        WRONG.append(pytest.param(function, mistake, id=f"{mistake}-{function.__name__}"))
        return function

    return keep


def windows(x, kh, kw, stride=1, padding=0, dilation=1):
    """Return all windows, (N, C, rows, columns, kh, kw), in a way the bank knows nothing of."""
    x = F.pad(x, (padding,) * 4)
    rows = torch.arange(out_size(x.shape[2], kh, stride, 0, dilation))[:, None] * stride
    columns = torch.arange(out_size(x.shape[3], kw, stride, 0, dilation))[:, None] * stride
    rows = rows + dilation * torch.arange(kh)
    columns = columns + dilation * torch.arange(kw)
    return x[:, :, rows[:, None, :, None], columns[None, :, None, :]]


def summed(patches, weight, bias=None):
    out = torch.einsum("ncijuv,ocuv->noij", patches, weight)
    return out if bias is None else out + bias[:, None, None]


@makes("kernel_flipped")
def flipped_indices(x, weight, bias=None, stride=1, padding=0):
    x = F.pad(x, (padding,) * 4)
    n_images, _, high, wide = x.shape
    n_out, _, kh, kw = weight.shape
    out = torch.zeros(n_images, n_out, out_size(high, kh, stride), out_size(wide, kw, stride))
    for o in range(n_out):
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                for u in range(kh):
                    for v in range(kw):
                        pixels = x[:, :, i * stride + kh - 1 - u, j * stride + kw - 1 - v]
                        out[:, o, i, j] += pixels @ weight[o, :, u, v]
        if bias is not None:
            out[:, o] += bias[o]
    return out


@makes("kernel_flipped")
def flipped_windows(x, weight):
    return summed(windows(x, *weight.shape[2:]).flip(-1).flip(-2), weight)


@makes("kernel_flipped")
def flipped_by_columns(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    return F.conv2d(x, torch.flip(weight, [3]), bias, stride, padding, dilation, groups)


@makes("kernel_flipped")
def flipped_rotation(x, w, b=None):
    return F.conv2d(x, torch.rot90(w, 2, (2, 3)), b)


@makes("bias_forgotten")
def no_bias_unfold(x, weight, bias=None, stride=1, padding=0):
    return unfold_matmul(x, weight, None, stride, padding)


@makes("bias_forgotten")
def no_bias_loops(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    return every_loop(x, weight, None, stride, padding, dilation, groups)


@makes("bias_per_element")
def bias_in_product(x, weight, bias):
    patches = windows(x, *weight.shape[2:])[:, None]
    return (patches * weight[:, :, None, None] + bias.reshape(-1, 1, 1, 1, 1, 1)).sum((2, 5, 6))


@makes("bias_per_element")
def bias_in_channel_loop(x, weight, bias=None, stride=1):
    out = 0
    for c in range(x.shape[1]):
        out = out + summed(windows(x[:, [c]], *weight.shape[2:], stride), weight[:, [c]], bias)
    return out


@makes("bias_per_element")
def bias_for_each_tap(x, w, b=None):
    rows, columns = x.shape[2] - w.shape[2] + 1, x.shape[3] - w.shape[3] + 1
    out = 0
    for u in range(w.shape[2]):
        for v in range(w.shape[3]):
            part = torch.einsum(
                "nchw,oc->nohw", x[:, :, u : u + rows, v : v + columns], w[:, :, u, v]
            )
            out = out + (part if b is None else part + b.view(1, -1, 1, 1))
    return out


@makes("stride_ignored")
def stride_unused(x, weight, bias=None, stride=2, padding=0):
    return summed(windows(x, *weight.shape[2:], 1, padding), weight, bias)


@makes("stride_ignored")
def stride_for_size_only(x, weight, stride=1):
    kh, kw = weight.shape[2:]
    out = x.new_zeros(
        len(x), len(weight), out_size(x.shape[2], kh, stride), out_size(x.shape[3], kw, stride)
    )
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = torch.tensordot(
                x[:, :, i : i + kh, j : j + kw], weight, ([1, 2, 3], [1, 2, 3])
            )
    return out


@makes("stride_one_axis")
def stride_rows(x, weight, bias=None, stride=1):
    return F.conv2d(x, weight, bias)[:, :, ::stride]


@makes("stride_one_axis")
def stride_columns(x, weight, stride=1):
    return summed(x.unfold(2, weight.shape[2], 1).unfold(3, weight.shape[3], stride), weight)


@makes("stride_one_axis")
def stride_columns_in_loops(x, weight, bias=None, stride=1, padding=0):
    x = F.pad(x, (padding,) * 4)
    kh, kw = weight.shape[2:]
    out = x.new_zeros(
        len(x), len(weight), out_size(x.shape[2], kh, stride), out_size(x.shape[3], kw, stride)
    )
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            patch = x[:, None, :, i : i + kh, j * stride : j * stride + kw]
            out[:, :, i, j] = (patch * weight).sum((2, 3, 4)) + (0 if bias is None else bias)
    return out


@makes("padding_one_side")
def padding_top_left(x, weight, padding=0):
    return summed(windows(F.pad(x, (padding, 0, padding, 0)), *weight.shape[2:]), weight)


@makes("padding_one_side")
def padding_end(x, weight, bias=None, stride=1, padding=0):
    larger = x.new_zeros(*x.shape[:2], x.shape[2] + padding, x.shape[3] + padding)
    larger[:, :, : x.shape[2], : x.shape[3]] = x
    return F.conv2d(larger, weight, bias, stride)


@makes("padding_one_side")
def padding_all_at_end(x, weight, bias=None, stride=1, padding=0):
    larger = x.new_zeros(*x.shape[:2], x.shape[2] + 2 * padding, x.shape[3] + 2 * padding)
    larger[:, :, : x.shape[2], : x.shape[3]] = x
    return unfold_matmul(larger, weight, bias, stride)


@makes("padding_one_side")
def padding_columns(x, weight, padding=0):
    return F.conv2d(x, weight, padding=(0, padding))


@makes("padding_ignored")
def padding_unused(x, weight, bias=None, stride=1, padding=1):
    return unfold_matmul(x, weight, bias, stride)


@makes("padding_ignored")
def padding_forgotten_in_loops(x, w, b=None, s=1, p=0):
    return every_loop(x, w, b, s)


@makes("height_width_swapped")
def result_swapped(x, weight):
    return torch.einsum("ncijuv,ocuv->noji", windows(x, *weight.shape[2:]), weight)


@makes("height_width_swapped")
def kernel_swapped(x, weight, bias=None, stride=1):
    return summed(windows(x, weight.shape[3], weight.shape[2], stride), weight.mT, bias)


@makes("height_width_swapped")
def sizes_swapped(x, weight, bias=None):
    rows, columns = x.shape[3] - weight.shape[3] + 1, x.shape[2] - weight.shape[2] + 1
    out = weight.flatten(1) @ F.unfold(x, weight.shape[2:])
    out = out if bias is None else out + bias[:, None]
    return out.view(len(x), len(weight), rows, columns)


@makes("height_width_swapped")
def kernel_reread(x, weight):
    patches = F.unfold(x, (weight.shape[3], weight.shape[2]))
    out = weight.flatten(1) @ patches
    return out.view(len(x), len(weight), x.shape[2] - weight.shape[3] + 1, -1)


@makes("channels_not_summed")
def first_channel(x, weight, bias=None, stride=1):
    out = torch.einsum("nijuv,ouv->noij", windows(x, *weight.shape[2:], stride)[:, 0], weight[:, 0])
    return out if bias is None else out + bias[:, None, None]


@makes("channels_not_summed")
def last_channel_overwrites(x, weight):
    for c in range(x.shape[1]):
        out = F.conv2d(x[:, [c]], weight[:, [c]])
    return out


@makes("channels_not_summed")
def channels_kept(x, weight):
    return torch.einsum("ncijuv,ocuv->nocij", windows(x, *weight.shape[2:]), weight)


@makes("channels_not_summed")
def channels_kept_elsewhere(x, weight, bias=None):
    out = torch.einsum("ncijuv,ocuv->ncoij", windows(x, *weight.shape[2:]), weight)
    return out if bias is None else out + bias[:, None, None]


@makes("channels_not_summed")
def channels_averaged(x, weight, bias=None, padding=0):
    products = torch.einsum("ncijuv,ocuv->nocij", windows(x, *weight.shape[2:], 1, padding), weight)
    out = products.mean(2)
    return out if bias is None else out + bias[:, None, None]


@makes("output_too_small")
def no_plus_one(x, weight, bias=None, stride=1):
    kh, kw = weight.shape[2:]
    rows, columns = (x.shape[2] - kh) // stride, (x.shape[3] - kw) // stride
    out = x.new_zeros(len(x), len(weight), rows, columns)
    for i in range(rows):
        for j in range(columns):
            patch = x[:, None, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
            out[:, :, i, j] = (patch * weight).sum((2, 3, 4)) + (0 if bias is None else bias)
    return out


@makes("output_too_small")
def plus_one_before_division(x, weight, stride=1):
    rows, columns = (
        (x.shape[2] - weight.shape[2] + 1) // stride,
        (x.shape[3] - weight.shape[3] + 1) // stride,
    )
    return summed(windows(x, *weight.shape[2:], stride)[:, :, :rows, :columns], weight)


@makes("output_too_small")
def a_row_lost(x, weight, bias=None):
    return unfold_matmul(x, weight, bias)[:, :, :-1]


@makes("output_too_large")
def zeros_at_end(x, weight, bias=None):
    kh, kw = weight.shape[2:]
    out = x.new_zeros(len(x), len(weight), x.shape[2] - kh + 2, x.shape[3] - kw + 2)
    out[:, :, :-1, :-1] = summed(windows(x, kh, kw), weight, bias)
    return out


@makes("output_too_large")
def windows_over_the_edge(x, weight, bias=None):
    n_images, _, high, wide = x.shape
    kh, kw = weight.shape[2:]
    out = x.new_zeros(n_images, len(weight), high - kh + 2, wide - kw + 2)
    for i in range(high - kh + 2):
        for j in range(wide - kw + 2):
            patch = x[:, None, :, i : i + kh, j : j + kw]
            seen = weight[:, :, : patch.shape[3], : patch.shape[4]]
            out[:, :, i, j] = (patch * seen).sum((2, 3, 4)) + (0 if bias is None else bias)
    return out


@makes("output_too_large")
def last_row_twice(x, weight):
    out = F.conv2d(x, weight)
    return torch.cat([out, out[:, :, -1:]], 2)


@makes("output_too_large")
def rounded_up(x, weight, stride=1):
    rows = math.ceil((x.shape[2] - weight.shape[2]) / stride) + 1
    columns = math.ceil((x.shape[3] - weight.shape[3]) / stride) + 1
    out = x.new_zeros(len(x), len(weight), rows, columns)
    right = F.conv2d(x, weight, stride=stride)
    out[:, :, : right.shape[2], : right.shape[3]] = right
    return out


@makes("dilation_ignored")
def dilation_unused(x, weight, bias=None, stride=1, padding=0, dilation=1):
    return unfold_matmul(x, weight, bias, stride, padding)


@makes("dilation_ignored")
def dilation_for_size_only(x, weight, dilation=1):
    kh, kw = weight.shape[2:]
    rows = out_size(x.shape[2], kh, dilation=dilation)
    columns = out_size(x.shape[3], kw, dilation=dilation)
    return summed(windows(x, kh, kw)[:, :, :rows, :columns], weight)


@makes("groups_ignored")
def groups_first_channels(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    return every_loop(x, weight, bias, stride, padding, dilation, 1)


@makes("groups_ignored")
def groups_unused(x, weight, bias=None, groups=1):
    return F.conv2d(x, weight, bias)


@makes("groups_ignored")
def groups_repeated(x, weight, groups=1):
    weight = torch.cat([weight] * groups, 1)
    return summed(windows(x, *weight.shape[2:]), weight)


@makes("weight_transposed")
def in_out(x, weight, bias=None):
    out = torch.einsum("ncijuv,couv->noij", windows(x, *weight.shape[2:]), weight)
    return out if bias is None else out + bias[:, None, None]


@makes("weight_transposed")
def in_out_loops(x, weight):
    channels, n_out, kh, kw = weight.shape
    out = x.new_zeros(len(x), n_out, x.shape[2] - kh + 1, x.shape[3] - kw + 1)
    for o in range(n_out):
        for c in range(channels):
            for u in range(kh):
                for v in range(kw):
                    out[:, o] += (
                        weight[c, o, u, v] * x[:, c, u : u + out.shape[2], v : v + out.shape[3]]
                    )
    return out


@makes("weight_transposed")
def matrix_of_columns(x, weight):
    out = weight.reshape(-1, len(weight)).T @ F.unfold(x, weight.shape[2:])
    return out.view(len(x), len(weight), x.shape[2] - weight.shape[2] + 1, -1)


@makes("input_modified")
def pads_in_place(x, weight, bias=None, padding=0):
    weight *= 2
    return F.conv2d(x, weight, bias, padding=padding) / 2 + (
        0 if bias is None else bias.view(1, -1, 1, 1) / 2
    )


@makes("input_modified")
def adds_in_place(x, weight):
    out = unfold_matmul(x, weight)
    x.add_(1)
    return out


@makes("wrong_device")
def on_meta(x, weight):
    return F.conv2d(x, weight).to("meta")


@makes("wrong_dtype")
def always_float32(x, weight, bias=None):
    out = torch.zeros(
        len(x), len(weight), x.shape[2] - weight.shape[2] + 1, x.shape[3] - weight.shape[3] + 1
    )
    out += F.conv2d(x, weight, bias)
    return out


@makes("wrong_dtype")
def always_float64(x, weight):
    return summed(windows(x.double(), *weight.shape[2:]), weight.double())


@makes("wrong_dtype")
def halves(x, weight):
    return F.conv2d(x, weight).half()


@makes("gradient_cut")
def detached(x, weight, bias=None, stride=1):
    return unfold_matmul(x, weight, bias, stride).detach()


@makes("gradient_cut")
def data_of_weight(x, weight, bias=None):
    return F.conv2d(x, weight.data, bias)


@makes("gradient_cut")
def items(x, w):
    out = torch.zeros(len(x), len(w), x.shape[2] - w.shape[2] + 1, x.shape[3] - w.shape[3] + 1)
    for n, o, i, j in np.ndindex(*out.shape):
        out[n, o, i, j] = (x[n, :, i : i + w.shape[2], j : j + w.shape[3]] * w[o]).sum().item()
    return out


@makes("gradient_cut")
def new_tensor(x, weight):
    return torch.tensor(F.conv2d(x, weight))


@makes("gradient_cut")
def without_grad(x, weight, bias=None):
    with torch.no_grad():
        return summed(windows(x, *weight.shape[2:]), weight, bias)


@makes("gradient_cut")
def through_numpy(x, weight):
    view = np.lib.stride_tricks.sliding_window_view(x.numpy(), weight.shape[2:], (2, 3))
    return torch.from_numpy(np.einsum("ncijuv,ocuv->noij", view, weight.numpy()))


@makes("square_only")
def one_size(x, weight, bias=None):
    size = x.shape[2] - weight.shape[2] + 1
    out = x.new_zeros(len(x), len(weight), size, size)
    for i in range(size):
        for j in range(size):
            patch = x[:, None, :, i : i + weight.shape[2], j : j + weight.shape[3]]
            out[:, :, i, j] = (patch * weight).sum((2, 3, 4)) + (0 if bias is None else bias)
    return out


@makes("square_only")
def square_by_root(x, weight):
    out = weight.flatten(1) @ F.unfold(x, weight.shape[2:])
    size = round(out.shape[2] ** 0.5)
    return out[:, :, : size * size].reshape(*out.shape[:2], size, size)


@makes("square_only")
def square_asserted(x, weight, stride=1):
    assert x.shape[2] == x.shape[3]
    return F.conv2d(x, weight, stride=stride)


@makes("batch_one_only")
def first_image(x, weight, bias=None, stride=1):
    out = torch.einsum("cijuv,ocuv->oij", windows(x, *weight.shape[2:], stride)[0], weight)
    return (out if bias is None else out + bias[:, None, None])[None]


@makes("batch_one_only")
def batch_squeezed(x, weight):
    out = weight.flatten(1) @ F.unfold(x.squeeze(0), weight.shape[2:])
    return out.view(1, len(weight), x.shape[2] - weight.shape[2] + 1, -1)


@makes("batch_one_only")
def batch_flattened(x, weight):
    out = F.unfold(x, weight.shape[2:]).transpose(0, 1).flatten(1)
    return (weight.flatten(1) @ out).view(len(x), len(weight), x.shape[2] - weight.shape[2] + 1, -1)


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(answer, mistake):
    verdict = check.conv2d(answer)
    assert verdict.mistake == mistake, verdict
    assert not verdict.passed
    assert len(verdict.message) > 100


# ---------------------------------------------------------------- beyond the bank


def test_rounding_is_seen_because_not_all_numbers_are_whole():
    assert check.conv2d(lambda x, weight: F.conv2d(x, weight).round()).mistake == "wrong_values"


def test_wrong_values_are_derived_number_by_number():
    verdict = check.conv2d(lambda x, weight: F.conv2d(x, weight).relu())
    assert verdict.mistake == "wrong_values"
    evidence = verdict.evidence
    patch, kernel = evidence.derivation.factors
    assert float((patch * kernel).sum()) == evidence.derivation.total
    assert evidence.derivation.total == evidence.expected[evidence.index]
    assert f"output{list(evidence.index)} should be" in verdict.message
    assert f"= {evidence.derivation.total:g}, yours is 0." in verdict.message


@pytest.mark.parametrize("question", CONV2D.questions, ids=lambda q: q.about)  # fmt: skip
def test_the_derivation_gives_every_number_of_the_reference(question):
    operation = CONV2D
    arguments = operation.complete(question.arguments)
    expected = operation.reference(arguments)
    for index in np.ndindex(*expected.shape):
        assert operation.results[0].derive(arguments, index).total == pytest.approx(
            float(expected[index])
        )


def test_what_an_answer_depends_on_is_said():
    def squares_the_stride(x, weight, bias=None, stride=1):
        return F.conv2d(x, weight, bias, stride * stride)

    message = check.conv2d(squares_the_stride).message
    assert "right where stride is 1" in message


def test_a_gradient_that_is_there_but_wrong():
    def half_cut(x, weight):
        out = F.conv2d(x, weight)
        return (out + out.detach()) / 2

    verdict = check.conv2d(half_cut)
    assert verdict.mistake == "wrong_gradient"
    assert "with respect to x" in verdict.message


def test_gradients_are_asked_along_every_option():
    def cut_with_stride(x, weight, bias=None, stride=1):
        out = F.conv2d(x, weight, bias, stride)
        return out.detach() if stride > 1 else out

    assert check.conv2d(cut_with_stride).mistake == "gradient_cut"


def test_what_is_cut_is_named():
    assert "back to weight." in check.conv2d(data_of_weight).message
    assert "back to x, weight and bias." in check.conv2d(without_grad).message
    cut_bias = check.conv2d(lambda x, w, b=None: F.conv2d(x, w, None if b is None else b.detach()))
    assert "back to bias." in cut_bias.message


def test_numbers_first_dtype_and_gradient_afterwards():
    verdict = check.conv2d(lambda x, weight: F.conv2d(x, weight.flip(2, 3)).detach().double())
    assert verdict.mistake == "kernel_flipped"
    assert set(verdict.also) == {"gradient_cut", "wrong_dtype"}
    assert "gradient is cut" in verdict.message


def test_a_forgotten_bias_is_not_called_a_cut_gradient():
    assert check.conv2d(no_bias_unfold).also == ()


def test_changing_the_input_is_named_beside_wrong_numbers():
    def flips_in_place(x, weight):
        weight.copy_(weight.flip(2, 3))
        return F.conv2d(x, weight)

    assert check.conv2d(flips_in_place).mistake == "kernel_flipped+input_modified"
