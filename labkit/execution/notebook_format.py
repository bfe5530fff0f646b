"""Is a file the notebook it claims to be? What every reader of it relies on is checked once.

nbformat's own check is not used: its import takes longer than running a short lesson, and it
refuses what Jupyter and all others forgive.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["damage"]

CELLS = ("code", "markdown", "raw")
OUTPUTS = ("stream", "display_data", "execute_result", "error")

NAMES = {
    dict: "an object",
    list: "a list",
    str: "text",
    type(None): "nothing",
    bool: "true or false",
}

Wrong = Iterator[str]
"""What is wrong, in words; whoever asks for the first one need not fear for the next."""


def damage(notebook: Mapping[str, Any]) -> str:
    """Return the first thing that is wrong with a notebook of format 4; empty where nothing is.

    Examples
    --------
    >>> damage({"cells": [{"cell_type": "code", "source": "1 + 1", "metadata": ["tags"]}]})
    'cell 0: its metadata is a list, not an object'
    >>> damage({"cells": []})
    ''
    """
    return next(_notebook(notebook), "")


def _notebook(notebook: Mapping[str, Any]) -> Wrong:
    metadata = notebook.get("metadata", {})
    yield from _unless(metadata, dict, "its metadata")
    for field in ("kernelspec", "language_info"):
        yield from _unless(metadata.get(field, {}), dict, f"its {field}")
        yield from _unless(metadata.get(field, {}).get("name", ""), str, f"the name of its {field}")
    yield from _each(notebook.get("cells"), "cell", _cell)


def _cell(cell: Mapping[str, Any]) -> Wrong:
    if cell.get("cell_type") not in CELLS:
        yield f"its kind is {cell.get('cell_type')!r}, not one of {', '.join(CELLS)}"
    yield from _unless_text(cell.get("source"), "its source")
    yield from _unless(cell.get("metadata", {}), dict, "its metadata")
    yield from _unless(cell.get("metadata", {}).get("tags", []), list, "what holds its tags")
    yield from _unless(cell.get("attachments", {}), dict, "what holds its attachments")
    for name, data in cell.get("attachments", {}).items():
        yield from _data(data, f"its attachment {name!r}")
    yield from _each(cell.get("outputs", []), "output", _output)


def _output(output: Mapping[str, Any]) -> Wrong:
    kind = output.get("output_type")
    if kind not in OUTPUTS:
        yield f"its kind is {kind!r}, not one of {', '.join(OUTPUTS)}"
    if kind == "stream":
        yield from _unless_text(output.get("text"), "its text")
    elif kind == "error":
        for field in ("ename", "evalue"):
            yield from _unless(output.get(field), str, f"its {field}")
        yield from _unless_lines(output.get("traceback"), "its traceback")
    else:
        yield from _data(output.get("data"), "its data")


def _data(data: Any, what: str) -> Wrong:
    yield from _unless(data, dict, what)
    for mime, value in data.items():
        if isinstance(value, list) and not mime.endswith("json"):
            yield from _unless_lines(value, f"{what} as {mime}")


def _each(items: Any, what: str, wrong_with: Callable[[Any], Wrong]) -> Wrong:
    yield from _unless(items, list, f"what holds its {what}s")
    for position, item in enumerate(items):
        yield from (f"{what} {position}: {wrong}" for wrong in _unless(item, dict, "it"))
        yield from (f"{what} {position}: {wrong}" for wrong in wrong_with(item))


def _unless_text(value: Any, what: str) -> Wrong:
    if not isinstance(value, str):
        yield from _unless_lines(value, what)


def _unless_lines(value: Any, what: str) -> Wrong:
    if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
        yield f"{what} is {_named(value)}, not text"


def _unless(value: Any, kind: type, what: str) -> Wrong:
    if not isinstance(value, kind):
        yield f"{what} is {_named(value)}, not {NAMES[kind]}"


def _named(value: Any) -> str:
    return NAMES.get(type(value), "a number")
