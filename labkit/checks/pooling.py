"""Check a learner's 2-D pooling, maximum or average: how it is asked, and how a pixel comes about.

Axis legend: N images, C channels, H × W pixels. The questions are in
`labkit.checks.pooling_questions`.
"""

import inspect
from dataclasses import replace

import torch.nn.functional as F
from torch import Tensor

from labkit.checks.banks.misuse import by_axis
from labkit.checks.banks.pooling import AVERAGE_MISTAKES, MAX_MISTAKES
from labkit.checks.banks.pooling_patches import divides, reaches, steps
from labkit.checks.examine import examine
from labkit.checks.pooling_questions import AVERAGE_QUESTIONS, MAX_QUESTIONS, in_pairs
from labkit.checks.properties import (
    equals,
    height_width_swapped,
    missing,
    off_by_one,
    square,
)
from labkit.checks.question import (
    Arguments,
    Derivation,
    Operation,
    Result,
    ShapeRule,
    Trait,
    parameter,
)
from labkit.checks.verdict import Verdict
from labkit.checks.writing import number, terms

__all__ = ["AVG_POOL2D", "MAX_POOL2D", "avg_pool2d", "max_pool2d"]


def max_pool2d(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is a correct 2-D max pooling, and if not, which mistake it makes.

    The function takes ``(x, kernel_size)`` and any of ``stride``, ``padding``, ``dilation`` and
    ``ceil_mode``; what it does not take is not asked. Sizes are asked as plain integers, or as
    pairs of a function that takes nothing else. It may return the indices too, after the maxima.
    A default stride of 1 is judged: windows lie side by side where no stride is given.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> check.max_pool2d(lambda x, kernel_size: F.avg_pool2d(x, kernel_size)).mistake
    'average_not_max'
    """
    return _examined(function, MAX_POOL2D, timeout)


def avg_pool2d(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is a correct 2-D average pooling, and if not, which mistake it makes.

    The function takes ``(x, kernel_size)`` and any of ``stride``, ``padding``, ``ceil_mode``,
    ``count_include_pad`` and ``divisor_override``; what it does not take is not asked. Sizes are
    asked as plain integers, or as pairs of a function that takes nothing else. A default stride of
    1 is judged: windows lie side by side where no stride is given.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> check.avg_pool2d(lambda x, kernel_size: F.max_pool2d(x, kernel_size)).mistake
    'max_not_average'
    """
    return _examined(function, AVG_POOL2D, timeout)


def _examined(function: object, operation: Operation, timeout: float | int) -> Verdict:
    strides = _default_strides(function, operation)
    # A stride of 2 is a habit, and right for many windows; one of 1 is for none of them.
    if 1 in strides.values():
        operation = _judging_the_stride(operation)
    verdict = examine(function, operation, timeout=timeout)
    if verdict.mistake == "raises":
        in_twos = examine(function, in_pairs(operation), timeout=timeout)
        verdict = verdict if in_twos.mistake == "raises" else in_twos
    return replace(verdict, notes=(*verdict.notes, *_on_the_stride(strides)))


def _default_strides(function: object, operation: Operation) -> dict[str, int]:
    """Return the function's own default of its stride, if that is a number."""
    words = next(p.words for p in operation.parameters if p.name == "stride")
    try:
        declared = inspect.signature(function).parameters.values()
    except Exception:  # what has no signature was read another way, or could not be
        return {}
    return {p.name: p.default for p in declared if p.name in words and isinstance(p.default, int)}


def _judging_the_stride(operation: Operation) -> Operation:
    judged = (replace(p, own_default=p.name == "stride") for p in operation.parameters)
    return replace(operation, parameters=tuple(judged))


def _on_the_stride(strides: dict[str, int]) -> list[str]:
    return [
        f"your default for {name} is {default}; PyTorch's is kernel_size, windows side by side"
        for name, default in strides.items()
    ]


def _max_reference(a: Arguments) -> Tensor:
    return F.max_pool2d(a.x, a.kernel_size, a.stride, a.padding, a.dilation, a.ceil_mode)


def _average_reference(a: Arguments) -> Tensor:
    return F.avg_pool2d(
        a.x, a.kernel_size, a.stride, a.padding, a.ceil_mode, a.count_include_pad,
        a.divisor_override,
    )  # fmt: skip


def _taps(a: Arguments, place: tuple[int, ...]) -> list[tuple[slice, int]]:
    """Return, along each axis, the pixels that a window sees, and how many it has with padding."""
    axes = zip(place, a.x.shape[2:], by_axis(a.padding), reaches(a), steps(a), strict=True)
    taps = []
    for i, size, before, (reach, apart), step in axes:
        start = i * step - before
        end = min(start + reach, size + before)
        inside = [pixel for pixel in range(start, end, apart) if 0 <= pixel < size]
        taps.append((slice(inside[0], inside[-1] + 1, apart), len(range(start, end, apart))))
    return taps


def _cut(a: Arguments, index: tuple[int, ...]) -> tuple[Tensor, str, int]:
    """Return the pixels that a window sees, what to write for them, and how many are padding."""
    n, c, *place = index
    (rows, high), (columns, wide) = _taps(a, tuple(place))
    patch = a.x[n, c, rows, columns]
    written = ", ".join(
        f"{s.start}:{s.stop}" + (f":{s.step}" if s.step > 1 else "") for s in (rows, columns)
    )
    return patch, f"x[{n}, {c}, {written}]", high * wide - patch.numel()


def _derive_max(a: Arguments, index: tuple[int, ...]) -> Derivation:
    patch, source, outside = _cut(a, index)
    rest = f"; {outside} more lie in the padding and never win" if outside else ""
    shown = f"max({', '.join(map(number, patch.flatten()))})"
    return Derivation(float(patch.max()), source=f"the pixels {source}{rest}", shown=shown)


def _derive_average(a: Arguments, index: tuple[int, ...]) -> Derivation:
    patch, source, outside = _cut(a, index)
    counted = patch.numel() + (outside if a.count_include_pad else 0)
    divisor = a.divisor_override or counted
    rest = f" and {outside} zeros of the padding" if outside else ""
    rest += ", which are not counted" if outside and not a.count_include_pad else ""
    total = float(patch.sum()) / divisor
    added = terms(patch.flatten())
    shown = f"({added}) / {divisor}" if patch.numel() > 1 else f"{added} / {divisor}"
    return Derivation(total, source=f"the pixels {source}{rest}", shown=shown)


_TRAITS = (
    Trait("the image is square", "it is not", square("x"), "square_only"),
    Trait("the batch is 1", "it is larger", lambda a: len(a.x) == 1, "batch_one_only"),
    Trait("x has one channel", "it has several", lambda a: a.x.shape[1] == 1, "channel_one_only"),
    Trait(
        "the windows divide the image", "a remainder is left", divides, "remainder",
        raising_only=True,
    ),
    Trait("no stride is given", "there is a stride", missing("stride")),
    Trait("padding is 0", "padding is larger", lambda a: by_axis(a.padding) == (0, 0)),
    Trait("ceil_mode is False", "ceil_mode is True", equals("ceil_mode", False)),
    Trait("the windows divide the image", "a remainder is left", divides),
)  # fmt: skip
_MAX_TRAITS = (
    *_TRAITS,
    Trait("dilation is 1", "dilation is larger", lambda a: by_axis(a.dilation) == (1, 1)),
    Trait("there are positive numbers", "all are negative", lambda a: bool((a.x > 0).any())),
)
_AVERAGE_TRAITS = (
    *_TRAITS,
    Trait("the padding counts", "count_include_pad is False", equals("count_include_pad", True)),
    Trait("no divisor is given", "there is a divisor_override", missing("divisor_override")),
)


def _channels_lost(a: Arguments, expected: tuple[int, ...], got: tuple[int, ...]) -> bool:
    without = (expected[0], *expected[2:])
    return got != expected and got in {(expected[0], 1, *expected[2:]), without}


_SHAPE_RULES = (
    ShapeRule("output_too_small", off_by_one(-1)),
    ShapeRule("rounded_up", off_by_one(+1)),
    ShapeRule("height_width_swapped", height_width_swapped),
    ShapeRule("channels_mixed", _channels_lost),
)
_AXES = ("image", "channel", "row", "column")
_SIZES = (
    parameter("x", "xs input inputs image images img imgs features", required=True),
    parameter(
        "kernel_size",
        "kernel k ks ksize size pool_size poolsize pool window window_size win filter_size f",
        required=True,
    ),
    # Somebody whose stride has another default is given the right one.
    parameter("stride", "strides s step steps", stands_for_none=lambda a: a.kernel_size),
    parameter("padding", "pad pads p", default=0),
)
_CEIL = parameter("ceil_mode", "ceil ceiling round_up", default=False)

MAX_POOL2D = Operation(
    name="max_pool2d",
    parameters=(*_SIZES, parameter("dilation", "dilations d dil rate", default=1), _CEIL),
    questions=MAX_QUESTIONS,
    reference=_max_reference,
    results=(Result("output", _AXES, _derive_max),),
    mistakes=MAX_MISTAKES,
    traits=_MAX_TRAITS,
    shape_rules=_SHAPE_RULES,
    may_return_more=True,
)
AVG_POOL2D = Operation(
    name="avg_pool2d",
    parameters=(
        *_SIZES,
        _CEIL,
        parameter("count_include_pad", "include_pad count_pad count_padding", default=True),
        parameter("divisor_override", "divisor divide_by"),
    ),
    questions=AVERAGE_QUESTIONS,
    reference=_average_reference,
    results=(Result("output", _AXES, _derive_average),),
    mistakes=AVERAGE_MISTAKES,
    traits=_AVERAGE_TRAITS,
    shape_rules=_SHAPE_RULES,
)
