"""Prove that a notebook really ran: all of it, in order, just now.

Green must mean that the code ran. A notebook committed with its outputs looks exactly like one that
has just been executed; so does one that left early by ``sys.exit(0)``.
"""

from datetime import datetime
from typing import Any

from labkit.errors import NotRunError
from labkit.execution.documents import Notebook, code_cells, tags

__all__ = ["cleared", "really_ran"]


def cleared(notebook: Notebook) -> Notebook:
    """Return a copy without outputs, counts and timings, so that none can survive from before."""
    cells = [_cleared_cell(cell) for cell in notebook["cells"]]
    metadata = {k: v for k, v in notebook["metadata"].items() if k not in {"papermill", "widgets"}}
    return {**notebook, "cells": cells, "metadata": metadata}


def really_ran(notebook: Notebook, *, since: datetime | None = None) -> None:
    """Raise unless every code cell of a notebook that papermill executed did run.

    Parameters
    ----------
    notebook
        The executed notebook, with the timings papermill stores in its cells.
    since
        When this run began, with its time zone; cells that started before it ran in another run.

    Raises
    ------
    NotRunError
        Naming the first cell without an execution count, out of order, or without a time of this
        run; or when there is no cell with code.
    """
    should_run = [(i, c) for i, c in code_cells(notebook) if "skip-execution" not in tags(c)]
    if not should_run:
        raise NotRunError("expected code cells that ran, found none; a notebook needs some code")
    for count, (position, cell) in enumerate(should_run, start=1):
        _check_count(position, cell, count)
        _check_time(position, cell, since)


def _cleared_cell(cell: dict[str, Any]) -> dict[str, Any]:
    unwanted = {"papermill", "execution"}
    metadata = {k: v for k, v in cell.get("metadata", {}).items() if k not in unwanted}
    if cell["cell_type"] != "code":
        return {**cell, "metadata": metadata}
    return {**cell, "metadata": metadata, "outputs": [], "execution_count": None}


def _check_count(position: int, cell: dict[str, Any], expected: int) -> None:
    count = cell.get("execution_count")
    if count is None:
        raise _not_run(position, cell, "has no execution count: it never ran")
    if count != expected:
        raise _not_run(position, cell, f"ran as number {count}, expected {expected}: out of order")


def _check_time(position: int, cell: dict[str, Any], since: datetime | None) -> None:
    timing = cell.get("metadata", {}).get("papermill", {})
    if not timing.get("duration"):
        raise _not_run(position, cell, "took no time: its output comes from an earlier run")
    if since is not None and datetime.fromisoformat(timing["start_time"]) < since:
        raise _not_run(position, cell, f"started at {timing['start_time']}, before this run")


def _not_run(position: int, cell: dict[str, Any], why: str) -> NotRunError:
    first_line = cell["source"].strip().splitlines()[0]
    return NotRunError(
        f"cell {position} ({first_line!r}) {why}; execute the whole notebook from its first cell"
    )
