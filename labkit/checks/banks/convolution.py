"""Mistakes people make when they write a 2-D convolution, each as functions that make it.

A variant receives the right operation and the arguments, and misuses them. The mistakes are told
by theme in files of their own; here they get their order.
"""

from labkit.checks.banks import convolution_axes as axes
from labkit.checks.banks import convolution_padding as padding
from labkit.checks.banks import convolution_sums as sums
from labkit.checks.banks import convolution_windows as windows

__all__ = ["MISTAKES"]

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    sums.KERNEL_FLIPPED,
    sums.BIAS_FORGOTTEN,
    sums.BIAS_PER_ELEMENT,
    windows.STRIDE_IGNORED,
    windows.STRIDE_ONE_AXIS,
    padding.PADDING_IGNORED,
    padding.PADDING_ONE_SIDE,
    padding.PADDING_TWICE,
    padding.PADDING_NOT_ZEROS,
    axes.HEIGHT_WIDTH_SWAPPED,
    sums.CHANNELS_NOT_SUMMED,
    windows.OUTPUT_TOO_SMALL,
    windows.OUTPUT_TOO_LARGE,
    windows.DILATION_IGNORED,
    windows.DILATION_ONE_AXIS,
    sums.GROUPS_IGNORED,
    sums.GROUPS_INTERLEAVED,
    axes.WEIGHT_TRANSPOSED,
    axes.BIAS_WRONG_AXIS,
    axes.BATCH_ONE_ONLY,
    axes.SQUARE_ONLY,
)
