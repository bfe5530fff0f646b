"""One step of a convolution as a picture, in the same visual language as its explorer.

Axes: ``H W`` height and width of the image, ``k l`` of the kernel, ``R C`` of the output.
Lengths on the canvas are thousandths of its width, so that a picture of any size looks the same.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Shaped
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Polygon
from torch import Tensor
from torch.nn.functional import conv2d, pad

from labkit.errors import OptionError
from labkit.figures.cells import WIDTH, Colours, Pen, ink_on, number_writer, small_png
from labkit.figures.grid import SUNKEN, draw_cells, draw_map
from labkit.figures.style import ACCENT, MUTED, new_axes, png
from labkit.ops.windows import place_windows

__all__ = ["convolution_poster", "convolution_step"]

INCHES, DPI = 7.6, 100
PIXEL = WIDTH / (INCHES * DPI)  # cells of whole pixels are sharp, and small as PNG
GAP = 140.0  # between input and output, for the beam
TOP = 44.0  # room for the titles above the maps
TALLEST = 400.0
WRONG = "#b3261e"


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
    ax = new_axes(ax, width=INCHES, height=INCHES * step.height / WIDTH)
    ax.set(xlim=(0, WIDTH), ylim=(step.height, 0), aspect="equal")
    ax.set_axis_off()
    pen = Pen(ax)
    _draw_maps(pen, step, reveal)
    _draw_window(pen, step)
    _draw_sum(pen, step, reveal)
    return ax


def convolution_poster(
    image: Float[Tensor, "H W"], kernel: Float[Tensor, "k l"], **options: Any
) -> bytes:
    """Draw :func:`convolution_step` as PNG bytes, without pyplot and so from any thread."""
    names = {"position": 0, "stride": 1, "padding": 0, "dilation": 1}
    given = {name: options.get(name, default) for name, default in names.items()}
    step = _Step.of(image, kernel, *given.values())
    figure = Figure(figsize=(INCHES, INCHES * step.height / WIDTH))
    convolution_step(image, kernel, ax=figure.add_axes((0, 0, 1, 1)), **options)
    return small_png(png(figure, dpi=DPI))


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
    def spans(self) -> list[int]:
        return [self.dilation * (taps - 1) + 1 for taps in self.kernel.shape]

    @property
    def cell(self) -> float:
        across = self.padded.shape[1] + self.output.shape[1]
        cell = min((WIDTH - GAP - 40) / across, TALLEST / self.rows, 54.0)
        return cell if cell < PIXEL else cell // PIXEL * PIXEL

    @property
    def rows(self) -> int:
        return max(self.padded.shape[0], self.output.shape[0])

    @property
    def small_cell(self) -> float:
        return min(58.0, (WIDTH - 280) / (3 * self.kernel.shape[1]))

    @property
    def sum_top(self) -> float:
        return TOP + self.rows * self.cell + 82

    @property
    def height(self) -> float:
        return self.sum_top + max(self.kernel.shape[0], 2) * self.small_cell * 0.8 + 26

    def corner(self, which: str) -> tuple[float, float]:
        """Return the upper left corner of the map of the ``input`` or the ``output``."""
        across = self.padded.shape[1] + self.output.shape[1]
        left = (WIDTH - GAP - self.cell * across) / 2
        if which == "output":
            left += self.cell * self.padded.shape[1] + GAP
        rows = (self.padded if which == "input" else self.output).shape[0]
        top = TOP + (self.rows - rows) * self.cell / 2
        return round(left / PIXEL) * PIXEL, round(top / PIXEL) * PIXEL


def _draw_maps(pen: Pen, step: _Step, reveal: bool) -> None:
    image, p = step.image, step.padding
    shown = torch.full_like(step.output, reveal, dtype=torch.bool)
    size = f"{image.shape[0]} × {image.shape[1]}" + (f", padded by {p}" if p else "")
    grid = (step.padded, step.inside, Colours.of(image), "0")
    draw_map(pen, "Input", size, grid, (*step.corner("input"), step.cell))
    size = f"{step.output.shape[0]} × {step.output.shape[1]}"
    grid = (step.output, shown, Colours.of(step.output), "?")
    draw_map(pen, "Output", size, grid, (*step.corner("output"), step.cell))
    _draw_left_over(pen, step)


def _draw_left_over(pen: Pen, step: _Step) -> None:
    """Hatch the rows and columns that no window reads because the stride steps past them."""
    (left, top), (rows, columns) = step.corner("input"), step.padded.shape
    room = [size - span for size, span in zip((rows, columns), step.spans, strict=True)]
    down, right = (step.cell * (free % step.stride) for free in room)
    width, height = step.cell * columns, step.cell * rows
    hatch = {"facecolor": (1, 1, 1, 0.6), "edgecolor": WRONG, "hatch": "\\\\\\\\", "zorder": 2.5}
    if down:
        pen.box((left, top + height - down, width, down), **hatch)
    if right:
        pen.box((left + width - right, top, right, height - down), **hatch)


def _draw_window(pen: Pen, step: _Step) -> None:
    """Frame the window and its output cell, and join them by a beam."""
    cell, (left, top), (out_left, out_top) = step.cell, step.corner("input"), step.corner("output")
    x, y = left + step.column * step.stride * cell, top + step.row * step.stride * cell
    height, width = (span * cell for span in step.spans)
    to_x, to_y = out_left + step.column * cell, out_top + step.row * cell
    corners = [(x + width, y), (to_x, to_y), (to_x, to_y + cell), (x + width, y + height)]
    # Behind the maps: a tint over the cells would change what their colours say.
    pen.ax.add_patch(Polygon(corners, facecolor=ACCENT, alpha=0.2, linewidth=0, zorder=-1))
    for start, end in ((corners[0], corners[1]), (corners[3], corners[2])):
        pen.ax.plot(*zip(start, end, strict=True), color=ACCENT, lw=0.7, alpha=0.7, zorder=3)
    if step.dilation > 1:
        for i in range(step.kernel.shape[0]):
            for j in range(step.kernel.shape[1]):
                there = (x + j * step.dilation * cell, y + i * step.dilation * cell)
                pen.frame((*there, cell, cell), 1.5)
    pen.frame((x, y, width, height), 3.5)
    pen.frame((to_x, to_y, cell, cell), 3.5)


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
    width, height = step.kernel.shape[1] * step.small_cell, step.small_cell * 0.8
    x = (WIDTH - 3 * width - 240) / 2
    middle = step.sum_top + step.kernel.shape[0] * height / 2
    for (name, values, known, colours), sign in zip(blocks, "×=Σ", strict=True):
        pen.write(x + width / 2, step.sum_top - 15, name, 14.0, color=MUTED)
        corner, empty = (x, step.sum_top), "0" if name == "patch" else ""
        draw_cells(pen, values, known, colours, empty, (*corner, step.small_cell, height))
        pen.write(x + width + 22, middle, sign, 22.0, color=MUTED)
        x += width + 44
    _draw_total(pen, step, float(products.sum()), reveal, (x, middle))


def _draw_total(
    pen: Pen, step: _Step, total: float, reveal: bool, place: tuple[float, float]
) -> None:
    x, middle = place
    fill = Colours.of(step.output)(total) if reveal else SUNKEN
    text = number_writer(step.output)(total) if reveal else "?"
    style = {"facecolor": fill, "edgecolor": ACCENT, "linewidth": pen.points(3.5)}
    round_box = "round,pad=0,rounding_size=9"
    pen.ax.add_patch(FancyBboxPatch((x + 4, middle - 29), 100, 58, boxstyle=round_box, **style))
    pen.write(x + 54, middle, text, 22.0, weight="bold", color=ink_on(fill) if reveal else MUTED)
    pen.write(x + 54, middle - 44, f"output[{step.row}, {step.column}]", 14.0, color=MUTED)
