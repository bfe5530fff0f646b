"""How much output of one cell is kept: enough for every reader, and never enough to hurt one."""

from typing import Any

__all__ = ["DISPLAYED", "PRINTED", "Room", "is_empty", "notice"]

PRINTED = 4_000_000
"""Characters of printed text that one cell may leave."""

DISPLAYED = 100_000_000
"""Characters of figures and other rich output, pictures counted as base64."""


class Room:
    """What is left of the room for the output of each cell.

    Examples
    --------
    >>> room = Room(printed=5)
    >>> message = {"msg_type": "stream", "content": {"text": "abcdefgh"}}
    >>> room.cut(0, message), message["content"]["text"]
    (3, 'abcde')
    """

    def __init__(self, printed: int = PRINTED, displayed: int = DISPLAYED) -> None:
        self._printed, self._displayed = printed, displayed
        self._used: dict[tuple[int, bool], int] = {}

    def cut(self, cell: int, message: dict[str, Any]) -> int:
        """Shorten a message to the room its cell still has; return the characters left out."""
        content = message["content"]
        is_text = message["msg_type"] == "stream"
        size = len(content["text"]) if is_text else _size(content.get("data", {}))
        room = (self._printed if is_text else self._displayed) - self._used.get((cell, is_text), 0)
        if size <= room:
            self._used[cell, is_text] = self._used.get((cell, is_text), 0) + size
            return 0
        if is_text:
            self._used[cell, is_text] = self._printed
            content["text"] = content["text"][:room]
            return size - room
        content["data"] = {"text/plain": f"an output of {_megabytes(size)} was left out"}
        return size


def is_empty(message: dict[str, Any]) -> bool:
    """Tell whether nothing is left of a printed text."""
    return message["msg_type"] == "stream" and not message["content"]["text"]


def notice(characters: int) -> dict[str, Any]:
    """Return the output that says what was left out."""
    from nbformat.v4 import new_output

    text = f"[labkit: {_megabytes(characters)} more of this cell's output were left out]\n"
    return new_output("stream", name="stderr", text=text)


def _size(data: dict[str, Any]) -> int:
    return sum(len(value) if isinstance(value, str) else len(str(value)) for value in data.values())


def _megabytes(characters: int) -> str:
    return f"{characters / 1e6:.3g} MB"
