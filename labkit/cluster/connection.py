"""Connect to a Dask cluster, or start one on this machine for as long as a run lasts."""

import contextlib
import logging
import os
import re
import threading
from collections.abc import Iterator, Mapping
from queue import Empty, SimpleQueue
from typing import Any

import dask
from distributed import Client, LocalCluster

from labkit.cluster import cluster_worker
from labkit.errors import OptionError

__all__ = ["LOCAL", "connected"]

LOCAL = "local"
"""What to say instead of an address."""

ADDRESS = re.compile(r"((tcp|tls|ucxx?|wss?)://)?([^\s:/]+|\[[0-9a-fA-F:]+\]):\d+")
"""Anything else would have Dask wait for half a minute, and then say nothing of it."""

PATIENCE = 10.0
"""Seconds that a scheduler has to answer."""

GRACE = 2.0
"""Seconds after which an answer that nothing can come of any more is not waited for."""

DEAF = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
"""Ctrl-C goes to every process of a terminal, but what it means is for the run to say."""

CONFIGURATION = {
    "distributed.admin.large-graph-warning-threshold": "1GiB",  # a task brings its files along
    "distributed.comm.timeouts.connect": f"{PATIENCE:.0f}s",
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


@contextlib.contextmanager
def connected(address: str, workers: int) -> Iterator[Client]:
    """Give a client of the cluster at an address; of one that ends with this block for ``local``.

    Parameters
    ----------
    address
        ``tcp://HOST:PORT``, or ``local``.
    workers
        How many processes ``local`` means.

    Raises
    ------
    OptionError
        When it is no address, no scheduler answers there, or its workers have another labkit.
    """
    if address != LOCAL and not ADDRESS.fullmatch(address):
        raise OptionError(
            f'--dask {address}: expected tcp://HOST:PORT of a Dask scheduler, or "{LOCAL}"'
        )
    with dask.config.set(CONFIGURATION):
        if address == LOCAL:
            with _local(workers) as client:
                yield client
        else:
            with _remote(address) as client:
                _check(client, address)
                yield client


@contextlib.contextmanager
def _local(workers: int) -> Iterator[Client]:
    before = dict(os.environ)
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # Dask has something listen there in any case
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.CRITICAL,
            memory_limit=0,  # the notebooks run in processes of their own, each with its limit
            death_timeout=60,
            preload=[DEAF],
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        # To set the environment of its workers, Dask has set that of this process.
        os.environ.clear()
        os.environ.update(before)
        yield client


@contextlib.contextmanager
def _remote(address: str) -> Iterator[Client]:
    try:
        client = _client(address)
    except (OSError, ValueError) as error:
        raise OptionError(
            f"--dask {address}: expected the address of a Dask scheduler, but none answered there "
            f'within {PATIENCE:.0f} s ({error}); start one with "dask scheduler"'
        ) from error
    with client:
        yield client


def _client(address: str) -> Client:
    """Connect to a scheduler; Dask itself waits for ever for one that takes a call and is silent.

    Raises
    ------
    OSError, ValueError
        When there is none, or this is no address.
    """
    answers: SimpleQueue[Client | Exception] = SimpleQueue()

    def connect() -> None:
        try:
            answers.put(Client(address, timeout=PATIENCE, set_as_default=False, name="labkit"))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=connect, daemon=True).start()
    try:
        answer = answers.get(timeout=PATIENCE + GRACE)
    except Empty:
        raise TimeoutError("something takes the call and says nothing") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _check(client: Client, address: str) -> None:
    """Refuse workers that do not know what they are told to do."""
    ours = cluster_worker.facts()
    for worker, theirs in client.run(cluster_worker.facts, on_error="return").items():
        if not isinstance(theirs, Mapping) or theirs["labkit"] != ours["labkit"]:
            raise OptionError(
                f"--dask {address}: expected labkit {ours['labkit']} on every worker, got "
                f"{_said(theirs)} on {worker}; install the same labkit there"
            )


def _said(theirs: Any) -> str:
    if isinstance(theirs, Mapping):
        return f"labkit {theirs['labkit']} (Python {theirs['python']})"
    return f"{type(theirs).__name__}: {theirs}"
