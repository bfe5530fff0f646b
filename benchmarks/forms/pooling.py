"""Pooling: slices, windows and loops."""

from functools import partial

import torch
from forms.case import Case, random
from torch import Tensor
from torch.nn import functional

from labkit.ops.pooling import avg_pool2d, max_pool2d

__all__ = ["CASES"]


def slices(x: Tensor, k: int, stride: int) -> list[Tensor]:
    """Give one shifted view of the image for each place in the window."""
    rows, columns = ((n - k) // stride + 1 for n in x.shape[2:])
    return [
        x[:, :, u : u + stride * rows : stride, v : v + stride * columns : stride][
            :, :, :rows, :columns
        ]
        for u in range(k)
        for v in range(k)
    ]


def largest_of_slices(x: Tensor, k: int, stride: int) -> Tensor:
    """Take the larger of shifted views, one after the other; ties share the gradient."""
    views = slices(x, k, stride)
    result = views[0]
    for view in views[1:]:
        result = torch.maximum(result, view)
    return result


def mean_of_slices(x: Tensor, k: int, stride: int) -> Tensor:
    """Add shifted views up."""
    return sum(slices(x, k, stride)) / k**2


def largest_of_windows(x: Tensor, k: int, stride: int) -> Tensor:
    """Take the largest of a view of all windows."""
    return x.unfold(2, k, stride).unfold(3, k, stride).amax((-2, -1))


def mean_of_windows(x: Tensor, k: int, stride: int) -> Tensor:
    """Take the mean of a view of all windows."""
    return x.unfold(2, k, stride).unfold(3, k, stride).mean((-2, -1))


def looped(x: Tensor, k: int, stride: int, largest: bool) -> Tensor:
    """Loop over output rows and columns, as textbooks do."""
    rows, columns = ((n - k) // stride + 1 for n in x.shape[2:])
    maps = x.new_zeros(*x.shape[:2], rows, columns)
    for i in range(rows):
        for j in range(columns):
            window = x[:, :, i * stride : i * stride + k, j * stride : j * stride + k]
            maps[:, :, i, j] = window.amax((2, 3)) if largest else window.mean((2, 3))
    return maps


def _case(operation: str, k: int, stride: int, bars: tuple[float, float]) -> Case:
    largest = operation == "max_pool2d"
    ours = max_pool2d if largest else avg_pool2d
    apart = {"largest of slices": largest_of_slices, "view of windows": largest_of_windows}
    if not largest:
        apart = {"mean of slices": mean_of_slices, "view of windows": mean_of_windows}
    forms = {name: partial(form, k=k, stride=stride) for name, form in apart.items()}
    return Case(
        operation,
        f"64×32×26², window {k}, step {stride}",
        random((64, 32, 26, 26)),
        lambda x: getattr(functional, operation)(x, k, stride),
        {
            "labkit": lambda x: ours(x, k, stride=stride),
            **forms,
            "two loops": partial(looped, k=k, stride=stride, largest=largest),
        },
        bars,
    )


CASES = [
    _case(operation, k, stride, bars)
    for operation, bars in {"max_pool2d": (1.0, 1.3), "avg_pool2d": (1.5, 1.3)}.items()
    for k, stride in ((2, 2), (3, 2))
]
