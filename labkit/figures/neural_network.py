"""One step of a small network as a picture, in the same visual language as its explorer.

Lengths are thousandths of the width of the canvas. A number that is NaN is not known yet.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import isnan
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyBboxPatch
from torch import Tensor

from labkit.errors import OptionError, ShapeError
from labkit.figures.cells import WIDTH, Colours, Pen, ink_on, new_pen, poster
from labkit.figures.grid import SUNKEN
from labkit.figures.network_plan import (
    LINE,
    TOP,
    Plan,
    draw_badge,
    draw_lines,
    draw_numbers,
    written,
)
from labkit.figures.style import ACCENT, MUTED, OKABE_ITO
from labkit.ops.backpropagation import Layer

__all__ = ["neural_network_poster", "neural_network_step"]

CURVE = 770.0  # where the curve of losses begins
Cursor = tuple[str, int, int, int]


def neural_network_step(
    layers: Sequence[Layer],
    values: Sequence[Float[Tensor, " _"]],
    target: Float[Tensor, " O"],
    losses: Sequence[float],
    *,
    cursor: Cursor = ("loss", 0, 0, 0),
    slopes: Sequence[Float[Tensor, " _"]] = (),
    gradients: Sequence[Layer] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw neurons and weighted lines with their numbers, the loss, and its curve over the steps.

    Parameters
    ----------
    layers
        Each with a weight (out, in) and a bias (out,).
    values
        The inputs, then what each layer gives.
    target
        What the last layer should give.
    losses
        After 0, 1, 2, … steps of gradient descent; the last belongs to ``values``.
    cursor
        What is worked out: ``"sum"``, ``"loss"``, ``"slope"`` or ``"weight"``, then the layer, the
        unit, and where a weight comes from; one past the last unit there is the bias.
    slopes, gradients
        Of the loss, by layer, with respect to the sums, and to weights and biases: they are drawn
        on the way back. A line shows its gradient where that is known, else its weight.

    Raises
    ------
    ShapeError
        If layers, values and target do not fit together.
    OptionError
        If there is no such step.

    Examples
    --------
    >>> layer = Layer(torch.tensor([[0.5, -1.0]]), torch.tensor([0.25]))
    >>> values = [torch.tensor([2.0, 1.0]), torch.tensor([0.25])]
    >>> ax = neural_network_step([layer], values, torch.tensor([1.0]), [0.5625])
    >>> [text.get_text() for text in ax.texts if "−" in text.get_text()]
    ['−1']
    """
    plan = Plan(_fitting_sizes(layers, values, target))
    _expect_there(plan, cursor)
    pen = new_pen(plan.height, ax)
    words = ("← Backward", "gradients come back") if gradients else ("Forward →", "to the loss")
    title = pen.write(20.0, 28.0, words[0], 17.0, ha="left", weight="bold")
    pen.write_after(title, words[1], 15.0, color=MUTED)
    colours = Colours.of(torch.cat([*values, target]).nan_to_num(), signed=True, headroom=1.25)
    draw_lines(pen, plan, layers)
    for k, layer in enumerate(layers):
        now = (cursor[2], cursor[3]) if cursor[:2] == ("weight", k) else None
        draw_numbers(pen, plan, k, layer, gradients[k] if gradients else None, now)
    _draw_neurons(pen, plan, values, colours, cursor)
    _draw_slopes(pen, plan, slopes if gradients else ())
    for unit, number in enumerate(target.tolist()):
        x, y = plan.node(len(layers), unit)
        place = (x + plan.radius + 34, y + (22 if y > plan.node(len(layers) + 1, 0)[1] else -22))
        draw_badge(pen, place, f"t {written(number)}", colours(number))
    _draw_loss(pen, plan, losses[-1], cursor[0] == "loss")
    _draw_curve(pen, plan, losses)
    return pen.ax


def neural_network_poster(layers: Sequence[Layer], *numbers: Any, **options: Any) -> bytes:
    """Draw :func:`neural_network_step` as PNG bytes, without pyplot and so from any thread."""
    sizes = (layers[0].weight.shape[1], *(len(layer.bias) for layer in layers))
    return poster(
        Plan(sizes).height, lambda ax: neural_network_step(layers, *numbers, ax=ax, **options)
    )


def _fitting_sizes(
    layers: Sequence[Layer], values: Sequence[Tensor], target: Tensor
) -> tuple[int, ...]:
    sizes = tuple(len(row) for row in values)
    shapes = [tuple(layer.weight.shape) for layer in layers]
    wanted = [(out, into) for into, out in pairwise(sizes)]
    if not shapes or shapes != wanted or target.shape != values[-1].shape:
        raise ShapeError(
            f"weights of {shapes}, values of {sizes} and a target of {tuple(target.shape)} do not "
            "fit together; expected one vector of values more than layers, and a target as long "
            "as the last"
        )
    return sizes


