"""Run many jobs: hand them out, hear what becomes of each, and stop in good order."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from labkit.execution import jobs as job_list
from labkit.execution import outcomes
from labkit.execution.jobs import Job
from labkit.execution.outcomes import Failure, Outcome
from labkit.execution.performer import Call, Event, Performer

__all__ = ["Batch", "Listener"]

Listener = Callable[[Event], None]


class Batch:
    """Jobs that are run together.

    Parameters
    ----------
    jobs
        In the order in which they begin.
    performer
        Who runs them.
    function
        What runs one of them, as ``module:function``. It is given the job, what ``arguments``
        returns for it and ``tell``, and returns an outcome, both as plain data.
    arguments
        Takes a job, and returns name → value.
    keep_going
        Whether the others still begin after one that did not pass.
    heard
        Is called with every event as it comes; the value of one that is ``done`` is an ``Outcome``.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        performer: Performer,
        *,
        function: str,
        arguments: Callable[[Job], Mapping[str, Any]] = lambda job: {},
        keep_going: bool = False,
        heard: Listener = lambda event: None,
    ) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._performer = performer
        self._function, self._arguments = function, arguments
        self._keep_going, self._heard = keep_going, heard
        self._outcomes: dict[str, Outcome] = {}
        self._why_stopped = ""
        self.interrupted = False

    def run(self) -> list[Outcome]:
        """Run the jobs; return an outcome for each, in their order."""
        with self._on_ctrl_c():
            for event in self._performer.perform(self._calls()):
                self._hear(event)
        return [self._outcomes.get(name) or self._skipped(job) for name, job in self._jobs.items()]

    def _calls(self) -> list[Call]:
        return [
            Call(name, self._function, {"job": job_list.as_data(job), **self._arguments(job)})
            for name, job in self._jobs.items()
        ]

    def _hear(self, event: Event) -> None:
        if event.kind in {"done", "lost"}:
            outcome = self._outcome(event)
            self._outcomes[outcome.name] = outcome
            event = Event(event.key, "done", outcome)
            self._stop_after(outcome)
        self._heard(event)

    def _outcome(self, event: Event) -> Outcome:
        job = self._jobs[str(event.key)]
        if event.kind == "done":
            return outcomes.from_data(event.value)
        if self.interrupted:
            return _of(job, "interrupted", reason="stopped with Ctrl-C")
        *_, last = str(event.value).strip().splitlines() or [""]
        failure = Failure("WorkerError", f"who ran it gave no answer: {last}", str(event.value))
        return _of(job, "died", failure=failure)

    def _stop_after(self, outcome: Outcome) -> None:
        if outcome.passed or self._keep_going or self._why_stopped:
            return
        if outcome.status != "interrupted":
            self._why_stopped = f"{outcome.name} did not pass; use --keep-going to run the rest"
            self._performer.finish()

    def _skipped(self, job: Job) -> Outcome:
        why = "the run was interrupted before it" if self.interrupted else self._why_stopped
        return _of(job, "skipped", reason=why)

    @contextlib.contextmanager
    def _on_ctrl_c(self) -> Iterator[None]:
        """Let Ctrl-C, or a CI service that gives up, stop what is under way and not the report."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(*_: object) -> None:
            self.interrupted = True
            self._performer.interrupt()

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _of(job: Job, status: outcomes.Status, **more: Any) -> Outcome:
    return Outcome(
        job.path,
        status,
        parameters=job.parameters,
        name=job.name,
        repetition=job.repetition,
        fingerprint=job.fingerprint,
        **more,
    )
