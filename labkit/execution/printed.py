"""What differs between the texts that equal runs of one cell printed: numbers as numbers.

Two honest runs may differ in addresses, times and progress bars; tests/nbval_sanitize.cfg says the
same to nbval, about stored outputs.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation

from labkit.execution.streams import shown

__all__ = ["differing"]

HONEST = (
    (re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), ""),  # colours
    (re.compile(r"\b0x[0-9a-fA-F]{6,16}\b"), "0xADDRESS"),
    (re.compile(r"(?<![\d,])[\d,]+ loops? each"), "LOOPS"),  # %timeit
    (re.compile(r"(?<![\d.,])\d[\d.,]*(e[-+]?\d+)? ?[A-Za-z]*/s\b"), "RATE"),
    (re.compile(r"(?<!\d)\d+(\.\d+)?(e[-+]?\d+)? ?(ns|[µμu]s|ms|s|min)\b"), "TIME"),
    (re.compile(r"\b\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\b"), "TIME"),
    (re.compile(r"\b\d{4}-\d{2}-\d{2}\b"), "DATE"),
    (re.compile(r"(?<![^\s'\"])[^\s'\"]*[\\/]ipykernel_\d+[\\/]\d+\.py"), "KERNEL_FILE"),
)
"""What may differ between two honest runs, and what is compared in its place.

A look-behind lets a match begin only where a number does: one of a million digits would otherwise
be tried again from each of them.
"""

PROGRESS = re.compile(r"\d%\|")
"""A line of a progress bar; how often it was drawn anew is a matter of time."""

NUMBER = re.compile(
    r"(?<![\w.])(?:[-+](?=\.?\d))?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?!\w)|(?<!\w)[-+]?(?:nan|inf)(?!\w)"
)

LONGEST = 120
"""Characters of a line that are told."""

Row = tuple[str, tuple[str, ...]]
"""What differs, and what stands there in each text."""


def differing(texts: Sequence[str]) -> list[Row]:
    """Return the lines that are not the same in all texts.

    Where only numbers differ, the line is told with ``…`` in their place, and the numbers of each
    text. Where more does, it is the lines of each text that are told. When a text has lines more
    than another, only the first such line is told: after it nothing can be set side by side.

    Examples
    --------
    >>> differing(["epoch 3, loss 0.25", "epoch 3, loss 0.26"])
    [('epoch 3, loss …', ('0.25', '0.26'))]
    >>> differing(["{'cat', 'dog'}", "{'dog', 'cat'}"])
    [('text', ("{'cat', 'dog'}", "{'dog', 'cat'}"))]
    >>> differing(["1.0 after 12 ms at 0x7f1c2d3e4f50", "1.00 after 3.1 s at 0x7fffffffffff"])
    []
    """
    if len(set(texts)) == 1:
        return []
    return list(_differing_lines([_lines(text) for text in texts]))


def _lines(text: str) -> list[str]:
    """Return the lines that count, with equal stand-ins for what two honest runs may differ in."""
    text = shown(text)
    for varying, stand_in in HONEST:
        text = varying.sub(stand_in, text)
    lines = (line for line in text.splitlines() if not PROGRESS.search(line))
    # Numbers of another width move what stands beside them.
    return [words for line in lines if (words := " ".join(line.split()))]


def _differing_lines(texts: Sequence[Sequence[str]]) -> Iterator[Row]:
    equally_long = len({len(lines) for lines in texts}) == 1
    for row in itertools.zip_longest(*texts, fillvalue=""):
        difference = _difference(row)
        if difference:
            yield difference
        if difference and difference[0] == "text" and not equally_long:
            return


def _difference(lines: Sequence[str]) -> Row | None:
    if len(set(lines)) == 1:
        return None
    if len({_without_numbers(line) for line in lines}) > 1:
        return "text", _told(lines)
    numbers = [NUMBER.findall(line) for line in lines]
    columns = list(zip(*numbers, strict=True))
    differs = [len({*map(_value, {*column})}) > 1 for column in columns]
    if not any(differs):
        return None
    values = [", ".join(itertools.compress(found, differs)) for found in numbers]
    return _told([_with_gaps(lines[0], differs)])[0], _told(values)


def _without_numbers(line: str) -> str:
    """Return a line with a sign for each number; brackets may stand off a number or not."""
    return re.sub(r"(?<=[(\[{]) | (?=[)\]}])", "", NUMBER.sub("…", line))


def _with_gaps(line: str, differs: Sequence[bool]) -> str:
    column = iter(differs)
    return NUMBER.sub(lambda match: "…" if next(column) else match[0], line)


def _value(text: str) -> Decimal | str:
    """Return a number exactly: two hashes of nineteen digits may be one float."""
    if text.endswith("nan"):
        return "nan"
    try:
        return Decimal(text) if len(text) <= LONGEST else text
    except InvalidOperation:
        return text  # its exponent has twenty digits


def _told(lines: Sequence[str]) -> tuple[str, ...]:
    """Cut long lines, so that what differs is still to be seen."""
    alike = itertools.takewhile(lambda letters: len({*letters}) == 1, zip(*lines, strict=False))
    start = max(0, sum(1 for _ in alike) - 20) if len(lines) > 1 else 0
    return tuple(_cut(line, start) for line in lines)


def _cut(line: str, start: int) -> str:
    if len(line) <= LONGEST:
        return line
    part = f"…{line[start:]}" if start else line
    return part if len(part) <= LONGEST else f"{part[: LONGEST - 1]}…"
