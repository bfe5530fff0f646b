"""Sliding windows: how far apart they stand, how many fit, and the zeros around the edge.

Convolution and pooling both slide a window along each axis of an image. Along one axis::

    size          pixels in the axis                        padding   zeros added at each end
    kernel_size   taps in the window                        stride    pixels between two windows
    dilation      pixels between two taps                   span      pixels a window reaches over

Reference: Dumoulin and Visin (2016), A guide to convolution arithmetic for deep learning.
https://arxiv.org/abs/1603.07285
"""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Literal, SupportsIndex

from labkit.errors import OptionError, ShapeError

__all__ = [
    "Padding",
    "Pair",
    "Windows",
    "edge_zeros",
    "output_size",
    "pair",
    "place_windows",
    "span",
]

# SupportsIndex: NumPy's whole numbers too, which no annotation calls int.
Pair = SupportsIndex | Sequence[SupportsIndex]
Padding = SupportsIndex | Sequence[SupportsIndex] | Literal["same", "valid"]


def pair(value: Pair, name: str, *, least: int = 1, axes: int = 2) -> tuple[int, ...]:
    """Write an option as one whole number for each axis.

    Parameters
    ----------
    value
        One number for every axis, or one for each.
    name
        What the option is called, for the error.
    least
        The smallest number that means something.
    axes
        How many numbers are wanted.

    Raises
    ------
    OptionError
        If it is anything else.

    Examples
    --------
    >>> pair(2, "stride")
    (2, 2)
    >>> pair((1, 2), "stride")
    (1, 2)
    """
    numbers = (value,) * axes if isinstance(value, Integral) else value
    whole = isinstance(numbers, Sequence) and not isinstance(numbers, str)
    if not whole or len(numbers) != axes or any(_is_not_count(n, least) for n in numbers):
        expected = f"a whole number >= {least}" + (f" or {axes} of them" if axes > 1 else "")
        raise OptionError(f"{name} must be {expected}, got {value!r}")
    return tuple(int(n) for n in numbers)


def _is_not_count(number: object, least: int) -> bool:
    return isinstance(number, bool) or not isinstance(number, Integral) or int(number) < least


def span(kernel_size: int, dilation: int = 1) -> int:
    """Count the pixels from the first tap of a window to its last.

    Examples
    --------
    >>> span(3), span(3, dilation=2)
    (3, 5)
    """
    return dilation * (kernel_size - 1) + 1


def edge_zeros(
    kernel_size: int, *, padding: int | str = 0, stride: int = 1, dilation: int = 1
) -> tuple[int, int]:
    """Count the zeros put before and after one axis.

    Parameters
    ----------
    kernel_size, stride, dilation
        As above, in pixels.
    padding
        Zeros at each end; ``"valid"`` for none; ``"same"`` for as many as keep the axis's size
        (an odd one goes to the end, as in PyTorch).

    Raises
    ------
    OptionError
        If ``padding`` is another word, or ``"same"`` is asked of a stride that shrinks the axis.

    Examples
    --------
    >>> edge_zeros(3, padding=1), edge_zeros(4, padding="same")
    ((1, 1), (1, 2))
    """
    if padding == "valid":
        return 0, 0
    if padding == "same":
        if stride != 1:
            raise OptionError(
                f"padding='same' keeps the size, which a stride of {stride} cannot; "
                "use stride=1, or give padding as a number"
            )
        total = span(kernel_size, dilation) - 1
        return total // 2, total - total // 2
    if not isinstance(padding, int):
        raise OptionError(f"padding must be a number, 'same' or 'valid', got {padding!r}")
    return padding, padding


def output_size(
    size: int,
    kernel_size: int,
    *,
    stride: int = 1,
    padding: int | Literal["same", "valid"] = 0,
    dilation: int = 1,
) -> int:
    """Count the places where a window can stand along one axis.

    Parameters
    ----------
    size, kernel_size
        Extent of the axis in pixels, and of the window in taps.
    stride
        Pixels moved between two neighbouring windows.
    padding
        Zeros added at each end of the axis, or ``"same"`` or ``"valid"``.
    dilation
        Pixels between two taps of the window.

    Returns
    -------
    int
        ``(size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1`` places. What the
        division leaves over is pixels at the end that no window reaches.

    Raises
    ------
    ShapeError
        If the window is longer than the padded axis.
    OptionError
        If an option is not a count.

    Examples
    --------
    >>> output_size(28, 5)
    24
    >>> output_size(28, 3, stride=2, padding=1)
    14
    """
    (kernel_size,) = pair(kernel_size, "kernel_size", axes=1)
    (stride,) = pair(stride, "stride", axes=1)
    (dilation,) = pair(dilation, "dilation", axes=1)
    if not isinstance(padding, str):
        (padding,) = pair(padding, "padding", least=0, axes=1)
    padded = size + sum(edge_zeros(kernel_size, padding=padding, stride=stride, dilation=dilation))
    reach = span(kernel_size, dilation)
    if reach > padded:
        dilated = f", which dilation {dilation} spreads over {reach}," if dilation > 1 else ""
        raise ShapeError(
            f"kernel of {kernel_size} pixels{dilated} does not fit an axis of {size} pixels "
            f"padded to {padded}; use a smaller kernel or padding >= {(reach - size + 1) // 2}"
        )
    return (padded - reach) // stride + 1


@dataclass(frozen=True)
class Windows:
    """Every window over an image: one entry for height, one for width, all in pixels."""

    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    zeros: tuple[tuple[int, int], tuple[int, int]]
    places: tuple[int, int]

    def seen_by(self, tap: int, axis: int) -> slice:
        """Select the pixels of the padded axis that one tap sees, over all places.

        Examples
        --------
        >>> place_windows((5, 5), (3, 3), stride=2).seen_by(1, axis=0)
        slice(1, 4, 2)
        """
        first = tap * self.dilation[axis]
        last = first + self.stride[axis] * (self.places[axis] - 1)
        return slice(first, last + 1, self.stride[axis])


def place_windows(
    image_size: Sequence[int],
    kernel_size: Sequence[int],
    *,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
) -> Windows:
    """Place windows of one size over an image, from the options that PyTorch takes.

    Raises
    ------
    ShapeError
        If the window is larger than the padded image.
    OptionError
        If an option is not a count, or not one for each axis.

    Examples
    --------
    >>> place_windows((28, 28), (3, 3), padding="same").places
    (28, 28)
    """
    strides, dilations = pair(stride, "stride"), pair(dilation, "dilation")
    if not isinstance(padding, str):
        padding = pair(padding, "padding", least=0)
    paddings = (padding,) * 2 if isinstance(padding, str) else padding
    axes = [
        {"kernel_size": k, "stride": s, "padding": p, "dilation": d}
        for k, s, p, d in zip(kernel_size, strides, paddings, dilations, strict=True)
    ]
    return Windows(
        kernel_size=tuple(kernel_size),
        stride=strides,
        dilation=dilations,
        zeros=tuple(edge_zeros(**axis) for axis in axes),
        places=tuple(output_size(n, **axis) for n, axis in zip(image_size, axes, strict=True)),
    )
