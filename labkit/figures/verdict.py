"""The picture beside a check's words: how one number comes about, and where it should stand.

Everything is drawn on one grid whose unit is a cell, so that the cells of all tensors have one
size. The background is transparent and the words are grey: they read on light and dark pages.
"""

from collections.abc import Sequence

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from labkit.figures.style import ACCENT, DIVERGING, INK

__all__ = ["verdict"]

CELL = 0.36  # inches
GREY = "#7b8490"  # contrast 4:1 on white, 5:1 on JupyterLab's dark background
GREEN = "#2e9e63"
MOST = 9  # rows or columns of a result that are drawn; beyond, the part around the number
CHANNELS = 3  # blocks of patch × kernel that are drawn


def verdict(
    expected: Tensor,
    got: Tensor,
    index: Sequence[int],
    factors: tuple[Tensor, Tensor] | None,
    extra: float | None = None,
    *,
    passed: bool = False,
) -> Figure:
    """Draw patch × kernel = sum, and beside it the right result and the one given.

    Parameters
    ----------
    expected, got
        The two results; their last two axes are drawn, a vector as one row. The shapes may differ.
    index
        The element of ``expected`` that is explained and ringed.
    factors
        Patch and kernel, each of shape (channels, height, width); none if the number is no sum of
        products, and only the results are drawn.
    extra
        What is added to the sum of products, such as a bias.
    passed
        Whether the two results agree, which makes the rings green.

    Examples
    --------
    >>> import torch
    >>> ones = torch.ones(1, 1, 2, 2)
    >>> figure = verdict(4 * ones, 3 * ones, (0, 0, 0, 0), (ones[0], ones[0]))
    >>> [text.get_text() for text in figure.axes[0].texts][:2]
    ['patch', 'kernel']
    """
    figure = Figure()
    figure.patch.set_alpha(0)
    ax = figure.add_axes((0, 0, 1, 1))
    ring = GREEN if passed else ACCENT
    right, low = _sum(ax, factors, extra, ring) if factors else (-1.0, 0.0)
    same_axes = got.dim() == expected.dim()
    rows = 2 - expected.dim()
    expected, index = expected[(None,) * rows], (*(0,) * rows, *index)
    plane, corner = _plane(expected, index)
    right, end = _result(ax, "should be", plane, plane, index, corner, right + 1.4, ring)
    low = max(low, end)
    theirs = _plane(got[(None,) * rows], index)[0] if same_axes else None
    right, end = _result(ax, "yours", theirs, plane, index, corner, right + 1.2, ring)
    _fit(figure, ax, right + 0.2, max(low, end) + 0.2)
    return figure


def _fit(figure: Figure, ax: Axes, width: float, height: float) -> None:
    ax.set_axis_off()
    ax.set(xlim=(-0.3, width), ylim=(height, -1.2))
    figure.set_size_inches((width + 0.3) * CELL, (height + 1.2) * CELL)


def _sum(
    ax: Axes, factors: tuple[Tensor, Tensor], extra: float | None, ring: str
) -> tuple[float, float]:
    """Draw one row of patch × kernel = sum for each channel; return where it ends."""
    patch, kernel = factors
    channels, high, wide = patch.shape
    second, sums = wide + 1.0, 2 * wide + 2.0
    _words(ax, wide / 2, -0.6, "patch")
    _words(ax, second + wide / 2, -0.6, "kernel")
    _words(ax, sums + 0.6, -0.6, "sum")
    top = 0.0
    for c in range(min(channels, CHANNELS)):
        _matrix(ax, patch[c], 0.0, top, float(patch.abs().max()))
        _matrix(ax, kernel[c], second, top, float(kernel.abs().max()))
        _words(ax, wide + 0.5, top + high / 2, "×", size=13.0)
        _words(ax, sums - 0.5, top + high / 2, "=", size=13.0)
        part = float((patch[c] * kernel[c]).sum())
        _words(ax, sums + 0.6, top + high / 2, _number(part), size=12.0)
        top += high + 0.5
    low = _total(ax, patch, kernel, extra, sums + 0.6, top, ring)
    return sums + 1.2, low - 0.5 * (low == top)


