"""Prove that a notebook really ran: all of it, in order, in one process, just now.

Green must mean that the code ran. A notebook committed with its outputs looks exactly like one that
has just been executed; so does one that left early by ``sys.exit(0)``, and one whose kernel was
restarted half-way.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from labkit.errors import NotRunError
from labkit.execution.documents import Notebook, tags
from labkit.execution.timings import Timing, timing

__all__ = ["OF_A_NOTEBOOKS_RUN", "OF_A_RUN", "RUN", "SKIPPED", "cleared", "really_ran"]

OF_A_RUN = frozenset(
    {
        "ExecuteTime",
        "execution",
        "executionInfo",
        "execution_millis",
        "execution_start",
        "papermill",
    }
)
"""What programs that run notebooks leave in the metadata of a cell."""
OF_A_NOTEBOOKS_RUN = frozenset({"labkit", "papermill", "widgets"})
"""What they leave in the metadata of the notebook."""

RUN = "labkit.run"
"""Key of the run's id in ``metadata.execution`` of each cell that it executed."""
SKIPPED = "skip-execution"
"""Tag of a cell that nbclient, and so papermill, leaves out."""

NAMED = 60
"""Letters of a cell that are enough to find it."""

Cell = dict[str, Any]
Refuse = Callable[[str], NotRunError]


def cleared(notebook: Notebook) -> Notebook:
    """Return a copy without outputs, counts, timings, widgets and marks of an earlier run."""
    cells = [_cleared_cell(cell) for cell in notebook["cells"]]
    return {**notebook, "cells": cells, "metadata": _without(OF_A_NOTEBOOKS_RUN, notebook)}


def really_ran(
    notebook: Notebook, *, since: datetime | None = None, run: str | None = None
) -> None:
    """Raise unless every code cell that should run did so, in order, in one process, just now.

    Cells without code, and those tagged ``skip-execution``, must not have run.

    Parameters
    ----------
    notebook
        The executed notebook, with the timings that nbclient, JupyterLab or papermill store.
    since
        When this run began, with its time zone; a cell that started before ran in another run.
    run
        Id of this run, which each of its cells must carry. Without it, what the notebook says of
        itself has to agree: one id in all cells, or none.

    Raises
    ------
    NotRunError
        Naming the first cell that did not run, or not in this order, time, process or run; or when
        there is no cell with code.
    """
    run = _id_of_run(notebook, run)
    count, before = 0, None
    for position, cell in enumerate(notebook["cells"]):
        refuse = _refusal(position, cell)
        if not _should_run(cell):
            _check_untouched(cell, refuse)
            continue
        count += 1
        _check_count(cell, count, refuse)
        before = _check_time(cell, before, since, refuse)
        _check_run(cell, run, refuse)
    if count == 0:
        raise NotRunError("expected code cells that ran, found none; a notebook needs some code")


def _should_run(cell: Cell) -> bool:
    return (
        cell["cell_type"] == "code" and bool(cell["source"].strip()) and SKIPPED not in tags(cell)
    )


def _without(keys: frozenset[str], holder: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in holder.get("metadata", {}).items() if k not in keys}


def _cleared_cell(cell: Cell) -> Cell:
    empty = {"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {}
    return {**cell, "metadata": _without(OF_A_RUN, cell), **empty}


def _id_of_run(notebook: Notebook, run: str | None) -> str | None:
    marks = notebook.get("metadata", {}).get("labkit")
    own = marks.get("run") if isinstance(marks, dict) else None
    if run is not None and own != run:
        raise NotRunError(
            f"expected a notebook of run {run}, got one of run {own}; execute it again"
        )
    return own


def _check_untouched(cell: Cell, refuse: Refuse) -> None:
    if cell.get("outputs") or cell.get("execution_count") is not None:
        raise refuse(
            "is not to be run, yet has an output or a count: they come from an earlier run"
        )


def _check_count(cell: Cell, expected: int, refuse: Refuse) -> None:
    count = cell.get("execution_count")
    if count is None:
        left = "; its output comes from an earlier run" if cell.get("outputs") else ""
        raise refuse(f"has no execution count: it never ran{left}")
    if count == 1 < expected:
        raise refuse(f"ran as number 1, expected {expected}: the kernel was started anew before it")
    if count != expected:
        raise refuse(f"ran as number {count}, expected {expected}: out of order")
    counts = {output.get("execution_count", count) for output in cell.get("outputs", [])}
    if others := counts - {count}:
        raise refuse(f"ran as number {count}, yet has an output of number {others.pop()}")


def _check_time(
    cell: Cell, before: Timing | None, since: datetime | None, refuse: Refuse
) -> Timing:
    found = timing(cell)
    if found is None or found.seconds <= 0:
        raise refuse("took no time: its output comes from an earlier run")
    start = found.started.isoformat()
    if since is not None and found.started < since:
        raise refuse(f"started at {start}, before this run")
    if before is not None and found.started <= before.started:
        raise refuse(f"started at {start}, not after the cell above it: out of order")
    if before is not None and found.started < before.ended:
        raise refuse(f"started at {start}, while the cell above it ran: not in one process")
    return found


def _check_run(cell: Cell, run: str | None, refuse: Refuse) -> None:
    marks = cell.get("metadata", {}).get("execution")
    own = marks.get(RUN) if isinstance(marks, dict) else None
    if own != run:
        raise refuse(f"ran in run {own}, expected {run}: its output comes from another run")


def _refusal(position: int, cell: Cell) -> Refuse:
    """Give the error that names a cell, to be completed by what is wrong with it."""
    named = (cell["source"].strip().splitlines() or [""])[0][:NAMED]

    def refuse(why: str) -> NotRunError:
        again = "execute the whole notebook from its first cell"
        return NotRunError(f"cell {position} ({named!r}) {why}; {again}")

    return refuse
