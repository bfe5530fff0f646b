"""Check a learner's multi-head attention: the questions it is asked, and how a number comes about.

Axis legend: B sequences, T queries, S keys, D width (d_model), H heads, E = D / H width of a head.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from labkit.checks.attention import attend, derive_mixture
from labkit.checks.attention_questions import pattern
from labkit.checks.banks.attention_causal import one_length
from labkit.checks.banks.multi_head_attention import MISTAKES
from labkit.checks.banks.multi_head_parts import attention_of, side_by_side
from labkit.checks.examine import examine
from labkit.checks.multi_head_forms import as_asked
from labkit.checks.numbers import Numbers
from labkit.checks.properties import equals, missing
from labkit.checks.question import (
    Arguments,
    Derivation,
    Operation,
    Question,
    Result,
    Trait,
    parameter,
)
from labkit.checks.verdict import Verdict
from labkit.checks.writing import factor, products

__all__ = ["MULTI_HEAD_ATTENTION", "multi_head_attention"]


def multi_head_attention(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is multi-head attention, and if not, which mistake it makes.

    The function takes ``(query, key, value, w_q, w_k, w_v, w_o, num_heads)``: inputs of the shapes
    (B, T, D), (B, S, D) and (B, S, D), and matrices (D, D) as nn.Linear stores them, one row for
    each number that comes out. It may take any of the biases ``b_q``, ``b_k``, ``b_v`` and ``b_o``
    (D,), of ``mask`` (T, S), True where a query may look at a key, and of ``causal``. Other forms
    are understood by their names: ``x`` alone for self-attention; ``in_proj_weight`` (3 D, D) and
    ``out_proj_weight`` with ``in_proj_bias`` and ``out_proj_bias``; or ``weights``, a mapping with
    the names of ``nn.MultiheadAttention(...).state_dict()``. It may return its shares too, after
    the result.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> from labkit.ops.attention import multi_head_attention as right
    >>> def one_head(query, key, value, weights, num_heads):
    ...     return right(query, key, value, weights, num_heads=1)
    >>> check.multi_head_attention(one_head).mistake
    'one_head'
    """
    asked, operation = as_asked(function, MULTI_HEAD_ATTENTION)
    return examine(asked, operation, timeout=timeout)


def _question(
    about: str,
    *sizes: int,
    bias: bool = False,
    mask: bool = False,
    probe: bool = False,
    **options: bool,
) -> Question:
    numbers = Numbers(about)
    batch, queries, keys, width, heads = sizes
    given = Arguments(
        query=2 * numbers.quarters(batch, queries, width),
        key=2 * numbers.quarters(batch, keys, width),
        value=2 * numbers.quarters(batch, keys, width),
        **{f"w_{name}": numbers.quarters(width, width) for name in "qkvo"},
        num_heads=heads,
    )
    if bias:
        given |= {f"b_{name}": numbers.quarters(width) for name in "qkvo"}
    if mask:
        given["mask"] = pattern(queries, keys)
    return Question(about, given.but(**options), probe)


_QUESTIONS = (
    _question("one head", 1, 1, 2, 2, 1),
    _question("two heads of one feature", 1, 2, 3, 2, 2),
    _question("two heads", 1, 3, 2, 4, 2),
    _question("as many queries as keys", 1, 3, 3, 4, 2),
    _question("a square of everything", 2, 2, 2, 4, 2),
    _question("three heads in a batch", 2, 4, 3, 6, 3, probe=True),
    _question("two wide heads", 2, 2, 3, 8, 2),
    _question("biases", 1, 2, 3, 4, 2, bias=True),
    _question("biases in a batch", 3, 2, 4, 6, 2, bias=True, probe=True),
    _question("a mask", 1, 2, 3, 4, 2, mask=True),
    _question("a mask for a batch", 2, 3, 4, 6, 3, mask=True, bias=True, probe=True),
    _question("causal", 1, 3, 3, 4, 2, causal=True),
    _question("causal in a batch", 2, 4, 4, 6, 2, causal=True, bias=True),
)


def _reference(a: Arguments) -> Tensor:
    return F.linear(side_by_side(a, attend), a.w_o, a.b_o)


def _derive(a: Arguments, index: tuple[int, ...]) -> Derivation:
    b, t, feature = index
    exact = a.copied(dtype=torch.float64)
    answers, row = side_by_side(exact, attend)[b, t], exact.w_o[feature]
    bias = None if a.b_o is None else float(a.b_o[feature])
    head = derive_mixture(attention_of(exact), (b, 0, t, 0))
    source = (
        f"the heads' answers side by side, times w_o[{feature}]; in head 0 the first of them is "
        f"{head.shown}: {head.source}"
    )
    shown = products(answers, row) + ("" if bias is None else f" + {factor(bias)}")
    return Derivation(float(answers @ row) + (bias or 0.0), shown=shown, source=source)


MULTI_HEAD_ATTENTION = Operation(
    name="multi_head_attention",
    parameters=(
        parameter("query", "x xs q queries target tgt x_q xq", required=True),
        parameter("key", "k keys memory source x_k xk", required=True),
        parameter("value", "v values x_v xv", required=True),
        *(
            parameter(
                f"w_{name}",
                f"w{name} {name}_weight {name}_proj_weight weight_{name} {name}_proj w_{long} "
                f"{long}_weight weight_{long}",
                required=True,
            )
            for name, long in zip("qkvo", ("query", "key", "value", "out"), strict=True)
        ),
        parameter("num_heads", "heads n_heads h nheads n_head nhead", required=True),
        *(
            parameter(
                f"b_{name}",
                f"b{name} {name}_bias bias_{name} b_{long} {long}_bias bias_{long}",
                stands_for_none=lambda a: torch.zeros(len(a.w_q), dtype=a.w_q.dtype),
            )
            for name, long in zip("qkvo", ("query", "key", "value", "out"), strict=True)
        ),
        parameter(
            "mask",
            "masks attention_mask allowed may_look visible keep m attn_mask",
            stands_for_none=lambda a: torch.ones(
                a.query.shape[1], a.key.shape[1], dtype=torch.bool
            ),
        ),
        parameter("causal", "is_causal autoregressive", default=False),
    ),
    questions=_QUESTIONS,
    reference=_reference,
    results=(Result("output", ("query", "feature"), _derive),),
    mistakes=MISTAKES,
    traits=(
        Trait(
            "there is one head", "there are several", equals("num_heads", 1), "one_head",
            raising_only=True,
        ),
        Trait("there is one head", "there are several", equals("num_heads", 1)),
        Trait("a batch has one sequence", "it has more", lambda a: len(a.query) == 1),
        Trait(
            "there are as many queries as keys", "there are not",
            lambda a: one_length(a.but(q=a.query, k=a.key)),
        ),
        Trait("there is no bias", "there are biases", missing("b_q")),
        Trait("there is no mask", "there is one", missing("mask")),
        Trait("causal is False", "it is True", equals("causal", False)),
    ),
    may_return_more=True,
)  # fmt: skip
