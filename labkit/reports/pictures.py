"""The pictures of two executed notebooks in pairs, and how far they differ."""

import base64
import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from labkit.execution.documents import Notebook, tags
from labkit.reports.live import VIEW
from labkit.reports.room import LARGEST

__all__ = ["Picture", "PicturePair", "paired", "pictures_of"]

PNG = "image/png"
MOST_PIXELS = 40_000_000

INJECTED = "injected-parameters"


@dataclass(frozen=True)
class Picture:
    """A picture that a cell left behind.

    Parameters
    ----------
    cell
        Position of the cell among all cells.
    png
        The picture as base64.
    explorer
        Whether it is the poster of an explorer.
    """

    cell: int
    png: str
    explorer: bool = False


@dataclass(frozen=True)
class PicturePair:
    """The same picture of two runs, either of which may lack it, and what differs.

    Parameters
    ----------
    old, new
        The pictures.
    verdict
        ``identical`` (byte for byte), ``equal`` (in every pixel), ``different``, ``only-old``,
        ``only-new``, or ``unknown`` where they could not be compared.
    says
        The same in words, with how much they differ.
    difference
        Where they differ, as a PNG in base64: the darker, the more. Empty where they do not.
    """

    old: Picture | None
    new: Picture | None
    verdict: str
    says: str
    difference: str = ""

    @property
    def same(self) -> bool:
        """Whether a reader sees one picture."""
        return self.verdict in {"identical", "equal"}


def pictures_of(cell: Mapping[str, Any], position: int) -> list[Picture]:
    """Return the pictures that a cell left behind, posters of explorers among them."""
    found = (o["data"] for o in cell.get("outputs", []) if PNG in o.get("data", {}))
    return [Picture(position, d[PNG].replace("\n", ""), VIEW in d) for d in found]


def paired(old: Notebook, new: Notebook) -> list[PicturePair]:
    """Return the pictures of two notebooks, those of the same cell side by side."""
    return [_judged(*pair) for pair in _candidates(old, new)]


def _candidates(old: Notebook, new: Notebook) -> Iterator[tuple[Picture | None, Picture | None]]:
    for before, after in _cells(old, new):
        left, right = (
            pictures_of(*each[::-1]) if each is not None else [] for each in (before, after)
        )
        for i in range(max(len(left), len(right))):
            yield (left[i] if i < len(left) else None), (right[i] if i < len(right) else None)


Cell = tuple[int, Mapping[str, Any]]


def _cells(old: Notebook, new: Notebook) -> Iterator[tuple[Cell | None, Cell | None]]:
    """Pair cells with the same code, and changed cells that stand in the same place."""
    left, right = _of_the_author(old), _of_the_author(new)
    sources = ([cell["source"] for _, cell in cells] for cells in (left, right))
    for _, i, j, k, n in SequenceMatcher(None, *sources, autojunk=False).get_opcodes():
        before, after = left[i:j], right[k:n]
        for m in range(max(len(before), len(after))):
            yield (
                before[m] if m < len(before) else None,
                after[m] if m < len(after) else None,
            )


def _of_the_author(notebook: Notebook) -> list[Cell]:
    """Return the code cells with their positions, without the one that a run puts in."""
    cells = enumerate(notebook["cells"])
    return [(i, c) for i, c in cells if c["cell_type"] == "code" and INJECTED not in tags(c)]


def _judged(old: Picture | None, new: Picture | None) -> PicturePair:
    if old is None or new is None:
        side = "old" if new is None else "new"
        return PicturePair(old, new, f"only-{side}", f"only in the {side} run")
    if old.png == new.png:
        return PicturePair(old, new, "identical", "identical")
    if max(len(old.png), len(new.png)) > LARGEST:
        return PicturePair(old, new, "unknown", "different files, too large to be compared here")
    try:
        return _measured(old, new)
    except ImportError:
        says = "different files; with Pillow and NumPy installed, their pixels are compared"
    except (OSError, ValueError, struct.error) as error:
        says = f"different files that cannot be compared: {error}"
    return PicturePair(old, new, "unknown", says)


def _measured(old: Picture, new: Picture) -> PicturePair:
    import numpy as np

    before, after = (_pixels(picture.png) for picture in (old, new))
    if before.shape != after.shape:
        sizes = " and ".join(f"{p.shape[1]} × {p.shape[0]}" for p in (before, after))
        return PicturePair(old, new, "different", f"of different size: {sizes} pixels")
    distance = np.abs(before - after)
    if not distance.any():
        return PicturePair(old, new, "equal", "equal in every pixel")
    changed = distance.any(axis=2)
    says = (
        f"mean difference {_share(distance.mean() / 255)}, "
        f"{_share(changed.mean())} of the pixels changed"
    )
    return PicturePair(old, new, "different", says, _drawn(distance.max(axis=2)))


def _pixels(png: str) -> Any:
    """Return a picture as it looks on white paper: height × width × 3, 0 to 255."""
    import numpy as np
    from PIL import Image

    data = base64.b64decode(png)
    width, height = struct.unpack(">II", data[16:24])
    if width * height > MOST_PIXELS:
        raise ValueError(f"it has {width} × {height} pixels")
    with Image.open(io.BytesIO(data), formats=["PNG"]) as opened:
        picture = opened.convert("RGBA")
    paper = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(paper, picture).convert("RGB"), dtype=np.int16)


def _drawn(distance: Any) -> str:
    """Return distances as ink on white; the square root lets small ones be seen."""
    import numpy as np
    from PIL import Image

    ink = np.sqrt(distance / 255)[..., None]
    colour = 255 - ink * (255 - np.array([166, 60, 6]))
    file = io.BytesIO()
    Image.fromarray(colour.astype(np.uint8)).save(file, format="PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")


def _share(part: float) -> str:
    """Write a part of one in percent, with two digits that count.

    Examples
    --------
    >>> _share(0.5), _share(0.0123), _share(0.00004)
    ('50 %', '1.2 %', '0.004 %')
    """
    return f"{float(f'{part * 100:.2g}'):g} %"
