"""Where the time of a notebook went, as a bar that fits into a line of text."""

from itertools import accumulate

from labkit.execution.outcomes import Outcome
from labkit.reports.frame import seconds

__all__ = ["bar", "slowest"]

WIDTH = 1000
NAMED = 3
LEAST_SHARE = 0.02
"""A cell that took a smaller share of its notebook's time is not called slow."""


def slowest(outcome: Outcome) -> list[tuple[int, float]]:
    """Return position and seconds of the slowest cells, slowest first: at most three."""
    found = sorted(outcome.cell_seconds.items(), key=lambda item: -item[1])[:NAMED]
    return [cell for cell in found if cell == found[0] or cell[1] >= LEAST_SHARE * outcome.seconds]


def bar(outcome: Outcome) -> str:
    """Return the time of a notebook as SVG: its cells in order, the slowest of them stressed.

    The pale part before the first cell is the time that no cell took: the kernel's start and end.
    """
    if not outcome.cell_seconds:
        return ""
    stressed = {cell for cell, _ in slowest(outcome)}
    spans = _spans(outcome)
    others = "".join(_box(*span) for cell, span in spans.items() if cell not in stressed)
    slow = "".join(_box(*span) for cell, span in spans.items() if cell in stressed)
    told = f"{len(spans)} cells took {seconds(sum(outcome.cell_seconds.values()))}"
    return (
        f'<svg class="bar" viewBox="0 0 {WIDTH} 8" preserveAspectRatio="none" role="img" '
        f'aria-label="{told} of {seconds(outcome.seconds)}">'
        f'<path class="other" d="{others}"/><path class="slow" d="{slow}"/></svg>'
    )


def _spans(outcome: Outcome) -> dict[int, tuple[float, float]]:
    """Return cell → start and width of its part of the bar."""
    cells = dict(sorted(outcome.cell_seconds.items()))
    in_cells = sum(cells.values())
    whole = max(outcome.seconds, in_cells) or 1.0
    scale = WIDTH / whole
    starts = accumulate(cells.values(), initial=whole - in_cells)
    return {
        cell: (start * scale, taken * scale)
        for (cell, taken), start in zip(cells.items(), starts, strict=False)
    }


def _box(start: float, width: float) -> str:
    """Return a path of one cell, with a gap to the next where there is room for one."""
    width = width - 4 if width > 12 else width
    return f"M{start:.0f} 0h{width:.0f}v8h-{width:.0f}z" if width >= 0.5 else ""
