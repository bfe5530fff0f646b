"""One step of a convolution as a picture, in the same visual language as its explorer.

Axes: ``H W`` height and width of the image, ``k l`` of the kernel, ``R C`` of the output.
Lengths on the canvas are thousandths of its width, so that a picture of any size looks the same.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Shaped
from matplotlib.axes import Axes
from torch import Tensor
from torch.nn.functional import conv2d, pad

from labkit.errors import OptionError
from labkit.figures.cells import WIDTH, Colours, Pen, new_pen, number_writer, poster
from labkit.figures.grid import draw_cells, draw_map
from labkit.figures.style import MUTED
from labkit.figures.windows import WindowMaps, draw_total
from labkit.ops.windows import place_windows

__all__ = ["convolution_poster", "convolution_step"]


def convolution_step(
    image: Float[Tensor, "H W"],
    kernel: Float[Tensor, "k l"],
    *,
    position: int = 0,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    reveal: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the window over the input, patch × kernel = sum, and the output cell it makes.

    Parameters
    ----------
    image, kernel
        One channel each.
    position
        Row-major index of the output cell.
    stride, padding, dilation
        As in :func:`torch.nn.functional.conv2d`, the same for both axes.
    reveal
        Whether the products, the sum and the output are shown, or kept back to be predicted.

    Raises
    ------
    ShapeError
        If the kernel does not fit the padded image.
    OptionError
        If the output has no such position.

    Examples
    --------
    >>> ax = convolution_step(torch.eye(5), torch.ones(3, 3), position=4)
    >>> [text.get_text() for text in ax.texts if text.get_text().startswith("output[")]
    ['output[1, 1]']
    """
    step = _Step.of(image, kernel, position, stride, padding, dilation)
    pen = new_pen(step.height, ax)
    _draw_maps(pen, step, reveal)
    _draw_taps(pen, step)
    step.maps.draw_window(pen)
    _draw_sum(pen, step, reveal)
    return pen.ax


def convolution_poster(
    image: Float[Tensor, "H W"], kernel: Float[Tensor, "k l"], **options: Any
) -> bytes:
    """Draw :func:`convolution_step` as PNG bytes, without pyplot and so from any thread."""
    names = {"position": 0, "stride": 1, "padding": 0, "dilation": 1}
    given = {name: options.get(name, default) for name, default in names.items()}
    step = _Step.of(image, kernel, *given.values())
    return poster(step.height, lambda ax: convolution_step(image, kernel, ax=ax, **options))


@dataclass(frozen=True)
class _Step:
    """Everything that one step shows, and where the two maps lie."""

    image: Float[Tensor, "H W"]
    padded: Float[Tensor, "padded_H padded_W"]
    inside: Bool[Tensor, "padded_H padded_W"]  # which cells are pixels, not padding
    kernel: Float[Tensor, "k l"]
    output: Float[Tensor, "R C"]
    row: int
    column: int
    stride: int
    padding: int
    dilation: int

    @classmethod
    def of(
        cls, image: Tensor, kernel: Tensor, position: int, stride: int, padding: int, dilation: int
    ) -> "_Step":
        image, kernel = image.detach().cpu().float(), kernel.detach().cpu().float()
        padded = pad(image, [padding] * 4)
        options = {"stride": stride, "padding": padding, "dilation": dilation}
        place_windows(image.shape, kernel.shape, **options)  # raises where none fits
        output = conv2d(padded[None, None], kernel[None, None], None, stride, 0, dilation)[0, 0]
        if not 0 <= position < output.numel():
            raise OptionError(
                f"position is {position}; expected an index from 0 to {output.numel() - 1} "
                f"into the {output.shape[0]} × {output.shape[1]} output"
            )
        row, column = divmod(position, output.shape[1])
        inside = pad(torch.ones_like(image), [padding] * 4) > 0
        return cls(image, padded, inside, kernel, output, row, column, **options)

    def under_window(self, values: Shaped[Tensor, "padded_H padded_W"]) -> Shaped[Tensor, "k l"]:
        """Pick what the taps of the window read."""
        top, left = self.row * self.stride, self.column * self.stride
        down = slice(top, top + self.spans[0], self.dilation)
        return values[down, left : left + self.spans[1] : self.dilation]

    @property
    def spans(self) -> tuple[int, int]:
        down, across = (self.dilation * (taps - 1) + 1 for taps in self.kernel.shape)
        return down, across

    @property
    def maps(self) -> WindowMaps:
        shapes = [tuple(self.padded.shape), tuple(self.output.shape)]
        return WindowMaps(shapes, self.row, self.column, self.stride, self.spans)

    @property
    def left_over(self) -> tuple[int, int]:
        down, right = (
            (size - span) % self.stride
            for size, span in zip(self.padded.shape, self.spans, strict=True)
        )
        return down, right

    @property
    def small_cell(self) -> float:
        return min(58.0, (WIDTH - 280) / (3 * self.kernel.shape[1]))

    @property
    def height(self) -> float:
        return self.maps.bottom + max(self.kernel.shape[0], 2) * self.small_cell * 0.8 + 26


