"""One query's attention as a picture, in the same visual language as its explorer.

Axes: ``T`` queries, ``S`` keys, ``W`` width of a value. Lengths are thousandths of the width of the
canvas.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from torch import Tensor

from labkit.errors import OptionError, ShapeError
from labkit.figures.cells import WIDTH, Colours, Pen, ink_on, new_pen, poster
from labkit.figures.glyphs import can_write, font_families
from labkit.figures.grid import SUNKEN, draw_bar, draw_cells
from labkit.figures.style import MUTED

__all__ = ["attention_poster", "attention_step"]

LEFT, GAP, BARS = 96.0, 120.0, 76.0
TOP = 62.0  # room for the titles and the tokens above the map
LEAST_FOR_NUMBERS = 30.0  # width of a cell


def attention_step(
    weights: Float[Tensor, "T S"],
    values: Float[Tensor, "S W"],
    *,
    allowed: Bool[Tensor, "T S"] | None = None,
    position: int = 0,
    tokens: Sequence[str] = (),
    key_tokens: Sequence[str] = (),
    reveal: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the map of attention, one query's row of it, and the values that this row adds up.

    Parameters
    ----------
    weights
        How much of its attention each query gives to each key.
    values
        What there is to get from each key.
    allowed
        Which keys a query may look at: the others are grey; all of them when left out.
    position
        The query.
    tokens, key_tokens
        Labels of queries and keys; their numbers when there are none.
    reveal
        Whether the weights and what they add up to are shown, or kept back to be predicted.

    Raises
    ------
    ShapeError
        If there are not as many values, masks and labels as weights.
    OptionError
        If there is no such query.

    Examples
    --------
    >>> ax = attention_step(torch.eye(3), torch.ones(3, 2), tokens="猫坐下", position=1)
    >>> [text.get_text() for text in ax.texts][0]
    'Attention'
    """
    weights, values = (x.detach().cpu().float() for x in (weights, values))
    look = _Look.of(weights, values, allowed, position, (tokens, key_tokens))
    pen = new_pen(look.height, ax)
    known = look.allowed & reveal
    _draw_map(pen, look, known)
    _draw_weights(pen, look, reveal)
    _draw_values(pen, look, reveal)
    return pen.ax


def attention_poster(
    weights: Float[Tensor, "T S"], values: Float[Tensor, "S W"], **options: Any
) -> bytes:
    """Draw :func:`attention_step` as PNG bytes, without pyplot and so from any thread."""
    height = _Look.of(weights, values, None, 0, ((), ())).height
    return poster(height, lambda ax: attention_step(weights, values, ax=ax, **options))


@dataclass(frozen=True)
class _Look:
    """What one query sees, and where it is drawn."""

    weights: Float[Tensor, "T S"]
    values: Float[Tensor, "S W"]
    allowed: Bool[Tensor, "T S"]
    position: int
    queries: Sequence[str]
    keys: Sequence[str]

    @classmethod
    def of(
        cls,
        weights: Tensor,
        values: Tensor,
        allowed: Tensor | None,
        position: int,
        labels: tuple[Sequence[str], Sequence[str]],
    ) -> "_Look":
        allowed = torch.ones_like(weights, dtype=torch.bool) if allowed is None else allowed.cpu()
        counts = zip(labels, weights.shape, strict=True)
        names = [_written(given or tuple(map(str, range(n)))) for given, n in counts]
        sizes = (len(names[0]), len(names[1]))
        shapes = {tuple(allowed.shape), sizes, (len(weights), len(values))}
        if shapes != {tuple(weights.shape)}:
            raise ShapeError(
                f"weights {tuple(weights.shape)}, allowed {tuple(allowed.shape)}, "
                f"{len(values)} values, {sizes[0]} tokens and {sizes[1]} key_tokens do not fit "
                "together; expected (T, S), (T, S), S, T and S"
            )
        if not 0 <= position < len(weights):
            raise OptionError(
                f"position is {position}; expected an index from 0 to {len(weights) - 1}"
            )
        return cls(weights, values, allowed, position, *names)

    @property
    def cell(self) -> float:
        """The side of a cell of the map."""
        queries, keys = self.weights.shape
        return min(52.0, (WIDTH / 2 - LEFT) / keys, 440 / queries)

    @property
    def left(self) -> float:
        """Where the values begin."""
        return LEFT + self.weights.shape[1] * self.cell + GAP + BARS

    @property
    def row(self) -> float:
        """How high a value is."""
        return min(30.0, max(13.0, len(self.weights) * self.cell / (len(self.values) + 1)))

    @property
    def column(self) -> float:
        """How wide one number of a value is."""
        return min(52.0, (WIDTH - self.left - 8) / self.values.shape[1])

    @property
    def output_top(self) -> float:
        """Where the weighted sum is."""
        return TOP + len(self.values) * self.row + 16

    @property
    def height(self) -> float:
        """How high the whole picture is."""
        return max(TOP + len(self.weights) * self.cell, self.output_top + self.row) + 42


