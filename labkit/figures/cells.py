"""Coloured cells with their numbers, the way the explorers draw them.

Lengths are thousandths of the width of the axes, so that a picture of any size looks the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from io import BytesIO
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, Rectangle
from matplotlib.text import Text
from PIL import Image
from torch import Tensor

from labkit.figures.style import ACCENT, DIVERGING, INK, SEQUENTIAL, new_axes, png

__all__ = [
    "PIXEL",
    "WIDTH",
    "Colours",
    "Pen",
    "ink_on",
    "new_pen",
    "number_writer",
    "poster",
    "small_png",
]

WIDTH = 1000.0
INCHES, DPI = 7.6, 100
PIXEL = WIDTH / (INCHES * DPI)  # cells of whole pixels are sharp, and small as PNG
MAPS = (SEQUENTIAL, DIVERGING)
Box = tuple[float, float, float, float]  # left, top, width, height


@dataclass(frozen=True)
class Colours:
    """One colour a value: cividis for magnitudes, a map centred on zero for signed values."""

    low: float
    high: float
    name: str

    @classmethod
    def of(
        cls, values: Float[Tensor, "*axes"], *, signed: bool = False, headroom: float = 1.0
    ) -> "Colours":
        """Choose the map and its range for these values."""
        low, high = float(values.min()), float(values.max())
        if signed or low < 0:
            reach = max(-low, high) * headroom or 1.0
            return cls(-reach, reach, DIVERGING)
        if low == high:
            low, high = min(low, 0.0), max(high, 1.0)
        return cls(low, high, SEQUENTIAL)

    def __call__(self, value: float) -> tuple[float, float, float]:
        """Return the colour of a value as red, green and blue in [0, 1]."""
        return colormaps[self.name]((value - self.low) / (self.high - self.low))[:3]


@dataclass(frozen=True)
class Pen:
    """Draws on axes whose unit is a thousandth of their width."""

    ax: Axes

    def points(self, length: float) -> float:
        """Turn a length on the canvas into points, the unit of fonts and lines."""
        box = self.ax.get_position()
        return length * box.width * self.ax.figure.get_figwidth() * 72 / WIDTH

    def write(self, x: float, y: float, text: str, size: float, **style: Any) -> Text:
        """Write text around a point."""
        style = {"ha": "center", "va": "center_baseline", "color": INK, **style}
        return self.ax.text(x, y, text, fontsize=self.points(size), **style)

    def write_after(self, before: Text, text: str, size: float, **style: Any) -> None:
        """Write text on the line of another, to its right."""
        style = {"textcoords": "offset points", "va": "center", "color": INK, **style}
        gap = (self.points(9.0), 0)
        self.ax.annotate(text, (1, 0.5), gap, before, fontsize=self.points(size), **style)

    def box(self, box: Box, **style: Any) -> None:
        """Fill a rectangle."""
        x, y, width, height = box
        self.ax.add_patch(Rectangle((x, y), width, height, **{"linewidth": 0, **style}))

    def frame(self, box: Box, thick: float) -> None:
        """Outline a rectangle so that it stands off from any colour: accent on a white line."""
        for colour, extra in (("white", 3.0), (ACCENT, 0.0)):
            line = self.points(thick + extra)
            self.box(box, fill=False, edgecolor=colour, linewidth=line, joinstyle="round", zorder=4)

    def ring(self, box: Box, thick: float) -> None:
        """Ring a cell so that the ring stands off from any colour: accent on a white line."""
        x, y, width, height = box
        for colour, extra in (("white", 3.0), (ACCENT, 0.0)):
            style = {"edgecolor": colour, "linewidth": self.points(thick + extra), "zorder": 4}
            middle, inset = (x + width / 2, y + height / 2), thick + 3
            ellipse = Ellipse(middle, width - inset, height - inset, fill=False, **style)
            self.ax.add_patch(ellipse)

    def cell(self, box: Box, fill: Any, text: str, size: float, **style: Any) -> None:
        """Fill a cell and write its number in black or white, whichever reads better."""
        x, y, width, height = box
        self.box((x + 0.7, y + 0.7, width - 1.4, height - 1.4), facecolor=fill)
        if text:
            self.write(
                x + width / 2, y + height / 2, text, size, **{"color": ink_on(fill), **style}
            )


def new_pen(height: float, ax: Axes | None = None) -> Pen:
    """Prepare axes of 1000 × ``height``, those of a new figure unless they are given."""
    ax = new_axes(ax, width=INCHES, height=INCHES * height / WIDTH)
    ax.set(xlim=(0, WIDTH), ylim=(height, 0), aspect="equal")
    ax.set_axis_off()
    return Pen(ax)


def poster(height: float, draw: Callable[[Axes], object]) -> bytes:
    """Draw on a canvas of 1000 × ``height``, as PNG bytes; without pyplot, so from any thread."""
    figure = Figure(figsize=(INCHES, INCHES * height / WIDTH))
    draw(figure.add_axes((0, 0, 1, 1)))
    return small_png(png(figure, dpi=DPI))


def ink_on(fill: Any) -> str:
    """Choose black or white, whichever reads better on a colour (WCAG relative luminance)."""
    linear = [c / 12.92 if c <= 0.04 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(fill)]
    luminance = sum(part * c for part, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return INK if luminance > 0.179 else "white"


def number_writer(values: Float[Tensor, "*axes"]) -> Callable[[float], str]:
    """Make the function that writes these values: as many decimals as tell them apart.

    Examples
    --------
    >>> write = number_writer(torch.tensor([-0.375, 1.0]))
    >>> write(-0.375), write(1.0)
    ('−0.38', '1.00')
    """
    top = float(values.abs().max())
    whole = bool((values == values.round()).all())
    places = 0 if whole or top >= 100 else 1 if top >= 10 else 2

    def write(value: float) -> str:
        step = Decimal(1).scaleb(-places)
        text = str(Decimal(value).quantize(step, rounding=ROUND_HALF_UP))
        return text.replace("-", "−") if Decimal(text) else text.lstrip("-")

    return write


def small_png(picture: bytes) -> bytes:
    """Keep the 256 colours that matter: a third of the bytes, and the colour maps stay true."""
    ramps = [colormaps[name](torch.linspace(0, 1, 96).numpy())[:, :3] for name in MAPS]
    accents = [_blend(ACCENT, ground, 16) for ground in ("white", INK)]
    colours = np.concatenate([*ramps, *accents, _blend(INK, "white", 32)])
    palette = Image.new("P", (1, 1))
    palette.putpalette((colours * 255).round().astype(np.uint8).tobytes())
    small = BytesIO()
    image = Image.open(BytesIO(picture)).convert("RGB")
    image.quantize(palette=palette, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


def _blend(one: str, other: str, steps: int) -> np.ndarray:
    return np.linspace(to_rgb(one), to_rgb(other), steps)
