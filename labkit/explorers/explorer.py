"""What every explorer shares: one ES module, one look, and a picture where no widget can live."""

import re
from base64 import b64encode
from pathlib import Path
from typing import Any, ClassVar

import anywidget

__all__ = ["Explorer", "es_module", "stylesheet"]

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


class Explorer(anywidget.AnyWidget):
    """An operation to step through, drawn in the browser.

    A subclass says which module draws it (``_esm``), what its present state reads like
    (:meth:`describe`) and looks like (:meth:`poster`).
    """

    _css: ClassVar[str] = stylesheet()

    def describe(self) -> str:
        """Say the present step in a line or two."""
        raise NotImplementedError

    def poster(self) -> bytes:
        """Draw the present step as PNG bytes."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.describe()

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        # A code host, a PDF and a notebook that nobody trusts yet show the picture or the words.
        data, metadata = super()._repr_mimebundle_(**kwargs)
        words = {"text/plain": self.describe(), "image/png": b64encode(self.poster()).decode()}
        return {**data, **words}, metadata
