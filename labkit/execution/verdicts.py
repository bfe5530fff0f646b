"""Judge a notebook after it was executed: did it pass, and if not, why."""

import re
import signal
from typing import TYPE_CHECKING, Any

from labkit.errors import NotRunError
from labkit.execution import guard
from labkit.execution.documents import Notebook
from labkit.execution.kernel_facts import FORKED
from labkit.execution.outcomes import Failure, Status

if TYPE_CHECKING:
    from labkit.execution.executing import Executed

__all__ = ["verdict", "why_it_ended"]

COLOURS = re.compile(r"\x1b\[[0-9;]*m")

Verdict = tuple[Status, Failure | None]


def verdict(executed: "Executed") -> Verdict:
    """Return the verdict on an executed notebook, and why it is no better."""
    cell = executed.cell
    if executed.interrupted:
        return "interrupted", None
    if executed.overdue:
        return "timeout", _overdue(executed, cell)
    if executed.error is None:
        return _guarded(executed)
    name, why = type(executed.error).__name__, str(executed.error)
    if name == "CellExecutionError":
        return "failed", _raised(executed.notebook, cell) or _untold(executed.error, cell)
    if name == "NoSuchKernel":
        return "refused", Failure(name, _not_installed(executed.error))
    if name == "DeadKernelError":
        why = why_it_ended(executed.exit_code)
    if name == "CellTimeoutError":
        why = "the end of this cell's output did not arrive; something in it hinders the kernel"
    return "died", Failure(name, why, executed.last_words, cell)


def why_it_ended(exit_code: int | None) -> str:
    """Say why a kernel's process ended, as far as its exit code tells.

    Examples
    --------
    >>> why_it_ended(3)
    'the kernel left with exit code 3 while this cell ran (os._exit, or a library that gave up)'
    """
    if exit_code is None:
        return "the kernel died while this cell ran: out of memory, os._exit or a crash"
    if exit_code >= 0:
        return (
            f"the kernel left with exit code {exit_code} while this cell ran "
            "(os._exit, or a library that gave up)"
        )
    if exit_code == -9:
        return (
            "the kernel was killed (signal 9) while this cell ran: "
            "somebody killed it, or the machine had no memory left"
        )
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = "unknown"
    crash = ": a crash in compiled code" if -exit_code in (4, 6, 7, 8, 11) else ""
    return f"the kernel was ended by signal {-exit_code} ({name}) while this cell ran{crash}"


def _not_installed(error: Any) -> str:
    return (
        f"expected a kernel that is installed here, got {error.name!r}; "
        f"install it, or run the notebook with another: --kernel {FORKED}"
    )


def _overdue(executed: "Executed", cell: int | None) -> Failure:
    what, seconds = executed.overdue or ("cell", 0.0)
    option = "--timeout" if what == "cell" else "--notebook-timeout"
    message = f"the {what} took longer than {seconds:g} s; give it more time with {option}"
    raised = _raised(executed.notebook, cell)
    return Failure("TimeoutError", message, raised.traceback if raised else "", cell)


def _guarded(executed: "Executed") -> Verdict:
    try:
        guard.really_ran(executed.notebook, since=executed.began, run=executed.run)
    except NotRunError as error:
        return "not-run", Failure("NotRunError", str(error))
    return "passed", None


def _untold(error: Any, cell: int | None) -> Failure:
    """Return what the kernel answered about an error that it could not show in the cell."""
    return Failure(error.ename, error.evalue, COLOURS.sub("", error.traceback), cell)


def _raised(notebook: Notebook, position: int | None) -> Failure | None:
    outputs = [] if position is None else notebook["cells"][position]["outputs"]
    for output in reversed(outputs):
        if output["output_type"] == "error":
            traceback = COLOURS.sub("", "\n".join(output["traceback"]))
            return Failure(output["ename"], output["evalue"], traceback, position)
    return None
