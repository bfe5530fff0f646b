"""Convolution, 3 × 3: the forms that courses teach, written here from their formulas."""

from unittest.mock import patch

import torch
from forms.case import Case, random
from torch import Tensor
from torch.nn import functional

from labkit.ops import convolution
from labkit.ops.convolution import conv2d

__all__ = ["CASES"]

PATCHES: dict = {}


def all_images_at_once(x: Tensor, weight: Tensor) -> Tensor:
    """Run ours with the patches of all images in one block of memory."""
    with patch.object(convolution, "_NUMBERS_AT_ONCE", 2**40):
        return conv2d(x, weight)


def unfold_and_multiply(x: Tensor, weight: Tensor) -> Tensor:
    """Make columns by F.unfold, then multiply once."""
    sizes = [n - k + 1 for n, k in zip(x.shape[2:], weight.shape[2:], strict=True)]
    return (weight.flatten(1) @ functional.unfold(x, weight.shape[2:])).unflatten(2, sizes)


def windows_and_einsum(x: Tensor, weight: Tensor) -> Tensor:
    """Take a view of all windows and contract it by einsum."""
    windows = x.unfold(2, weight.shape[2], 1).unfold(3, weight.shape[3], 1)
    return torch.einsum("bcijhw,ochw->boij", windows, weight)


def sum_over_taps(x: Tensor, weight: Tensor) -> Tensor:
    """Add up one small product for each tap of the kernel."""
    height, width = (n - k + 1 for n, k in zip(x.shape[2:], weight.shape[2:], strict=True))
    taps = [(u, v) for u in range(weight.shape[2]) for v in range(weight.shape[3])]
    return sum(
        torch.einsum("oc,bchw->bohw", weight[:, :, u, v], x[:, :, u : u + height, v : v + width])
        for u, v in taps
    )


def two_loops(x: Tensor, weight: Tensor) -> Tensor:
    """Loop over output rows and columns, as textbooks do."""
    height, width = (n - k + 1 for n, k in zip(x.shape[2:], weight.shape[2:], strict=True))
    maps = x.new_zeros(len(x), len(weight), height, width)
    for i in range(height):
        for j in range(width):
            window = x[:, None, :, i : i + weight.shape[2], j : j + weight.shape[3]]
            maps[:, :, i, j] = (window * weight).sum((2, 3, 4))
    return maps


def products_alone(x: Tensor, weight: Tensor) -> Tensor:
    """Multiply only, as many rows at a time as ours does: patches lie ready, of other numbers."""
    sizes = [n - k + 1 for n, k in zip(x.shape[2:], weight.shape[2:], strict=True)]
    rows, taps = len(x) * sizes[0] * sizes[1], weight[0].numel()
    at_once = min(rows, 2**19 // taps)
    patches = PATCHES.setdefault((at_once, taps), torch.randn(at_once, taps))
    patches.requires_grad_(x.requires_grad)
    columns = weight.flatten(1).T.contiguous()
    return torch.cat([patches @ columns for _ in range(rows // at_once)])


FAST = {
    "labkit": conv2d,
    "all images at once": all_images_at_once,
    "products alone": products_alone,
    "unfold + product": unfold_and_multiply,
    "windows + einsum": windows_and_einsum,
    "sum over taps": sum_over_taps,
}
SIZES = {
    "1×1×8² → 4": ((1, 1, 8, 8), (4, 1, 3, 3), None),
    "64×1×28² → 32": ((64, 1, 28, 28), (32, 1, 3, 3), (2.0, 2.3)),
    "64×32×13² → 64": ((64, 32, 13, 13), (64, 32, 3, 3), (2.0, 2.3)),
    "32×64×32² → 128": ((32, 64, 32, 32), (128, 64, 3, 3), (2.6, 2.6)),
}
CASES = [
    Case(
        "conv2d",
        size,
        random(x, weight),
        functional.conv2d,
        FAST | ({"two loops": two_loops} if x[1] == 1 else {}),
        bars,
        parts=frozenset({"products alone"}),
    )
    for size, (x, weight, bars) in SIZES.items()
]
