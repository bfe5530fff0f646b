"""Convolution: the loops that define it, then one matrix product that computes it.

What deep learning calls convolution is *cross-correlation*: the kernel slides over the image but
is never turned round [1]_. True convolution, as in signal processing, flips the kernel along each
axis first: ``conv2d(x, weight.flip(2, 3))``. A network learns its kernels, so it does not mind;
a formula copied from a book on signals does.

B image in the batch, C input channel, O output channel, H W height and width in pixels, G group,
K taps of a kernel (height times width).

References
----------
.. [1] Goodfellow, Bengio and Courville (2016), Deep Learning, section 9.1.
   https://www.deeplearningbook.org/contents/convnets.html
.. [2] Chellapilla, Puri and Simard (2006), High Performance Convolutional Neural Networks for
   Document Processing: patches laid out as a matrix. https://inria.hal.science/inria-00112631
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from labkit.errors import ShapeError
from labkit.ops.arguments import expect_alike, expect_bias, expect_channels
from labkit.ops.transposed_convolution import conv_transpose2d
from labkit.ops.windows import Padding, Pair, Windows, output_size, pair, place_windows, span

__all__ = ["conv1d", "conv2d", "conv2d_loops", "conv_transpose2d", "output_size"]

Signals = Float[Tensor, "*batch in_channels length"]
Images = Float[Tensor, "*batch in_channels height width"]
Kernels = Float[Tensor, "out_channels channels_per_group kernel_height kernel_width"]
Bias = Float[Tensor, " out_channels"]
FeatureMaps = Float[Tensor, "*batch out_channels out_height out_width"]

# Patches are copied out for a few images at a time: at most this many numbers, two megabytes of
# float32. The same memory then serves every part; a large block is often mapped anew by the system,
# which was seen to add half the product's own time (benchmarks/operations.py --fresh-memory).
_NUMBERS_AT_ONCE = 2**19


def conv2d_loops(
    x: Images,
    weight: Kernels,
    bias: Bias | None = None,
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> FeatureMaps:
    """Slide each kernel over each image, one place at a time: the definition.

    Kept for reading and for testing `conv2d` against; slow on purpose. Parameters, result and
    errors are those of `conv2d`.

    Examples
    --------
    >>> image = torch.arange(9.0).reshape(1, 1, 3, 3)
    >>> conv2d_loops(image, torch.arange(4.0).reshape(1, 1, 2, 2)).tolist()
    [[[[19.0, 25.0], [37.0, 43.0]]]]
    """
    padded, windows = _padded(x, weight, bias, stride, padding, dilation, groups)
    (stride_h, stride_w), (dilation_h, dilation_w) = windows.stride, windows.dilation
    out_channels, channels, kernel_h, kernel_w = weight.shape
    maps = x.new_zeros(len(padded), out_channels, *windows.places)
    for o in range(out_channels):
        group = o // (out_channels // groups)
        seen = padded[:, group * channels : (group + 1) * channels]
        for i in range(windows.places[0]):
            for j in range(windows.places[1]):
                top, left = i * stride_h, j * stride_w
                rows = slice(top, top + span(kernel_h, dilation_h), dilation_h)
                columns = slice(left, left + span(kernel_w, dilation_w), dilation_w)
                maps[:, o, i, j] = (seen[:, :, rows, columns] * weight[o]).sum(dim=(1, 2, 3))
    if bias is not None:
        maps = maps + bias[:, None, None]
    return maps if x.dim() == 4 else maps[0]


def conv2d(
    x: Images,
    weight: Kernels,
    bias: Bias | None = None,
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> FeatureMaps:
    """Convolve images with kernels: lay every patch out as a row, then multiply matrices [2]_.

    Parameters
    ----------
    x
        Images, in any units of intensity; a single one needs no batch axis.
    weight
        One kernel for each output channel.
    bias
        A constant added to each output channel, in the output's units.
    stride
        Pixels between neighbouring windows; a number, or one for height and one for width.
    padding
        Zeros on each side, in pixels; a number, a pair, ``"same"`` (the output is as large as
        the input; needs stride 1) or ``"valid"`` (none).
    dilation
        Pixels between neighbouring taps of a kernel; a number or a pair.
    groups
        Parts that the channels are split into; each output channel sees one part only.

    Returns
    -------
    FeatureMaps
        One map for each kernel: entry ``[b, o, i, j]`` is kernel ``o`` times the patch of image
        ``b`` whose corner is at ``(i * stride, j * stride)``, summed, plus ``bias[o]``. The dtype
        and the device are those of ``x``.

    Raises
    ------
    ShapeError
        If the channels disagree, or a kernel is larger than the padded image.
    DTypeError, DeviceError
        If a tensor is not floating point, or the tensors differ in dtype or device.
    OptionError
        If an option means nothing here.

    See Also
    --------
    torch.nn.functional.conv2d : The library's version; equal to rounding.

    Examples
    --------
    >>> step = torch.tensor([[[[0.0, 0.0, 1.0, 1.0]]]])
    >>> conv2d(step, torch.tensor([[[[-1.0, 1.0]]]])).tolist()
    [[[[0.0, 1.0, 0.0]]]]
    """
    padded, windows = _padded(x, weight, bias, stride, padding, dilation, groups)
    # Each group's kernels become the columns of one matrix: (O, C, K) -> (G, K*C, O/G)
    columns = weight.unflatten(0, (groups, -1)).permute(0, 3, 4, 2, 1).flatten(1, 3)

    def correlate(images: Tensor) -> Tensor:
        products = _patches(images, windows, groups) @ columns  # (G, B*H*W, O/G)
        if bias is not None:
            products = products + bias.reshape(groups, 1, -1)
        places = (len(images), *windows.places)
        return products.unflatten(1, places).permute(1, 0, 4, 2, 3).flatten(1, 2)

    parts = [correlate(images) for images in padded.split(_batch(padded, weight, windows))]
    maps = parts[0] if len(parts) == 1 else torch.cat(parts)
    return maps if x.dim() == 4 else maps[0]


def _patches(images: Tensor, windows: Windows, groups: int) -> Tensor:
    """Copy the pixels under each window into one row: (B, C, H, W) -> (G, B*H*W, K*C/G)."""
    channels_last = images.unflatten(1, (groups, -1)).permute(1, 0, 3, 4, 2).contiguous()
    kernel_h, kernel_w = windows.kernel_size
    # One shifted view of the whole image for each tap of the kernel.
    taps = [(u, v) for u in range(kernel_h) for v in range(kernel_w)]
    views = [channels_last[:, :, windows.seen_by(u, 0), windows.seen_by(v, 1)] for u, v in taps]
    return torch.cat(views, dim=-1).flatten(1, 3)


def _batch(padded: Tensor, weight: Tensor, windows: Windows) -> int:
    """Count the images whose patches are copied at a time; a GPU takes them all."""
    if padded.device.type != "cpu":
        return max(1, len(padded))
    places_h, places_w = windows.places
    patch = padded.shape[1] * weight[0, 0].numel()
    return max(1, _NUMBERS_AT_ONCE // max(1, places_h * places_w * patch))


def _padded(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
) -> tuple[Tensor, Windows]:
    """Check the arguments; return the images in a batch, padded, and the windows over them."""
    expect_alike(x=x, weight=weight, bias=bias)
    if x.dim() not in (3, 4) or weight.dim() != 4:
        raise ShapeError(
            "x must be (batch, channels, height, width) or (channels, height, width), and weight "
            "(out_channels, channels / groups, kernel_height, kernel_width); "
            f"got x {tuple(x.shape)}, weight {tuple(weight.shape)}"
        )
    expect_channels(x, weight, groups)
    expect_bias(bias, len(weight))
    windows = place_windows(
        x.shape[-2:], weight.shape[2:], stride=stride, padding=padding, dilation=dilation
    )
    (top, bottom), (left, right) = windows.zeros
    images = x if x.dim() == 4 else x[None]
    # F.pad copies even when there is nothing to add.
    needed = any((top, bottom, left, right))
    return pad(images, (left, right, top, bottom)) if needed else images, windows


def conv1d(
    x: Signals,
    weight: Float[Tensor, "out_channels channels_per_group kernel_length"],
    bias: Bias | None = None,
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Float[Tensor, "*batch out_channels out_length"]:
    """Convolve signals with kernels: images that are one pixel high.

    Parameters, result and errors are those of `conv2d`, with one axis (of samples) for its two.

    Examples
    --------
    >>> conv1d(torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([[[-1.0, 1.0]]])).tolist()
    [[1.0, 2.0]]
    """
    expect_alike(x=x, weight=weight, bias=bias)
    if x.dim() not in (2, 3) or weight.dim() != 3:
        raise ShapeError(
            "x must be (batch, channels, length) or (channels, length), and weight (out_channels, "
            f"channels / groups, kernel_length); got x {tuple(x.shape)}, "
            f"weight {tuple(weight.shape)}"
        )
    if not isinstance(padding, str):
        padding = (0, *pair(padding, "padding", least=0, axes=1))
    row = conv2d(
        x.unsqueeze(-2),
        weight.unsqueeze(-2),
        bias,
        stride=(1, *pair(stride, "stride", axes=1)),
        padding=padding,
        dilation=(1, *pair(dilation, "dilation", axes=1)),
        groups=groups,
    )
    return row.squeeze(-2)
