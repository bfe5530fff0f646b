"""Maps of unit × time and curves below them, all over the same steps.

Axes: ``T`` steps, ``H`` units. Lengths are thousandths of the width of the canvas.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from matplotlib import colormaps
from torch import Tensor

from labkit.figures.cells import WIDTH, Colours, Pen
from labkit.figures.glyphs import can_write, font_families
from labkit.figures.grid import SUNKEN, draw_bar, draw_cells
from labkit.figures.style import ACCENT, MUTED

__all__ = ["PLOT", "TOP", "Timeline", "draw_curve", "draw_unit_map"]

LEFT, GAP = 60.0, 84.0
TOP = 76.0  # room for the titles and the tokens above the maps
PLOT = 100.0  # height of a curve
LEAST_FOR_NUMBERS = 34.0  # width of a cell
LINE = "#d5d9e0"


@dataclass(frozen=True)
class Timeline:
    """Where two columns of panels lie, and where the cursor stands in all of them."""

    steps: int
    units: int
    position: int
    unit: int
    labels: Sequence[str]

    @property
    def panel(self) -> float:
        """How wide a panel may be."""
        return (WIDTH - 2 * LEFT - GAP) / 2

    @property
    def column(self) -> float:
        """How wide a step is."""
        return min(58.0, self.panel / self.steps)

    @property
    def row(self) -> float:
        """How high a unit is."""
        return min(34.0, max(15.0, 272 / self.units))

    @property
    def width(self) -> float:
        """How wide all steps are."""
        return self.steps * self.column

    @property
    def bottom(self) -> float:
        """Where the maps end."""
        return TOP + self.units * self.row

    @property
    def plot_top(self) -> float:
        """Where the curves begin."""
        return self.bottom + 92

    @property
    def height(self) -> float:
        """How high the whole picture is."""
        return self.plot_top + PLOT + 18

    @property
    def left(self) -> float:
        """Where the panels of the first column begin."""
        return LEFT + (self.panel - self.width) / 2

    @property
    def right(self) -> float:
        """Where the panels of the second column begin."""
        return self.left + self.panel + GAP

    def middle(self, left: float, step: int) -> float:
        """Return the middle of a step in the panel that begins at ``left``."""
        return left + (step + 0.5) * self.column


def draw_unit_map(
    pen: Pen,
    line: Timeline,
    left: float,
    words: tuple[str, str],
    grid: tuple[Float[Tensor, "T H"], Bool[Tensor, "T H"]],
) -> None:
    """Draw a map of unit × time with title, tokens, scale and cursor.

    Parameters
    ----------
    left
        Where the panel begins.
    words
        What it is, and more about it, above it.
    grid
        The values, and which of them are shown.
    """
    values, known = grid[0].T, grid[1].T
    colours = Colours.of(values, signed=True)
    title = pen.write(left, TOP - 53, words[0], 16.0, ha="left", weight="bold")
    pen.write_after(title, words[1], 15.0, color=MUTED)
    if line.column >= LEAST_FOR_NUMBERS:
        draw_cells(pen, values, known, colours, "", (left, TOP, line.column, line.row))
    else:  # one image instead of many rectangles
        _draw_image(pen, line, left, values.masked_fill(~known, torch.nan), colours)
    _draw_labels(pen, line, left)
    draw_bar(pen, colours, values, left, line.bottom + 24)
    x = left + line.position * line.column
    pen.frame((x, TOP, line.column, line.bottom - TOP), 1.2)
    pen.frame((x, TOP + line.unit * line.row, line.column, line.row), 3.2)


def _draw_image(pen: Pen, line: Timeline, left: float, values: Tensor, colours: Colours) -> None:
    extent = (left, left + line.width, line.bottom, TOP)
    cmap = colormaps[colours.name].with_extremes(bad=SUNKEN)
    limits = {"vmin": colours.low, "vmax": colours.high, "interpolation": "nearest"}
    pen.ax.imshow(values.numpy(), cmap, extent=extent, aspect="equal", **limits)


def _draw_labels(pen: Pen, line: Timeline, left: float) -> None:
    """Write as many tokens above the columns as fit, and the numbers of the units."""
    # A token in a script without a font here is called by the number of its step.
    labels = [label if can_write(label) else str(t) for t, label in enumerate(line.labels)]
    every = int(-(-(max(map(len, labels)) * 9.5 + 5) // line.column))
    for t in range(line.steps):
        now = t == line.position
        if now or (t % every == 0 and abs(t - line.position) >= every):
            style = {"weight": "bold"} if now else {"color": MUTED}
            x, families = line.middle(left, t), list(font_families())
            pen.write(x, TOP - 25, labels[t], 15.0, family=families, **style)
    for unit in range(line.units):
        style = {"weight": "bold"} if unit == line.unit else {"color": MUTED}
        y = TOP + (unit + 0.5) * line.row
        pen.write(left - 9, y, str(unit), 13.0, ha="right", **style)


def draw_curve(
    pen: Pen,
    line: Timeline,
    left: float,
    words: tuple[str, str],
    ticks: Mapping[str, float],
    *series: tuple[Sequence[float], dict[str, Any]],
) -> None:
    """Draw numbers over time, with title, grid and cursor; the cursor's dot lies on the last.

    Parameters
    ----------
    left, words
        As in `draw_unit_map`.
    ticks
        What is written beside the grid, and where: as a share of the height, from the top.
    series
        Shares of the height from the first step on, NaN where there is nothing; and their style.
    """
    top = line.plot_top
    title = pen.write(left, top - 17, words[0], 16.0, ha="left", weight="bold")
    pen.write_after(title, words[1], 15.0, color=MUTED)
    for text, share in ticks.items():
        y = top + PLOT * share
        pen.ax.plot([left, left + line.width], [y, y], color=LINE, lw=0.6, zorder=0)
        pen.write(left - 9, y, text, 13.0, ha="right", color=MUTED)
    for shares, style in series:
        xs = [line.middle(left, t) for t in range(len(shares))]
        ys = [top + PLOT * share for share in shares]
        pen.ax.plot(xs, ys, **{"lw": pen.points(2.6), **style})
    x, y = line.middle(left, line.position), top + PLOT * series[-1][0][line.position]
    pen.ax.plot([x, x], [top - 2, top + PLOT + 2], color=ACCENT, lw=pen.points(2.0), zorder=3)
    dot = {"markersize": pen.points(11.0), "markeredgecolor": "white", "zorder": 4}
    pen.ax.plot([x], [y], marker="o", color=ACCENT, **dot)
