"""What every explorer shares: one ES module, one look, and a picture where no widget can live."""

import math
import re
from abc import ABCMeta, abstractmethod
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import numpy as np
from traitlets import Bool, Int, TraitError, validate

from labkit.errors import LabkitError, OptionError

__all__ = ["Explorer", "es_module", "in_range", "short", "stylesheet"]

HERE = Path(__file__).parent
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)


def es_module(name: str) -> str:
    """Join an explorer's JavaScript and the files it imports into a single ES module.

    An exported page has no server to import a second file from, so each
    ``import { … } from "./other.js"`` is replaced by the file itself, once.

    Examples
    --------
    >>> bool(IMPORT.search(es_module("convolution")))
    False
    """
    return "\n".join(_modules(name).values())


def _modules(name: str, joined: dict[str, str] | None = None) -> dict[str, str]:
    joined = {} if joined is None else joined
    source = (HERE / f"{name}.js").read_text(encoding="utf-8")
    for other in IMPORT.findall(source):
        if other not in joined:
            _modules(other, joined)
    joined[name] = IMPORT.sub("", source)
    return joined


def stylesheet() -> str:
    """Return the style sheet that all explorers share."""
    return (HERE / "explorer.css").read_text(encoding="utf-8")


def in_range(options: Mapping[str, int], ranges: Mapping[str, tuple[int, int]]) -> None:
    """Raise ``OptionError`` for the first option that is not in its range.

    Examples
    --------
    >>> in_range({"stride": 0}, {"stride": (1, 16)})
    Traceback (most recent call last):
    ...
    labkit.errors.OptionError: stride is 0; expected a whole number from 1 to 16
    """
    for name, (low, high) in ranges.items():
        if not low <= options[name] <= high:
            raise OptionError(
                f"{name} is {options[name]}; expected a whole number from {low} to {high}"
            )


def short(value: float) -> str:
    """Write a term of a sum with four digits, in brackets if it is negative.

    Examples
    --------
    >>> short(1 / 3), short(-2.0)
    ('0.3333', '(-2)')
    """
    text = f"{value:.4g}"
    return f"({text})" if text.startswith("-") else text


class _Abstract(ABCMeta, type(anywidget.AnyWidget)):
    """Both metaclasses, of abstract classes and of widgets: an explorer has all its parts."""


class Explorer(anywidget.AnyWidget, metaclass=_Abstract):
    """An operation to step through, drawn in the browser.

    A subclass says which module draws it (``_esm``), how many positions it has (``_places``), and
    what its present state reads like (:meth:`describe`), looks like (:meth:`poster`) and is in
    Python (:attr:`code`).

    The synced traits ``position`` (row-major index) and ``predict`` (hide the answer until it is
    worked out) may be changed from Python or on the screen; a position that is not there raises
    ``TraitError``.
    """

    _css: ClassVar[str] = stylesheet()

    position = Int(0).tag(sync=True)
    predict = Bool(False).tag(sync=True)

    @property
    @abstractmethod
    def code(self) -> str:
        """The present state as Python, the same text as the button "Copy as Python" gives."""

    @abstractmethod
    def describe(self) -> str:
        """Say the present step in a line or two."""

    @abstractmethod
    def poster(self) -> bytes:
        """Draw the present step as PNG bytes."""

    @abstractmethod
    def _places(self, **changed: Any) -> tuple[int, ...]:
        """Return the shape of what is stepped through, with these traits changed.

        Raises ``LabkitError`` where the traits do not fit together.
        """

    def _place(self, position: int | None) -> tuple[int, ...]:
        """Return the index of a position, by default the present one, on each axis."""
        position = self.position if position is None else position
        if problem := self._problem(position):
            raise OptionError(problem)
        return tuple(int(axis) for axis in np.unravel_index(position, self._places()))

    def _problem(self, position: int) -> str | None:
        places = self._places()
        if 0 <= position < math.prod(places):
            return None
        size = " × ".join(map(str, places))
        there = f"the output is {size}: expected a row-major" if places[1:] else "expected an"
        return f"position is {position}; {there} index from 0 to {math.prod(places) - 1}"

    @validate("position")
    def _is_there(self, proposal: dict[str, Any]) -> int:
        if problem := self._problem(proposal["value"]):
            raise TraitError(problem)
        return proposal["value"]

    # For a subclass to name the traits that decide which positions there are:
    # @validate("stride", …) _fits, and @observe("stride", …) _stays_inside.
    def _must_fit(self, proposal: dict[str, Any]) -> Any:
        try:
            self._places(**{proposal["trait"].name: proposal["value"]})
        except LabkitError as error:
            raise TraitError(str(error)) from error
        return proposal["value"]

    def _stay_inside(self) -> None:
        # A smaller output has fewer positions: the window stops at the last of them.
        self.position = min(self.position, math.prod(self._places()) - 1)

    def __repr__(self) -> str:
        return self.describe()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        # A code host, a PDF and a notebook that nobody trusts yet show the picture or the words.
        data, metadata = super()._repr_mimebundle_(**kwargs)
        words = {"text/plain": self.describe(), "image/png": b64encode(self.poster()).decode()}
        return {**data, **words}, metadata
