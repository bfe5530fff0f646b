"""One query of attention: what it finds in each key and what it gets, in numbers and words.

Axes: ``S`` keys, ``W`` width of a value.
"""

from collections.abc import Sequence
from math import log
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

__all__ = ["AttentionStep", "look_words"]


class AttentionStep(NamedTuple):
    """One query: its product with each key, the scores these make, the weights, what it gets.

    The score of a key that is hidden by a mask is minus infinity.
    """

    query: int
    products: Float[Tensor, " S"]
    scores: Float[Tensor, " S"]
    weights: Float[Tensor, " S"]
    output: Float[Tensor, " W"]
    entropy: float


def look_words(step: AttentionStep, labels: Sequence[str] = (), *, reveal: bool = True) -> str:
    """Say which key gets most, and how spread out the look is; both may be kept back.

    Parameters
    ----------
    labels
        Of the keys, if they have any.

    Examples
    --------
    >>> import torch
    >>> one, half = torch.ones(2), torch.full((2,), 0.5)
    >>> look_words(AttentionStep(0, one, one, half, one, 0.6931), "ab")
    'most to key 0 "a" with 0.5, entropy 0.6931 of at most 0.6931'
    """
    seen = int(step.scores.isfinite().sum())
    if seen == 0:
        return "no key to look at; its weights and its output are 0"
    if not reveal:
        return "most to key ?"
    most = int(step.scores.argmax())
    label = f' "{labels[most]}"' if labels else ""
    spread = f"entropy {step.entropy:.4g} of at most {log(seen):.4g}"
    return f"most to key {most}{label} with {step.weights[most]:.4g}, {spread}"
