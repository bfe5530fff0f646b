"""A notebook as a plain dictionary: read with clear errors, written atomically.

The dictionary is what nbformat 4 describes, with every multi-line field joined into one string in
memory and split into lines in the file, as nbformat writes it. nbformat itself is not used: its
import takes longer than running a short lesson.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labkit.errors import NotebookError
from labkit.execution.notebook_format import damage

__all__ = ["Notebook", "code_cells", "dumps", "read", "replacing", "tags", "write", "write_text"]

Notebook = dict[str, Any]
Change = Callable[[str, Any], Any]
"""Takes a MIME type and a field of it."""


def read(path: str | Path) -> Notebook:
    """Read a notebook of format 4.

    Raises
    ------
    NotebookError
        When there is no such file, or it is not UTF-8, not JSON, or not a notebook of format 4.
    """
    try:
        notebook = json.loads(Path(path).read_bytes().decode("utf-8"))
    except FileNotFoundError:
        raise _refused(path, "no such file", "check the path") from None
    except OSError as error:
        raise _refused(
            path, f"a file that cannot be read ({error.strerror})", "check it"
        ) from error
    except UnicodeDecodeError as error:
        got = f"bytes that are not UTF-8 (byte {error.start})"
        raise _refused(path, got, "save the file as UTF-8") from error
    except json.JSONDecodeError as error:
        got = f"text that is not JSON (line {error.lineno}: {error.msg})"
        raise _refused(path, got, "restore the file, or save it again in Jupyter") from error
    except RecursionError:
        got = "JSON that is nested too deep"
        raise _refused(path, got, "name a file that Jupyter saved") from None
    _check_format(path, notebook)
    return _each_text(notebook, _join)


def dumps(notebook: Notebook) -> str:
    """Return the text of a notebook file, byte for byte as nbformat writes it."""
    lines = _each_text(notebook, _split)
    return json.dumps(lines, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write(notebook: Notebook, path: str | Path) -> None:
    """Write a notebook; a reader sees the old file or the new one, never half of one."""
    write_text(dumps(notebook), path)


def write_text(text: str, path: str | Path) -> None:
    """Write a text file as UTF-8 in the same way."""
    with replacing(path) as partial:
        partial.write_bytes(text.encode("utf-8"))


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary file beside ``path`` that takes its place when the block ends well."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".partial-", suffix=target.suffix, dir=target.parent)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        # mkstemp makes files that only their owner may read.
        partial.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def code_cells(notebook: Notebook) -> list[tuple[int, dict[str, Any]]]:
    """Return the code cells that hold code, each with its position among all cells."""
    cells = enumerate(notebook["cells"])
    return [(i, c) for i, c in cells if c["cell_type"] == "code" and c["source"].strip()]


def tags(cell: dict[str, Any]) -> list[str]:
    """Return the tags of a cell."""
    return cell.get("metadata", {}).get("tags", [])


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _refused(path: str | Path, got: str, do: str) -> NotebookError:
    return NotebookError(f"{path}: expected a notebook of format 4, got {got}; {do}")


def _check_format(path: str | Path, notebook: Any) -> None:
    if not isinstance(notebook, dict) or "nbformat" not in notebook:
        raise _refused(path, "JSON that is not a notebook", "name a file that Jupyter saved")
    if notebook["nbformat"] != 4:
        do = 'convert it with "jupyter nbconvert --to notebook --nbformat 4"'
        raise _refused(path, f"format {notebook['nbformat']}", do)
    if wrong := damage(notebook):
        raise _refused(path, f"a damaged one ({wrong})", "save it again in Jupyter")


def _each_text(notebook: Notebook, change: Change) -> Notebook:
    """Copy a notebook with ``change`` applied to every field that may be text of many lines."""
    cells = [_cell(cell, change) for cell in notebook["cells"]]
    return {**notebook, "cells": cells}


def _cell(cell: dict[str, Any], change: Change) -> dict[str, Any]:
    changed = {**cell, "source": change("text/plain", cell["source"])}
    if "attachments" in cell:
        bundles = cell["attachments"].items()
        changed["attachments"] = {name: _bundle(data, change) for name, data in bundles}
    if "outputs" in cell:
        changed["outputs"] = [_output(output, change) for output in cell["outputs"]]
    return changed


def _output(output: dict[str, Any], change: Change) -> dict[str, Any]:
    if output["output_type"] == "stream":
        return {**output, "text": change("text/plain", output["text"])}
    if "data" in output:
        return {**output, "data": _bundle(output["data"], change)}
    return dict(output)


def _bundle(data: dict[str, Any], change: Change) -> dict[str, Any]:
    return {mime: change(mime, value) for mime, value in data.items()}


def _join(mime: str, text: Any) -> Any:
    is_json = mime == "application/json" or mime.endswith("+json")
    return "".join(text) if isinstance(text, list) and not is_json else text


def _split(mime: str, text: Any) -> Any:
    is_lines = mime.startswith("text/") or mime in {"application/javascript", "image/svg+xml"}
    return text.splitlines(keepends=True) if isinstance(text, str) and is_lines else text
