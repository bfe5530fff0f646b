"""Check a learner's scaled dot-product attention: how it is asked, and how a number comes about.

Axis legend: (..., T, S) are the leading axes, the queries and the keys; E is the width of a query.
The questions are in `labkit.checks.attention_questions`.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.checks.attention_questions import PLAIN, STAGES
from labkit.checks.banks.attention import MISTAKES
from labkit.checks.banks.attention_causal import one_length
from labkit.checks.banks.attention_scale import is_half
from labkit.checks.banks.attention_scores import scale_of, scores_of, visible
from labkit.checks.examine import examine
from labkit.checks.properties import equals, missing
from labkit.checks.question import (
    Arguments,
    Derivation,
    Operation,
    Question,
    Result,
    ShapeRule,
    Trait,
    parameter,
)
from labkit.checks.verdict import Verdict
from labkit.checks.writing import factor, number

__all__ = [
    "CONVENTIONS",
    "SCALED_DOT_PRODUCT_ATTENTION",
    "attend",
    "derive_mixture",
    "scaled_dot_product_attention",
]


CONVENTIONS = {"hidden_row", "causal_from_start"}


def scaled_dot_product_attention(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is scaled dot-product attention, and if not, which mistake it makes.

    The function takes ``(q, k, v)`` of the shapes (..., T, E), (..., S, E) and (..., S, Ev) and any
    of ``mask``, ``bias``, ``causal`` and ``scale``; what it does not take is not asked. True in a
    mask means that a query may look at a key; a bias is added to the scores. The function may
    return its shares too, after the result.

    Two things are conventions, in which respected code differs, so they are told in a note and are
    no mistakes: that a query which may look nowhere gets zeros, and that causal queries are the
    last of the positions, so that query ``i`` sees the keys up to ``i + S - T``.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> def my_attention(q, k, v):
    ...     return torch.softmax(q @ k.transpose(-2, -1), dim=-1) @ v
    >>> check.scaled_dot_product_attention(my_attention).mistake
    'scale_forgotten'
    """
    asked, notes, right = (), (), None
    for stage in STAGES:
        verdict = _asked(function, asked + stage, timeout)
        if right is not None and verdict.mistake in CONVENTIONS:
            notes += tuple(f"{finding.says} {finding.repair}" for finding in verdict.findings)
            continue
        if not verdict.passed:
            break
        asked, right = asked + stage, verdict
    else:
        return replace(right, notes=right.notes + notes)
    if not _unexplained(verdict):
        return verdict
    # Three mistakes at once are too many to tell apart: look for those that need no mask.
    plain = _asked(function, PLAIN, timeout)
    return verdict if plain.passed or _unexplained(plain) else plain


def _asked(function: object, questions: tuple[Question, ...], timeout: float) -> Verdict:
    operation = replace(SCALED_DOT_PRODUCT_ATTENTION, questions=questions)
    return examine(function, operation, timeout=timeout)


def _unexplained(verdict: Verdict) -> bool:
    return "wrong_values" in str(verdict.mistake)


def attend(a: Arguments) -> Tensor:
    """Return the right answer, in which a query that may look nowhere gets zeros."""
    seen = visible(a)
    added = torch.zeros_like(seen, dtype=a.q.dtype) if a.bias is None else a.bias
    looks = added.masked_fill(~seen, -torch.inf)
    output = F.scaled_dot_product_attention(a.q, a.k, a.v, attn_mask=looks, scale=scale_of(a))
    return output.masked_fill(~seen.any(-1, keepdim=True), 0.0)


def derive_mixture(a: Arguments, index: tuple[int, ...]) -> Derivation:
    """Write one number of the answer as a mixture, and say where its shares come from."""
    *sequence, query, feature = index
    exact = a.copied(dtype=torch.float64)
    row, values = (*sequence, query), exact.v[(*sequence, slice(None), feature)]
    scores = scores_of(exact)[row]
    seen = visible(exact).expand(*a.q.shape[:-1], a.k.shape[-2])[row].nonzero().flatten().tolist()
    if not seen:
        return Derivation(0.0, source="this query may look at no key, and gets zeros")
    shares = dict(zip(seen, scores[seen].softmax(0).tolist(), strict=True))
    total = sum(share * float(values[key]) for key, share in shares.items())
    return Derivation(
        total,
        shown=" + ".join(f"{s:.4g}*{factor(values[key])}" for key, s in shares.items()),
        source=_shares_in_words(a, scores, shares),
    )


