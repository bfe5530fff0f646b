"""What an explorer may be given: arrays of real, finite numbers, small enough to show each cell."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from labkit.errors import DTypeError, OptionError, ShapeError

__all__ = ["Matrix", "finite_numbers", "image_pixels", "kernel_weights"]

Matrix = Tensor | np.ndarray | Sequence[Sequence[int | float]]

LARGEST_IMAGE = 128
LARGEST_KERNEL = 7


def image_pixels(image: Matrix) -> Float[Tensor, "H W"]:
    """Return one channel of an image as float32 on the CPU.

    Raises
    ------
    ShapeError
        If it is no matrix, or too large to show cell by cell.
    DTypeError, OptionError
        If its values are complex, NaN or infinite.

    Examples
    --------
    >>> image_pixels([[0, 1], [1, 0]])
    tensor([[0., 1.],
            [1., 0.]])
    """
    pixels = finite_numbers(image, "image").to(torch.float32)
    if pixels.ndim != 2 or 0 in pixels.shape:
        raise ShapeError(
            f"image has shape {tuple(pixels.shape)}; expected (height, width); "
            "pick one image and one channel, such as images[0, 0]"
        )
    if max(pixels.shape) > LARGEST_IMAGE:
        raise ShapeError(
            f"image of {pixels.shape[0]} × {pixels.shape[1]} is too large to show cell by cell; "
            f"expected at most {LARGEST_IMAGE} a side; crop it, "
            f"image[:{LARGEST_IMAGE}, :{LARGEST_IMAGE}], or shrink it by average pooling"
        )
    return pixels.contiguous()


def kernel_weights(kernel: Matrix) -> list[list[float]]:
    """Return a kernel as rows of floats, so that a change of it travels as a few numbers.

    Raises
    ------
    ShapeError
        If it is no matrix, or has more than 7 rows or columns.
    DTypeError, OptionError
        If its values are complex, NaN or infinite.

    Examples
    --------
    >>> kernel_weights(torch.eye(2))
    [[1.0, 0.0], [0.0, 1.0]]
    """
    weights = finite_numbers(kernel, "kernel")
    if weights.ndim != 2 or 0 in weights.shape or max(weights.shape) > LARGEST_KERNEL:
        raise ShapeError(
            f"kernel has shape {tuple(weights.shape)}; expected (height, width), each from 1 to "
            f"{LARGEST_KERNEL}; of a layer's weight pick one filter and one channel: weight[0, 0]"
        )
    return (weights + 0.0).tolist()  # −0.0 + 0.0 is 0.0: Python and JavaScript print −0.0 unlike


def finite_numbers(values: Matrix, name: str) -> Float[Tensor, "..."]:
    """Return real, finite numbers as float64 on the CPU, cut off from any gradient.

    Raises
    ------
    ShapeError
        If they are no array of numbers; ``name`` says in the message what they are.
    DTypeError, OptionError
        If they are complex, NaN or infinite.

    Examples
    --------
    >>> finite_numbers([[1, 2]], "scores")
    tensor([[1., 2.]], dtype=torch.float64)
    """
    try:
        # np.array copies: torch warns about arrays that it may not write to.
        tensor = values if isinstance(values, Tensor) else torch.from_numpy(np.array(values))
    except (TypeError, ValueError) as error:
        raise ShapeError(
            f"{name} is no matrix of numbers ({error}); give a 2-D tensor or rows of equal length"
        ) from error
    if tensor.is_complex():
        raise DTypeError(f"{name} is complex; expected real numbers; take its .real or .abs()")
    tensor = tensor.detach().cpu().to(torch.float64)
    if not tensor.isfinite().all():
        raise OptionError(
            f"{name} holds NaN or infinity; expected finite numbers; replace them with nan_to_num"
        )
    return tensor