def _written(labels: Sequence[str]) -> list[str]:
    # A token in a script without a font here is called by its number.
    return [label if can_write(label) else str(i) for i, label in enumerate(labels)]


def _title(pen: Pen, left: float, name: str, words: str) -> None:
    title = pen.write(left, 18.0, name, 16.0, ha="left", weight="bold")
    pen.write_after(title, words, 15.0, color=MUTED)


def _draw_map(pen: Pen, look: _Look, known: Bool[Tensor, "T S"]) -> None:
    cell, (queries, keys) = look.cell, look.weights.shape
    colours = _colours(look)
    _title(pen, LEFT, "Attention", f"{queries} queries × {keys} keys")
    _draw_grid(pen, look.weights, known, colours, (LEFT, TOP, cell, cell))
    draw_bar(pen, colours, look.weights, LEFT, TOP + queries * cell + 10)
    families = list(font_families())
    every = max(1, int(-(-(max(map(len, look.keys)) * 9.5 + 4) // cell)))
    for j in range(0, keys, every):
        x = LEFT + (j + 0.5) * cell
        pen.write(x, TOP - 13, look.keys[j], 14.0, color=MUTED, family=families)
    for i in range(0, queries, max(1, int(-(-15 // cell)))):
        style = {"weight": "bold"} if i == look.position else {"color": MUTED}
        y = TOP + (i + 0.5) * cell
        pen.write(LEFT - 9, y, look.queries[i], 14.0, ha="right", family=families, **style)
    pen.frame((LEFT, TOP + look.position * cell, keys * cell, cell), 3.0)


def _draw_grid(
    pen: Pen, numbers: Tensor, known: Tensor, colours: Colours, place: tuple[float, ...]
) -> None:
    """Draw cells, with numbers where they fit."""
    left, top, width, height = place
    if width >= LEAST_FOR_NUMBERS:
        return draw_cells(pen, numbers, known, colours, "", (left, top, width, height))
    for y, row in enumerate(numbers.tolist()):
        for x, number in enumerate(row):
            fill = colours(number) if known[y, x] else SUNKEN
            pen.box((left + x * width, top + y * height, width, height - 0.8), facecolor=fill)
    return None


def _colours(look: _Look) -> Colours:
    # An even look is never brighter than half of the scale.
    high = max(float(look.weights.max()), 2 / len(look.values))
    return Colours.of(torch.tensor([0.0, min(1.0, high)]))


def _draw_weights(pen: Pen, look: _Look, reveal: bool) -> None:
    """Draw the query's weights as bars before the values that they multiply."""
    families, colours = list(font_families()), _colours(look)
    left, width = look.left - BARS, BARS - 8
    for j, weight in enumerate(look.weights[look.position].tolist()):
        y = TOP + j * look.row
        middle = y + look.row / 2
        pen.write(left - 8, middle, look.keys[j], 14.0, ha="right", color=MUTED, family=families)
        pen.box((left, y + 3, width, look.row - 6), facecolor=SUNKEN)
        if not reveal:
            continue
        fill = colours(weight)
        pen.box((left, y + 3, width * weight, look.row - 6), facecolor=fill)
        text = f"{weight:.2f}" if look.allowed[look.position, j] else "masked"
        inside = weight > 0.6
        style = {"ha": "left", "color": ink_on(fill)} if inside else {"ha": "right"}
        pen.write(left + 5 if inside else left + width - 3, middle, text, 12.5, **style)


def _draw_values(pen: Pen, look: _Look, reveal: bool) -> None:
    """Draw the values, and below them their weighted sum."""
    colours = Colours.of(look.values)
    keys, width = look.values.shape
    _title(pen, look.left - BARS, "Values", f"{keys} × {width}, and their weighted sum")
    shown = torch.ones_like(look.values, dtype=torch.bool)
    size = (look.column, look.row)
    _draw_grid(pen, look.values, shown, colours, (look.left, TOP, *size))
    output = look.weights[look.position, None] @ look.values
    _draw_grid(pen, output, shown[:1] & reveal, colours, (look.left, look.output_top, *size))
    middle = look.output_top + look.row / 2
    pen.write(look.left - 10, middle, "sum", 14.0, ha="right", weight="bold")
    draw_bar(pen, colours, look.values, look.left, look.output_top + look.row + 10)
