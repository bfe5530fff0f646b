"""The mistakes of a 2-D convolution about the axes of its tensors: which is which, and how long.

In the code ``a`` are the arguments, and ``kh`` × ``kw`` is the kernel.
"""

from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import raises_unless, with_arguments, with_result
from labkit.checks.question import Arguments

__all__ = [
    "BATCH_ONE_ONLY",
    "BIAS_WRONG_AXIS",
    "HEIGHT_WIDTH_SWAPPED",
    "SQUARE_ONLY",
    "WEIGHT_TRANSPOSED",
]


def _transposed(name: str) -> Variant:
    return with_arguments(lambda a: {name: a[name].transpose(2, 3)})


def _reread_sizes(op: Function, a: Arguments) -> Tensor:
    result = op(a)
    return result.reshape(*result.shape[:2], result.shape[3], result.shape[2])


def _reread_kernel(a: Arguments) -> dict:
    out, channels, kh, kw = a.weight.shape
    return {"weight": a.weight.reshape(out, channels, kw, kh)}


def _as_in_out(a: Arguments) -> dict:
    out, channels, kh, kw = a.weight.shape
    return {"weight": a.weight.reshape(channels, out, kh, kw).transpose(0, 1)}


def _as_matrix(a: Arguments) -> dict:
    shape = a.weight.shape
    return {"weight": a.weight.reshape(-1, shape[0]).T.reshape(shape)}


def _bias_on_last_axis(op: Function, a: Arguments) -> Tensor:
    result = op(a.but(bias=None))
    return result if a.bias is None else result + a.bias


HEIGHT_WIDTH_SWAPPED = Mistake(
    "height_width_swapped",
    "Height and width are swapped somewhere.",
    "Axis 2 is height (rows), axis 3 is width (columns), in x, in weight and in the result.",
    {
        "Yours returns the transposed image.": with_result(lambda out: out.transpose(2, 3)),
        "Yours uses the kernel transposed.": _transposed("weight"),
        "Yours uses the image transposed.": _transposed("x"),
        "Yours takes the height of the output for its width.": _reread_sizes,
        "Yours takes the height of the kernel for its width.": with_arguments(_reread_kernel),
    },
)

WEIGHT_TRANSPOSED = Mistake(
    "weight_transposed",
    "The weight's first two axes are transposed: it is read as (in, out, height, width).",
    "weight has the shape (channels out, channels in, height, width), as in PyTorch.",
    {
        "": with_arguments(lambda a: {"weight": a.weight.transpose(0, 1)}),
        "Yours reads it so without moving its numbers.": with_arguments(_as_in_out),
        "Yours lays it out as a matrix with a column, not a row, for each kernel.": with_arguments(
            _as_matrix
        ),
    },
)

BIAS_WRONG_AXIS = Mistake(
    "bias_wrong_axis",
    "The bias is added along the width, where broadcasting puts a vector.",
    "Give it axes of size 1 for height and width: bias[:, None, None].",
    {"": _bias_on_last_axis},
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
        "Yours adds the images up.": with_result(lambda out: out.sum(0, keepdim=True)),
        "Yours raises for more.": raises_unless(lambda a: len(a.x) == 1),
    },
)

SQUARE_ONLY = Mistake(
    "square_only",
    "It is right for square shapes only, as if height and width were one number.",
    "Read height and width apart: kh, kw = weight.shape[2:] and H, W = x.shape[2:].",
    {
        "Yours raises for an oblong image.": raises_unless(lambda a: a.x.shape[2] == a.x.shape[3]),
        "Yours raises for an oblong kernel.": raises_unless(
            lambda a: a.weight.shape[2] == a.weight.shape[3]
        ),
    },
)
