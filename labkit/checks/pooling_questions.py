"""The questions that a learner's pooling is asked: from simple to odd.

Each option is asked of one square image, of an oblong one and of a batch, alone and with others, so
that what an answer depends on can be told apart. All pixels of a question differ: a window has one
winner, and the gradient one way to go.
"""

from dataclasses import replace

import torch
from torch import Tensor

from labkit.checks.question import Arguments, Operation, Question

__all__ = ["AVERAGE_QUESTIONS", "MAX_QUESTIONS", "in_pairs"]


def _question(
    about: str, x: tuple, kernel_size: int, *, probe: bool = False, negative: bool = False,
    **options: int | bool,
) -> Question:  # fmt: skip
    pixels = _different(x, about)
    arguments = Arguments(x=pixels - pixels.max() - 1 if negative else pixels)
    return Question(about, arguments.but(kernel_size=kernel_size, **options), probe)


def _different(shape: tuple, about: str) -> Tensor:
    """Return different whole numbers, half of them negative, and no zero."""
    numbers = torch.Generator().manual_seed(sum(map(ord, about)))
    count = torch.Size(shape).numel()
    ranks = torch.randperm(count, generator=numbers) - count // 2
    return (ranks + (ranks >= 0)).float().reshape(shape)


def _quarters(asked: Question) -> Question:
    return replace(asked, arguments=asked.arguments.but(x=asked.arguments.x / 4))


_PLAIN = (
    _question("windows side by side", (1, 1, 4, 4), 2),
    _question("all numbers negative", (1, 1, 4, 4), 2, negative=True),
    _question("larger windows", (1, 1, 6, 6), 3),
    _question("several channels", (1, 3, 4, 4), 2),
    _question("a batch", (3, 1, 4, 4), 2),
    _question("a wide image", (1, 1, 4, 6), 2),
    _question("a tall image", (1, 2, 6, 4), 2),
    _question("a batch of oblong images", (2, 3, 4, 8), 2, probe=True),
    _question("an image that the windows do not divide", (1, 1, 5, 5), 2),
    _question("a wide one that they do not divide", (2, 2, 7, 8), 3),
    _question("windows of one pixel", (1, 2, 3, 3), 1),
    _question("a window as large as the image", (2, 2, 3, 3), 3),
    _quarters(_question("numbers that are not whole", (1, 2, 4, 6), 2)),
)
_STRIDE = (
    _question("windows that overlap", (1, 1, 4, 4), 2, stride=1),
    _question("stride", (1, 1, 5, 5), 3, stride=2),
    _question("stride on a wide image", (1, 2, 5, 8), 3, stride=2, probe=True),
    _question("a gap between windows", (1, 1, 7, 7), 2, stride=3),
    _question("stride over a batch", (2, 2, 8, 6), 2, stride=3),
)
_PADDING = (
    _question("padding", (1, 1, 4, 4), 2, padding=1),
    _question("padding of negative numbers", (1, 1, 5, 5), 3, padding=1, negative=True),
    _question("padding on a wide image", (1, 2, 4, 7), 3, padding=1, probe=True),
    _question("more padding", (1, 2, 6, 11), 5, padding=2),
    _question("padding over a batch", (2, 2, 6, 4), 2, padding=1, negative=True),
    _question("stride and padding", (1, 1, 5, 5), 3, stride=2, padding=1),
    _question("stride and padding on a wide image", (2, 2, 4, 7), 3, stride=1, padding=1),
)
_CEIL = (
    _question("ceil_mode", (1, 1, 5, 5), 2, ceil_mode=True),
    _question("ceil_mode on a wide image", (1, 2, 4, 7), 3, ceil_mode=True, probe=True),
    _question("ceil_mode over a batch", (2, 1, 7, 6), 2, ceil_mode=True),
    _question("ceil_mode where it changes nothing", (1, 1, 4, 6), 2, ceil_mode=True),
    _question("ceil_mode and stride", (1, 1, 6, 8), 3, stride=2, ceil_mode=True),
    _question("ceil_mode and padding", (1, 2, 5, 6), 3, padding=1, ceil_mode=True),
    _question("a window that would begin in the padding", (1, 1, 3, 5), 2, padding=1,
              ceil_mode=True),
)  # fmt: skip

MAX_QUESTIONS = (
    *_PLAIN,
    *_STRIDE,
    *_PADDING,
    _question("dilation", (1, 1, 6, 6), 2, dilation=2),
    _question("dilation on a wide image", (1, 2, 6, 9), 2, dilation=3, probe=True),
    _question("dilation over a batch", (2, 1, 7, 6), 3, dilation=2),
    _question("stride and dilation", (1, 2, 6, 7), 2, stride=1, dilation=2),
    _question("padding and dilation", (1, 1, 7, 6), 3, stride=1, padding=1, dilation=2),
    *_CEIL,
    _question("every option", (2, 2, 8, 9), 3, stride=2, padding=1, dilation=2, ceil_mode=True),
)

AVERAGE_QUESTIONS = (
    *_PLAIN,
    *_STRIDE,
    *_PADDING,
    _question("padding that is not counted", (1, 1, 4, 4), 2, padding=1, count_include_pad=False),
    _question("not counted on a wide image", (2, 2, 4, 7), 3, padding=1, count_include_pad=False,
              probe=True),
    _question("not counted with a stride", (1, 2, 5, 6), 4, stride=1, padding=2,
              count_include_pad=False),
    *_CEIL,
    _question("divisor_override", (1, 1, 4, 4), 2, divisor_override=3),
    _question("divisor_override over a batch", (2, 2, 4, 6), 2, divisor_override=5),
    _question("divisor_override and padding", (1, 1, 4, 4), 2, padding=1, divisor_override=2),
    _question("ceil_mode, not counted", (1, 2, 5, 6), 3, padding=1, ceil_mode=True,
              count_include_pad=False),
    _question("every option", (2, 2, 8, 7), 3, stride=2, padding=1, ceil_mode=True,
              count_include_pad=False, divisor_override=4),
)  # fmt: skip


def in_pairs(operation: Operation) -> Operation:
    """Return the operation with sizes asked as pairs, one number for height and one for width."""
    names = {"kernel_size", "stride", "padding", "dilation"}

    def paired(question: Question) -> Question:
        sizes = {n: (value,) * 2 for n, value in question.arguments.items() if n in names}
        return replace(question, arguments=question.arguments.but(**sizes))

    parameters = (
        replace(p, default=(p.default,) * 2) if p.name in names and p.default is not None else p
        for p in operation.parameters
    )
    questions = map(paired, operation.questions)
    return replace(operation, parameters=tuple(parameters), questions=tuple(questions))
