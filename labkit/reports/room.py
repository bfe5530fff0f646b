"""How much a page can hold and still be read: what is larger stays in the executed notebook."""

from collections.abc import Mapping
from html import escape
from typing import Any

from labkit.reports.frame import memory

__all__ = ["LARGEST", "WHOLE", "Room"]

LARGEST = 3_000_000
"""Characters of one output; a picture counts as base64, which is four thirds of its bytes."""

WHOLE = 30_000_000
"""Characters of all outputs of a page."""


class Room:
    """What is left of the room for the outputs of one page.

    Parameters
    ----------
    executed
        Link to the executed notebook, where everything is.
    largest, whole
        Characters that one output, and all together, may have.

    Examples
    --------
    >>> room = Room("n.ipynb", largest=10)
    >>> room.fitted({"output_type": "stream", "name": "stdout", "text": "short"})["text"]
    'short'
    >>> long = room.fitted({"output_type": "stream", "name": "stdout", "text": "x" * 11})
    >>> "Not shown here: text" in long["data"]["text/html"]
    True
    """

    def __init__(
        self, executed: str | None = None, largest: int = LARGEST, whole: int = WHOLE
    ) -> None:
        self._executed, self._largest, self._left = executed, largest, whole

    def fitted(self, output: dict[str, Any]) -> dict[str, Any]:
        """Return an output as it is, or a line that says what is missing and where it is."""
        sizes = _sizes(output)
        size = sum(sizes.values())
        if size <= min(self._largest, self._left):
            self._left -= size
            return output
        kind = max(sizes, key=sizes.__getitem__)
        line = {"text/html": self._line(kind, sizes[kind])}
        return {"output_type": "display_data", "data": line, "metadata": {}}

    def _line(self, kind: str, size: int) -> str:
        place = "the executed notebook"
        if self._executed is not None:
            place = f'<a href="{escape(self._executed)}">{place}</a>'
        is_picture = kind.startswith("image/") and kind != "image/svg+xml"
        bulk = memory(size * 3 // 4 if is_picture else size)
        what = f"text of {bulk}" if kind == "text/plain" else f"{escape(kind)} of {bulk}"
        return f'<p class="left-out">Not shown here: {what}. It is in {place}.</p>'


def _sizes(output: Mapping[str, Any]) -> dict[str, int]:
    """Return MIME type → characters; what is printed, and a traceback, is plain text."""
    if "data" in output:
        return {kind: len(v) if isinstance(v, str) else 0 for kind, v in output["data"].items()}
    text = len(output.get("text", "")) + len(output.get("evalue", ""))
    return {"text/plain": text + sum(map(len, output.get("traceback", [])))}
