"""Softmax over what may be looked at: nothing is hidden by a number that merely looks small.

The usual -1e9 overflows in float16, and where everything is hidden it leaves equal weights. Minus
infinity hides exactly; what needs care is the row in which nothing is left.
"""

import math

from jaxtyping import Bool, Float
from torch import Tensor

__all__ = ["hide", "masked_softmax"]


def hide(
    scores: Float[Tensor, "*batch_s T S"], allowed: Bool[Tensor, "*batch_a #T #S"] | None
) -> Float[Tensor, "*batch T S"]:
    """Give minus infinity to every score that may not be looked at.

    Examples
    --------
    >>> import torch
    >>> hide(torch.tensor([[2.0, 3.0]]), torch.tensor([[True, False]])).tolist()
    [[2.0, -inf]]
    """
    if allowed is None:
        return scores
    # Adding is several times faster than filling in: one map serves all heads, and nothing is
    # left to do on the way back.
    return scores + scores.new_zeros(allowed.shape).masked_fill(~allowed, -math.inf)


def masked_softmax(
    scores: Float[Tensor, "*batch_s T S"],
    allowed: Bool[Tensor, "*batch_a #T #S"] | None,
    *,
    may_hide_all: bool = True,
) -> Float[Tensor, "*batch T S"]:
    """Share 1 out over the scores that may be looked at; a row in which none may gets zeros.

    Parameters
    ----------
    scores
        Any numbers.
    allowed
        True where a score may be looked at; None for everywhere.
    may_hide_all
        Whether there may be a row with nothing to look at; False saves looking for one.

    Examples
    --------
    >>> import torch
    >>> allowed = torch.tensor([[True, True, False], [False, False, False]])
    >>> masked_softmax(torch.zeros(2, 3), allowed).tolist()
    [[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]
    """
    hidden = hide(scores, allowed)
    if allowed is None or not may_hide_all:
        return hidden.softmax(dim=-1)
    # The softmax of minus infinities alone is 0 / 0, and its gradient NaN. Such a row gets equal
    # scores instead, and its weights are then wiped out.
    nowhere = ~allowed.any(dim=-1, keepdim=True)
    return hidden.masked_fill(nowhere, 0).softmax(dim=-1).masked_fill(nowhere, 0)
