"""Write numbers and sums as a learner would on paper."""

from collections.abc import Iterable

from torch import Tensor

__all__ = ["factor", "number", "products", "terms"]


def number(value: float | int | Tensor) -> str:
    """Write a number with six digits at most.

    Examples
    --------
    >>> number(2 / 3), number(-4.0)
    ('0.666667', '-4')
    """
    return f"{float(value):.6g}"


def factor(value: float | int | Tensor) -> str:
    """Write a number as it stands in a product: a negative one has brackets.

    Examples
    --------
    >>> f"3*{factor(-0.5)}"
    '3*(-0.5)'
    """
    return f"({number(value)})" if value < 0 else number(value)


def products(one: Tensor, other: Tensor) -> str:
    """Write the sum of the products of two tensors of one shape, element by element.

    Examples
    --------
    >>> import torch
    >>> products(torch.tensor([1.0, 2.0]), torch.tensor([0.5, -3.0]))
    '1*0.5 + 2*(-3)'
    """
    pairs = zip(one.flatten(), other.flatten(), strict=True)
    return " + ".join(f"{factor(a)}*{factor(b)}" for a, b in pairs)


def terms(values: Iterable[float | int | Tensor]) -> str:
    """Write a sum.

    Examples
    --------
    >>> terms([1.0, -2.0, 0.5])
    '1 + (-2) + 0.5'
    """
    return " + ".join(factor(value) for value in values)
