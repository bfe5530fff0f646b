"""What a worker does with one job: run the notebook, and write its page while it is warm."""

import atexit
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from labkit.execution import jobs, outcomes
from labkit.execution.running import run_job
from labkit.kernels.light_imports import without_grammars
from labkit.reports import report

if TYPE_CHECKING:
    from labkit.kernels.kernels_ahead import KernelsAhead

__all__ = ["perform"]


def perform(
    job: Mapping[str, Any],
    folder: str,
    places: Mapping[str, str],
    tell: Callable[[tuple[int, int]], None],
    another: bool = False,
) -> dict[str, Any]:
    """Run a job and write the page of what came of it; return the outcome as plain data.

    Parameters
    ----------
    job
        As ``jobs.as_data`` gives it.
    folder
        Of the report.
    places
        Path of every notebook of this run → name of its page, for links from one to another.
    tell
        Is called with the number of cells done, and of all.
    another
        Whether a job of the same folder and kernel will probably follow in this process.
    """
    outcome = run_job(jobs.from_data(job), lambda at, of: tell((at, of)), _ahead(), another)
    data = outcomes.as_data(outcome)
    if outcome.output is not None:
        try:
            report.write_page(data, folder, places)
        except OSError as error:
            data["notes"].append(f"its page could not be written: {error.strerror}")
        except Exception as error:  # the notebook ran all the same
            data["notes"].append(f"its page could not be made: {type(error).__name__}: {error}")
    return data


@cache
def _ahead() -> "KernelsAhead":
    """Return where this process gets its kernels; they all end before it does."""
    with without_grammars():
        from labkit.kernels.kernels_ahead import KernelsAhead

    ahead = KernelsAhead()
    atexit.register(ahead.close)
    return ahead
