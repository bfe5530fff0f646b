"""`labkit run`: execute notebooks side by side, and write one report over them."""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from labkit.cli.progress import progress, said
from labkit.errors import NotebookError, OptionError, ParameterError
from labkit.execution import documents, environment, parameters
from labkit.execution.batch import Batch
from labkit.execution.finding import find, lessons_folder
from labkit.execution.fingerprint import fingerprint
from labkit.execution.jobs import Job, matrix, places
from labkit.execution.journal import Journal
from labkit.execution.outcomes import Outcome
from labkit.execution.performer import Event, Performer
from labkit.execution.repeating import Difference, differences
from labkit.execution.workers import Workers
from labkit.kernels import forked
from labkit.reports import comparison_page, report
from labkit.reports.summary import headline

__all__ = ["main"]

PASSED, FAILED, DIFFERENT, UNWRITTEN, INTERRUPTED = 0, 1, 3, 4, 130


def main(options: argparse.Namespace) -> int:
    """Execute the notebooks and write the report; return the exit code."""
    start = time.perf_counter()
    jobs = _jobs(options)
    with Journal(options.out) as journal:
        kept = _kept(jobs, journal) if options.resume else {}
        journal.begin(jobs)
        wanted = [job for job in jobs if job.name not in kept]
        ran, interrupted = _run(wanted, options, journal)
        outcomes = [kept.get(job.name) or ran[job.name] for job in jobs]
        differing = differences(outcomes) if options.repeat > 1 else []
        written = _report(options.out, outcomes, differing, time.perf_counter() - start)
    code = _exit_code(outcomes, differing, interrupted)
    whole = written and not journal.unsaved and _is_whole(options.out, outcomes)
    return code if whole else code or UNWRITTEN


def _jobs(options: argparse.Namespace) -> list[Job]:
    """Return what is to be run; whatever is wrong with the request is told before anything runs."""
    if options.kernel and not options.dask:
        _check_kernel(options.kernel)
    notebooks = find(options.paths or [lessons_folder()])
    variants = [(path, values) for path in notebooks for values in _variants(path, options)]
    executed = Path(options.out, report.EXECUTED)
    jobs = [
        Job(
            path,
            name,
            executed / f"{name}.ipynb",
            values,
            repetition=repetition,
            kernel=options.kernel,
            cell_timeout=options.timeout,
            notebook_timeout=options.notebook_timeout,
        )
        for path, values, repetition, name in places(variants, options.repeat)
    ]
    if options.shuffle is not None:
        print(f"shuffled with --shuffle {options.shuffle}")
        random.Random(options.shuffle).shuffle(jobs)
    return [replace(job, fingerprint=fingerprint(job)) for job in jobs]


def _check_kernel(name: str) -> None:
    from labkit.kernels.kernelspec import SpecManager  # brings jupyter_client

    if name not in (known := sorted(SpecManager().find_kernel_specs())):
        raise OptionError(
            f"--kernel: expected one of the kernels that are installed here "
            f"({', '.join(known)}), got {name}"
        )


def _variants(path: Path, options: argparse.Namespace) -> list[Mapping[str, Any]]:
    """Return the sets of values that one notebook is run with, checked before anything runs."""
    asked = [("device", device) for device in options.device]
    asked += [("budget", options.budget)] if options.budget else []
    try:
        notebook = documents.read(path)
        known = parameters.declared(notebook)
        declared = [(name, value) for name, value in asked if name in known]
        sets = matrix([*declared, *map(tuple, options.given)])
        return [parameters.resolve(notebook, values) for values in sets]
    except ParameterError as error:
        raise ParameterError(f"{path}: {error}") from error
    except NotebookError:
        return [{}]  # told when its turn comes, so that the others still run


def _kept(jobs: Sequence[Job], journal: Journal) -> dict[str, Outcome]:
    """Return what need not run again, and say of the rest why it does."""
    before, kept = journal.load(), {}
    for job in jobs:
        if why := journal.reusable(job, before.get(job.name)):
            print(f"  {job.name}  runs again: {why}")
        else:
            kept[job.name] = replace(before[job.name], resumed=True)
            print(said(kept[job.name]))
    return kept


def _run(
    jobs: Sequence[Job], options: argparse.Namespace, journal: Journal
) -> tuple[dict[str, Outcome], bool]:
    """Run the jobs; return name → outcome, and whether somebody interrupted the run."""
    count = max(1, min(options.workers or environment.default_workers(), len(jobs)))
    followed = _followed(jobs, count) if not options.dask else frozenset()
    with progress(jobs) as show:

        def hear(event: Event) -> None:
            if event.kind == "done":
                journal.save(event.value)
            show(event)

        batch = Batch(
            jobs,
            _performer(options, count if jobs else 0),
            function="labkit.cli.performing:perform",
            arguments=lambda job: {
                "folder": options.out,
                "places": report.places(jobs, job),
                "another": job.name in followed,
            },
            keep_going=options.keep_going,
            heard=hear,
        )
        return {outcome.name: outcome for outcome in batch.run()}, batch.interrupted


def _followed(jobs: Sequence[Job], workers: int) -> frozenset[str]:
    """Return the jobs after which their worker will probably do another of the same folder."""
    pairs = zip(jobs, jobs[workers:], strict=False)
    return frozenset(a.name for a, b in pairs if a.path.parent == b.path.parent)


def _performer(options: argparse.Namespace, count: int) -> Performer:
    if options.dask:
        from labkit.cluster.cluster import Cluster

        return Cluster(options.dask, workers=options.workers)
    shared = environment.shared_by(max(1, count))
    if count and not forked.why_not():
        # It imports PyTorch while the workers import nbclient.
        forked.start("kernel", shared)
    return Workers(count, shared)


def _report(
    folder: str, outcomes: Sequence[Outcome], differing: Sequence[Difference], seconds: float
) -> bool:
    """Write the report and say where it is; return whether it could be written where asked."""
    told = {o.name: [d for d in differing if o.name in d.runs] for o in outcomes}
    for place in _places(folder):
        try:
            table = report.write(place, outcomes, seconds=seconds, differences=told, render=None)
            comparison = comparison_page.write(place)
        except OSError as error:
            print(f"\nthe report could not be written to {place}: {error.strerror}")
            continue
        print(f"\n{headline(outcomes, seconds)}")
        for difference in differing:
            print(f"  differs between repetitions: {difference}")
        print(f"Report: {table}")
        if comparison is not None:
            print(f"Compared: {comparison}")
        return place == folder
    return False


def _places(folder: str) -> Iterator[str]:
    """Yield where a report may go: where it was asked for, then any place that has room."""
    yield folder
    yield tempfile.mkdtemp(prefix="labkit-report-")


def _is_whole(folder: str, outcomes: Sequence[Outcome]) -> bool:
    """Tell whether all notebooks that passed are in the report, as executed and as a page."""
    pages = Path(folder, report.PAGES)
    passed = [outcome for outcome in outcomes if outcome.passed]
    return all(o.output and (pages / f"{o.name}.html").is_file() for o in passed)


def _exit_code(
    outcomes: Sequence[Outcome], differing: Sequence[Difference], interrupted: bool
) -> int:
    if not all(o.passed for o in outcomes):
        return INTERRUPTED if interrupted else FAILED
    return DIFFERENT if any(not d.tolerated for d in differing) else PASSED
