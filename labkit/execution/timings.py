"""When a cell started and how long it took, whichever program ran it.

nbclient and JupyterLab store the times of the kernel's messages in ``metadata.execution``,
papermill its own clock in ``metadata.papermill``. Where a cell has both, the kernel's are closer to
the code.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from labkit.execution.documents import Notebook, code_cells

__all__ = ["Timing", "cell_seconds", "started", "timing"]

# In the order in which a kernel sends them.
STARTS = ("iopub.status.busy", "iopub.execute_input", "shell.execute_reply.started")
ENDS = ("iopub.status.idle", "shell.execute_reply")


@dataclass(frozen=True)
class Timing:
    """The time that one cell took.

    Parameters
    ----------
    started
        When the kernel began with it, with its time zone.
    seconds
        How long it took, from the first message about it to the last.
    """

    started: datetime
    seconds: float

    @property
    def ended(self) -> datetime:
        """When the kernel had done it, with its time zone."""
        return self.started + timedelta(seconds=self.seconds)


def timing(cell: Mapping[str, Any]) -> Timing | None:
    """Return the time that a cell took; ``None`` where it has not run, or not to its end.

    Examples
    --------
    >>> times = {"iopub.status.busy": "2026-01-02T10:00:00Z",
    ...          "iopub.status.idle": "2026-01-02T10:00:00.250000Z"}
    >>> timing({"metadata": {"execution": times}}).seconds
    0.25
    """
    start = started(cell)
    seconds = None if start is None else _seconds(cell, start)
    return None if seconds is None else Timing(start, seconds)


def started(cell: Mapping[str, Any]) -> datetime | None:
    """Return when a cell began, also where it never came to its end; ``None`` if it never began."""
    kernels, papermills = _metadata(cell, "execution"), _metadata(cell, "papermill")
    moments = [_moment(kernels.get(key)) for key in STARTS]
    return next(filter(None, [*moments, _moment(papermills.get("start_time"))]), None)


def cell_seconds(notebook: Notebook) -> dict[int, float]:
    """Return position → seconds of the code cells that ran."""
    return {position: found.seconds for position, found in _timings(notebook)}


def _timings(notebook: Notebook) -> Iterator[tuple[int, Timing]]:
    for position, cell in code_cells(notebook):
        if (found := timing(cell)) is not None and found.seconds > 0:
            yield position, found


def _seconds(cell: Mapping[str, Any], start: datetime) -> float | None:
    kernels, papermills = _metadata(cell, "execution"), _metadata(cell, "papermill")
    ends = filter(None, (_moment(kernels.get(key)) for key in ENDS))
    if (end := max(ends, default=None)) is not None:
        return (end - start).total_seconds()
    duration = papermills.get("duration")
    return float(duration) if isinstance(duration, int | float) else None


def _metadata(cell: Mapping[str, Any], program: str) -> Mapping[str, Any]:
    found = cell.get("metadata", {}).get(program)
    return found if isinstance(found, Mapping) else {}


def _moment(text: Any) -> datetime | None:
    """Read an ISO 8601 time; one without a zone is in UTC, as kernels write it."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
