"""Transposed convolution: each pixel stamps a kernel on a larger image, and the stamps add up.

It is the gradient of a convolution with respect to its input [1]_, and not its inverse, which is
why "deconvolution" is the wrong word for it.

References
----------
.. [1] Dumoulin and Visin (2016), A guide to convolution arithmetic for deep learning, chapter 4.
   https://arxiv.org/abs/1603.07285
"""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import fold, pad

from labkit.errors import OptionError, ShapeError
from labkit.ops.arguments import expect_alike, expect_bias
from labkit.ops.windows import Pair, pair, span

__all__ = ["conv_transpose2d"]

Images = Float[Tensor, "*batch in_channels height width"]
Kernels = Float[Tensor, "in_channels channels_per_group kernel_height kernel_width"]


def conv_transpose2d(
    x: Images,
    weight: Kernels,
    bias: Float[Tensor, " out_channels"] | None = None,
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    groups: int = 1,
    dilation: Pair = 1,
) -> Float[Tensor, "*batch out_channels out_height out_width"]:
    """Multiply each pixel by its kernel, lay the stamps ``stride`` apart, and add where they meet.

    Parameters
    ----------
    x
        Images, in any units of intensity; a single one needs no batch axis.
    weight
        Kernels with the *input* channels first, as in PyTorch.
    bias
        A constant added to each output channel, in the output's units.
    stride
        Pixels between two stamps.
    padding
        Pixels cut off each side of the result.
    output_padding
        Pixels added at the bottom and on the right; less than the stride or the dilation.
    groups, dilation
        As in `labkit.ops.convolution.conv2d`.

    Returns
    -------
    Float[Tensor, "*batch out_channels out_height out_width"]
        ``(size - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + 1 + output_padding``
        pixels along each axis.

    Raises
    ------
    ShapeError, DTypeError, DeviceError, OptionError
        As `labkit.ops.convolution.conv2d`.

    Examples
    --------
    >>> import torch
    >>> conv_transpose2d(torch.tensor([[[1.0, 2.0]]]), torch.ones(1, 1, 1, 2), stride=2).tolist()
    [[[1.0, 1.0, 2.0, 2.0]]]
    """
    _expect_fitting(x, weight, bias, groups)
    strides, dilations = pair(stride, "stride"), pair(dilation, "dilation")
    cut = pair(padding, "padding", least=0)
    added = pair(output_padding, "output_padding", least=0)
    whole = [
        (size - 1) * step + span(taps, spread)
        for size, step, taps, spread in zip(
            x.shape[-2:], strides, weight.shape[2:], dilations, strict=True
        )
    ]
    for axis in range(2):
        if added[axis] >= max(strides[axis], dilations[axis]):
            raise OptionError(
                f"output_padding={added[axis]} must be less than the stride {strides[axis]} or "
                f"the dilation {dilations[axis]}: a larger one adds pixels that no input reaches"
            )
        if whole[axis] + added[axis] <= 2 * cut[axis]:
            raise ShapeError(
                f"padding {cut[axis]} cuts all {whole[axis] + added[axis]} pixels of the result; "
                f"use padding <= {(whole[axis] + added[axis] - 1) // 2}"
            )

    images = x if x.dim() == 4 else x[None]
    pixels = images.flatten(2).unflatten(1, (groups, -1))  # (B, G, C/G, H*W)
    kernels = weight.flatten(1).unflatten(0, (groups, -1)).mT  # (G, O/G*K, C/G)
    stamps = (kernels @ pixels).flatten(1, 2)  # (B, O*K, H*W)
    maps = fold(stamps, whole, weight.shape[2:], dilation=dilations, stride=strides)
    maps = pad(maps, (-cut[1], added[1] - cut[1], -cut[0], added[0] - cut[0]))
    if bias is not None:
        maps = maps + bias[:, None, None]
    return maps if x.dim() == 4 else maps[0]


def _expect_fitting(x: Tensor, weight: Tensor, bias: Tensor | None, groups: int) -> None:
    expect_alike(x=x, weight=weight, bias=bias)
    if x.dim() not in (3, 4) or weight.dim() != 4 or x.shape[-3] != weight.shape[0]:
        raise ShapeError(
            "x must be (batch, channels, height, width) or (channels, height, width), and weight "
            "(channels, out_channels / groups, kernel_height, kernel_width); "
            f"got x {tuple(x.shape)}, weight {tuple(weight.shape)}"
        )
    pair(groups, "groups", axes=1)  # raises where it is not a count
    if len(weight) % groups:
        raise OptionError(f"groups={groups} must divide {len(weight)} input channels")
    expect_bias(bias, weight.shape[1] * groups)
