"""What somebody sees while notebooks run: a live table in a terminal, a line each elsewhere."""

import sys
import time
from collections.abc import Sequence
from typing import Any

from labkit.execution.jobs import Job
from labkit.execution.outcomes import Outcome
from labkit.execution.performer import Event
from labkit.reports.frame import WORDS, seconds

__all__ = ["Lines", "LiveTable", "progress", "said"]

LONGEST = 500
"""Characters of a message that a terminal shows; the report has all of it."""


def progress(jobs: Sequence[Job]) -> "Lines":
    """Return what suits the place that the command prints to."""
    return LiveTable(jobs) if sys.stdout.isatty() else Lines()


def said(outcome: Outcome) -> str:
    """Say in a line or two what became of a notebook."""
    sign = "✓" if outcome.passed else "–" if outcome.status == "skipped" else "✗"
    if outcome.resumed:
        return f"{sign} {outcome.name}  {WORDS[outcome.status]} before, unchanged"
    time = f"  {seconds(outcome.seconds)}" if outcome.seconds else ""
    line = f"{sign} {outcome.name}  {WORDS[outcome.status]}{time}"
    told = [outcome.failure or outcome.reason, *outcome.notes]
    return "\n    ".join([line, *(_beginning(str(each)) for each in told if each)])


def _beginning(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


class Lines:
    """A line for each notebook once it is done."""

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, event: Event) -> None:
        """Hear what happened to a job."""
        if event.kind == "done":
            print(said(event.value), flush=True)


class LiveTable(Lines):
    """Those under way, each with its cells and its time, below the lines of those that are done.

    Parameters
    ----------
    jobs
        All jobs of the run.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        from rich.console import Console
        from rich.live import Live

        self._count, self._done = len(jobs), 0
        self._running: dict[Any, tuple[float, int, int]] = {}
        console = Console(highlight=False, markup=False, emoji=False)
        self._live = Live(
            console=console, get_renderable=self._table, refresh_per_second=8, transient=True
        )

    def __enter__(self) -> "LiveTable":
        self._live.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._live.__exit__(*error)

    def __call__(self, event: Event) -> None:
        """Hear what happened to a job."""
        if event.kind == "begun":
            self._running[event.key] = (time.monotonic(), 0, 0)
        elif event.kind == "told" and event.key in self._running:
            began, *_ = self._running[event.key]
            self._running[event.key] = (began, *event.value)
        elif event.kind == "done":
            self._running.pop(event.key, None)
            self._done += 1
            self._live.console.print(said(event.value))

    def _table(self) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        now = time.monotonic()
        for name, (began, done, of) in list(self._running.items()):
            bar = ProgressBar(total=of or 1, completed=done, width=24)
            at = f"cell {done + 1} of {of}" if done < of else "starting" if not of else "finishing"
            table.add_row(f"  {name}", bar, at, seconds(now - began))
        table.add_row(f"  {self._done} of {self._count} done", "", "", "")
        return table
