"""Softmax: scores become shares, each positive, which add up to one.

Adding one number to all scores changes no share, so the largest is taken away from each first: no
exponential then exceeds one, and none overflows [1]_. Where every score is −inf there is nothing to
share, and the result is NaN, as in PyTorch; attention, which may mask a whole row, has to decide
otherwise.

References
----------
.. [1] Goodfellow, Bengio and Courville (2016), Deep Learning, section 4.1.
   https://www.deeplearningbook.org/contents/numerical.html
"""

from collections.abc import Callable
from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.ops.arguments import expect_float

__all__ = ["log_softmax", "log_softmax_loops", "softmax", "softmax_loops"]

Numbers = Float[Tensor, "*shape"]


def softmax_loops(x: Numbers, *, dim: int = -1) -> Numbers:
    """Share out one row at a time: the definition of `softmax`, slow on purpose.

    Examples
    --------
    >>> softmax_loops(torch.tensor([5.0, 5.0])).tolist()
    [0.5, 0.5]
    """

    def share(score: Tensor, row: list[Tensor]) -> Tensor:
        largest = max(row).detach()
        return torch.exp(score - largest) / sum(torch.exp(other - largest) for other in row)

    return _each_in_its_row(share, x, dim)


def softmax(x: Numbers, *, dim: int = -1) -> Numbers:
    """Turn scores into shares of one: ``exp(x) / exp(x).sum(dim)``, without overflow.

    Parameters
    ----------
    x
        Scores ("logits"), of any size; −inf gets no share.
    dim
        The axis along which the shares add up to one.

    Returns
    -------
    Numbers
        Shares between 0 and 1, of the shape and dtype of ``x``.

    Raises
    ------
    DTypeError
        If ``x`` is not floating point.

    See Also
    --------
    torch.nn.functional.softmax : The library's version; equal to rounding.

    Examples
    --------
    >>> softmax(torch.tensor([[0.0, 0.0, -torch.inf], [1e4, 0.0, 0.0]])).tolist()
    [[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]
    """
    exponentials = torch.exp(_lowered(x, dim))
    return (exponentials / exponentials.sum(dim, keepdim=True)).to(x.dtype)


def log_softmax_loops(x: Numbers, *, dim: int = -1) -> Numbers:
    """Take the logarithm of the shares, one row at a time: the definition of `log_softmax`.

    Examples
    --------
    >>> log_softmax_loops(torch.tensor([3.0])).tolist()
    [0.0]
    """

    def log_share(score: Tensor, row: list[Tensor]) -> Tensor:
        largest = max(row).detach()
        return score - largest - torch.log(sum(torch.exp(other - largest) for other in row))

    return _each_in_its_row(log_share, x, dim)


def log_softmax(x: Numbers, *, dim: int = -1) -> Numbers:
    """Take the logarithm of the shares: ``x - log(exp(x).sum(dim))``, without overflow.

    Better than ``log(softmax(x))``: a share that is too small for its dtype rounds to zero, whose
    logarithm is −inf and has no gradient. Parameters and errors are those of `softmax`.

    Examples
    --------
    >>> log_softmax(torch.tensor([1e4, 0.0])).tolist()
    [0.0, -10000.0]
    """
    lowered = _lowered(x, dim)
    return (lowered - torch.log(torch.exp(lowered).sum(dim, keepdim=True))).to(x.dtype)


def _lowered(x: Tensor, dim: int) -> Tensor:
    """Take the largest score of each row away from it."""
    expect_float("x", x)
    # Half precision is rounded once, at the end: float16 could not even count 65,520 equal scores.
    x = x.to(torch.promote_types(x.dtype, torch.float32))
    if x.numel() == 0:  # amax refuses a row of nothing
        return x
    return x - x.detach().amax(dim, keepdim=True)


def _each_in_its_row(
    formula: Callable[[Tensor, list[Tensor]], Tensor], x: Tensor, dim: int
) -> Tensor:
    """Apply a formula of one score and the row that it stands in, to each score in turn."""
    expect_float("x", x)
    rows = torch.atleast_1d(x.movedim(dim, -1))
    results = torch.zeros(rows.shape, dtype=x.dtype, device=x.device)
    for place in product(*map(range, rows.shape)):
        row = list(rows[place[:-1]])
        results[place] = formula(row[place[-1]], row)
    return results.reshape(x.movedim(dim, -1).shape).movedim(-1, dim)
