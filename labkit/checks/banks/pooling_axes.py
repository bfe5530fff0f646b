"""The mistakes of a pooling about its axes: it treats each image and each channel by itself.

In the code ``a`` are the arguments.
"""

from collections.abc import Callable

from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import by_axis, raises_unless, with_arguments, with_result
from labkit.checks.banks.pooling_patches import in_loops, steps
from labkit.checks.question import Arguments

__all__ = [
    "BATCH_ONE_ONLY",
    "CHANNEL_ONE_ONLY",
    "HEIGHT_WIDTH_SWAPPED",
    "SQUARE_ONLY",
    "batch_mixed",
    "channels_mixed",
    "global_pooling",
    "one_axis_only",
]

Reduce = Callable[..., Tensor]


def _reread_sizes(op: Function, a: Arguments) -> Tensor:
    result = op(a)
    return result.reshape(*result.shape[:2], result.shape[3], result.shape[2])


def _one_axis(kernel: tuple[int, int]) -> Variant:
    """Make a variant that pools along one axis, and leaves the other as it is."""

    def change(a: Arguments) -> dict:
        pairs = {
            "kernel_size": (by_axis(a.kernel_size), 1), "stride": (steps(a), 1),
            "padding": (by_axis(a.padding), 0),
        }  # fmt: skip
        if "dilation" in a:
            pairs["dilation"] = (by_axis(a.dilation), 1)
        return {
            name: tuple(v if used else none for v, used in zip(value, kernel, strict=True))
            for name, (value, none) in pairs.items()
        }

    return with_arguments(change)


HEIGHT_WIDTH_SWAPPED = Mistake(
    "height_width_swapped",
    "Height and width are swapped somewhere.",
    "Axis 2 is height (rows), axis 3 is width (columns), in x and in the result.",
    {
        "Yours returns the transposed image.": with_result(lambda out: out.transpose(2, 3)),
        "Yours takes the height of the output for its width.": _reread_sizes,
    },
)

BATCH_ONE_ONLY = Mistake(
    "batch_one_only",
    "It is right for a batch of one image only.",
    "Treat every image: the first axis of x counts them, and the result has as many.",
    {
        "Yours answers for the first image only.": with_arguments(lambda a: {"x": a.x[:1]}),
        "Yours answers for the last image only.": with_arguments(lambda a: {"x": a.x[-1:]}),
        "Yours gives every image the answer of the first.": with_arguments(
            lambda a: {"x": a.x[:1].expand_as(a.x)}
        ),
        "Yours raises for more.": raises_unless(lambda a: len(a.x) == 1),
    },
)

CHANNEL_ONE_ONLY = Mistake(
    "channel_one_only",
    "It is right for images of one channel only.",
    "Treat every channel: the result has as many as x.",
    {
        "Yours answers for the first channel only.": with_arguments(lambda a: {"x": a.x[:, :1]}),
        "Yours answers for the last channel only.": with_arguments(lambda a: {"x": a.x[:, -1:]}),
        "Yours gives every channel the answer of the first.": with_arguments(
            lambda a: {"x": a.x[:, :1].expand_as(a.x)}
        ),
        "Yours raises for more.": raises_unless(lambda a: a.x.shape[1] == 1),
    },
)

SQUARE_ONLY = Mistake(
    "square_only",
    "It is right for square images only, as if height and width were one number.",
    "Read height and width apart: H, W = x.shape[2:].",
    {"Yours raises for oblong images.": raises_unless(lambda a: a.x.shape[2] == a.x.shape[3])},
)


def channels_mixed(reduce: Reduce) -> Mistake:
    """Return the mistake of reducing the channels too."""
    return Mistake(
        "channels_mixed",
        "The channels are mixed: pooling treats each channel by itself.",
        "Reduce the two axes of the window only: dim=(-2, -1).",
        {
            "Yours reduces them to one.": with_result(lambda out: reduce(out, 1, keepdim=True)),
            "Yours has no axis of channels left.": with_result(lambda out: reduce(out, 1)),
            "Yours gives all of them the same numbers.": with_result(
                lambda out: reduce(out, 1, keepdim=True).expand_as(out)
            ),
        },
    )


def batch_mixed(reduce: Reduce) -> Mistake:
    """Return the mistake of reducing the batch too."""
    return Mistake(
        "batch_mixed",
        "The images of a batch are mixed: pooling treats each image by itself.",
        "Reduce the two axes of the window only: dim=(-2, -1).",
        {
            "Yours reduces them to one.": with_result(lambda out: reduce(out, 0, keepdim=True)),
            "Yours has no axis of images left.": with_result(lambda out: reduce(out, 0)),
            "Yours gives all of them the same numbers.": with_result(
                lambda out: reduce(out, 0, keepdim=True).expand_as(out)
            ),
        },
    )


def global_pooling(reduce: Reduce) -> Mistake:
    """Return the mistake of taking the whole image for the window."""
    return Mistake(
        "global_pooling",
        "It pools the whole image at once instead of one window after the other.",
        "Cut the window out first, and reduce that: x[..., top : top + kh, left : left + kw].",
        {
            "Yours has one number for each channel.": lambda op, a: reduce(a.x, (2, 3)),
            "Yours has one pixel for each channel.": lambda op, a: reduce(
                a.x, (2, 3), keepdim=True
            ),
            "Yours gives every window the number of the whole image.": lambda op, a: reduce(
                a.x, (2, 3), keepdim=True
            ).expand_as(op(a)),
        },
    )


def one_axis_only(reduce: Callable[[Tensor], Tensor], edge: float) -> Mistake:
    """Return the mistake of windows that are one pixel high, or wide."""
    return Mistake(
        "one_axis_only",
        "It pools along one axis only: a window has rows and columns.",
        "Reduce both axes of the window: dim=(-2, -1).",
        {
            "The width stays as it is.": _one_axis((1, 0)),
            "The height stays as it is.": _one_axis((0, 1)),
            "Yours sees the first row of each window alone.": in_loops(
                lambda patch: reduce(patch[..., :1, :]), edge=edge
            ),
            "Yours sees the first column of each window alone.": in_loops(
                lambda patch: reduce(patch[..., :1]), edge=edge
            ),
        },
    )
