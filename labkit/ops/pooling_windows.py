"""Where the windows of a pooling stand: as a convolution's, but the last may hang over the edge.

Along one axis, in pixels::

    size      of the image          padding   added at each end: never more than half the window
    stride    between two windows   span      from the first tap of a window to its last

With ``ceil_mode`` the number of windows is rounded up, not down, so that no pixel is left out. The
last window then reaches past the padding; it must still begin in the image or in the padding
before it.
"""

from torch import Tensor
from torch.nn.functional import pad

from labkit.errors import OptionError, ShapeError
from labkit.ops.arguments import expect_float
from labkit.ops.windows import Pair, Windows, output_size, pair, span

__all__ = [
    "expect_images",
    "expect_signals",
    "fill_edges",
    "place_pools",
    "pooled_size",
    "seen_along",
]


def expect_images(x: Tensor) -> None:
    """Refuse what is not images of floating-point numbers, with pixels in them.

    Raises
    ------
    ShapeError, DTypeError
        Saying what came.

    Examples
    --------
    >>> import torch
    >>> expect_images(torch.zeros(3, 28, 28))
    """
    _expect_axes(x, "height", "width")


def expect_signals(x: Tensor) -> None:
    """Refuse what is not signals of floating-point numbers, with samples in them.

    Raises
    ------
    ShapeError, DTypeError
        Saying what came.

    Examples
    --------
    >>> import torch
    >>> expect_signals(torch.zeros(3, 100))
    """
    _expect_axes(x, "length")


def _expect_axes(x: Tensor, *names: str) -> None:
    expect_float("x", x)
    if x.dim() - len(names) not in (1, 2):
        axes = ", ".join(("channels", *names))
        raise ShapeError(f"x must be (batch, {axes}) or ({axes}), got {tuple(x.shape)}")
    if 0 in x.shape[-len(names) :]:
        raise ShapeError(f"there is nothing to pool in x: its shape is {tuple(x.shape)}")


def pooled_size(
    size: int,
    kernel_size: int,
    *,
    stride: int,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
) -> int:
    """Count the places where a pooling window stands along one axis.

    Raises
    ------
    ShapeError
        If no window fits.

    Examples
    --------
    >>> pooled_size(5, 2, stride=2), pooled_size(5, 2, stride=2, ceil_mode=True)
    (2, 3)
    """
    spare = size + 2 * padding - span(kernel_size, dilation)
    if not ceil_mode or spare <= -stride:
        return output_size(size, kernel_size, stride=stride, padding=padding, dilation=dilation)
    rounded_up = -(-spare // stride)
    return min(rounded_up, (size + padding - 1) // stride) + 1


def place_pools(
    x: Tensor,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> Windows:
    """Place pooling windows over images, from the options that PyTorch takes.

    Raises
    ------
    ShapeError
        If a window is larger than the padded image.
    OptionError
        If an option is not a count, or the padding is more than half the window.

    Examples
    --------
    >>> import torch
    >>> place_pools(torch.zeros(1, 26, 27), 2).places
    (13, 13)
    """
    kernels = pair(kernel_size, "kernel_size")
    strides = pair(kernel_size if stride is None else stride, "stride")
    paddings, dilations = pair(padding, "padding", least=0), pair(dilation, "dilation")
    if any(2 * p > k for p, k in zip(paddings, kernels, strict=True)):
        raise OptionError(
            f"padding must be at most half of kernel_size, got padding={padding} for "
            f"kernel_size={kernel_size}; use padding <= {tuple(k // 2 for k in kernels)}"
        )
    axes = list(zip(x.shape[-2:], kernels, strides, paddings, dilations, strict=True))
    places = tuple(
        pooled_size(n, k, stride=s, padding=p, dilation=d, ceil_mode=ceil_mode)
        for n, k, s, p, d in axes
    )
    beyond = (
        max(0, (count - 1) * s + span(k, d) - (n + 2 * p))
        for count, (n, k, s, p, d) in zip(places, axes, strict=True)
    )
    zeros = tuple((p, p + more) for p, more in zip(paddings, beyond, strict=True))
    return Windows(kernels, strides, dilations, zeros, places)


def fill_edges(x: Tensor, windows: Windows, value: float) -> Tensor:
    """Put a number all around images, as far as their windows reach.

    Examples
    --------
    >>> import torch
    >>> x = torch.ones(1, 1, 3)
    >>> fill_edges(x, place_pools(x, (1, 2), padding=(0, 1)), 0.0).tolist()
    [[[0.0, 1.0, 1.0, 1.0, 0.0]]]
    """
    (top, bottom), (left, right) = windows.zeros
    # F.pad copies even when there is nothing to add.
    needed = any((top, bottom, left, right))
    return pad(x, (left, right, top, bottom), value=value) if needed else x


def seen_along(x: Tensor, windows: Windows, axis: int) -> list[Tensor]:
    """Select, for each tap of a window along one axis, the pixels it sees over all places.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])
    >>> [view.tolist() for view in seen_along(x, place_pools(x, (1, 2)), axis=1)]
    [[[[1.0, 3.0]]], [[[2.0, 4.0]]]]
    """
    taps = [windows.seen_by(tap, axis) for tap in range(windows.kernel_size[axis])]
    return [x[..., seen] if axis == 1 else x[..., seen, :] for seen in taps]