def _draw_maps(pen: Pen, step: _Step, reveal: bool) -> None:
    image, p, maps = step.image, step.padding, step.maps
    shown = torch.full_like(step.output, reveal, dtype=torch.bool)
    size = f"{image.shape[0]} × {image.shape[1]}" + (f", padded by {p}" if p else "")
    grid = (step.padded, step.inside, Colours.of(image), "0")
    draw_map(pen, "Input", size, grid, (*maps.corner(0), maps.cell))
    size = f"{step.output.shape[0]} × {step.output.shape[1]}"
    grid = (step.output, shown, Colours.of(step.output), "?")
    draw_map(pen, "Output", size, grid, (*maps.corner(1), maps.cell))
    maps.draw_left_over(pen, step.left_over)


def _draw_taps(pen: Pen, step: _Step) -> None:
    """Frame the cells that a window with holes reads."""
    if step.dilation == 1:
        return
    top, left = step.row * step.stride, step.column * step.stride
    for i in range(step.kernel.shape[0]):
        for j in range(step.kernel.shape[1]):
            there = step.maps.box(0, top + i * step.dilation, left + j * step.dilation)
            pen.frame(there, 1.5)


def _draw_sum(pen: Pen, step: _Step, reveal: bool) -> None:
    """Write patch × kernel = products, and their sum."""
    patch, inside = step.under_window(step.padded), step.under_window(step.inside)
    products = patch * step.kernel
    everywhere = torch.ones_like(inside)
    reach = step.image.abs().max() * step.kernel.abs().max()
    weights = Colours.of(step.kernel, signed=True, headroom=1.4)
    blocks = [
        ("patch", patch, inside, Colours.of(step.image)),
        ("kernel", step.kernel, everywhere, weights),
        ("products", products, everywhere & reveal, Colours.of(reach, signed=True)),
    ]
    top = step.maps.bottom
    width, height = step.kernel.shape[1] * step.small_cell, step.small_cell * 0.8
    x = (WIDTH - 3 * width - 240) / 2
    middle = top + step.kernel.shape[0] * height / 2
    for (name, values, known, colours), sign in zip(blocks, "×=Σ", strict=True):
        pen.write(x + width / 2, top - 15, name, 14.0, color=MUTED)
        corner, empty = (x, top), "0" if name == "patch" else ""
        draw_cells(pen, values, known, colours, empty, (*corner, step.small_cell, height))
        pen.write(x + width + 22, middle, sign, 22.0, color=MUTED)
        x += width + 44
    total = float(products.sum())
    label = f"output[{step.row}, {step.column}]"
    text = number_writer(step.output)(total) if reveal else None
    draw_total(pen, label, text, Colours.of(step.output)(total), (x, middle))