def _shares_in_words(a: Arguments, scores: Tensor, shares: dict[int, float]) -> str:
    """Say what the scores are and how the largest share is made of them."""
    low = float(scores[list(shares)].max()) if scores.abs().max() > 20 else 0.0
    less = f" - {factor(low)}" if low else ""  # the largest is subtracted, so that exp exists
    powers = {key: f"exp({number(scores[key])}{less})" for key in shares}
    most = max(shares, key=lambda key: shares[key])
    hidden = [f"key {key}" for key in range(len(scores)) if key not in shares]
    formula = f"{number(scale_of(a))}*(q·k)" + ("" if a.bias is None else " + bias")
    words = (
        f"its score with key {most} is {formula} = {number(scores[most])}; the share of key {most} "
        f"is {powers[most]} / ({' + '.join(powers.values())}) = {shares[most]:.4g}"
    )
    return words + (f"; hidden from it: {', '.join(hidden)}" if hidden else "")


def _rank(*counts: int) -> Callable[[Arguments], bool]:
    return lambda a: a.q.dim() in counts


def _as_shares(a: Arguments, expected: tuple[int, ...], got: tuple[int, ...]) -> bool:
    return got != expected and got == (*expected[:-1], a.k.shape[-2])


def _far_apart(a: Arguments) -> bool:
    return bool(scores_of(a).abs().max() > 80)


def _looks_everywhere(a: Arguments) -> bool:
    return bool(visible(a).any(-1).all())


_TRAITS = (
    Trait("q is (length, width)", "it is not", _rank(2), "leading_axes", raising_only=True),
    Trait("q is (batch, length, width)", "it is not", _rank(3), "leading_axes", raising_only=True),
    Trait("q has heads", "it has none", _rank(4), "leading_axes", raising_only=True),
    Trait("q has no heads", "it has", _rank(2, 3), "leading_axes", raising_only=True),
    Trait("q has leading axes", "it has none", _rank(3, 4), "leading_axes", raising_only=True),
    Trait(
        "there are as many queries as keys", "there are not", one_length, "one_length",
        raising_only=True,
    ),
    Trait("no mask is given", "there is one", missing("mask"), "mask_type", raising_only=True),
    Trait("scores are small", "they are far from zero", lambda a: not _far_apart(a), "overflow"),
    Trait("tensors are float32", "they are float16", lambda a: not is_half(a), "half_precision"),
    Trait(
        "each query sees some key", "one may look nowhere", _looks_everywhere, "hidden_row",
    ),
    Trait(
        "causal has one length", "there are more keys than queries",
        lambda a: not a.causal or one_length(a), "causal_from_start",
    ),
    Trait("there is no mask", "there is one", missing("mask")),
    Trait("there is no bias", "there is one", missing("bias")),
    Trait("causal is False", "it is True", equals("causal", False)),
    Trait("nothing is hidden", "something is", lambda a: a.mask is None and not a.causal),
    Trait("no scale is given", "there is one", missing("scale")),
    Trait("there are as many queries as keys", "there are not", one_length),
    Trait("q has no leading axes", "it has some", _rank(2)),
    Trait("q has no heads", "it has some", _rank(2, 3)),
    Trait(
        "a batch has one sequence", "it has more",
        lambda a: a.q.dim() == 2 or len(a.q) == 1,
    ),
)  # fmt: skip

_LOOKS = (
    parameter(
        "mask",
        "masks attn_mask attention_mask allowed may_look visible keep m",
        stands_for_none=lambda a: torch.ones(a.q.shape[-2], a.k.shape[-2], dtype=torch.bool),
    ),
    parameter(
        "bias",
        "b attn_bias attention_bias score_bias relative_bias rel_bias position_bias pos_bias",
        stands_for_none=lambda a: torch.zeros(a.q.shape[-2], a.k.shape[-2], dtype=a.q.dtype),
    ),
    parameter("causal", "is_causal autoregressive use_causal use_causal_mask", default=False),
)

SCALED_DOT_PRODUCT_ATTENTION = Operation(
    name="scaled_dot_product_attention",
    parameters=(
        parameter("q", "query queries qs xq", required=True),
        parameter("k", "key keys ks xk", required=True),
        parameter("v", "value values val vals vs xv", required=True),
        *_LOOKS,
        parameter(
            "scale", "scaling scale_factor factor softmax_scale sm_scale",
            stands_for_none=lambda a: a.q.shape[-1] ** -0.5,
        ),
    ),
    questions=sum(STAGES, ()),
    reference=attend,
    results=(Result("output", ("query", "feature"), derive_mixture),),
    mistakes=MISTAKES,
    traits=_TRAITS,
    shape_rules=(ShapeRule("weights_returned", _as_shares),),
    may_return_more=True,
)  # fmt: skip
