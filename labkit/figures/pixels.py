"""From tensors to what matplotlib draws: matrices of values, colours, and the scale they share.

N, C, H, W = images, channels, height, width in pixels
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float32, Shaped
from torch import Tensor

from labkit.errors import OptionError, ShapeError

__all__ = ["Tensors", "limits", "pictures", "values"]

Tensors = Shaped[Tensor, "..."] | Sequence[Shaped[Tensor, "..."]]

ROUNDING = 1e-3  # how far a colour may leave [0, 1] and still be called that colour


def pictures(images: Tensors) -> list[Float32[Tensor, "..."]]:
    """Take images apart into (H, W) matrices of values and (H, W, 3) arrays of colours.

    Raises
    ------
    ShapeError
        Something is not an image.
    OptionError
        A colour is not in [0, 1].

    Examples
    --------
    >>> [tuple(picture.shape) for picture in pictures(torch.zeros(2, 3, 4, 5))]
    [(4, 5, 3), (4, 5, 3)]
    """
    if isinstance(images, Tensor):
        images = list(images) if images.ndim == 4 else [images]
    if not len(images):
        raise ShapeError("expected at least one image, got none")
    return [_picture(values(image)) for image in images]


def values(tensor: Shaped[Tensor, "*axes"]) -> Float32[Tensor, "*axes"]:
    """Return the numbers of a tensor of any device and dtype, for matplotlib to read."""
    return tensor.detach().cpu().float()


def limits(pictures: Sequence[Float32[Tensor, "..."]], *, signed: bool) -> tuple[float, float]:
    """Return the lowest and highest value that colours stand for, the same in all pictures.

    Examples
    --------
    >>> limits([torch.tensor([-1.0, 3.0, torch.nan])], signed=True)
    (-3.0, 3.0)
    """
    numbers = torch.cat([picture.flatten() for picture in pictures])
    numbers = numbers[numbers.isfinite()]
    low, high = (numbers.min().item(), numbers.max().item()) if len(numbers) else (0.0, 1.0)
    if signed:
        reach = max(-low, high) or 1.0
        return -reach, reach
    # One value alone is drawn as it would be among black and white.
    return (low, high) if low < high else (min(low, 0.0), max(high, 1.0))


def _picture(image: Float32[Tensor, "..."]) -> Float32[Tensor, "..."]:
    if not image.numel():
        raise ShapeError(f"expected an image with pixels, got the shape {tuple(image.shape)}")
    if image.ndim == 2:
        return image
    if image.ndim == 3 and len(image) == 1:
        return image[0]
    if image.ndim == 3 and len(image) == 3:
        return _as_colours(image)
    advice = "; show(list(x)) draws each channel of (C, H, W)" if image.ndim == 3 else ""
    raise ShapeError(
        f"expected an image (H, W), (1, H, W) or (3, H, W), got {tuple(image.shape)}{advice}"
    )


def _as_colours(image: Float32[Tensor, "3 H W"]) -> Float32[Tensor, "H W 3"]:
    low, high = image.min().item(), image.max().item()
    if not (low >= -ROUNDING and high <= 1 + ROUNDING):
        raise OptionError(
            f"expected colours in [0, 1], got values in [{low:.3g}, {high:.3g}]; divide bytes by "
            "255, undo a normalisation, or draw each channel: show(list(x), signed=True)"
        )
    return image.clamp(0, 1).permute(1, 2, 0)