def _total(
    ax: Axes, patch: Tensor, kernel: Tensor, extra: float | None, x: float, top: float, ring: str
) -> float:
    """Write under the sums of the channels what is left to add, and the total."""
    rest = float((patch[CHANNELS:] * kernel[CHANNELS:]).sum())
    lines = [f"+ {_number(rest)} (other channels)"] if len(patch) > CHANNELS else []
    lines += [] if extra is None else [f"+ {_number(extra)} (bias)"]
    total = float((patch * kernel).sum()) + (extra or 0.0)
    if lines or len(patch) > 1:
        lines.append(f"= {_number(total)}")
    for line in lines:
        last = line is lines[-1]
        ax.text(x + 0.5, top + 0.1, line, ha="right", va="center", fontsize=12 if last else 10,
                color=ring if last else GREY, weight="bold")  # fmt: skip
        top += 0.75
    return top


def _plane(tensor: Tensor, index: Sequence[int]) -> tuple[Tensor | None, tuple[int, int]]:
    """Return the two last axes at ``index``, cut to what can be drawn, and where the cut begins."""
    if any(i >= size for i, size in zip(index[:-2], tensor.shape, strict=False)):
        return None, (0, 0)
    plane = tensor[tuple(index[:-2])]
    top, left = (max(0, i - MOST + 1) for i in index[-2:])
    return plane[top : top + MOST, left : left + MOST], (top, left)


def _result(
    ax: Axes,
    title: str,
    plane: Tensor | None,
    right: Tensor | None,
    index: Sequence[int],
    corner: tuple[int, int],
    x: float,
    ring: str,
) -> tuple[float, float]:
    """Draw one result with its ring; return where it ends."""
    assert right is not None
    wide = max(right.shape[1], 0 if plane is None else plane.shape[1])
    high = max(right.shape[0], 0 if plane is None else plane.shape[0])
    _words(ax, x + wide / 2, -0.6, title)
    row, column = index[-2] - corner[0], index[-1] - corner[1]
    if plane is None or plane.shape != right.shape:
        _outline(ax, x, right)
    if plane is None:
        _words(ax, x + right.shape[1] / 2, right.shape[0] / 2, "other\naxes", size=8.0)
        return x + wide, float(high)
    _matrix(ax, plane, x, 0.0, float(right.abs().max()))
    _mark_differences(ax, plane, right, x)
    ax.add_patch(Rectangle((x + column, row), 1, 1, fill=False, ec=ring, lw=3, zorder=4))
    return x + wide, float(high)


def _outline(ax: Axes, x: float, right: Tensor) -> None:
    """Show with dashes the size that the result should have."""
    high, wide = right.shape
    ax.add_patch(Rectangle((x, 0), wide, high, fill=False, ec=GREY, lw=1.2, ls="--", zorder=2))


def _mark_differences(ax: Axes, plane: Tensor, right: Tensor, x: float) -> None:
    for i, row in enumerate(plane.tolist()):
        for j, value in enumerate(row):
            inside = i < right.shape[0] and j < right.shape[1]
            if not (inside and abs(value - float(right[i, j])) <= 1e-3):
                ax.plot([x + j + 0.86], [i + 0.14], ".", color=ACCENT, ms=5, zorder=3)


def _matrix(ax: Axes, values: Tensor, x: float, y: float, largest: float) -> None:
    paint = colormaps[DIVERGING]
    for i, row in enumerate(values.tolist()):
        for j, value in enumerate(row):
            # Less than the full map: the darkest ends would need white numbers beside black ones.
            finite = value if abs(value) < float("inf") else 0.0
            colour = paint(0.5 + 0.3 * max(-1.0, min(1.0, finite / (largest or 1.0))))
            cell = Rectangle((x + j, y + i), 1, 1, fc=colour, ec="#ffffff", lw=1.2, zorder=1)
            ax.add_patch(cell)
            text = _number(value)
            ax.text(x + j + 0.5, y + i + 0.52, text, ha="center", va="center", color=INK,
                    fontsize=10 if len(text) < 4 else 7.5, zorder=3)  # fmt: skip


def _words(ax: Axes, x: float, y: float, words: str, *, size: float = 10.5) -> None:
    ax.text(x, y, words, ha="center", va="center", color=GREY, fontsize=size, weight="bold")


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")
