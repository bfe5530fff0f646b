"""Mistakes people make when they write a pooling, each as functions that make it.

A variant receives the right operation and the arguments, and misuses them. The mistakes are told
by theme in files of their own; here they get their order, once for each operation.
"""

import torch

from labkit.checks.banks import pooling_axes as axes
from labkit.checks.banks import pooling_padding as padding
from labkit.checks.banks import pooling_values as values
from labkit.checks.banks import pooling_windows as windows

__all__ = ["AVERAGE_MISTAKES", "MAX_MISTAKES"]

_MINUS_INFINITY = -torch.inf

# From common to rare: where two of them give the same answers, the first is named.
MAX_MISTAKES = (
    values.AVERAGE_NOT_MAX,
    windows.STRIDE_LEFT_AT_ONE,
    windows.STRIDE_IGNORED,
    windows.STRIDE_ONE_AXIS,
    padding.PADDING_NOT_INFINITE,
    padding.padding_ignored(),
    padding.padding_one_side(_MINUS_INFINITY),
    padding.padding_twice(_MINUS_INFINITY),
    values.STARTS_AT_ZERO,
    windows.ROUNDED_UP,
    windows.CEIL_IGNORED,
    windows.ceil_too_far(_MINUS_INFINITY),
    windows.OUTPUT_TOO_SMALL,
    windows.REMAINDER,
    windows.window_off_by_one(values.maximum, _MINUS_INFINITY),
    windows.kernel_not_counted(values.maximum, _MINUS_INFINITY),
    axes.channels_mixed(torch.amax),
    axes.batch_mixed(torch.amax),
    axes.HEIGHT_WIDTH_SWAPPED,
    axes.one_axis_only(values.maximum, _MINUS_INFINITY),
    axes.global_pooling(torch.amax),
    values.MIN_NOT_MAX,
    values.SUM_NOT_MAX,
    values.ABSOLUTE_VALUE,
    values.INDEX_NOT_VALUE,
    values.ONE_PIXEL,
    windows.DILATION_IGNORED,
    windows.DILATION_ONE_AXIS,
    axes.CHANNEL_ONE_ONLY,
    axes.BATCH_ONE_ONLY,
    axes.SQUARE_ONLY,
)

AVERAGE_MISTAKES = (
    values.MAX_NOT_AVERAGE,
    values.SUM_NOT_AVERAGE,
    windows.STRIDE_LEFT_AT_ONE,
    windows.STRIDE_IGNORED,
    windows.STRIDE_ONE_AXIS,
    padding.PADDING_NOT_COUNTED,
    padding.PADDING_ALWAYS_COUNTED,
    padding.BEYOND_COUNTED,
    padding.padding_ignored(),
    padding.padding_one_side(0.0),
    padding.padding_twice(0.0),
    padding.PADDING_NOT_ZEROS,
    padding.PADDING_MINUS_INFINITY,
    values.WRONG_DIVISOR,
    values.DIVISOR_IGNORED,
    values.ROUNDED,
    windows.ROUNDED_UP,
    windows.CEIL_IGNORED,
    windows.ceil_too_far(0.0),
    windows.OUTPUT_TOO_SMALL,
    windows.REMAINDER,
    windows.window_off_by_one(values.average, 0.0),
    windows.kernel_not_counted(values.average, 0.0),
    axes.channels_mixed(torch.mean),
    axes.batch_mixed(torch.mean),
    axes.HEIGHT_WIDTH_SWAPPED,
    axes.one_axis_only(values.average, 0.0),
    axes.global_pooling(torch.mean),
    values.MEDIAN_NOT_AVERAGE,
    values.ONE_PIXEL,
    axes.CHANNEL_ONE_ONLY,
    axes.BATCH_ONE_ONLY,
    axes.SQUARE_ONLY,
)
