"""What became of one notebook in one run."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from labkit.results import Result

__all__ = ["CheckVerdict", "Failure", "Outcome", "Status", "as_data", "from_data"]

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
class CheckVerdict:
    """What a check said about a function, in one cell.

    Parameters
    ----------
    operation
        What was checked, for example ``"conv2d"``.
    passed
        Whether nothing was wrong.
    mistake
        Short name of what was wrong.
    cell
        Position of the cell among all cells of the executed notebook.
    """

    operation: str
    passed: bool
    mistake: str | None
    cell: int


@dataclass(frozen=True)
class Outcome:
    """What became of one notebook in one run.

    Parameters
    ----------
    path
        The notebook that was asked for.
    status
        ``passed``; ``failed`` (a cell raised), ``timeout`` (it took too long), ``died`` (the kernel
        did), ``not-run`` (it ended without an error, yet not all of it ran), ``refused`` (not a
        notebook labkit can run), ``interrupted`` or ``skipped``.
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
    name
        What a report calls it, unique within a run; the name of the file where none is given.
    repetition
        Which of several equal runs this is, from 1.
    started
        When it began, as ISO 8601 in UTC.
    kernel
        ``forked``, or ``ordinary`` where no fork server could be used.
    device
        ``cpu``, or the name of the GPU that was used; empty where the kernel did not say.
    peak_memory, gpu_memory
        Most memory the kernel's process held, and most that its tensors held on the GPU, in bytes.
    versions
        Package → version, as the kernel has them.
    results
        The named results that were recorded.
    checks
        What the checks in it said.
    warnings
        The warnings that it printed, each with its cell.
    notes
        What a reader should know besides, for example that output was left out.
    fingerprint
        Of everything that the outcome depends on.
    resumed
        Whether it was taken over from the run before.
    host
        The machine that ran it.
    """

    path: Path
    status: Status
    output: Path | None = None
    seconds: float = 0.0
    cell_seconds: Mapping[int, float] = field(default_factory=dict)
    failure: Failure | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    name: str = ""
    repetition: int = 1
    started: str = ""
    kernel: str = ""
    device: str = ""
    peak_memory: int | None = None
    gpu_memory: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    results: tuple[Result, ...] = ()
    checks: tuple[CheckVerdict, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fingerprint: str = ""
    resumed: bool = False
    host: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.path.stem)

    @property
    def passed(self) -> bool:
        """Tell whether the notebook ran to its end without an error."""
        return self.status == "passed"

    @property
    def slowest(self) -> tuple[int, float] | None:
        """Position and seconds of the slowest cell."""
        return max(self.cell_seconds.items(), key=lambda item: item[1], default=None)


def as_data(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as plain data that JSON can hold; ``from_data`` takes it back.

    Times are rounded to a tenth of a millisecond.
    """
    data = asdict(outcome)
    data["path"] = outcome.path.as_posix()
    data["output"] = None if outcome.output is None else outcome.output.as_posix()
    data["seconds"] = round(outcome.seconds, 4)
    data["cell_seconds"] = {str(i): round(s, 4) for i, s in outcome.cell_seconds.items()}
    for name in ("results", "checks", "warnings", "notes"):
        data[name] = list(data[name])
    return data


def from_data(data: Mapping[str, Any]) -> Outcome:
    """Return the outcome that ``as_data`` described; what it does not know it leaves out."""
    values = _known(Outcome, data)
    values["path"] = Path(data["path"])
    values["output"] = Path(data["output"]) if data.get("output") else None
    values["cell_seconds"] = {int(i): s for i, s in data.get("cell_seconds", {}).items()}
    failure = data.get("failure")
    values["failure"] = Failure(**_known(Failure, failure)) if failure else None
    values["results"] = tuple(Result(**_known(Result, r)) for r in data.get("results", ()))
    checks = data.get("checks", ())
    values["checks"] = tuple(CheckVerdict(**_known(CheckVerdict, c)) for c in checks)
    values["warnings"] = tuple(data.get("warnings", ()))
    values["notes"] = tuple(data.get("notes", ()))
    return Outcome(**values)


def _known(of: type, data: Mapping[str, Any]) -> dict[str, Any]:
    names = {f.name for f in fields(of)}
    return {name: value for name, value in data.items() if name in names}
