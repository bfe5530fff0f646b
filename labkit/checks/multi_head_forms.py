"""The forms in which people write multi-head attention, and the questions put in each of them.

The operation takes (query, key, value, w_q, w_k, w_v, w_o, num_heads). Some write it for one input,
``x``; some with the three matrices of the inputs in one, as PyTorch has them; some with a mapping.
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from labkit.checks.attention_questions import pattern
from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.question import (
    Arguments,
    Derivation,
    Operation,
    Parameter,
    Question,
    Result,
    Trait,
    parameter,
)

__all__ = ["as_asked"]

Change = Callable[[Arguments], Arguments]

_MAPPINGS = {"weights", "state", "state_dict", "params", "parameters"}
_STATE = {  # what the mapping holds, by the names of parameters
    "in_proj_weight": "in_proj_weight",
    "out_proj_weight": "out_proj.weight",
    "in_proj_bias": "in_proj_bias",
    "out_proj_bias": "out_proj.bias",
}
_INPUTS = ("query", "key", "value")
_MATRICES = tuple(f"{kind}_{name}" for kind in "wb" for name in "qkvo")


def as_asked(function: Any, operation: Operation) -> tuple[Any, Operation]:
    """Return the function as it can be called, and the operation in the form that it has.

    Examples
    --------
    >>> from labkit.checks.multi_head_attention import MULTI_HEAD_ATTENTION
    >>> def of_one_input(x, w_q, w_k, w_v, w_o, num_heads): ...
    >>> as_asked(of_one_input, MULTI_HEAD_ATTENTION)[1].inputs
    ('x', 'w_q', 'w_k', 'w_v', 'w_o', 'num_heads')
    """
    names = _names(function)
    if names & _MAPPINGS:
        function = _FromMapping(function)
        names |= _STATE.keys()
    if names and not names & set().union(*(p.words for p in operation.parameters[1:3])):
        alone = [replace(q, arguments=_of_one(q.arguments)) for q in operation.questions]
        operation = replace(operation, questions=tuple(alone))
        operation = _rewritten(operation, _INPUTS, _ALONE, _with_x, _with_all)
    if any(name.startswith("in_proj") for name in names):
        operation = _rewritten(operation, _MATRICES, _STACKED, _with_stacked, _with_matrices)
    return function, operation


def _names(function: Any) -> set[str]:
    try:
        declared = inspect.signature(getattr(function, "forward", function)).parameters
    except Exception:  # it may be anything at all; the examination will say so
        return set()
    return {name.strip("_").lower() for name in declared}


def _rewritten(
    operation: Operation,
    old: Iterable[str],
    new: tuple[Parameter, ...],
    there: Change,
    back: Change,
) -> Operation:
    """Return the operation with ``new`` parameters for ``old`` ones.

    ``there`` makes the new arguments of the old ones, ``back`` the old ones of the new.
    """

    def mistake(m: Mistake) -> Mistake:
        return replace(m, variants={k: _variant(v, there, back) for k, v in m.variants.items()})

    def question(q: Question) -> Question:
        return replace(q, arguments=there(q.arguments))

    def result(r: Result) -> Result:
        def derive(a: Arguments, index: tuple[int, ...]) -> Derivation:
            return r.derive(back(a), index)

        return replace(r, derive=derive)

    def trait(t: Trait) -> Trait:
        return replace(t, holds=lambda a: t.holds(back(a)))

    kept = [p for p in operation.parameters if p.name not in old]
    place = next(i for i, p in enumerate(operation.parameters) if p.name in old)
    return replace(
        operation,
        parameters=(*kept[:place], *new, *map(_standing_in(back), kept[place:])),
        questions=tuple(map(question, operation.questions)),
        reference=lambda a: operation.reference(back(a)),
        results=tuple(map(result, operation.results)),
        mistakes=tuple(map(mistake, operation.mistakes)),
        traits=tuple(map(trait, operation.traits)),
    )


def _variant(variant: Variant, there: Change, back: Change) -> Variant:
    def rewritten(op: Function, a: Arguments) -> Any:
        return variant(lambda b: op(there(b)), back(a))

    return rewritten


def _standing_in(back: Change) -> Callable[[Parameter], Parameter]:
    def rewritten(p: Parameter) -> Parameter:
        stand_in = p.stands_for_none
        return replace(p, stands_for_none=stand_in and (lambda a: stand_in(back(a))))

    return rewritten


# ---------------------------------------------------------------- one input for all three

_ALONE = (parameter("x", "xs q query inputs input hidden hidden_states tokens", required=True),)


def _of_one(a: Arguments) -> Arguments:
    """Return a question of which all three inputs are the query."""
    length = a.query.shape[1]
    mask = {"mask": pattern(length, length)} if "mask" in a else {}
    return a.but(key=a.query, value=a.query, **mask)


def _with_x(a: Arguments) -> Arguments:
    rest = {name: value for name, value in a.items() if name not in _INPUTS}
    return Arguments(x=a.query, **rest)


def _with_all(a: Arguments) -> Arguments:
    rest = {name: value for name, value in a.items() if name != "x"}
    return Arguments(dict.fromkeys(_INPUTS, a.x), **rest)


# ---------------------------------------------------------------- matrices in one

_STACKED = (
    parameter("in_proj_weight", "in_proj in_proj_w w_in w_qkv", required=True),
    parameter("out_proj_weight", "out_proj out_proj_w w_out w_o wo", required=True),
    parameter(
        "in_proj_bias",
        "in_proj_b b_in b_qkv",
        stands_for_none=lambda a: a.in_proj_weight.new_zeros(len(a.in_proj_weight)),
    ),
    parameter(
        "out_proj_bias",
        "out_proj_b b_out b_o bo",
        stands_for_none=lambda a: a.out_proj_weight.new_zeros(len(a.out_proj_weight)),
    ),
)


def _with_stacked(a: Arguments) -> Arguments:
    given = Arguments((name, value) for name, value in a.items() if name not in _MATRICES)
    given["in_proj_weight"] = torch.cat([a.w_q, a.w_k, a.w_v])
    given["out_proj_weight"] = a.w_o
    if "b_q" in a:
        given["in_proj_bias"] = _joined_bias(a)
        given["out_proj_bias"] = a.b_o
    return given


def _joined_bias(a: Arguments) -> Tensor | None:
    biases = (a.b_q, a.b_k, a.b_v)
    if all(b is None for b in biases):
        return None
    return torch.cat([a.w_q.new_zeros(len(a.w_q)) if b is None else b for b in biases])


def _with_matrices(a: Arguments) -> Arguments:
    given = Arguments((name, value) for name, value in a.items() if name not in _STATE)
    given |= zip(("w_q", "w_k", "w_v"), a.in_proj_weight.chunk(3), strict=True)
    bias = a.get("in_proj_bias")
    biases = [None] * 3 if bias is None else bias.chunk(3)
    given |= zip(("b_q", "b_k", "b_v"), biases, strict=True)
    return given.but(w_o=a.out_proj_weight, b_o=a.get("out_proj_bias"))


class _FromMapping:
    """A function of a mapping of weights, called with the weights themselves."""

    def __init__(self, function: Any) -> None:
        self._function = function
        self._declared = inspect.signature(getattr(function, "forward", function))
        self._mapping = next(
            name for name in self._declared.parameters if name.strip("_").lower() in _MAPPINGS
        )
        kind = inspect.Parameter.KEYWORD_ONLY
        others = [p for name, p in self._declared.parameters.items() if name != self._mapping]
        open_end = [p for p in others if p.kind is inspect.Parameter.VAR_KEYWORD]
        weights = [
            inspect.Parameter(
                name, kind, default=None if "bias" in name else inspect.Parameter.empty
            )
            for name in _STATE
        ]
        self.__signature__ = inspect.Signature(
            [*(p for p in others if p not in open_end), *weights, *open_end]
        )
        # The line of an error is looked up here.
        self.__code__ = getattr(function, "__code__", None)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = self.__signature__.bind(*args, **kwargs).arguments
        weights = {_STATE[n]: given.pop(n) for n in _STATE if given.get(n) is not None}
        given = {name: value for name, value in given.items() if name not in _STATE}
        places = [
            given.pop(name, weights) if name != self._mapping else weights
            for name, p in self._declared.parameters.items()
            if name == self._mapping or (name in given and p.kind is not p.KEYWORD_ONLY)
        ]
        return self._function(*places, **given)