def _expect_there(plan: Plan, cursor: Cursor) -> None:
    kind, k, unit, source = cursor
    there = kind in ("sum", "loss", "slope", "weight") and 0 <= k < len(plan.sizes) - 1
    if not (there and 0 <= unit < plan.sizes[k + 1] and 0 <= source <= plan.sizes[k]):
        raise OptionError(
            f"cursor is {cursor}; expected 'sum', 'loss', 'slope' or 'weight', "
            f"then a layer, unit and source of a network of {plan.sizes}"
        )


def _draw_neurons(
    pen: Pen, plan: Plan, values: Sequence[Tensor], colours: Colours, cursor: Cursor
) -> None:
    for column, row in enumerate(values):
        for unit, value in enumerate(row.tolist()):
            fill = SUNKEN if isnan(value) else colours(value)
            middle = x, y = plan.node(column, unit)
            if cursor[0] in ("sum", "slope") and cursor[1:3] == (column - 1, unit):
                pen.ax.add_patch(Circle(middle, plan.radius + 6, color=ACCENT, zorder=2))
            rim = {"edgecolor": "white", "linewidth": pen.points(2.5), "zorder": 3}
            pen.ax.add_patch(Circle(middle, plan.radius, facecolor=fill, **rim))
            style = {"color": ink_on(fill), "zorder": 4}
            pen.write(x, y - 14, plan.name(column, unit), 13.0, **style)
            size = min(16.0, plan.radius * 3 / len(written(value)))
            pen.write(x, y + 8, written(value), size, weight="bold", **style)


def _draw_slopes(pen: Pen, plan: Plan, slopes: Sequence[Tensor]) -> None:
    """Write on top of each neuron how the loss changes with its sum, where that is known."""
    for k, row in enumerate(slopes):
        colours = Colours.of(torch.cat(list(slopes)).nan_to_num(), signed=True, headroom=1.25)
        for unit, slope in enumerate(row.tolist()):
            if not isnan(slope):
                x, y = plan.node(k + 1, unit)
                draw_badge(pen, (x, y - plan.radius - 4), f"∂ {written(slope)}", colours(slope))


def _draw_loss(pen: Pen, plan: Plan, loss: float, current: bool) -> None:
    x, y = plan.node(len(plan.sizes), 0)
    rim = {"edgecolor": ACCENT if current else LINE, "facecolor": SUNKEN, "zorder": 3}
    rim["linewidth"] = pen.points(4.0 if current else 1.5)
    pen.ax.add_patch(FancyBboxPatch((x - 40, y - 28), 80, 56, boxstyle="round,pad=4", **rim))
    pen.write(x, y - 14, "loss", 13.0, color=MUTED, zorder=4)
    pen.write(x, y + 8, written(loss, 4), 16.0, weight="bold", zorder=4)


def _draw_curve(pen: Pen, plan: Plan, losses: Sequence[float]) -> None:
    """Draw the loss over the steps of gradient descent, from zero up."""
    top, height, steps = TOP + 20, plan.height - TOP - 100, max(len(losses) - 1, 5)
    taken = len(losses) - 1
    width = WIDTH - CURVE - 30
    high = max([loss for loss in losses if not isnan(loss)], default=1.0) * 1.1 or 1.0
    title = pen.write(CURVE, 28.0, "Loss", 17.0, ha="left", weight="bold")
    steps_taken = f"after {taken} step{'s' * (taken > 1)}" if taken else "at the start"
    words = f"{written(losses[-1], 4)} {steps_taken}"
    pen.write_after(title, words, 15.0, color=MUTED)
    for share in (0.0, 0.5, 1.0):
        y = top + height * (1 - share)
        pen.ax.plot([CURVE, CURVE + width], [y, y], color=LINE, lw=0.6, zorder=0)
        pen.write(CURVE - 9, y, f"{high * share:.3g}", 13.0, ha="right", color=MUTED)
    pen.write(CURVE, top + height + 22, "0", 13.0, color=MUTED)
    pen.write(CURVE + width, top + height + 22, f"{steps} steps", 13.0, ha="right", color=MUTED)
    xs = [CURVE + width * t / steps for t in range(len(losses))]
    ys = [top + height * (1 - loss / high) for loss in losses]
    pen.ax.plot(xs, ys, color=OKABE_ITO[0], marker=".", lw=pen.points(2.6))
    dot = {"markersize": pen.points(12.0), "markeredgecolor": "white", "zorder": 4}
    pen.ax.plot(xs[-1:], ys[-1:], marker="o", color=ACCENT, **dot)
