"""What became of one notebook in one run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

__all__ = ["Failure", "Outcome", "Status"]

Status = Literal[
    "passed", "failed", "timeout", "died", "not-run", "refused", "interrupted", "skipped"
]


@dataclass(frozen=True)
class Failure:
    """Why a notebook did not pass.

    Parameters
    ----------
    name
        The class of the error, for example ``"ValueError"``.
    message
        What the error said.
    traceback
        Its traceback without colours; empty where there is none.
    cell
        Position of the failing cell among all cells of the executed notebook, or ``None``.
    """

    name: str
    message: str
    traceback: str = ""
    cell: int | None = None

    def __str__(self) -> str:
        where = "" if self.cell is None else f"cell {self.cell}: "
        return f"{where}{self.name}: {self.message}" if self.message else f"{where}{self.name}"


@dataclass(frozen=True)
class Outcome:
    """What became of one notebook in one run.

    Parameters
    ----------
    path
        The notebook that was asked for.
    status
        ``passed``; ``failed`` (a cell raised), ``timeout`` (a cell took too long), ``died`` (the
        kernel did), ``not-run`` (it ended without an error, yet not all of it ran), ``refused``
        (not a notebook labkit can run), ``interrupted`` or ``skipped``.
    output
        The executed notebook; ``None`` where there is none.
    seconds
        Wall time, kernel start included.
    cell_seconds
        Position of each code cell that ran → seconds.
    failure
        Why it did not pass.
    parameters
        The values that this run gave.
    reason
        Why it was skipped.
    """

    path: Path
    status: Status
    output: Path | None = None
    seconds: float = 0.0
    cell_seconds: Mapping[int, float] = field(default_factory=dict)
    failure: Failure | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Tell whether the notebook ran to its end without an error."""
        return self.status == "passed"

    @property
    def slowest(self) -> tuple[int, float] | None:
        """Position and seconds of the slowest cell."""
        return max(self.cell_seconds.items(), key=lambda item: item[1], default=None)
