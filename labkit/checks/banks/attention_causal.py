"""The mistakes of causal attention: which keys come before a query.

In the code ``a`` are the arguments. Query ``i`` of T stands at position ``i + S - T`` among S keys.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.attention_scores import as_mask, nowhere_as_mean, nowhere_as_nan
from labkit.checks.banks.misuse import raises_unless
from labkit.checks.question import Arguments

__all__ = ["CAUSAL_FROM_START", "CAUSAL_OFF_BY_ONE", "CAUSAL_UPSIDE_DOWN", "one_length"]

Rule = Callable[[Tensor, Tensor], Tensor]


def one_length(a: Arguments) -> bool:
    """Whether there are as many queries as keys."""
    return a.q.shape[-2] == a.k.shape[-2]


def _seeing(rule: Rule, *, start: bool = False, answer: Variant = lambda op, a: op(a)) -> Variant:
    """Make a variant in which causal queries see the keys of which the rule is true.

    ``rule`` takes the position of a query and that of a key. ``answer`` makes of it what the
    function does, of queries that are left without any key in particular.
    """

    def variant(op: Function, a: Arguments) -> Tensor:
        if not a.causal:
            return op(a)
        queries, keys = a.q.shape[-2], a.k.shape[-2]
        first = 0 if start else keys - queries
        query, key = torch.arange(queries)[:, None] + first, torch.arange(keys)
        seen = rule(query, key)
        return answer(op, as_mask(a, seen if a.mask is None else seen & a.mask))

    return variant


def _in_three_ways(words: str, rule: Rule) -> dict[str, Variant]:
    """Make variants that hide all keys from some query, and answer it in one of three ways."""
    return {
        f"{words} One query then sees no key and gets NaN.": _seeing(rule, answer=nowhere_as_nan),
        f"{words} One query then sees no key and gets the mean of all values.": _seeing(
            rule, answer=nowhere_as_mean
        ),
        f"{words} One query then sees no key and gets zeros.": _seeing(rule),
    }


CAUSAL_OFF_BY_ONE = Mistake(
    "causal_off_by_one",
    "The causal mask is off by one.",
    "A query sees the keys before it and its own: torch.tril(torch.ones(T, S)) keeps the "
    "diagonal; to hide the future use torch.triu(..., diagonal=1).",
    _in_three_ways("Yours hides a query's own key.", lambda query, key: key < query)
    | {
        "Yours shows one key of the future.": _seeing(lambda query, key: key <= query + 1),
        "Yours shows two keys of the future.": _seeing(lambda query, key: key <= query + 2),
    },
)

CAUSAL_UPSIDE_DOWN = Mistake(
    "causal_upside_down",
    "The causal mask is upside down: it hides the past and shows the future.",
    "Row i of torch.tril(torch.ones(T, S)) marks what query i MAY see: hide where it is 0.",
    {
        "Yours shows a query its own key and all later ones.": _seeing(
            lambda query, key: key >= query
        )
    }
    | _in_three_ways("Yours shows a query only later keys.", lambda query, key: key > query),
)

CAUSAL_FROM_START = Mistake(
    "causal_from_start",
    "Where there are more keys than queries, the queries are taken for the first positions.",
    "Queries are the LAST ones, which matters as soon as keys are kept from earlier steps: query "
    "i of T stands at position i + S - T, torch.tril(torch.ones(T, S), diagonal=S - T). (is_causal "
    "of PyTorch's scaled_dot_product_attention counts from the start, too.)",
    {
        "": _seeing(lambda query, key: key <= query, start=True),
        "Yours raises.": raises_unless(lambda a: one_length(a) or not a.causal),
    },
)
