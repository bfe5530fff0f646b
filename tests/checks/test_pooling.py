"""Learners of many styles: the right ones pass, and each wrong one is told its own mistake."""

import functools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.checks import check
from labkit.checks.pooling import AVG_POOL2D, MAX_POOL2D

# The shape checker of the test run would only slow learners down.
pytestmark = pytest.mark.usefixtures("as_learners_run_it")

# Letters: n image, c channel, i j output pixel, u v pixel of the window.
INFINITY = float("inf")


def out_size(size, kernel, stride, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


# ---------------------------------------------------------------- right answers, in many styles


def max_every_loop(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    stride = kernel_size if stride is None else stride
    N, C, H, W = x.shape
    span = dilation * (kernel_size - 1) + 1

    def count(size):
        n, rest = divmod(size + 2 * padding - span, stride)
        n = n + 1 + (1 if ceil_mode and rest else 0)
        return n - 1 if (n - 1) * stride >= size + padding else n

    out = x.new_zeros(N, C, count(H), count(W))
    for n in range(N):
        for c in range(C):
            for i in range(out.shape[2]):
                for j in range(out.shape[3]):
                    best = None
                    for u in range(kernel_size):
                        for v in range(kernel_size):
                            row = i * stride - padding + u * dilation
                            column = j * stride - padding + v * dilation
                            if 0 <= row < H and 0 <= column < W:
                                pixel = x[n, c, row, column]
                                if best is None or pixel > best:
                                    best = pixel
                    out[n, c, i, j] = best
    return out


def max_slices(x, kernel_size):
    rows, columns = x.shape[2] // kernel_size, x.shape[3] // kernel_size
    parts = [
        x[:, :, u : rows * kernel_size : kernel_size, v : columns * kernel_size : kernel_size]
        for u in range(kernel_size)
        for v in range(kernel_size)
    ]
    return functools.reduce(torch.maximum, parts)


def max_by_reshape(image, k):
    n, c, h, w = image.shape
    cut = image[:, :, : h // k * k, : w // k * k]
    return cut.reshape(n, c, h // k, k, w // k, k).amax(dim=(3, 5))


def max_by_unfold(x, window_size, stride=2, pad=0):
    x = F.pad(x, (pad,) * 4, value=-INFINITY)
    return x.unfold(2, window_size, stride).unfold(3, window_size, stride).amax((-1, -2))


def max_by_columns(x, kernel_size, stride=3):
    n, c, h, _ = x.shape
    columns = F.unfold(x, kernel_size, stride=stride).view(n, c, kernel_size**2, -1)
    return columns.max(dim=2).values.view(n, c, out_size(h, kernel_size, stride), -1)


def max_nested_lists(x, size):
    return torch.stack([
        torch.stack([
            x[:, :, i:i + size, j:j + size].flatten(2).max(2)[0]
            for j in range(0, x.shape[3] - size + 1, size)
        ], -1)
        for i in range(0, x.shape[2] - size + 1, size)
    ], -2)  # fmt: skip


def max_of_pairs(x, pool_size):
    p_h, p_w = pool_size
    return F.max_pool2d(x, (p_h, p_w))


def max_with_pair_options(x, kernel_size, stride=None, padding=(0, 0)):
    if stride is None:
        stride = kernel_size
    (kh, kw), (sh, sw), (ph, pw) = kernel_size, stride, padding
    x = F.pad(x, (pw, pw, ph, ph), value=-INFINITY)
    return x.unfold(2, kh, sh).unfold(3, kw, sw).amax((-1, -2))


def max_keyword_only(*, x, kernel_size, dilation=1):
    return F.max_pool2d(x, kernel_size, dilation=dilation)


def max_positional_only(x, k, s, /):
    return F.max_pool2d(x, k, s)


def max_size_first(kernel_size, x):
    return F.max_pool2d(x, kernel_size)


def max_with_indices(x, kernel_size, stride=None):
    return F.max_pool2d(x, kernel_size, stride, return_indices=True)


def max_repeating_the_edge(x, kernel_size, stride=None, padding=0):
    """A pixel that is seen twice changes no maximum."""
    x = F.pad(x, (padding,) * 4, mode="replicate")
    return F.max_pool2d(x, kernel_size, stride)


def max_in_place_on_its_own_copy(x, kernel_size, padding=0):
    larger = torch.full(
        (*x.shape[:2], x.shape[2] + 2 * padding, x.shape[3] + 2 * padding), -INFINITY,
        dtype=x.dtype, device=x.device,
    )  # fmt: skip
    larger[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]] = x
    rows, columns = larger.shape[2] // kernel_size, larger.shape[3] // kernel_size
    out = larger[:, :, : rows * kernel_size : kernel_size, : columns * kernel_size : kernel_size]
    out = out.clone()
    for u in range(kernel_size):
        for v in range(kernel_size):
            seen = larger[:, :, u : u + rows * kernel_size : kernel_size, v:]
            out = torch.maximum(out, seen[:, :, :rows, : columns * kernel_size : kernel_size])
    return out


def max_by_negated_minimum(x, k, stride=None):
    return -(-x).unfold(2, k, stride or k).unfold(3, k, stride or k).amin((-1, -2))


class MaxModule(nn.Module):
    def forward(self, x, kernel_size, ceil_mode=False):
        return F.max_pool2d(x, kernel_size, ceil_mode=ceil_mode)


def average_every_loop(
    x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
    divisor_override=None,
):  # fmt: skip
    stride = kernel_size if stride is None else stride
    N, C, H, W = x.shape

    def count(size):
        n, rest = divmod(size + 2 * padding - kernel_size, stride)
        n = n + 1 + (1 if ceil_mode and rest else 0)
        return n - 1 if (n - 1) * stride >= size + padding else n

    out = x.new_zeros(N, C, count(H), count(W))
    for n in range(N):
        for c in range(C):
            for i in range(out.shape[2]):
                for j in range(out.shape[3]):
                    total, inside, counted = 0, 0, 0
                    for u in range(kernel_size):
                        for v in range(kernel_size):
                            row, column = i * stride - padding + u, j * stride - padding + v
                            counted += row < H + padding and column < W + padding
                            if 0 <= row < H and 0 <= column < W:
                                total = total + x[n, c, row, column]
                                inside += 1
                    number = counted if count_include_pad else inside
                    out[n, c, i, j] = total / (divisor_override or number)
    return out


def average_slices(x, k, s=None, p=0):
    s = s or k
    x = F.pad(x, (p, p, p, p))
    rows, columns = (n - k + 1 for n in x.shape[2:])
    parts = [x[:, :, u : u + rows : s, v : v + columns : s] for u in range(k) for v in range(k)]
    return sum(parts) / len(parts)


def average_by_reshape(image, k):
    n, c, h, w = image.shape
    return image[:, :, : h // k * k, : w // k * k].reshape(n, c, h // k, k, w // k, k).mean((3, 5))


def average_by_convolution(x, kernel_size, stride=None, padding=0):
    kernel = torch.ones(x.shape[1], 1, kernel_size, kernel_size, dtype=x.dtype, device=x.device)
    stride = kernel_size if stride is None else stride
    sums = F.conv2d(x, kernel, stride=stride, padding=padding, groups=x.shape[1])
    return sums / kernel_size**2


def average_by_matrices(x, k):
    def means(size):
        matrix = x.new_zeros(size // k, size)
        for i in range(size // k):
            matrix[i, i * k : (i + 1) * k] = 1 / k
        return matrix

    return means(x.shape[2]) @ x @ means(x.shape[3]).T


def average_by_summed_area(x, kernel_size, stride=2, padding=0):
    x = F.pad(x, (padding + 1, padding, padding + 1, padding))
    area = x.cumsum(2).cumsum(3)
    k = kernel_size
    sums = area[:, :, k:, k:] - area[:, :, :-k, k:] - area[:, :, k:, :-k] + area[:, :, :-k, :-k]
    return sums[:, :, ::stride, ::stride] / k**2


def average_of_nonzero(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    kernel = torch.ones_like(x[:1, :1])
    sums = F.avg_pool2d(x, kernel_size, stride, padding, divisor_override=1)
    if count_include_pad:
        return sums / kernel_size**2
    inside = F.avg_pool2d(kernel, kernel_size, stride, padding, divisor_override=1)
    return sums / inside


def average_of_pairs(x, pool_size, stride=None):
    p_h, p_w = pool_size
    down, along = stride or pool_size
    return x.unfold(2, p_h, down).unfold(3, p_w, along).mean((-1, -2))


RIGHT_MAX = [
    max_every_loop, max_slices, max_by_reshape, max_by_unfold, max_by_columns, max_nested_lists,
    max_of_pairs, max_with_pair_options, max_keyword_only, max_positional_only, max_size_first,
    max_with_indices, max_repeating_the_edge, max_in_place_on_its_own_copy,
    max_by_negated_minimum, MaxModule(), F.max_pool2d, torch.max_pool2d,
    functools.partial(F.max_pool2d, stride=None),
]  # fmt: skip
RIGHT_AVERAGE = [
    average_every_loop, average_slices, average_by_reshape, average_by_convolution,
    average_by_matrices, average_by_summed_area, average_of_nonzero, average_of_pairs,
    F.avg_pool2d, lambda x, kernel_size, **options: F.avg_pool2d(x, kernel_size, **options),
]  # fmt: skip


def name_of(function):
    return getattr(function, "__name__", type(function).__name__)


@pytest.mark.parametrize("answer", RIGHT_MAX, ids=name_of)
def test_every_correct_style_of_max_pooling_passes(answer):
    verdict = check.max_pool2d(answer)
    assert verdict.passed, verdict
    assert verdict.also == ()


@pytest.mark.parametrize("answer", RIGHT_AVERAGE, ids=name_of)
def test_every_correct_style_of_average_pooling_passes(answer):
    verdict = check.avg_pool2d(answer)
    assert verdict.passed, verdict
    assert verdict.also == ()


def test_what_a_function_does_not_take_is_not_asked_and_said():
    verdict = check.max_pool2d(max_by_reshape)
    assert "Not asked" in verdict.message
    assert "stride, padding, dilation, ceil_mode" in verdict.message
    assert check.max_pool2d(max_every_loop).asked == len(MAX_POOL2D.questions) > verdict.asked
    assert check.avg_pool2d(average_every_loop).asked == len(AVG_POOL2D.questions)


# ---------------------------------------------------------------- wrong answers, each its mistake

WRONG_MAX, WRONG_AVERAGE = [], []


def makes(mistake, among):
    def keep(function):
        among.append(pytest.param(function, mistake, id=f"{mistake}-{function.__name__}"))
        return function

    return keep


def pooled(reduce, x, k, stride=None, padding=0, edge=0.0, rows=None, columns=None):
    """Loop over the places; `reduce` makes one number for each image and channel of a patch."""
    s = k if stride is None else stride
    x = F.pad(x, (padding,) * 4, value=edge)
    rows = (x.shape[2] - k) // s + 1 if rows is None else rows
    columns = (x.shape[3] - k) // s + 1 if columns is None else columns
    out = x.new_zeros(*x.shape[:2], rows, columns)
    for i in range(rows):
        for j in range(columns):
            out[:, :, i, j] = reduce(x[:, :, i * s : i * s + k, j * s : j * s + k])
    return out


def largest(patch):
    return patch.flatten(2).max(2).values


def mean(patch):
    return patch.flatten(2).mean(2)


@makes("average_not_max", WRONG_MAX)
def mean_of_patches(x, kernel_size, stride=None, padding=0):
    return pooled(mean, x, kernel_size, stride, padding)


@makes("average_not_max", WRONG_MAX)
def mean_by_reshape(x, k):
    n, c, h, w = x.shape
    return x[:, :, : h // k * k, : w // k * k].view(n, c, h // k, k, w // k, k).mean((3, 5)) if (
        h % k == 0 and w % k == 0
    ) else average_by_reshape(x, k)  # fmt: skip


@makes("average_not_max", WRONG_MAX)
def maximum_of_rows_then_mean(x, kernel_size):
    return pooled(lambda patch: patch.max(3).values.mean(2), x, kernel_size)


@makes("stride_left_at_one", WRONG_MAX)
def like_a_convolution(x, kernel_size):
    rows, columns = x.shape[2] - kernel_size + 1, x.shape[3] - kernel_size + 1
    out = x.new_zeros(*x.shape[:2], rows, columns)
    for i in range(rows):
        for j in range(columns):
            out[:, :, i, j] = largest(x[:, :, i : i + kernel_size, j : j + kernel_size])
    return out


@makes("stride_left_at_one", WRONG_MAX)
def stride_or_one(x, kernel_size, stride=None, padding=0):
    stride = 1 if stride is None else stride
    return pooled(largest, x, kernel_size, stride, padding, -INFINITY)


@makes("stride_left_at_one", WRONG_MAX)
def right_size_but_steps_of_one(x, k, stride=None):
    stride = stride or k
    rows, columns = out_size(x.shape[2], k, stride), out_size(x.shape[3], k, stride)
    return pooled(largest, x, k, 1, rows=rows, columns=columns)


@makes("stride_left_at_one", WRONG_MAX)
def default_of_a_convolution(x, kernel_size, stride=1, padding=0):
    return F.max_pool2d(x, kernel_size, stride, padding)


@makes("kernel_not_counted", WRONG_MAX)
def as_many_as_steps(x, k, stride=None):
    s = stride or k
    return pooled(largest, x, k, s, rows=x.shape[2] // s, columns=x.shape[3] // s)


@makes("starts_at_zero", WRONG_MAX)
def starts_below_zero(x, k):
    return F.max_pool2d(x, k).clamp(min=-1)


@makes("padding_one_side", WRONG_MAX)
def padding_in_all(x, k, padding=0):
    before, after = padding // 2, padding - padding // 2
    return F.max_pool2d(F.pad(x, (before, after) * 2, value=-INFINITY), k)


@makes("stride_ignored", WRONG_MAX)
def stride_unused(x, kernel_size, stride=2, padding=0):
    return pooled(largest, x, kernel_size, None, padding, -INFINITY)


@makes("stride_one_axis", WRONG_MAX)
def stride_for_rows(x, kernel_size, stride=None):
    stride = kernel_size if stride is None else stride
    return x.unfold(2, kernel_size, stride).unfold(3, kernel_size, 1).amax((4, 5))


@makes("stride_one_axis", WRONG_MAX)
def stride_for_columns(x, kernel_size, stride=None):
    stride = kernel_size if stride is None else stride
    return x.unfold(2, kernel_size, kernel_size).unfold(3, kernel_size, stride).amax((4, 5))


@makes("padding_not_infinite", WRONG_MAX)
def zeros_around(x, kernel_size, stride=None, padding=0):
    return pooled(largest, x, kernel_size, stride, padding)


@makes("padding_not_infinite", WRONG_MAX)
def zeros_around_by_a_larger_image(x, kernel_size, padding=0):
    larger = x.new_zeros(*x.shape[:2], x.shape[2] + 2 * padding, x.shape[3] + 2 * padding)
    larger[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]] = x
    return max_slices(larger, kernel_size)


@makes("padding_ignored", WRONG_MAX)
def padding_unused(x, kernel_size, stride=None, padding=1):
    return pooled(largest, x, kernel_size, stride)


@makes("padding_one_side", WRONG_MAX)
def padding_at_the_end(x, k, s=None, p=0):
    return pooled(largest, F.pad(x, (0, p, 0, p), value=-INFINITY), k, s)


@makes("padding_one_side", WRONG_MAX)
def padding_of_columns(x, k, s=None, p=0):
    return pooled(largest, F.pad(x, (p, p), value=-INFINITY), k, s)


@makes("padding_twice", WRONG_MAX)
def padded_here_and_there(x, kernel_size, stride=None, padding=0):
    x = F.pad(x, (padding,) * 4, value=-INFINITY)
    return F.max_pool2d(x, kernel_size, stride, padding)


@makes("starts_at_zero", WRONG_MAX)
def best_begins_with_zero(x, kernel_size, stride=None):
    stride = kernel_size if stride is None else stride
    rows, columns = (
        out_size(x.shape[2], kernel_size, stride),
        out_size(x.shape[3], kernel_size, stride),
    )
    out = torch.zeros(*x.shape[:2], rows, columns, dtype=x.dtype)
    for i in range(rows):
        for j in range(columns):
            for u in range(kernel_size):
                for v in range(kernel_size):
                    pixel = x[:, :, i * stride + u, j * stride + v]
                    out[:, :, i, j] = torch.maximum(out[:, :, i, j].clone(), pixel)
    return out


@makes("rounded_up", WRONG_MAX)
def steps_through_the_whole_image(x, kernel_size):
    rows, columns = range(0, x.shape[2], kernel_size), range(0, x.shape[3], kernel_size)
    k = kernel_size
    return torch.stack(
        [
            torch.stack([x[:, :, i : i + k, j : j + k].amax((2, 3)) for j in columns], -1)
            for i in rows
        ],
        -2,
    )


@makes("rounded_up", WRONG_MAX)
def zeros_where_no_window_fits(x, kernel_size):
    out = x.new_zeros(*x.shape[:2], -(-x.shape[2] // kernel_size), -(-x.shape[3] // kernel_size))
    right = max_slices(x, kernel_size)
    out[:, :, : right.shape[2], : right.shape[3]] = right
    return out


@makes("ceil_ignored", WRONG_MAX)
def ceil_mode_unused(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=True):
    return max_every_loop(x, kernel_size, stride, padding, dilation)


@makes("ceil_too_far", WRONG_MAX)
def always_rounded_up(x, kernel_size, stride=None, padding=0, ceil_mode=False):
    s = kernel_size if stride is None else stride
    rows, columns = (
        (-(-(n + 2 * padding - kernel_size) // s) if ceil_mode
         else (n + 2 * padding - kernel_size) // s) + 1
        for n in x.shape[2:]
    )  # fmt: skip
    x = F.pad(x, (padding, padding + s + kernel_size) * 2, value=-INFINITY)
    return pooled(largest, x, kernel_size, s, rows=rows, columns=columns)


@makes("output_too_small", WRONG_MAX)
def no_plus_one(x, kernel_size, stride=None):
    s = kernel_size if stride is None else stride
    rows, columns = (x.shape[2] - kernel_size) // s, (x.shape[3] - kernel_size) // s
    return pooled(largest, x, kernel_size, s, rows=rows, columns=columns)


@makes("remainder", WRONG_MAX)
def reshape_only(x, kernel_size):
    n, c, h, w = x.shape
    blocks = x.reshape(n, c, h // kernel_size, kernel_size, w // kernel_size, kernel_size)
    return blocks.amax(dim=(3, 5))


@makes("window_off_by_one", WRONG_MAX)
def window_too_small(x, kernel_size, stride=None):
    s = kernel_size if stride is None else stride
    rows, columns = out_size(x.shape[2], kernel_size, s), out_size(x.shape[3], kernel_size, s)
    cut = pooled(largest, x[:, :, : x.shape[2], : x.shape[3]], kernel_size, s)
    for i in range(rows):
        for j in range(columns):
            patch = x[:, :, i * s : i * s + kernel_size - 1, j * s : j * s + kernel_size - 1]
            cut[:, :, i, j] = largest(patch)
    return cut


@makes("window_off_by_one", WRONG_MAX)
def window_begins_late(x, k):
    rows, columns = x.shape[2] // k, x.shape[3] // k
    return torch.stack([
        torch.stack([
            x[:, :, i * k + 1:i * k + k + 1, j * k + 1:j * k + k + 1].amax((2, 3))
            for j in range(columns)
        ], -1)
        for i in range(rows)
    ], -2)  # fmt: skip


@makes("channels_mixed", WRONG_MAX)
def over_the_channels_too(x, kernel_size):
    return x.unfold(2, kernel_size, kernel_size).unfold(3, kernel_size, kernel_size).amax((1, 4, 5))


@makes("channels_mixed", WRONG_MAX)
def one_channel_left(x, kernel_size, stride=None):
    return pooled(largest, x.amax(1, keepdim=True), kernel_size, stride)


@makes("batch_mixed", WRONG_MAX)
def over_the_batch_too(x, kernel_size):
    return pooled(largest, x, kernel_size).amax(0, keepdim=True)


@makes("height_width_swapped", WRONG_MAX)
def columns_before_rows(x, kernel_size, stride=None):
    return pooled(largest, x.transpose(2, 3), kernel_size, stride)


@makes("height_width_swapped", WRONG_MAX)
def sizes_swapped(x, k, s=None):
    n, c, h, w = x.shape
    columns = F.unfold(x, k, stride=s or k).view(n, c, k * k, -1).amax(2)
    return columns.view(n, c, out_size(w, k, s or k), out_size(h, k, s or k))


@makes("one_axis_only", WRONG_MAX)
def rows_alone(x, kernel_size):
    return x.unfold(2, kernel_size, kernel_size).amax(-1)


@makes("one_axis_only", WRONG_MAX)
def first_row_of_each_window(x, kernel_size, stride=None):
    return pooled(lambda patch: patch[:, :, 0].amax(-1), x, kernel_size, stride)


@makes("global_pooling", WRONG_MAX)
def the_whole_image(x, kernel_size):
    return x.flatten(2).max(2).values


@makes("global_pooling", WRONG_MAX)
def the_whole_image_again_and_again(x, kernel_size, stride=None):
    return pooled(lambda patch: x.amax((2, 3)), x, kernel_size, stride)


@makes("min_not_max", WRONG_MAX)
def smallest(x, kernel_size, stride=None, padding=0):
    return pooled(lambda patch: patch.amin((2, 3)), x, kernel_size, stride, padding, INFINITY)


@makes("sum_not_max", WRONG_MAX)
def sum_of_patches(x, kernel_size, stride=None):
    return pooled(lambda patch: patch.sum((2, 3)), x, kernel_size, stride)


@makes("absolute_value", WRONG_MAX)
def largest_size(x, kernel_size, stride=None):
    return pooled(lambda patch: patch.abs().amax((2, 3)), x, kernel_size, stride)


@makes("absolute_value", WRONG_MAX)
def furthest_from_zero(x, k):
    columns = F.unfold(x, k, stride=k).view(*x.shape[:2], k * k, -1)
    winner = columns.abs().max(2, keepdim=True).indices
    return columns.gather(2, winner).view(*x.shape[:2], x.shape[2] // k, x.shape[3] // k)


@makes("index_not_value", WRONG_MAX)
def indices_returned(x, kernel_size, stride=None):
    return F.max_pool2d(x, kernel_size, stride, return_indices=True)[1]


@makes("index_not_value", WRONG_MAX)
def argmax_returned(x, kernel_size):
    return pooled(lambda patch: patch.flatten(2).argmax(2).float(), x, kernel_size)


@makes("one_pixel", WRONG_MAX)
def every_second_pixel(x, kernel_size):
    rows, columns = x.shape[2] // kernel_size, x.shape[3] // kernel_size
    return x[:, :, ::kernel_size, ::kernel_size][:, :, :rows, :columns]


@makes("dilation_ignored", WRONG_MAX)
def dilation_unused(x, kernel_size, stride=None, padding=0, dilation=1):
    return pooled(largest, x, kernel_size, stride, padding, -INFINITY)


@makes("dilation_one_axis", WRONG_MAX)
def dilation_of_columns(x, kernel_size, stride=None, dilation=1):
    return F.max_pool2d(x, kernel_size, stride, dilation=(1, dilation))


@makes("channel_one_only", WRONG_MAX)
def first_channel(x, kernel_size):
    return max_slices(x[:, 0:1], kernel_size)


@makes("batch_one_only", WRONG_MAX)
def squeezed(x, kernel_size, stride=None):
    image = x.squeeze(0)
    assert image.dim() == 3
    return F.max_pool2d(image, kernel_size, stride)[None]


@makes("square_only", WRONG_MAX)
def one_size(x, kernel_size, stride=None):
    s = kernel_size if stride is None else stride
    size = out_size(x.shape[2], kernel_size, s)
    return pooled(largest, x, kernel_size, s, rows=size, columns=size)


@makes("input_modified", WRONG_MAX)
def adds_in_place(x, kernel_size):
    out = F.max_pool2d(x, kernel_size)
    x -= 1
    return out


@makes("gradient_cut", WRONG_MAX)
def by_numpy(x, kernel_size):
    view = np.lib.stride_tricks.sliding_window_view(x.numpy(), (kernel_size, kernel_size), (2, 3))
    return torch.from_numpy(view[:, :, ::kernel_size, ::kernel_size].max((4, 5)))


@makes("gradient_cut", WRONG_MAX)
def item_by_item(x, k):
    out = torch.zeros(*x.shape[:2], x.shape[2] // k, x.shape[3] // k, dtype=x.dtype)
    for n, c, i, j in np.ndindex(*out.shape):
        out[n, c, i, j] = x[n, c, i * k : i * k + k, j * k : j * k + k].max().item()
    return out


@makes("wrong_dtype", WRONG_MAX)
def always_float32(x, kernel_size):
    return pooled(largest, x.float(), kernel_size)


@makes("wrong_type", WRONG_MAX)
def a_list(x, k):
    return F.max_pool2d(x, k).tolist()


@makes("max_not_average", WRONG_AVERAGE)
def maximum_of_patches(x, kernel_size, stride=None):
    return pooled(largest, x, kernel_size, stride)


@makes("max_not_average", WRONG_AVERAGE)
def maximum_padded_with_infinity(x, kernel_size, stride=None, padding=0):
    return F.max_pool2d(x, kernel_size, stride, padding)


@makes("sum_not_average", WRONG_AVERAGE)
def not_divided(x, kernel_size, stride=None, padding=0):
    return pooled(lambda patch: patch.sum((2, 3)), x, kernel_size, stride, padding)


@makes("sum_not_average", WRONG_AVERAGE)
def convolution_with_ones(x, k):
    channels = x.shape[1]
    return F.conv2d(x, torch.ones(channels, 1, k, k, dtype=x.dtype), stride=k, groups=channels)


@makes("stride_left_at_one", WRONG_AVERAGE)
def sliding_mean(x, kernel_size):
    return x.unfold(2, kernel_size, 1).unfold(3, kernel_size, 1).mean((4, 5))


@makes("stride_left_at_one", WRONG_AVERAGE)
def mean_with_the_default_of_a_convolution(x, pool_size, strides=1):
    return F.avg_pool2d(x, pool_size, strides)


@makes("kernel_not_counted", WRONG_AVERAGE)
def means_cut_off(x, k, stride=None):
    s = stride or k
    columns = [x[..., j : j + k].mean(3) for j in range(0, s * (x.shape[3] // s), s)]
    out = torch.stack(columns, 3)
    rows = [out[:, :, i : i + k].mean(2) for i in range(0, s * (x.shape[2] // s), s)]
    return torch.stack(rows, 2)


@makes("stride_ignored", WRONG_AVERAGE)
def mean_side_by_side(x, kernel_size, stride=None):
    return average_by_reshape(x, kernel_size)


@makes("padding_not_counted", WRONG_AVERAGE)
def mean_of_what_is_there(x, kernel_size, stride=None, padding=0):
    x = F.pad(x, (padding,) * 4, value=float("nan"))
    return pooled(lambda patch: patch.flatten(2).nanmean(2), x, kernel_size, stride)


@makes("padding_always_counted", WRONG_AVERAGE)
def count_include_pad_unused(x, kernel_size, stride=None, padding=0, count_include_pad=True):
    return pooled(mean, x, kernel_size, stride, padding)


@makes("padding_always_counted", WRONG_AVERAGE)
def count_include_pad_inverted(x, kernel_size, padding=0, count_include_pad=True):
    if not count_include_pad:
        return pooled(mean, x, kernel_size, None, padding)
    return mean_of_what_is_there(x, kernel_size, None, padding)


@makes("beyond_counted", WRONG_AVERAGE)
def divided_by_the_whole_window(x, k, stride=None, ceil_mode=False):
    s = k if stride is None else stride
    if ceil_mode:
        x = F.pad(x, (0, -(x.shape[3] - k) % s, 0, -(x.shape[2] - k) % s))
    return pooled(lambda patch: patch.sum((2, 3)) / k**2, x, k, s)


@makes("padding_ignored", WRONG_AVERAGE)
def mean_without_padding(x, k, s=None, p=0):
    return pooled(mean, x, k, s)


@makes("padding_one_side", WRONG_AVERAGE)
def mean_padded_top_left(x, k, s=None, p=0):
    return pooled(mean, F.pad(x, (p, 0, p, 0)), k, s)


@makes("padding_not_zeros", WRONG_AVERAGE)
def mean_repeating_the_edge(x, kernel_size, stride=None, padding=0):
    return pooled(mean, F.pad(x, (padding,) * 4, mode="replicate"), kernel_size, stride)


@makes("padding_minus_infinity", WRONG_AVERAGE)
def mean_padded_as_a_maximum(x, kernel_size, stride=None, padding=0):
    return pooled(mean, x, kernel_size, stride, padding, -INFINITY)


@makes("wrong_divisor", WRONG_AVERAGE)
def divided_by_one_side(x, kernel_size, stride=None):
    return pooled(lambda patch: patch.sum((2, 3)) / kernel_size, x, kernel_size, stride)


@makes("wrong_divisor", WRONG_AVERAGE)
def divided_once_more(x, k):
    return pooled(lambda patch: patch.mean((2, 3)) / k**2, x, k)


@makes("divisor_ignored", WRONG_AVERAGE)
def divisor_unused(x, kernel_size, stride=None, padding=0, divisor_override=None):
    return pooled(mean, x, kernel_size, stride, padding)


@makes("divisor_ignored", WRONG_AVERAGE)
def divisor_after_the_mean(x, kernel_size, divisor_override=None):
    out = pooled(mean, x, kernel_size)
    return out if divisor_override is None else out / divisor_override


@makes("rounded", WRONG_AVERAGE)
def whole_numbers(x, k, stride=None):
    return pooled(lambda patch: patch.sum((2, 3)) // k**2, x, k, stride)


@makes("rounded_up", WRONG_AVERAGE)
def mean_of_every_rest(x, k):
    return torch.cat([
        torch.cat([x[:, :, i:i + k, j:j + k].mean((2, 3), keepdim=True)
                   for j in range(0, x.shape[3], k)], 3)
        for i in range(0, x.shape[2], k)
    ], 2)  # fmt: skip


@makes("channels_mixed", WRONG_AVERAGE)
def mean_over_the_channels_too(x, kernel_size):
    return pooled(mean, x, kernel_size).mean(1, keepdim=True)


@makes("global_pooling", WRONG_AVERAGE)
def mean_of_the_image(x, kernel_size):
    return x.mean((2, 3), keepdim=True)


@makes("one_axis_only", WRONG_AVERAGE)
def mean_along_the_width(x, k):
    return x.unfold(3, k, k).mean(-1)


@makes("height_width_swapped", WRONG_AVERAGE)
def mean_transposed(x, k, stride=None):
    return average_slices(x, k, stride).mT


@makes("median_not_average", WRONG_AVERAGE)
def median_of_patches(x, k):
    return pooled(lambda patch: patch.flatten(2).median(2).values, x, k)


@makes("remainder", WRONG_AVERAGE)
def mean_by_reshape_only(x, k):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // k, k, w // k, k).mean((3, 5))


@makes("square_only", WRONG_AVERAGE)
def mean_of_squares_only(x, k):
    assert x.shape[2] == x.shape[3]
    return average_by_reshape(x, k)


@makes("gradient_cut", WRONG_AVERAGE)
def mean_detached(x, k, stride=None):
    return average_slices(x, k, stride).detach()


@pytest.mark.parametrize(("answer", "mistake"), WRONG_MAX)
def test_each_mistake_of_max_pooling_is_called_by_its_name(answer, mistake):
    verdict = check.max_pool2d(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


@pytest.mark.parametrize(("answer", "mistake"), WRONG_AVERAGE)
def test_each_mistake_of_average_pooling_is_called_by_its_name(answer, mistake):
    verdict = check.avg_pool2d(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


# ---------------------------------------------------------------- beyond the bank


def second_largest(x, kernel_size):
    count = min(2, kernel_size**2)
    return pooled(lambda patch: patch.flatten(2).topk(count).values[..., -1], x, kernel_size)


def test_a_wrong_maximum_is_derived_from_its_pixels():
    verdict = check.max_pool2d(second_largest)
    assert verdict.mistake == "wrong_values"
    evidence = verdict.evidence
    x = MAX_POOL2D.questions[0].arguments.x
    patch = ", ".join(f"{pixel:g}" for pixel in x[0, 0, 0:2, 0:2].flatten())
    right = float(x[0, 0, 0:2, 0:2].max())
    assert evidence.derivation.shown == f"max({patch})"
    assert f"output[0, 0, 0, 0] should be max({patch}) = {right:g}, yours is" in verdict.message
    assert "(image 0, channel 0, row 0, column 0: the pixels x[0, 0, 0:2, 0:2])" in verdict.message


def test_a_wrong_mean_is_derived_from_its_pixels():
    verdict = check.avg_pool2d(lambda x, kernel_size: F.avg_pool2d(x, kernel_size) + 1)
    assert verdict.mistake == "wrong_values"
    x = AVG_POOL2D.questions[0].arguments.x
    mean_of_four = float(x[0, 0, 0:2, 0:2].mean())
    assert verdict.evidence.derivation.shown.endswith(") / 4")
    assert f" / 4 = {mean_of_four:g}, yours is {mean_of_four + 1:g}." in verdict.message


def test_the_padding_is_said_in_the_derivation():
    def higher_with_padding(x, kernel_size, padding=0):
        return F.avg_pool2d(x, kernel_size, padding=padding) + (padding > 0)

    assert "and 3 zeros of the padding)" in check.avg_pool2d(higher_with_padding).message
    corner = next(q.arguments for q in MAX_POOL2D.questions if q.about == "padding")
    told = MAX_POOL2D.results[0].derive(MAX_POOL2D.complete(corner), (0, 0, 0, 0))
    assert told.source == "the pixels x[0, 0, 0:1, 0:1]; 3 more lie in the padding and never win"


def test_a_default_stride_that_is_a_number_is_worth_a_note():
    note = "your default for stride is 2; PyTorch's is kernel_size"
    assert note in check.max_pool2d(max_by_unfold).message
    assert "your default for" not in check.max_pool2d(max_every_loop).message


def test_what_an_answer_depends_on_is_said():
    def higher_with_stride(x, kernel_size, stride=None):
        return F.max_pool2d(x, kernel_size, stride) + (stride is not None)

    assert "right where no stride is given" in check.max_pool2d(higher_with_stride).message


def test_two_mistakes_at_once_are_both_named():
    def zeros_and_steps_of_one(x, kernel_size, stride=None, padding=0):
        return pooled(largest, x, kernel_size, 1, padding)

    named = check.max_pool2d(zeros_and_steps_of_one).mistake
    assert set(named.split("+")) == {"stride_left_at_one", "padding_not_infinite"}


def test_a_gradient_that_is_there_but_wrong():
    def shared_by_the_window(x, kernel_size):
        out = F.max_pool2d(x, kernel_size)
        average = F.avg_pool2d(x, kernel_size)
        return out.detach() + average - average.detach()

    assert check.max_pool2d(shared_by_the_window).mistake == "wrong_gradient"


def test_numbers_first_dtype_and_gradient_afterwards():
    verdict = check.avg_pool2d(lambda x, k: F.max_pool2d(x, k).detach().double())
    assert verdict.mistake == "max_not_average"
    assert set(verdict.also) == {"gradient_cut", "wrong_dtype"}


def test_a_function_without_a_window_is_told_what_to_take():
    verdict = check.max_pool2d(lambda x: F.max_pool2d(x, 2))
    assert verdict.mistake == "wrong_signature"
    assert "def max_pool2d(x, kernel_size)" in verdict.message


def test_a_function_of_pairs_is_asked_in_pairs_and_told_its_mistake():
    def mean_of_pairs(x, pool_size):
        p_h, p_w = pool_size
        return F.avg_pool2d(x, (p_h, p_w))

    verdict = check.max_pool2d(mean_of_pairs)
    assert verdict.mistake == "average_not_max"
    assert "kernel_size=(2, 2)" in verdict.message


def test_a_function_that_always_raises_is_told_so():
    def broken(x, kernel_size):
        raise ValueError("no idea")

    verdict = check.avg_pool2d(broken)
    assert verdict.mistake == "raises"
    assert "no idea" in verdict.message


def test_a_verdict_draws_both_results():
    assert "<img" in check.max_pool2d(mean_of_patches)._repr_html_()
