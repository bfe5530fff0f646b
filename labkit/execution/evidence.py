"""What an executed notebook says of itself: the verdicts of its checks, its warnings, its results.

It is read from the stored outputs, so that any notebook that was executed anywhere can be reported.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from labkit import results
from labkit.execution.documents import Notebook
from labkit.execution.outcomes import CheckVerdict

__all__ = ["VERDICT", "checks", "notes", "warnings"]

VERDICT = "application/vnd.labkit.verdict+json"
"""What a check of ``labkit.checks`` stores beside its words."""

LONGEST = 300
"""Letters of a warning that say enough."""

COLOURS = re.compile(r"\x1b\[[0-9;]*m")

# How Python's warnings, its plain logging and PyTorch's C++ begin a line. Other logging does not
# say that it warns, and is left alone.
SPOKEN = (
    re.compile(r"\S.*?:\d+: (?P<kind>\w*Warning): (?P<text>.*)"),
    re.compile(r"(?P<kind>WARNING|ERROR|CRITICAL):(?P<text>[^:\s]+:.*)"),
    re.compile(r"\[(?P<kind>W)\d{3,4} [\d:.]+ \S+:\d+\] (?:Warning: )?(?P<text>.*)"),
)


def checks(notebook: Notebook) -> tuple[CheckVerdict, ...]:
    """Return what the checks in a notebook said, in order; an entry that is damaged is left out."""
    found = (_verdict(position, entry) for position, entry in results.stored(notebook, VERDICT))
    return tuple(verdict for verdict in found if verdict is not None)


def warnings(notebook: Notebook) -> tuple[str, ...]:
    r"""Return the warnings that a notebook printed, each once, with the first cell that gave it.

    Examples
    --------
    >>> text = "/tmp/cell.py:2: UserWarning: low on memory\n  warnings.warn(text)\n"
    >>> output = {"output_type": "stream", "name": "stderr", "text": text}
    >>> warnings({"cells": [{"cell_type": "code", "outputs": [output]}]})
    ('cell 0: UserWarning: low on memory',)
    """
    first: dict[str, int] = {}
    for position, line in _stderr(notebook):
        if (warning := _warning(line)) is not None:
            first.setdefault(warning, position)
    return tuple(f"cell {position}: {warning}" for warning, position in first.items())


def notes(notebook: Notebook) -> tuple[str, ...]:
    """Return what a reader of the verdicts and results should know besides.

    That is: which entries were left out because they are damaged, and which results were recorded
    under a name that an earlier one had already, and so replaced it.
    """
    return (*_damaged(notebook), *_replaced(notebook))


def _verdict(position: int, entry: Any) -> CheckVerdict | None:
    match entry:
        case {"operation": str(operation), "passed": bool(passed)}:
            mistake = entry.get("mistake")
            return CheckVerdict(operation, passed, mistake and str(mistake), position)
    return None


def _stderr(notebook: Notebook) -> Iterator[tuple[int, str]]:
    """Yield position of the cell and each line that a notebook printed as an error.

    A cell may store its text in pieces, which need not end where a line does.
    """
    for position, cell in enumerate(notebook["cells"]):
        streams = (o for o in cell.get("outputs") or [] if o.get("name") == "stderr")
        text = "".join("".join(output.get("text") or "") for output in streams)
        yield from ((position, line) for line in COLOURS.sub("", text).splitlines())


def _warning(line: str) -> str | None:
    spoken = next(filter(None, (pattern.match(line) for pattern in SPOKEN)), None)
    if spoken is None:
        return None
    kind = "PyTorch" if spoken["kind"] == "W" else spoken["kind"]
    warning = f"{kind}: {spoken['text'].strip()}"
    return warning if len(warning) <= LONGEST else f"{warning[: LONGEST - 1]}…"


def _damaged(notebook: Notebook) -> Iterable[str]:
    for position, entry in results.stored(notebook, results.MIME):
        if results.result(entry) is None:
            yield f"cell {position}: a stored result is damaged and was left out"
    for position, entry in results.stored(notebook, VERDICT):
        if _verdict(position, entry) is None:
            yield f"cell {position}: a stored verdict is damaged and was left out"


def _replaced(notebook: Notebook) -> Iterable[str]:
    places: dict[str, list[int]] = {}
    for position, entry in results.stored(notebook, results.MIME):
        if (found := results.result(entry)) is not None:
            places.setdefault(found.name, []).append(position)
    for name, cells in places.items():
        if len(cells) > 1:
            times = f"{name!r} was recorded {len(cells)} times"
            yield f"cell {cells[-1]}: {times}, and the last of them counts"
