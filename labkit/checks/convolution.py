"""Check a learner's 2-D convolution: the questions it is asked, and how a pixel comes about.

Axis legend: N images, C channels in, O channels out, H × W pixels, kh × kw kernel.
"""

import torch.nn.functional as F
from torch import Tensor

from labkit.checks.banks.convolution import MISTAKES
from labkit.checks.examine import examine
from labkit.checks.numbers import Numbers
from labkit.checks.properties import equals, height_width_swapped, missing, off_by_one, square
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

__all__ = ["CONV2D", "conv2d"]


def conv2d(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is a correct 2-D convolution, and if not, which mistake it makes.

    The function takes ``(x, weight)`` and any of ``bias``, ``stride``, ``padding``, ``dilation``
    and ``groups``; what it does not take is not asked. Options are asked as plain integers.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> check.conv2d(lambda x, weight: F.conv2d(x, weight.flip(2, 3))).mistake
    'kernel_flipped'
    """
    return examine(function, CONV2D, timeout=timeout)


def _question(
    about: str, x: tuple, weight: tuple, *, bias: bool = False, probe: bool = False, **options: int
) -> Question:
    numbers = Numbers(about)
    tensors = Arguments(x=numbers.integers(*x), weight=numbers.integers(*weight))
    if bias:
        tensors["bias"] = numbers.integers(weight[0]) + 6
    return Question(about, tensors.but(**options), probe)


def _quarters() -> Question:
    asked = _question("numbers that are not whole", (1, 2, 3, 4), (2, 2, 2, 2), bias=True)
    return Question(asked.about, Arguments((k, v / 4) for k, v in asked.arguments.items()))


# From simple to odd. Each option is asked of one square image, of an oblong one, and of a batch,
# so that what an answer depends on can be told apart.
_QUESTIONS = (
    _question("one small square image", (1, 1, 3, 3), (1, 1, 2, 2)),
    _question("several kernels", (1, 1, 4, 4), (2, 1, 3, 3)),
    _question("several channels", (1, 3, 3, 3), (2, 3, 2, 2)),
    _question("as many channels out as in", (1, 2, 3, 3), (2, 2, 2, 2)),
    _question("a bias", (1, 1, 3, 3), (2, 1, 2, 2), bias=True),
    _question("a bias and channels", (1, 2, 4, 4), (3, 2, 2, 2), bias=True),
    _question("a wide image", (1, 1, 3, 5), (1, 1, 2, 2)),
    _question("a tall image", (1, 2, 5, 3), (2, 2, 2, 2)),
    _question("a wide kernel", (1, 1, 4, 4), (1, 1, 2, 3)),
    _question("a tall kernel", (1, 2, 4, 4), (1, 2, 3, 1)),
    _question("a batch", (3, 1, 3, 3), (1, 1, 2, 2)),
    _question("a batch of oblong images", (2, 3, 4, 6), (2, 3, 3, 2), bias=True, probe=True),
    _question("a kernel of one pixel", (1, 2, 3, 3), (3, 2, 1, 1)),
    _question("a kernel as large as the image", (2, 2, 3, 2), (2, 2, 3, 2)),
    _quarters(),
    _question("stride", (1, 1, 5, 5), (1, 1, 3, 3), stride=2),
    _question("a stride that does not divide", (1, 1, 6, 6), (1, 1, 3, 3), stride=2),
    _question(
        "stride on a wide image", (1, 2, 4, 7), (2, 2, 2, 3),
        stride=2, bias=True, probe=True,
    ),
    _question("stride over a batch", (2, 1, 7, 7), (2, 1, 2, 2), stride=3),
    _question("padding", (1, 1, 3, 3), (1, 1, 2, 2), padding=1),
    _question(
        "padding on a wide image", (1, 2, 3, 4), (2, 2, 3, 2),
        padding=2, bias=True, probe=True,
    ),
    _question("padding over a batch", (2, 2, 3, 3), (1, 2, 3, 3), padding=1),
    _question("dilation", (1, 1, 5, 5), (1, 1, 2, 2), dilation=2),
    _question(
        "dilation on a wide image", (1, 2, 5, 7), (2, 2, 2, 3),
        dilation=2, bias=True, probe=True,
    ),
    _question("dilation over a batch", (2, 1, 7, 7), (1, 1, 2, 2), dilation=3),
    _question("groups", (1, 4, 3, 3), (4, 2, 2, 2), groups=2),
    _question(
        "groups of unequal width", (1, 4, 2, 4), (6, 2, 2, 2),
        groups=2, bias=True, probe=True,
    ),
    _question("one channel in each group", (2, 3, 3, 3), (3, 1, 2, 2), groups=3),
    _question("stride and padding", (1, 1, 5, 5), (1, 1, 3, 3), stride=2, padding=1),
    _question("padding and dilation", (1, 2, 4, 3), (1, 2, 2, 2), padding=2, dilation=2),
    _question("stride and dilation", (1, 1, 6, 7), (1, 1, 2, 2), stride=2, dilation=2, bias=True),
    _question(
        "every option", (2, 4, 6, 7), (2, 2, 2, 3),
        bias=True, stride=2, padding=1, dilation=2, groups=2,
    ),
)  # fmt: skip


def _reference(a: Arguments) -> Tensor:
    return F.conv2d(a.x, a.weight, a.bias, a.stride, a.padding, a.dilation, a.groups)


def _derive(a: Arguments, index: tuple[int, ...]) -> Derivation:
    n, o, i, j = index
    _, width, kh, kw = a.weight.shape
    first = o // (a.weight.shape[0] // a.groups) * width
    top, left, d = i * a.stride, j * a.stride, a.dilation
    rows, columns = slice(top, top + d * (kh - 1) + 1, d), slice(left, left + d * (kw - 1) + 1, d)
    padded = F.pad(a.x, (a.padding,) * 4)
    patch = padded[n, first : first + width, rows, columns]
    step = f":{d}" if d > 1 else ""
    window = ", ".join(f"{s.start}:{s.stop}{step}" for s in (rows, columns))
    image = f"{'padded x' if a.padding else 'x'}[{n}, {first}:{first + width}, {window}]"
    bias = None if a.bias is None else float(a.bias[o])
    total = float((patch * a.weight[o]).sum()) + (bias or 0.0)
    return Derivation(total, (patch, a.weight[o]), bias, f"{image} * weight[{o}]")


_TRAITS = (
    Trait("the image is square", "it is not", square("x"), "square_only"),
    Trait("the kernel is square", "it is not", square("weight"), "square_only"),
    Trait("image and kernel are square", "one is not", square("x", "weight"), "square_only"),
    Trait("the batch is 1", "it is larger", lambda a: len(a.x) == 1, "batch_one_only"),
    Trait(
        "groups is 1", "groups is larger", equals("groups", 1), "groups_ignored", raising_only=True
    ),
    Trait("no bias is given", "there is a bias", missing("bias")),
    Trait("stride is 1", "stride is larger", equals("stride", 1)),
    Trait("padding is 0", "padding is larger", equals("padding", 0)),
    Trait("dilation is 1", "dilation is larger", equals("dilation", 1)),
    Trait("groups is 1", "groups is larger", equals("groups", 1)),
    Trait("x has one channel", "it has several", lambda a: a.x.shape[1] == 1),
    Trait("there is one kernel", "there are several", lambda a: len(a.weight) == 1),
)


def _channel_axis_left(a: Arguments, expected: tuple[int, ...], got: tuple[int, ...]) -> bool:
    return len(got) == 5 and sorted(got) == sorted((*expected, a.weight.shape[1]))


_SHAPE_RULES = (
    ShapeRule("output_too_small", off_by_one(-1)),
    ShapeRule("output_too_large", off_by_one(+1)),
    ShapeRule("height_width_swapped", height_width_swapped),
    ShapeRule("channels_not_summed", _channel_axis_left),
)


CONV2D = Operation(
    name="conv2d",
    parameters=(
        parameter("x", "x xs input inputs image images img imgs", required=True),
        parameter("weight", "weight weights w kernel kernels k filter filters filt", required=True),
        parameter(
            "bias", "bias biases b", stands_for_none=lambda a: a.weight.new_zeros(len(a.weight))
        ),
        parameter("stride", "stride strides s step", default=1),
        parameter("padding", "padding pad pads p", default=0),
        parameter("dilation", "dilation dilations d dil rate", default=1),
        parameter("groups", "groups group g n_groups num_groups", default=1),
    ),
    questions=_QUESTIONS,
    reference=_reference,
    results=(Result("output", ("image", "output channel", "row", "column"), _derive),),
    mistakes=MISTAKES,
    traits=_TRAITS,
    shape_rules=_SHAPE_RULES,
)
