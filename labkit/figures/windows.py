"""Two maps of cells side by side: a window over the first, and the cell that it makes in another.

Lengths are thousandths of the width of the axes, as in `labkit.figures.cells`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.patches import FancyBboxPatch, Polygon

from labkit.figures.cells import PIXEL, WIDTH, Pen, ink_on
from labkit.figures.grid import SUNKEN
from labkit.figures.style import ACCENT, MUTED

__all__ = ["WindowMaps", "draw_total"]

GAP = 140.0  # between two maps, for the beam
TOP = 44.0  # room for the titles above the maps
TALLEST = 400.0
WRONG = "#b3261e"


@dataclass(frozen=True)
class WindowMaps:
    """Where maps of ``shapes`` (rows, columns) lie, and the window over the first of them.

    The window of ``spans`` (rows, columns) stands at ``row``, ``column`` of the second map, and
    moves by ``stride`` cells over the first.
    """

    shapes: Sequence[tuple[int, int]]
    row: int
    column: int
    stride: int
    spans: tuple[int, int]

    @property
    def cell(self) -> float:
        """The side of a cell."""
        gaps = GAP * (len(self.shapes) - 1)
        cell = min((WIDTH - gaps - 40) / self._across, TALLEST / self._rows, 54.0)
        return cell if cell < PIXEL else cell // PIXEL * PIXEL

    @property
    def bottom(self) -> float:
        """Where the maps end, with the scales below them."""
        return TOP + self._rows * self.cell + 82

    @property
    def _rows(self) -> int:
        return max(rows for rows, _ in self.shapes)

    @property
    def _across(self) -> int:
        return sum(columns for _, columns in self.shapes)

    def corner(self, which: int) -> tuple[float, float]:
        """Return the upper left corner of a map."""
        before = self.shapes[:which]
        gaps = GAP * (len(self.shapes) - 1)
        left = (WIDTH - gaps - self.cell * self._across) / 2
        left += sum(self.cell * columns + GAP for _, columns in before)
        top = TOP + (self._rows - self.shapes[which][0]) * self.cell / 2
        return round(left / PIXEL) * PIXEL, round(top / PIXEL) * PIXEL

    def box(self, which: int, row: int, column: int) -> tuple[float, float, float, float]:
        """Return left, top, width and height of one cell of a map."""
        left, top = self.corner(which)
        return left + column * self.cell, top + row * self.cell, self.cell, self.cell

    def draw_left_over(self, pen: Pen, cells: tuple[int, int]) -> None:
        """Hatch the rows and columns that no window reads because the stride steps past them."""
        (left, top), (rows, columns) = self.corner(0), self.shapes[0]
        down, right = (self.cell * count for count in cells)
        width, height = self.cell * columns, self.cell * rows
        hatch = {
            "facecolor": (1, 1, 1, 0.6),
            "edgecolor": WRONG,
            "hatch": "\\\\\\\\",
            "zorder": 2.5,
        }
        if down:
            pen.box((left, top + height - down, width, down), **hatch)
        if right:
            pen.box((left + width - right, top, right, height - down), **hatch)

    def draw_window(self, pen: Pen) -> None:
        """Frame the window and its output cell, and join them by a beam."""
        x, y, *_ = self.box(0, self.row * self.stride, self.column * self.stride)
        height, width = (span * self.cell for span in self.spans)
        to_x, to_y, *_ = there = self.box(1, self.row, self.column)
        corners = [(x + width, y), (to_x, to_y), (to_x, to_y + self.cell), (x + width, y + height)]
        # Behind the maps: a tint over the cells would change what their colours say.
        pen.ax.add_patch(Polygon(corners, facecolor=ACCENT, alpha=0.2, linewidth=0, zorder=-1))
        for start, end in ((corners[0], corners[1]), (corners[3], corners[2])):
            pen.ax.plot(*zip(start, end, strict=True), color=ACCENT, lw=0.7, alpha=0.7, zorder=3)
        pen.frame((x, y, width, height), 3.5)
        pen.frame(there, 3.5)


def draw_total(
    pen: Pen,
    label: str,
    text: str | None,
    fill: tuple[float, float, float],
    place: tuple[float, float],
) -> None:
    """Draw the answer of a step, large, under its label; ``None`` is an answer kept back."""
    x, middle = place
    hidden = text is None
    style = {
        "facecolor": SUNKEN if hidden else fill,
        "edgecolor": ACCENT,
        "linewidth": pen.points(3.5),
    }
    round_box = "round,pad=0,rounding_size=9"
    pen.ax.add_patch(FancyBboxPatch((x + 4, middle - 29), 100, 58, boxstyle=round_box, **style))
    ink = MUTED if hidden else ink_on(fill)
    pen.write(x + 54, middle, "?" if hidden else text, 22.0, weight="bold", color=ink)
    pen.write(x + 54, middle - 44, label, 14.0, color=MUTED)
