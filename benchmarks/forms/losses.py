"""Softmax and the losses: PyTorch fuses each into one kernel, a readable form takes a few."""

import torch
from forms.case import Case, random
from torch import Tensor
from torch.nn import functional

from labkit.ops.activations import gelu, softmax
from labkit.ops.losses import cross_entropy

__all__ = ["CASES"]

LABELS = torch.arange(512) * 7 % 1000


def exponentials(x: Tensor) -> Tensor:
    """Divide exponentials by their sum: overflows for large numbers."""
    return x.exp() / x.exp().sum(-1, keepdim=True)


def minus_log_of_softmax(x: Tensor) -> Tensor:
    """Pick a probability, then take its logarithm: minus infinity where it rounds to zero."""
    return -x.softmax(-1)[torch.arange(len(x)), LABELS].log().mean()


def gelu_by_its_formula(x: Tensor) -> Tensor:
    """Write the error function out."""
    return 0.5 * x * (1 + torch.erf(x / 2**0.5))


CASES = [
    Case("softmax", "512×1000", random((512, 1000)), lambda x: functional.softmax(x, -1),
         {"labkit": softmax, "exponentials": exponentials}),
    Case("cross entropy", "512×1000", random((512, 1000)),
         lambda x: functional.cross_entropy(x, LABELS),
         {"labkit": lambda x: cross_entropy(x, LABELS), "−log softmax": minus_log_of_softmax}),
    Case("gelu", "512×1000", random((512, 1000)), functional.gelu,
         {"labkit": gelu, "its formula": gelu_by_its_formula}),
]  # fmt: skip
