"""One step of a pooling as a picture, in the same visual language as its explorer.

Axes: ``H W`` height and width of the image, ``R C`` of the output. Lengths on the canvas are
thousandths of its width, so that a picture of any size looks the same.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from torch import Tensor
from torch.nn.functional import avg_pool2d, max_pool2d, pad

from labkit.errors import OptionError
from labkit.figures.cells import WIDTH, Colours, Pen, new_pen, number_writer, poster
from labkit.figures.grid import draw_cells, draw_map
from labkit.figures.style import MUTED
from labkit.figures.windows import WindowMaps, draw_total

__all__ = ["pooling_poster", "pooling_step"]


def pooling_step(
    image: Float[Tensor, "H W"],
    *,
    kind: str = "max",
    kernel_size: int = 2,
    stride: int | None = None,
    padding: int = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    position: int = 0,
    reveal: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the window over the input, the cell that wins, and the output cell it makes.

    Parameters
    ----------
    image
        One channel.
    kind
        ``"max"`` or ``"average"``.
    kernel_size, stride, padding, ceil_mode, count_include_pad
        As in :func:`torch.nn.functional.max_pool2d` and ``avg_pool2d``, the same for both axes.
    position
        Row-major index of the output cell.
    reveal
        Whether winner and output are shown, or kept back to be predicted.

    Raises
    ------
    OptionError
        If the kind is unknown, or the output has no such position.

    Examples
    --------
    >>> ax = pooling_step(torch.eye(4), position=3)
    >>> [text.get_text() for text in ax.texts][-1]
    'output[1, 1]'
    """
    window = (kernel_size, stride or kernel_size, padding, ceil_mode)
    step = _Step.of(image, kind, window, count_include_pad, position)
    pen = new_pen(step.height, ax)
    _draw_maps(pen, step, reveal)
    step.maps.draw_window(pen)
    if reveal and step.winner:
        pen.ring(step.maps.box(0, *step.winner), 3.0)
    _draw_window_cells(pen, step, reveal)
    return pen.ax


def pooling_poster(image: Float[Tensor, "H W"], **options: Any) -> bytes:
    """Draw :func:`pooling_step` as PNG bytes, without pyplot and so from any thread."""
    kernel_size = options.get("kernel_size", 2)
    stride = options.get("stride") or kernel_size
    window = (kernel_size, stride, options.get("padding", 0), options.get("ceil_mode", False))
    step = _Step.of(image, options.get("kind", "max"), window, True, options.get("position", 0))
    return poster(step.height, lambda ax: pooling_step(image, ax=ax, **options))


@dataclass(frozen=True)
class _Step:
    """Everything that one step shows; ``padded`` reaches as far as the last window does."""

    kind: str
    kernel_size: int
    stride: int
    padding: int
    padded: Float[Tensor, "padded_H padded_W"]
    inside: Bool[Tensor, "padded_H padded_W"]  # which cells are the image's
    size: tuple[int, int]  # of the image with its padding, which the last window may pass
    output: Float[Tensor, "R C"]
    place: tuple[int, int]
    winner: tuple[int, int] | None  # in the padded image

    @classmethod
    def of(
        cls,
        image: Tensor,
        kind: str,
        window: tuple[int, int, int, bool],
        count_include_pad: bool,
        position: int,
    ) -> "_Step":
        if kind not in ("max", "average"):
            raise OptionError(f"kind is {kind!r}; expected max or average")
        image = image.detach().cpu().float()
        kernel_size, stride, padding, ceil_mode = window
        options = (kernel_size, stride, padding)
        output, indices = max_pool2d(
            image[None], *options, ceil_mode=ceil_mode, return_indices=True
        )
        if not 0 <= position < output.numel():
            raise OptionError(
                f"position is {position}; expected an index from 0 to {output.numel() - 1} "
                f"into the {output.shape[1]} × {output.shape[2]} output"
            )
        row, column = divmod(position, output.shape[2])
        y, x = divmod(int(indices[0, row, column]), image.shape[1])
        winner = (y + padding, x + padding) if kind == "max" else None
        if kind == "average":
            output = avg_pool2d(image[None], *options, ceil_mode, count_include_pad)
        reach = [(count - 1) * stride + kernel_size for count in output.shape[1:]]
        size = [side + 2 * padding for side in image.shape]
        down, right = (max(0, r - s) for r, s in zip(reach, size, strict=True))
        edges = [padding, padding + right, padding, padding + down]
        inside = pad(torch.ones_like(image), edges) > 0
        return cls(
            kind, *options, pad(image, edges), inside, tuple(size), output[0], (row, column), winner
        )

    @property
    def maps(self) -> WindowMaps:
        shapes = [tuple(self.padded.shape), tuple(self.output.shape)]
        spans = (self.kernel_size, self.kernel_size)
        return WindowMaps(shapes, *self.place, self.stride, spans)

    @property
    def left_over(self) -> tuple[int, int]:
        down, right = (
            size - (count - 1) * self.stride - self.kernel_size
            for size, count in zip(self.padded.shape, self.output.shape, strict=True)
        )
        return down, right

    @property
    def empty(self) -> str:
        return "−∞" if self.kind == "max" else "0"

    @property
    def small_cell(self) -> float:
        return min(58.0, (WIDTH - 400) / self.kernel_size)

    @property
    def height(self) -> float:
        return self.maps.bottom + max(self.kernel_size, 2) * self.small_cell * 0.8 + 26


def _draw_maps(pen: Pen, step: _Step, reveal: bool) -> None:
    maps, p = step.maps, step.padding
    shown = torch.full_like(step.output, reveal, dtype=torch.bool)
    colours = Colours.of(step.padded)
    rows, columns = (side - 2 * p for side in step.size)
    size = f"{rows} × {columns}" + (f", padded by {p}" if p else "")
    grid = (step.padded, step.inside, colours, step.empty)
    draw_map(pen, "Input", size, grid, (*maps.corner(0), maps.cell))
    size = f"{step.output.shape[0]} × {step.output.shape[1]}"
    draw_map(pen, "Output", size, (step.output, shown, colours, "?"), (*maps.corner(1), maps.cell))
    maps.draw_left_over(pen, step.left_over)


def _draw_window_cells(pen: Pen, step: _Step, reveal: bool) -> None:
    """Write the window's cells, ring the winner, and write what they make."""
    top, left = (at * step.stride for at in step.place)
    k, maps, cell = step.kernel_size, step.maps, step.small_cell
    under = (slice(top, top + k), slice(left, left + k))
    height, middle = cell * 0.8, maps.bottom + k * cell * 0.4
    x = (WIDTH - k * cell - 210) / 2
    pen.write(x + k * cell / 2, maps.bottom - 15, "window", 14.0, color=MUTED)
    colours, corner = Colours.of(step.padded), (x, maps.bottom)
    values, inside = step.padded[under], step.inside[under]
    draw_cells(pen, values, inside, colours, step.empty, (*corner, cell, height))
    if reveal and step.winner:
        y, across = step.winner[0] - top, step.winner[1] - left
        pen.ring((x + across * cell, maps.bottom + y * height, cell, height), 3.0)
    word = "max" if step.kind == "max" else "mean"
    pen.write(x + k * cell + 46, middle, word, 20.0, color=MUTED)
    total = float(step.output[step.place])
    text = number_writer(step.output)(total) if reveal else None
    label = f"output[{step.place[0]}, {step.place[1]}]"
    draw_total(pen, label, text, colours(total), (x + k * cell + 92, middle))
