"""Judge a notebook after papermill has executed it: did it pass, and if not, why."""

import re
from datetime import datetime
from typing import Any

from labkit.errors import NotRunError
from labkit.execution import documents, guard
from labkit.execution.documents import Notebook
from labkit.execution.outcomes import Failure, Status

__all__ = ["cell_seconds", "verdict"]

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def verdict(
    executed: Notebook, error: Exception | None, began: datetime, timeout: int
) -> tuple[Status, Failure | None]:
    """Return the verdict on an executed notebook, and why it is no better.

    Parameters
    ----------
    executed
        The notebook as far as it came.
    error
        What papermill raised, if anything.
    began
        When the run began, with its time zone.
    timeout
        Seconds that one cell could take.
    """
    if error is None:
        return _guarded(executed, began)
    cell = _last_started(executed)
    raised = _raised(executed, cell)
    if isinstance(error, TimeoutError) or _was_interrupted(executed, raised, timeout):
        message = f"the cell took longer than {timeout} s; give it more time with --timeout"
        return "timeout", Failure("TimeoutError", message, raised.traceback if raised else "", cell)
    if raised is not None:
        return "failed", raised
    if type(error).__name__ == "DeadKernelError":
        message = "the kernel died while this cell ran: out of memory, os._exit or a crash"
        return "died", Failure("DeadKernelError", message, "", cell)
    return "died", Failure(type(error).__name__, str(error), "", cell)


def cell_seconds(executed: Notebook) -> dict[int, float]:
    """Return position → seconds of the code cells that ran."""
    timings = ((i, _timing(cell).get("duration")) for i, cell in documents.code_cells(executed))
    return {i: seconds for i, seconds in timings if seconds}


def _guarded(executed: Notebook, began: datetime) -> tuple[Status, Failure | None]:
    try:
        guard.really_ran(executed, since=began)
    except NotRunError as error:
        return "not-run", Failure("NotRunError", str(error))
    return "passed", None


def _last_started(executed: Notebook) -> int | None:
    started = [i for i, cell in documents.code_cells(executed) if _timing(cell).get("start_time")]
    return started[-1] if started else None


def _raised(executed: Notebook, position: int | None) -> Failure | None:
    outputs = [] if position is None else executed["cells"][position]["outputs"]
    for output in outputs:
        if output["output_type"] == "error":
            traceback = COLOURS.sub("", "\n".join(output["traceback"]))
            return Failure(output["ename"], output["evalue"], traceback, position)
    return None


def _was_interrupted(executed: Notebook, raised: Failure | None, timeout: int) -> bool:
    if raised is None or raised.cell is None or raised.name != "KeyboardInterrupt":
        return False
    return _timing(executed["cells"][raised.cell]).get("duration", 0) >= timeout


def _timing(cell: dict[str, Any]) -> dict[str, Any]:
    return cell.get("metadata", {}).get("papermill", {})
