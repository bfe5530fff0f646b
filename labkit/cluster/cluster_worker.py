"""What runs within a Dask worker: it has a worker of this machine do the job, and tells of it.

A Dask worker does not run the notebook itself. It asks for a process of the same kind that
``labkit run`` uses on one machine, forked from that machine's server, and that ends with it.
"""

import contextlib
import os
import platform
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dask
from distributed import get_client, get_worker
from distributed.comm import get_address_host

from labkit.cluster.errand import Errand, Returned, run_errand
from labkit.cluster.warm_workers import WarmWorkers
from labkit.execution import environment
from labkit.execution.workers import Worker, WorkerError

__all__ = ["TRIES", "facts", "interrupt", "perform"]

GLANCE = 1.0
"""Seconds after which a worker looks whether what it does is still wanted."""

TRIES = 2
"""How often a notebook is begun whose workers die."""

_warm = WarmWorkers()
_lock = threading.Lock()
_working: dict[str, set[Worker]] = {}
_interrupted: set[str] = set()


def perform(
    errand: Errand,
    number: int,
    topic: str,
    *,
    shared: Mapping[str, str] | None = None,
    beside: Mapping[str, int] | None = None,
) -> tuple[Returned, list[str]]:
    """Do an errand within a task of Dask; return what came of it, and whose task it was before.

    Parameters
    ----------
    errand
        What is to be done.
    number
        Of the errand within its run.
    topic
        Under which is told what happens, as ``(number, kind, value)``.
    shared
        Environment of the notebook; that of this machine when ``None``.
    beside
        Machine → how many notebooks may run on it at once.

    Raises
    ------
    WorkerError
        When the notebook has been begun too often, or the process that ran it died.
    """
    dask_worker = get_worker()
    before = _begin(number, topic)
    if shared is None:
        at_once = (beside or {}).get(get_address_host(dask_worker.address), 1)
        shared = environment.shared_by(at_once, _without_nanny(dask_worker.nanny is not None))
    with (
        tempfile.TemporaryDirectory(
            prefix="labkit-", dir=dask_worker.local_directory, ignore_cleanup_errors=True
        ) as scratch,
        _at_work(topic, shared) as worker,
    ):

        def call(function: str, arguments: Mapping[str, Any]) -> Any:
            for kind, value in worker.call(function, arguments):
                if kind == "done":
                    return value
                dask_worker.log_event(topic, (number, kind, value))
            raise WorkerError("the worker ended without an answer")

        return run_errand(errand, Path(scratch).resolve(), call), before


def interrupt(topic: str) -> None:
    """Ask what this worker does for a run to stop; it still answers."""
    with _lock:
        _interrupted.add(topic)
        for worker in _working.get(topic, ()):
            worker.interrupt()


def facts() -> dict[str, str]:
    """Return the versions that have to be the same on all machines, or should."""
    return {"labkit": version("labkit"), "python": platform.python_version()}


def _begin(number: int, topic: str) -> list[str]:
    """Tell that an errand begins; return the workers that have begun it before, and died.

    The scheduler keeps count, since it outlives the workers. It knows of the beginning before
    anything is done: what kills this worker cannot hide that it was begun here.
    """
    client = get_client()
    told = (event for _, event in client.get_events(f"{topic}-begun") or ())
    before = [worker for which, worker in told if which == number]
    if len(before) >= TRIES:
        raise WorkerError(f"the workers that ran it died: {' and '.join(before)}")
    here = get_worker().address
    client.log_event(f"{topic}-begun", (number, here))
    client.log_event(topic, (number, "begun", here))
    return before


def _without_nanny(nanny: bool) -> dict[str, str]:
    """Return this process's environment as it was before Dask's nanny set something in it.

    It gives each worker one thread and a fixed seed for hashes, which no other run has.
    """
    if not nanny:
        return dict(os.environ)
    theirs = {**dask.config.get("distributed.nanny.pre-spawn-environ"), "PYTHONHASHSEED": "6640"}
    return {name: value for name, value in os.environ.items() if str(theirs.get(name, "")) != value}


@contextlib.contextmanager
def _at_work(topic: str, shared: Mapping[str, str]) -> Iterator[Worker]:
    """Give a worker, which hears an interrupt and ends when nobody wants what it does any more."""
    worker, well = _warm.take(shared), False
    try:
        with _lock:
            # A signal could come before the worker knows what to do with it.
            if topic in _interrupted:
                raise WorkerError("the run was interrupted before it")
            _working.setdefault(topic, set()).add(worker)
        with _ended_when_unwanted(worker):
            yield worker
        well = True
    finally:
        with _lock:
            _working.get(topic, set()).discard(worker)
            # One that was asked to stop may yet stop when it is to do something else.
            well = well and topic not in _interrupted
        if well:
            _warm.give_back(worker, shared)
        else:
            worker.kill()
            worker.close()


@contextlib.contextmanager
def _ended_when_unwanted(worker: Worker) -> Iterator[None]:
    wanted, done = _wanted(), threading.Event()

    def watch() -> None:
        while not done.wait(GLANCE):
            if not wanted():
                worker.kill()
                return

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        done.set()
        watching.join()


def _wanted() -> Callable[[], bool]:
    """Return what tells whether the cluster still wants the result of the task under way.

    It does not once the task was cancelled, or the one who wanted it is gone.
    """
    key, tasks = get_worker().get_current_task(), get_worker().state.tasks
    return lambda: key in tasks and tasks[key].state in {"executing", "long-running"}
