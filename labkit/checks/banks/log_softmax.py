"""Mistakes people make when they write a log-softmax, x - log Σ exp(x_j) along ``dim``.

In the code ``a`` are the arguments, and M is the maximum along ``dim``.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from labkit.checks.bank import Mistake, Variant
from labkit.checks.banks.activations import SIGN_WRONG as SOFT_MINIMUM
from labkit.checks.banks.activations import WRONG_AXIS
from labkit.checks.banks.misuse import with_arguments, with_result

__all__ = ["MISTAKES"]

_REPAIR = "x - torch.logsumexp(x, dim, keepdim=True)."


def _computed(formula: Callable[[Tensor, int], Tensor]) -> Variant:
    """Make a variant that works its answer out of x and dim in another way."""
    return lambda _, a: formula(a.x, a.dim)


def _lowered(x: Tensor, dim: int) -> Tensor:
    return x - x.amax(dim, keepdim=True)


def _total(x: Tensor, dim: int) -> Tensor:
    return torch.logsumexp(x, dim, keepdim=True)


def _log_of_softmax(eps: float) -> Variant:
    return _computed(lambda x, dim: torch.log(torch.softmax(x, dim) + eps))


def _less(subtrahend: Callable[[Tensor, int], Tensor]) -> Variant:
    """Make a variant that subtracts something else from x."""
    return _computed(lambda x, dim: x - subtrahend(x, dim))


UNDERFLOW = Mistake(
    "underflow",
    "A small share rounds to 0, and its logarithm is -inf: it was taken of the finished softmax.",
    f"Do not leave the logarithms: {_REPAIR}",
    {
        "": _log_of_softmax(0.0),
        "Yours adds 1e-7 to the share, so that no result is below -16.": _log_of_softmax(1e-7),
        "Yours adds 1e-8 to the share, so that no result is below -18.": _log_of_softmax(1e-8),
        "Yours adds 1e-10 to the share, so that no result is below -23.": _log_of_softmax(1e-10),
        "Yours adds 1e-12 to the share, so that no result is below -28.": _log_of_softmax(1e-12),
    },
)

OVERFLOW = Mistake(
    "overflow",
    "Large numbers overflow: exp(89) is more than float32 can hold.",
    "Subtract the maximum first, x - x.amax(dim, keepdim=True); or use torch.logsumexp.",
    {
        "Yours takes exp(x) in the sum as it is.": _less(
            lambda x, dim: torch.exp(x).sum(dim, keepdim=True).log()
        ),
        "Yours takes the logarithm of exp(x) / sum.": _computed(
            lambda x, dim: torch.log(torch.exp(x) / torch.exp(x).sum(dim, keepdim=True))
        ),
        "Yours subtracts the maximum of all numbers, not of each row.": _computed(
            lambda x, dim: x - x.max() - torch.exp(x - x.max()).sum(dim, keepdim=True).log()
        ),
    },
)

MAXIMUM_WRONG = Mistake(
    "maximum_wrong",
    "The maximum M, which is subtracted first, does not cancel.",
    "(x - M) - log(sum(exp(x - M))), or x - (M + log(sum(exp(x - M)))): once on each side.",
    {
        "Yours subtracts it in the sum, but not from x, or adds it back at the end.": _less(
            lambda x, dim: _total(_lowered(x, dim), dim)
        ),
        "Yours subtracts it from x, but not in the sum.": _computed(
            lambda x, dim: _lowered(x, dim) - _total(x, dim)
        ),
        "Yours adds it to the sum, not to its logarithm.": _less(
            lambda x, dim: torch.log(
                torch.exp(_lowered(x, dim)).sum(dim, keepdim=True) + x.amax(dim, keepdim=True)
            )
        ),
        "Yours subtracts nothing else: x - M.": _computed(_lowered),
    },
)

LOG_FORGOTTEN = Mistake(
    "log_forgotten",
    "A logarithm is missing.",
    _REPAIR,
    {
        "Yours returns the softmax.": _computed(torch.softmax),
        "Yours is x - sum(exp(x)).": _less(lambda x, dim: torch.exp(x).sum(dim, keepdim=True)),
        "Yours is x - M - sum(exp(x - M)).": _computed(
            lambda x, dim: _lowered(x, dim) - torch.exp(_lowered(x, dim)).sum(dim, keepdim=True)
        ),
        "Yours divides x by log(sum(exp(x))).": _computed(lambda x, dim: x / _total(x, dim)),
        "Yours divides by the sum: x / sum(exp(x)).": _computed(
            lambda x, dim: x / torch.exp(x).sum(dim, keepdim=True)
        ),
    },
)

EXP_FORGOTTEN = Mistake(
    "exp_forgotten",
    "The exponential, or the sum, is missing.",
    _REPAIR,
    {
        "Yours is log(x / sum(x)): a negative number has no logarithm.": _computed(
            lambda x, dim: torch.log(x / x.sum(dim, keepdim=True))
        ),
        "Yours is x - log(sum(x)).": _less(lambda x, dim: torch.log(x.sum(dim, keepdim=True))),
        "Yours is x - sum(x).": _less(lambda x, dim: x.sum(dim, keepdim=True)),
        "Yours is x - mean(x).": _less(lambda x, dim: x.mean(dim, keepdim=True)),
        "Yours is log(x).": _computed(lambda x, dim: torch.log(x)),
        "Yours is log(|x|).": _computed(lambda x, dim: torch.log(x.abs())),
        "Yours has the mean of exp for the sum.": _less(
            lambda x, dim: _total(x, dim) - torch.tensor(float(x.shape[dim])).log()
        ),
    },
)

SIGN_WRONG = Mistake(
    "sign_wrong",
    "A sign is wrong: logarithms of shares are never above 0.",
    _REPAIR,
    {
        "Yours is -log_softmax(x), a loss.": with_result(torch.neg),
        "Yours is log_softmax(-x): the largest number gets the smallest share.": (
            SOFT_MINIMUM.variants[""]
        ),
        "Yours adds the logarithm of the sum.": _computed(lambda x, dim: x + _total(x, dim)),
    },
)

TOTAL_RETURNED = Mistake(
    "total_returned",
    "The result is that of logsumexp alone.",
    "Subtract it from x.",
    {
        "": _computed(torch.logsumexp),
        "It has kept its axis.": _computed(_total),
        "It stands at every place.": _computed(lambda x, dim: _total(x, dim).expand(x.shape)),
    },
)

KEEPDIM_FORGOTTEN = Mistake(
    "keepdim_forgotten",
    "The sum has lost its axis, and broadcasting lays it along another one.",
    "Keep the axis: logsumexp(x, dim, keepdim=True), so that each row loses its own sum.",
    {
        "": _less(torch.logsumexp),
        "So has the maximum.": _computed(
            lambda x, dim: x - x.amax(dim) - torch.exp(x - x.amax(dim)).sum(dim).log()
        ),
        "Yours takes exp(x) in the sum as it is, besides.": _less(
            lambda x, dim: torch.exp(x).sum(dim).log()
        ),
    },
)

WRONG_BASE = Mistake(
    "wrong_base",
    "The logarithm, or the power, has another base than e.",
    "Use torch.exp and torch.log.",
    {
        "Your result is in bits: its logarithm has base 2.": with_result(lambda y: y / 0.69314718),
        "Your result has base 10.": with_result(lambda y: y / 2.30258509),
        "Yours are powers of 2, and e is the base of the logarithm.": with_arguments(
            lambda a: {"x": a.x * 0.69314718}
        ),
        "Yours subtracts a logarithm of base 2.": _less(lambda x, dim: _total(x, dim) / 0.69314718),
        "Yours subtracts log(1 + sum(exp(x))), as log1p does.": _less(
            lambda x, dim: F.softplus(_total(x, dim))
        ),
    },
)

OTHER_FUNCTION = Mistake(
    "other_function",
    "That is another function.",
    "The results of one row are logarithms of shares: exp of them adds up to 1.",
    {
        "Yours is the logarithm of the sigmoid, of each number by itself.": _computed(
            lambda x, dim: F.logsigmoid(x)
        ),
        "Yours applies softmax first.": with_arguments(lambda a: {"x": torch.softmax(a.x, a.dim)}),
        "Yours is exp(x).": _computed(lambda x, dim: torch.exp(x)),
        "Yours divides x by its length.": _computed(lambda x, dim: F.normalize(x, dim=dim)),
    },
)

# From common to rare: where two of them give the same answers, the first is named.
MISTAKES = (
    UNDERFLOW,
    OVERFLOW,
    WRONG_AXIS,
    KEEPDIM_FORGOTTEN,
    LOG_FORGOTTEN,
    MAXIMUM_WRONG,
    SIGN_WRONG,
    TOTAL_RETURNED,
    EXP_FORGOTTEN,
    WRONG_BASE,
    OTHER_FUNCTION,
)
