"""Step through a 2-D convolution: window over the input, patch × kernel = sum, one output cell.

Axes: ``H W`` height and width of the image, ``k l`` of the kernel, ``R C`` of the output.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from traitlets import Bytes, Int, List, Tuple, observe, validate

from labkit.explorers.explorer import Explorer, es_module, in_range, short
from labkit.explorers.inputs import Matrix, image_pixels, kernel_weights
from labkit.explorers.kernels import PRESETS, KernelTrait
from labkit.ops.windows import output_size, span

__all__ = ["ConvolutionExplorer", "Step"]

RANGES = {"stride": (1, 16), "padding": (0, 16), "dilation": (1, 16)}


class Step(NamedTuple):
    """One position of the window: ``(patch * kernel).sum() == sum``, at ``output[row, column]``."""

    row: int
    column: int
    patch: Tensor
    kernel: Tensor
    products: Tensor
    sum: float


class ConvolutionExplorer(Explorer):
    """A window that slides over an image, and the arithmetic of each of its positions.

    The synced traits ``kernel``, ``stride``, ``padding``, ``dilation``, ``position`` (row-major
    index of the output cell) and ``predict`` (hide the answer until it is worked out) may be
    changed from Python or on the screen; a value that cannot be raises ``TraitError``.

    Parameters
    ----------
    image
        One channel, at most 128 × 128; drawn from its least to its greatest value.
    kernel
        At most 7 × 7; the vertical edge detector of Sobel when left out.
    stride, padding, dilation
        As in :func:`torch.nn.functional.conv2d`, the same for both axes.
    presets
        More kernels to choose from, by name: ``{"learned": weight[0, 0]}``.

    Raises
    ------
    ShapeError
        If the image or the kernel is no matrix, is too large, or they do not fit together.
    DTypeError, OptionError
        If their values are no finite real numbers, or an option is out of its range.

    Notes
    -----
    As in deep learning everywhere, the kernel is not flipped: this is cross-correlation.

    Examples
    --------
    >>> explorer = ConvolutionExplorer(torch.eye(4), kernel=[[1.0, 2.0], [3.0, 4.0]])
    >>> explorer.output.shape
    torch.Size([3, 3])
    >>> explorer.position = 4
    >>> explorer
    ConvolutionExplorer: 4 × 4 image, 2 × 2 kernel, 3 × 3 output
    output[1, 1] = 1 × 1 + 0 × 2 + 0 × 3 + 1 × 4 = 5
    """

    _esm = es_module("convolution")

    pixels = Bytes().tag(sync=True)
    shape = Tuple(Int(), Int()).tag(sync=True)
    presets = List().tag(sync=True)  # pairs: a stored notebook would sort a dict by its keys
    kernel = KernelTrait().tag(sync=True)
    stride = Int(1).tag(sync=True)
    padding = Int(0).tag(sync=True)
    dilation = Int(1).tag(sync=True)

    def __init__(
        self,
        image: Matrix,
        kernel: Matrix | None = None,
        *,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        presets: Mapping[str, Matrix] | None = None,
        **traits: Any,
    ) -> None:
        self.image = image_pixels(image)
        extra = {name: kernel_weights(value) for name, value in (presets or {}).items()}
        options = {"stride": stride, "padding": padding, "dilation": dilation}
        weights = PRESETS["vertical edge"] if kernel is None else kernel_weights(kernel)
        _output_shape(tuple(self.image.shape), weights, **options)
        super().__init__(
            pixels=self.image.numpy().tobytes(),
            shape=tuple(self.image.shape),
            kernel=weights,
            presets=[*{**PRESETS, **extra}.items()],
            **options,
            **traits,
        )

    @property
    def output(self) -> Float[Tensor, "R C"]:
        """What torch makes of the image with the present kernel and options."""
        image, kernel = self.image[None, None], torch.tensor(self.kernel)[None, None]
        return F.conv2d(image, kernel, None, self.stride, self.padding, self.dilation)[0, 0]

    @property
    def code(self) -> str:
        """The present state as Python, the same text as the button "Copy as Python" gives."""
        row, column = self._place(None)
        rows = "".join(f"    {weights},\n" for weights in self.kernel)
        return CODE.format(
            height=self.shape[0],
            width=self.shape[1],
            rows=rows,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            row=row,
            column=column,
        )

    def step(self, position: int | None = None) -> Step:
        """Work out one position of the window, by default the present one."""
        row, column = self._place(position)
        kernel = torch.tensor(self.kernel)
        patch = self._patch(row, column, *kernel.shape)
        products = patch * kernel
        return Step(row, column, patch, kernel, products, float(products.sum()))

    def describe(self) -> str:
        """Say the present step: the sizes, then patch × kernel = sum."""
        kernel_shape = (len(self.kernel), len(self.kernel[0]))
        size = [" × ".join(map(str, shape)) for shape in (self.shape, kernel_shape)]
        rows, columns = self._places()
        row, column, patch, kernel, _, total = self.step()
        pairs = zip(patch.flatten().tolist(), kernel.flatten().tolist(), strict=True)
        terms = " + ".join(f"{short(pixel)} × {short(weight)}" for pixel, weight in pairs)
        return (
            f"{type(self).__name__}: {size[0]} image, {size[1]} kernel, {rows} × {columns} output\n"
            f"output[{row}, {column}] = {terms} = {'?' if self.predict else short(total)}"
        )

    def poster(self) -> bytes:
        """Draw the present step as PNG bytes."""
        from labkit.figures.convolution import convolution_poster

        options = {name: getattr(self, name) for name in ("position", *RANGES)}
        kernel = torch.tensor(self.kernel)
        return convolution_poster(self.image, kernel, reveal=not self.predict, **options)

    def _places(self, **changed: Any) -> tuple[int, int]:
        state = {name: getattr(self, name) for name in ("kernel", *RANGES)}
        return _output_shape(self.shape, **{**state, **changed})

    def _patch(self, row: int, column: int, height: int, width: int) -> Float[Tensor, "k l"]:
        padded = F.pad(self.image, [self.padding] * 4)
        top, left = row * self.stride, column * self.stride
        rows = slice(top, top + span(height, self.dilation), self.dilation)
        return padded[rows, left : left + span(width, self.dilation) : self.dilation]

    @validate("kernel", *RANGES)
    def _fits(self, proposal: dict[str, Any]) -> Any:
        return self._must_fit(proposal)

    @observe("kernel", *RANGES)
    def _stays_inside(self, _: Any) -> None:
        self._stay_inside()


CODE = """\
import torch
import torch.nn.functional as F

# image: the {height} × {width} tensor that this explorer shows
kernel = torch.tensor([
{rows}])
output = F.conv2d(
    image[None, None],
    kernel[None, None],
    stride={stride},
    padding={padding},
    dilation={dilation},
)[0, 0]
print(output[{row}, {column}])
"""


def _output_shape(
    shape: tuple[int, ...], kernel: list[list[float]], **options: int
) -> tuple[int, int]:
    """Return rows and columns of the output, or say why there are none."""
    in_range(options, RANGES)
    rows = output_size(shape[0], len(kernel), **options)
    return rows, output_size(shape[1], len(kernel[0]), **options)
