"""Execute one notebook in a fresh kernel, through papermill, and say what became of it."""

import logging
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labkit.errors import NotebookError
from labkit.execution import documents, guard, parameters
from labkit.execution.documents import Notebook
from labkit.execution.outcomes import Outcome
from labkit.execution.verdicts import cell_seconds, verdict

__all__ = ["CELL_TIMEOUT", "KERNEL", "run"]

KERNEL = "python3"
CELL_TIMEOUT = 600
"""Seconds that one cell may take."""

MARKER = "papermill-error-cell-tag"


def run(
    path: str | Path,
    *,
    output: str | Path | None = None,
    given: Mapping[str, Any] | None = None,
    timeout: int = CELL_TIMEOUT,
    kernel: str = KERNEL,
    progress: bool = False,
) -> Outcome:
    """Execute a notebook in its own folder and return its outcome; a failing cell is an outcome.

    Parameters
    ----------
    path
        The notebook, which is not changed.
    output
        Where to write the executed notebook, also when it fails; nowhere when ``None``.
    given
        Parameters, name → value; text is converted to the type the notebook declares.
    timeout
        Seconds that one cell may take.
    kernel
        Name of the kernel.
    progress
        Show a bar in the terminal while the cells run.

    Raises
    ------
    NotebookError
        When the file is not a notebook of format 4, or ``output`` would overwrite it.
    ParameterError
        When a parameter is not declared by the notebook or has the wrong type.
    """
    path = Path(path)
    _spare(path, output)
    notebook = documents.read(path)
    values = parameters.resolve(notebook, given or {})
    began, start = datetime.now(UTC), time.perf_counter()
    executed, error = _execute(path, notebook, values, timeout, kernel, progress)
    seconds = time.perf_counter() - start
    status, failure = verdict(executed, error, began, timeout)
    if output is not None:
        documents.write(executed, output)
    return Outcome(
        path=path,
        status=status,
        output=None if output is None else Path(output),
        seconds=seconds,
        cell_seconds=cell_seconds(executed),
        failure=failure,
        parameters=values,
    )


def _spare(path: Path, output: str | Path | None) -> None:
    if output is not None and Path(output).resolve() == path.resolve():
        raise NotebookError(
            f"{path}: expected another file for the executed notebook, got the notebook itself; "
            'to store outputs in a lesson use "labkit refresh"'
        )


def _execute(
    path: Path,
    notebook: Notebook,
    values: Mapping[str, Any],
    timeout: int,
    kernel: str,
    progress: bool,
) -> tuple[Notebook, Exception | None]:
    """Return the notebook as far as it came, and what stopped it."""
    import papermill  # takes a second, which --help and a refused parameter need not wait for

    # What it logs, the outcome says better.
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    error = None
    with tempfile.TemporaryDirectory(prefix="labkit-") as folder:
        before, after = Path(folder, "before.ipynb"), Path(folder, "after.ipynb")
        documents.write(guard.cleared(notebook), before)
        try:
            papermill.execute_notebook(
                before,
                after,
                parameters=dict(values),
                kernel_name=kernel,
                language="python",
                cwd=path.resolve().parent,
                progress_bar=_bar(path) if progress else False,
                config=_transport(),
                execution_timeout=timeout,
                # Interrupted, the cell says where it was, and the kernel ends in good order.
                interrupt_on_timeout=True,
                error_on_timeout={"ename": "TimeoutError", "evalue": "", "traceback": []},
            )
        except Exception as stopped:
            error = stopped
        executed = documents.read(after if after.exists() else before)
    return _tidied(executed, path), error


def _transport() -> Any:
    """Encrypt the talk with the kernel where both sides can; a kernel warns when it is not."""
    import zmq
    from jupyter_client.manager import KernelManager
    from traitlets.config import Config

    able = zmq.has("curve") and "transport_encryption" in KernelManager.class_trait_names()
    return Config({"KernelManager": {"transport_encryption": "auto"}} if able else {})


def _bar(path: Path) -> dict[str, Any]:
    return {"desc": path.name, "unit": "cell", "leave": False, "disable": None}


def _tidied(executed: Notebook, path: Path) -> Notebook:
    """Take papermill's error banners and temporary paths out: the report explains failures."""
    cells = [c for c in executed["cells"] if MARKER not in documents.tags(c)]
    record = {**executed["metadata"].get("papermill", {}), "input_path": path.name}
    record.pop("output_path", None)
    return {**executed, "cells": cells, "metadata": {**executed["metadata"], "papermill": record}}
