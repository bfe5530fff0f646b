"""Positions: PyTorch has no function for them; ours is compared with the forms that are taught."""

import math

import torch
from forms.case import Case, random
from torch import Tensor

from labkit.ops.positional_encoding import rotary_embedding, sinusoidal_encoding

__all__ = ["CASES"]

LENGTH, WIDTH = 1000, 512


def filled_columns(start: Tensor) -> Tensor:
    """Fill every second column of zeros, with powers of 10000: the reference."""
    table = torch.zeros(LENGTH, WIDTH)
    angles = torch.arange(LENGTH, dtype=torch.float32).reshape(-1, 1) / torch.pow(
        10000, torch.arange(0, WIDTH, 2, dtype=torch.float32) / WIDTH
    )
    table[:, 0::2], table[:, 1::2] = torch.sin(angles), torch.cos(angles)
    return table + start


def exponentials(start: Tensor) -> Tensor:
    """Fill every second column, with exponentials of logarithms."""
    table = torch.zeros(LENGTH, WIDTH)
    speeds = torch.exp(torch.arange(0, WIDTH, 2) * (-math.log(10000.0) / WIDTH))
    angles = torch.arange(LENGTH).unsqueeze(1) * speeds
    table[:, 0::2], table[:, 1::2] = torch.sin(angles), torch.cos(angles)
    return table + start


def halves(x: Tensor) -> Tensor:
    """Cut the vector in halves, swap them, add two products: the reference."""
    speeds = 10000.0 ** (-torch.arange(0, x.shape[-1], 2) / x.shape[-1])
    angles = torch.arange(x.shape[-2]).unsqueeze(1) * speeds
    cosines, sines = angles.cos().repeat(1, 2), angles.sin().repeat(1, 2)
    left, right = x.chunk(2, dim=-1)
    return x * cosines + torch.cat([-right, left], dim=-1) * sines


def neighbours(x: Tensor) -> Tensor:
    """Turn each pair of neighbours by four products: the reference."""
    speeds = 10000.0 ** (-torch.arange(0, x.shape[-1], 2) / x.shape[-1])
    angles = torch.arange(x.shape[-2]).unsqueeze(1) * speeds
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = even * angles.cos() - odd * angles.sin(), even * angles.sin() + odd * angles.cos()
    return torch.stack(turned, dim=-1).flatten(-2)


def repeated(x: Tensor) -> Tensor:
    """Repeat each cosine and sine for its pair, and swap the neighbours."""
    speeds = 10000.0 ** (-torch.arange(0, x.shape[-1], 2) / x.shape[-1])
    angles = (torch.arange(x.shape[-2]).unsqueeze(1) * speeds).repeat_interleave(2, dim=-1)
    swapped = torch.stack([-x[..., 1::2], x[..., 0::2]], dim=-1).flatten(-2)
    return x * angles.cos() + swapped * angles.sin()


def two_products(x: Tensor) -> Tensor:
    """Turn each half by its own two products."""
    speeds = 10000.0 ** (-torch.arange(0, x.shape[-1], 2) / x.shape[-1])
    angles = torch.arange(x.shape[-2]).unsqueeze(1) * speeds
    left, right = x.chunk(2, dim=-1)
    turned = left * angles.cos() - right * angles.sin(), left * angles.sin() + right * angles.cos()
    return torch.cat(turned, dim=-1)


CASES = [
    Case(
        "sinusoidal encoding",
        f"{LENGTH}×{WIDTH}, ÷ filled columns",
        random((LENGTH, WIDTH)),
        filled_columns,
        {
            "labkit": lambda start: sinusoidal_encoding(LENGTH, WIDTH) + start,
            "exponentials": exponentials,
        },
        (1.0, 1.0),
    ),
    Case(
        "rotary embedding",
        "8×8×256×64, ÷ neighbours",
        random((8, 8, 256, 64)),
        neighbours,
        {"labkit": rotary_embedding, "repeated angles": repeated},
        (1.0, 1.0),
    ),
    Case(
        "rotary embedding",
        "8×8×256×64, ÷ halves",
        random((8, 8, 256, 64)),
        halves,
        {"labkit": lambda x: rotary_embedding(x, layout="half"), "two products": two_products},
    ),
]
