"""Store fresh outputs in a lesson, with the smallest difference that git can show.

The lesson itself stays as it is written; only outputs, counts and the few lines of metadata that
Jupyter needs are replaced. What a kernel adds for its own use (timings, the state of widgets,
model numbers that are random) would differ on every run, so it is left out; a widget keeps the
poster and the text beside it, which is what a code host shows.
"""

import tempfile
from pathlib import Path
from typing import Any

from labkit.execution import documents, running
from labkit.execution.documents import Notebook
from labkit.execution.guard import OF_A_NOTEBOOKS_RUN, OF_A_RUN
from labkit.execution.jobs import CELL_TIMEOUT
from labkit.execution.outcomes import Outcome

__all__ = ["refresh", "with_outputs_of"]

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def refresh(path: str | Path, *, timeout: int | float = CELL_TIMEOUT) -> Outcome:
    """Execute a lesson with its own parameters and store its outputs in place.

    The file is left untouched when the lesson does not pass, or when nothing changed.

    Raises
    ------
    NotebookError
        When the file is not a notebook of format 4.
    """
    path = Path(path)
    with tempfile.TemporaryDirectory(prefix="labkit-") as folder:
        executed = Path(folder, path.name)
        outcome = running.run(path, output=executed, timeout=timeout)
        if outcome.passed:
            _store(path, with_outputs_of(documents.read(executed), documents.read(path)))
    return outcome


def with_outputs_of(executed: Notebook, lesson: Notebook) -> Notebook:
    """Return the lesson with the outputs of its executed copy, and nothing else of it."""
    cells = [_cell(a, b) for a, b in zip(lesson["cells"], executed["cells"], strict=True)]
    return {**lesson, "cells": cells, "metadata": _metadata(lesson["metadata"])}


def _store(path: Path, notebook: Notebook) -> None:
    if documents.dumps(notebook).encode("utf-8") != path.read_bytes():
        documents.write(notebook, path)


def _cell(lesson: dict[str, Any], executed: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in lesson.get("metadata", {}).items() if k not in OF_A_RUN}
    cell = {**lesson, "metadata": kept}
    if lesson["cell_type"] == "code":
        cell["execution_count"] = executed["execution_count"]
        cell["outputs"] = [_output(output) for output in executed["outputs"]]
    return cell


def _output(output: dict[str, Any]) -> dict[str, Any]:
    if "data" not in output:
        return output
    return {**output, "data": {k: v for k, v in output["data"].items() if k != WIDGET_VIEW}}


def _metadata(lesson: dict[str, Any]) -> dict[str, Any]:
    """Name the kernel as any Jupyter does, without the Python version of this machine."""
    kept = {k: v for k, v in lesson.items() if k not in OF_A_NOTEBOOKS_RUN}
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    language = {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    }
    return {**kept, "kernelspec": kernel, "language_info": language}
