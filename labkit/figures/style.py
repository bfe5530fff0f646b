"""One look for every picture: colours, maps, and how a figure becomes a small PNG.

Magnitudes are drawn in cividis, signed values in a diverging map centred on zero, lines in the
colours of Okabe and Ito [1]_: all three can be told apart by colour-blind readers.

References
----------
.. [1] Okabe and Ito (2008), Color Universal Design. https://jfly.uni-koeln.de/color/
"""

from io import BytesIO

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = [
    "ACCENT",
    "DIVERGING",
    "INK",
    "MUTED",
    "OKABE_ITO",
    "SEQUENTIAL",
    "new_axes",
    "png",
]

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")
ACCENT = "#D55E00"
INK = "#1b1f24"
MUTED = "#6b7280"
SEQUENTIAL = "cividis"
DIVERGING = "RdBu_r"


def new_axes(ax: Axes | None = None, *, width: float = 4.0, height: float = 3.0) -> Axes:
    """Return ``ax``, or the axes of a new pyplot figure of ``width`` × ``height`` inches."""
    if ax is not None:
        return ax
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def png(figure: Figure, *, dpi: int = 110) -> bytes:
    """Draw a figure as PNG bytes; ``dpi`` is in dots an inch."""
    buffer = BytesIO()
    # No bbox_inches="tight": measuring the figure twice costs twelve times the time.
    figure.savefig(buffer, format="png", dpi=dpi, pil_kwargs={"optimize": True})
    return buffer.getvalue()
