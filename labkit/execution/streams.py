"""Printed text as a terminal would show it: one piece, with what was overwritten taken out.

A kernel sends what a cell prints in as many pieces as its clock happens to cut; joined, the stored
text is the same on every run. nbclient can do the same, but in a time that grows with the square
of a line's length: three minutes for lines of a hundred thousand characters.
"""

from typing import Any

__all__ = ["continues", "shown"]


def continues(outputs: list[Any], content: dict[str, Any]) -> bool:
    """Tell whether a piece of printed text goes on where the last output ended."""
    return bool(outputs) and (
        outputs[-1]["output_type"] == "stream" and outputs[-1]["name"] == content["name"]
    )


def shown(text: str) -> str:
    r"""Return what is left to be seen of a text after carriage returns and backspaces.

    Examples
    --------
    >>> shown("10 %\r50 %\r100 %\nabd\bc\n")
    '100 %\nabc\n'
    """
    if "\r" not in text and "\b" not in text:
        return text
    return "\n".join(_line(line) for line in text.split("\n"))


def _line(line: str) -> str:
    # "\r\n" ends a line, as Windows has it, and overwrites nothing.
    last = line.removesuffix("\r").rpartition("\r")[2]
    if "\b" not in last:
        return last
    kept: list[str] = []
    for letter in last:
        if letter != "\b":
            kept.append(letter)
        elif kept:
            kept.pop()
    return "".join(kept)
