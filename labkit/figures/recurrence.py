"""One step of a recurrent layer as a picture, in the same visual language as its explorer.

Axes: ``T`` steps, ``H`` hidden units. Lengths are thousandths of the width of the canvas.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from labkit.errors import OptionError, ShapeError
from labkit.figures.cells import Pen, new_pen, poster
from labkit.figures.style import INK, OKABE_ITO
from labkit.figures.timeline import TOP, Timeline, draw_curve, draw_unit_map

__all__ = ["recurrence_poster", "recurrence_step"]

MOST_DECADES = 16  # below it there is nothing left in double precision


def recurrence_step(
    states: Float[Tensor, "T H"],
    differences: Float[Tensor, "T H"],
    gradients: Float[Tensor, " T"],
    *,
    position: int = 0,
    unit: int = 0,
    perturbed: int = 0,
    reach: int | None = None,
    tokens: Sequence[str] = (),
    name: str = "RNN",
    reveal: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw states and their changes as maps of unit × time, one unit's curve, and the gradient.

    Parameters
    ----------
    states
        After each step.
    differences
        How much they change when the input of step ``perturbed`` does.
    gradients
        How much the last state depends on each: drawn on a log scale.
    position, unit
        Where the cursor stands.
    perturbed, reach
        The step whose input is changed, and after how many steps nothing is left of it; ``None``
        when something always is.
    tokens
        A label for each step; their numbers when there is none.
    name
        Of the layer, for the title.
    reveal
        Whether the state under the cursor, and what follows in its row, is shown.

    Raises
    ------
    ShapeError
        If there are not as many differences, gradients and tokens as states.
    OptionError
        If there is no such step or unit.

    Examples
    --------
    >>> states = torch.eye(5, 3)
    >>> ax = recurrence_step(states, states / 2, torch.ones(5), position=2, tokens="hello")
    >>> [text.get_text() for text in ax.texts if text.get_text() in list("hello")]
    ['h', 'e', 'l', 'l', 'o', 'h', 'e', 'l', 'l', 'o']
    """
    states, differences, gradients = (
        x.detach().cpu().double() for x in (states, differences, gradients)
    )
    labels = tuple(tokens) or tuple(map(str, range(len(states))))
    _expect_fitting(states, differences, gradients, labels)
    _expect_there(states, position=position, unit=unit, perturbed=perturbed)
    line = Timeline(*states.shape, position, unit, labels)
    pen = new_pen(line.height, ax)
    known = torch.ones_like(states, dtype=torch.bool)
    known[position:, unit] = reveal
    size = f"{line.units} units × {line.steps} steps"
    draw_unit_map(pen, line, line.left, (f"{name} states", size), (states, known))
    after = torch.arange(line.steps)[:, None].expand_as(known) >= perturbed
    words = ("Change of the states", f"input of step {perturbed} changed")
    draw_unit_map(pen, line, line.right, words, (differences, after))
    _draw_reach(pen, line, perturbed, reach)
    shown = [x[:, unit].masked_fill(~known[:, unit], torch.nan) for x in (states, differences)]
    _draw_trace(pen, line, *shown, perturbed, _range(states, states + differences))
    _draw_gradient(pen, line, gradients)
    return pen.ax


def recurrence_poster(states: Float[Tensor, "T H"], *numbers: Tensor, **options: Any) -> bytes:
    """Draw :func:`recurrence_step` as PNG bytes, without pyplot and so from any thread."""
    height = Timeline(*states.shape, 0, 0, ()).height
    return poster(height, lambda ax: recurrence_step(states, *numbers, ax=ax, **options))


def _expect_fitting(
    states: Tensor, differences: Tensor, gradients: Tensor, labels: Sequence[str]
) -> None:
    counts = {len(differences), len(gradients), len(labels)}
    if states.shape != differences.shape or counts != {len(states)}:
        raise ShapeError(
            f"states {tuple(states.shape)}, differences {tuple(differences.shape)}, gradients "
            f"{tuple(gradients.shape)} and {len(labels)} tokens do not fit together; "
            "expected (T, H), (T, H), (T,) and T"
        )


def _expect_there(states: Tensor, **cursor: int) -> None:
    for name, index in cursor.items():
        count = states.shape[1 if name == "unit" else 0]
        if not 0 <= index < count:
            raise OptionError(f"{name} is {index}; expected an index from 0 to {count - 1}")


def _range(*values: Tensor) -> float:
    return max(float(value.abs().max()) for value in values) or 1.0


def _draw_reach(pen: Pen, line: Timeline, perturbed: int, reach: int | None) -> None:
    """Draw a line under the map of changes, to where nothing is left of them."""
    y, start = line.bottom + 11, line.right + perturbed * line.column
    end = line.right + line.width if reach is None else start + reach * line.column
    style = {"arrowstyle": "->" if reach is None else "|-|,widthA=0.25,widthB=0.25"}
    style |= {"color": INK, "linewidth": pen.points(2.5), "shrinkA": 0, "shrinkB": 0}
    pen.ax.annotate("", (end, y), (start, y), arrowprops=style)
    x = line.middle(line.right, perturbed)
    pen.ax.plot([x], [TOP - 6], marker="v", color=INK, markersize=pen.points(9.0))


def _draw_trace(
    pen: Pen,
    line: Timeline,
    state: Float[Tensor, " T"],
    difference: Float[Tensor, " T"],
    perturbed: int,
    high: float,
) -> None:
    """Draw one unit over time: as it is, and dashed with the input changed."""
    as_it_is, changed = ((1 - x / high) / 2 for x in (state, state + difference))
    changed[:perturbed] = torch.nan
    ticks = {f"{high:.2f}": 0.0, "0": 0.5, f"−{high:.2f}": 1.0}
    words = (f"Unit {line.unit}", "over time; dashed: with the input changed")
    dashed = (changed.tolist(), {"color": INK, "ls": "--", "lw": pen.points(2.0)})
    solid = (as_it_is.tolist(), {"color": OKABE_ITO[0]})
    draw_curve(pen, line, line.left, words, ticks, dashed, solid)


def _draw_gradient(pen: Pen, line: Timeline, gradients: Float[Tensor, " T"]) -> None:
    """Draw how much the last state depends on each, on a log scale."""
    powers = gradients[gradients > 0].log10()
    high = max([0, *powers.ceil().int().tolist()])
    low = min([high - 1, *powers.floor().int().tolist()])
    low = max(low, high - MOST_DECADES)
    every = -(-(high - low) // 4)
    ticks = {rf"$10^{{{p}}}$": (high - p) / (high - low) for p in range(high, low - 1, -every)}
    shares = (high - gradients.clamp_min(10.0**low).log10()) / (high - low)
    words = ("Gradient", rf"$\Vert\partial h_{{{line.steps - 1}}} / \partial h_t\Vert$, log scale")
    draw_curve(pen, line, line.right, words, ticks, (shares.tolist(), {"color": OKABE_ITO[0]}))
