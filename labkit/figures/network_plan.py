"""Where the neurons of a small network lie, and its weighted lines with their numbers.

Lengths are thousandths of the width of the canvas. A number that is NaN is not known yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import isnan
from typing import Any

import torch

from labkit.figures.cells import Colours, Pen, ink_on
from labkit.figures.style import ACCENT, DIVERGING
from labkit.ops.backpropagation import Layer

__all__ = [
    "LINE",
    "TOP",
    "Plan",
    "Point",
    "draw_badge",
    "draw_lines",
    "draw_numbers",
    "written",
]

TOP, NET = 72.0, 660.0
LINE = "#d5d9e0"
PLACES = (0.32, 0.68, 0.4, 0.6, 0.5)  # where on a line its number may stand
MOST_NUMBERS = 9  # on the lines of a layer: more of them would cover it
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
Point = tuple[float, float]


@dataclass(frozen=True)
class Plan:
    """Where the neurons lie, and the loss behind them."""

    sizes: tuple[int, ...]

    @property
    def radius(self) -> float:
        """Of a neuron."""
        return 36.0 if max(self.sizes) <= 4 else 28.0

    @property
    def pitch(self) -> float:
        """From a neuron to the one below it."""
        return 2 * self.radius + (56 if max(self.sizes) <= 3 else 34)

    @property
    def height(self) -> float:
        """Of the whole picture."""
        return TOP + max(max(self.sizes) * self.pitch, 250) + 20

    def node(self, column: int, unit: int) -> Point:
        """Return the middle of a neuron; the column behind the last holds the loss."""
        size = (*self.sizes, 1)[column]
        x = 56 + (NET - 110) * column / len(self.sizes)
        return x, (TOP + self.height - 20) / 2 + (unit - (size - 1) / 2) * self.pitch

    def name(self, column: int, unit: int) -> str:
        """Return x for an input, y for an output, h and g for what lies between."""
        letter = "y" if column == len(self.sizes) - 1 else "xhg"[column]
        return letter + ("" if self.sizes[column] == 1 else str(unit + 1).translate(SUBSCRIPTS))


def written(value: float, digits: int = 3) -> str:
    """Write a few digits, and a question mark for what is not known.

    Examples
    --------
    >>> written(-1.5), written(torch.nan)
    ('−1.5', '?')
    """
    return "?" if isnan(value) else f"{value:.{digits}g}".replace("-", "−") if value else "0"


def draw_badge(pen: Pen, middle: Point, text: str, fill: Any, current: bool = False) -> None:
    """Write a short text on a small plate, framed where it is the present one."""
    box = {
        "boxstyle": "round,pad=0.25",
        "facecolor": fill,
        "edgecolor": ACCENT if current else LINE,
    }
    box["linewidth"] = pen.points(3.0 if current else 1.2)
    pen.write(*middle, text, 12.5, color=ink_on(fill), bbox=box, zorder=5, va="center")


def draw_lines(pen: Pen, plan: Plan, layers: Sequence[Layer]) -> None:
    """Draw a line for each weight: thick for a large one, dashed for a negative one."""
    high = max(float(layer.weight.abs().max()) for layer in layers) or 1.0
    signs = Colours(-1.0, 1.0, DIVERGING)
    for k, layer in enumerate(layers):
        for unit, row in enumerate((layer.weight / high).tolist()):
            for source, share in enumerate(row):
                (x, y), (to_x, to_y) = plan.node(k, source), plan.node(k + 1, unit)
                style = {"color": signs((0.5 + 0.3 * abs(share)) * (1 if share > 0 else -1))}
                style |= {"lw": pen.points(2 + 7 * abs(share)), "zorder": 1}
                pen.ax.plot([x, to_x], [y, to_y], ls=(0, (2, 1)) if share < 0 else "-", **style)
    for unit in range(plan.sizes[-1]):
        (x, y), (to_x, to_y) = plan.node(len(layers), unit), plan.node(len(layers) + 1, 0)
        pen.ax.plot([x, to_x], [y, to_y], color=LINE, lw=pen.points(3.0), zorder=1)


def draw_numbers(
    pen: Pen,
    plan: Plan,
    k: int,
    layer: Layer,
    gradient: Layer | None,
    now: tuple[int, int] | None,
) -> None:
    """Write each weight and bias, or its gradient, where there is room for it."""
    rows = torch.cat([layer.weight, layer.bias[:, None]], 1)
    slopes = rows * torch.nan
    if gradient is not None:
        slopes = torch.cat([gradient.weight, gradient.bias[:, None]], 1)
    colours = Colours.of(slopes.nan_to_num(), signed=True, headroom=1.25)
    taken: list[Point] = []
    for unit, source in product(range(rows.shape[0]), range(rows.shape[1])):
        slope, current = slopes[unit, source].item(), now == (unit, source)
        text = written(rows[unit, source].item() if isnan(slope) else slope)
        fill = "white" if isnan(slope) else colours(slope)
        if source == plan.sizes[k]:
            x, y = plan.node(k + 1, unit)
            draw_badge(pen, (x, y + plan.radius + 4), f"b {text}", fill, current)
        elif current or layer.weight.numel() <= MOST_NUMBERS:
            place = _room(plan, k, unit, source, taken)
            taken.append(place)
            draw_badge(pen, place, text, fill, current)


def _room(plan: Plan, k: int, unit: int, source: int, taken: list[Point]) -> Point:
    """Find a place on a line that no other number has taken; the first one if there is none."""
    (x, y), (to_x, to_y) = plan.node(k, source), plan.node(k + 1, unit)
    places = [(x + (to_x - x) * share, y + (to_y - y) * share) for share in PLACES]
    free = (p for p in places if all(abs(p[0] - q[0]) > 52 or abs(p[1] - q[1]) > 24 for q in taken))
    return next(free, places[0])
