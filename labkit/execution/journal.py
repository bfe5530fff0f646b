"""What a run has done so far, on disk from the moment it is known: nothing is lost, nothing mixed.

A report folder belongs to one run at a time. Each outcome is a file of its own in ``records``,
written whole or not at all, so that a run that was killed can be resumed where it stopped.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from labkit.errors import NotebookError
from labkit.execution import digests, documents, fingerprint, outcomes
from labkit.execution.folder_lock import FolderLock
from labkit.execution.jobs import Job
from labkit.execution.outcomes import Outcome, Status

__all__ = ["EXECUTED", "PAGES", "RECORDS", "Journal"]

RECORDS, EXECUTED, PAGES = "records", "executed", "pages"
"""Folders within a report: the outcomes as data, the executed notebooks, and their pages."""

ENDINGS = {RECORDS: ".json", EXECUTED: ".ipynb", PAGES: ".html"}

SCHEMA = "labkit.record/1"
SUMMARY, PREVIOUS = "summary.json", "previous.json"
VERDICTS = ("index.html", "compare.html", "summary.md", "junit.xml")
"""What would tell the verdicts of the run before if this run was killed."""

ROOM = 2**20
"""Bytes that are written for a trial before anything runs."""

NOT_PASSED = {
    "failed": "it failed",
    "timeout": "it took too long",
    "died": "its kernel died",
    "not-run": "not all of it ran",
    "refused": "it was refused",
    "interrupted": "it was interrupted",
    "skipped": "it was skipped",
}


class Journal:
    """The record of a run in its report folder.

    As a context manager it keeps other runs away from the folder; ``load`` and ``reusable`` can be
    called without that.

    Parameters
    ----------
    folder
        The report folder; it is made where it is missing.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._lock = FolderLock(self.folder)
        self._pending: dict[str, Outcome] = {}

    def __enter__(self) -> "Journal":
        """Take the folder.

        Raises
        ------
        NotebookError
            When the folder cannot be written, or another run has it.
        """
        _try_to_write(self.folder)
        for name in ENDINGS:
            if os.path.lexists(self.folder / name):
                _try_to_write(self.folder / name)
        self._lock.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self._save_pending()
        self._lock.release()

    @property
    def unsaved(self) -> tuple[Outcome, ...]:
        """The outcomes that could not be written, which this object still holds."""
        return tuple(self._pending.values())

    def begin(self, jobs: Iterable[Job]) -> None:
        """Make the folder ready for a run.

        The summary of the run before becomes ``previous.json``; its verdicts go, and so does what
        labkit kept of notebooks that are not in this run. Other files stay.
        """
        for partial in self._left_half_written():
            _remove(partial)
        self._keep_summary()
        # Some file systems do not see the case of letters: there "A" and "a" are one file.
        current = {job.name.casefold() for job in jobs}
        for name in self.load():
            if name.casefold() not in current:
                self._forget(name)

    def save(self, outcome: Outcome) -> bool:
        """Write an outcome, and those that could not be written before.

        Returns
        -------
        bool
            Whether all are on disk now; ``unsaved`` has those that are not.
        """
        self._pending[outcome.name] = outcome
        return self._save_pending()

    def load(self) -> dict[str, Outcome]:
        """Return name → outcome of all that is recorded; what labkit did not write is left out."""
        found: dict[str, Outcome] = {}
        for path in sorted((self.folder / RECORDS).rglob("*.json")):
            name = path.relative_to(self.folder / RECORDS).as_posix().removesuffix(".json")
            outcome = _outcome(self._record(name))
            if outcome is not None and outcome.name == name:
                output = outcome.output and self.folder / outcome.output
                found[name] = replace(outcome, output=output)
        return found

    def reusable(self, job: Job, outcome: Outcome | None) -> str:
        """Say why a job must run although there is an outcome; empty when it need not."""
        if outcome is None:
            return "it never ran here"
        if not outcome.passed:
            return NOT_PASSED[outcome.status]
        if not (job.fingerprint and outcome.fingerprint):
            return "nobody knows whether it changed"
        if told := fingerprint.why(outcome.fingerprint, job.fingerprint):
            return told
        executed = job.output or self._place(EXECUTED, job.name)
        if not executed.is_file():
            return "its executed notebook is gone"
        is_same = digests.of_file(executed) == self._record(job.name).get("executed")
        return "" if is_same else "its executed notebook is not the one that passed"

    def _left_half_written(self) -> Iterator[Path]:
        """Yield what a run that was killed left of files it was writing."""
        yield from self.folder.glob(".partial-*")
        for name in ENDINGS:
            yield from (self.folder / name).rglob(".partial-*")

    def _keep_summary(self) -> None:
        summary = self.folder / SUMMARY
        if not str(_read(summary).get("schema", "")).startswith("labkit.summary/"):
            return
        with suppress(OSError):
            os.replace(summary, self.folder / PREVIOUS)
        for name in VERDICTS:
            _remove(self.folder / name)

    def _forget(self, name: str) -> None:
        for kind in ENDINGS:
            path = self._place(kind, name)
            _remove(path)
            for parent in path.relative_to(self.folder / kind).parents[:-1]:
                with suppress(OSError):  # it holds something else
                    (self.folder / kind / parent).rmdir()

    def _place(self, kind: str, name: str) -> Path:
        return self.folder / kind / f"{name}{ENDINGS[kind]}"

    def _save_pending(self) -> bool:
        for name, outcome in list(self._pending.items()):
            with suppress(OSError):
                text = json.dumps(self._as_record(outcome), indent=1, default=str)
                documents.write_text(f"{text}\n", self._place(RECORDS, name))
                del self._pending[name]
        return not self._pending

    def _as_record(self, outcome: Outcome) -> dict[str, Any]:
        """Return what is written: the path of the executed notebook as seen from this folder."""
        record = {"schema": SCHEMA, **outcomes.as_data(outcome)}
        if outcome.output is not None:
            here, there = self.folder.resolve(), outcome.output.resolve()
            inside = there.relative_to(here) if there.is_relative_to(here) else there
            record |= {"output": inside.as_posix(), "executed": digests.of_file(outcome.output)}
        return record

    def _record(self, name: str) -> dict[str, Any]:
        record = _read(self._place(RECORDS, name))
        return record if record.get("schema") == SCHEMA else {}


def _try_to_write(folder: Path) -> None:
    """Write as much as a small report takes: better no run than one whose results are lost."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(prefix=".partial-", dir=folder) as trial:
            trial.write(bytes(ROOM))
    except OSError as error:
        raise NotebookError(
            f"{folder}: expected a folder that can be written, got {error.strerror!r}; "
            "nothing was run: make room, or give another folder with --out"
        ) from error


def _outcome(record: dict[str, Any]) -> Outcome | None:
    try:
        outcome = outcomes.from_data(record)
    except (AttributeError, LookupError, TypeError, ValueError):
        return None
    return outcome if outcome.status in get_args(Status) else None


def _read(path: Path) -> dict[str, Any]:
    """Return what a file of JSON holds; nothing where it is missing or damaged."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
