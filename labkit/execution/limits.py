"""How much output of one cell is kept: enough for every reader, and never enough to hurt one."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

__all__ = ["DISPLAYED", "OUTPUTS", "PRINTED", "TOLD", "Room", "amount", "is_empty", "notice"]

PRINTED = 4_000_000
"""Characters of printed text that one cell may leave."""

DISPLAYED = 100_000_000
"""Characters of figures and other rich output, pictures counted as base64."""

OUTPUTS = 1_000
"""Outputs, each of which is an element of a page."""

TOLD = 20_000
"""Characters of an error's message, and of each entry in its traceback."""


@dataclass
class _Used:
    """What one cell has left so far: characters of both kinds, and outputs."""

    printed: int = 0
    displayed: int = 0
    outputs: int = 0


class Room:
    """What is left of the room for the output of each cell.

    Examples
    --------
    >>> room = Room(printed=5)
    >>> message = {"msg_type": "stream", "content": {"text": "abcdefgh"}}
    >>> room.cut(0, message), message["content"]["text"]
    (3, 'abcde')
    """

    def __init__(
        self, printed: int = PRINTED, displayed: int = DISPLAYED, outputs: int = OUTPUTS
    ) -> None:
        self._printed, self._displayed, self._outputs = printed, displayed, outputs
        self._used: defaultdict[int, _Used] = defaultdict(_Used)

    def cut(self, cell: int, message: dict[str, Any], *, goes_on: bool = False) -> int:
        """Shorten a message to the room its cell still has; return the characters left out.

        Parameters
        ----------
        cell
            Position of the cell.
        message
            An output as the kernel sends it; it is changed.
        goes_on
            Whether it is more of the text that the cell printed last, and no output of its own.
        """
        used, content = self._used[cell], message["content"]
        if message["msg_type"] == "error":
            return _cut_error(content)
        used.outputs += not goes_on
        has_room = used.outputs <= self._outputs
        if message["msg_type"] == "stream":
            return self._cut_text(used, content, has_room)
        return self._cut_display(used, content, has_room)

    def cut_update(self, message: dict[str, Any]) -> int:
        """Leave out what takes the place of an output and alone has no room; return its size."""
        return self._cut_display(_Used(), message["content"], True)

    def clear(self, cell: int) -> None:
        """Give all its room back to a cell that has cleared its output."""
        self._used.pop(cell, None)

    def _cut_text(self, used: _Used, content: dict[str, Any], has_room: bool) -> int:
        text = content["text"]
        content["text"] = text[: self._printed - used.printed] if has_room else ""
        used.printed += len(content["text"])
        return len(text) - len(content["text"])

    def _cut_display(self, used: _Used, content: dict[str, Any], has_room: bool) -> int:
        size = _size(content.get("data", {}))
        if has_room and size <= self._displayed - used.displayed:
            used.displayed += size
            return 0
        named = {"text/plain": f"an output of {amount(size)} was left out"}
        content["data"] = named if has_room else {}
        return size


def amount(characters: int) -> str:
    """Say how much text or data there is.

    Examples
    --------
    >>> amount(198_000_000), amount(1_234)
    ('198 MB', '1.23 kB')
    """
    small = characters < 1_000_000
    return f"{characters / 1e3:.3g} kB" if small else f"{characters / 1e6:.3g} MB"


def is_empty(message: dict[str, Any]) -> bool:
    """Tell whether nothing is left of what a message showed."""
    content = message["content"]
    return not content.get("text", True) or not content.get("data", True)


def notice(characters: int) -> dict[str, Any]:
    """Return the output that says what was left out."""
    from nbformat.v4 import new_output

    text = f"[labkit: {amount(characters)} more of this cell's output were left out]\n"
    return new_output("stream", name="stderr", text=text)


def _cut_error(content: dict[str, Any]) -> int:
    whole = [content["evalue"], *content["traceback"]]
    content["evalue"], *content["traceback"] = kept = [text[:TOLD] for text in whole]
    return sum(map(len, whole)) - sum(map(len, kept))


def _size(data: dict[str, Any]) -> int:
    return sum(len(value) if isinstance(value, str) else len(str(value)) for value in data.values())
