import logging
import os
from importlib.metadata import version
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

from labkit.cluster import cluster_worker
from labkit.cluster.errand import errand
from labkit.execution import jobs
from labkit.execution.jobs import Job
from labkit.execution.performer import Call
from labkit.execution.workers import WorkerError

from ..waiting import is_alive, soon, written

MODULE = """
import os, time
from pathlib import Path

def passed(job, **more):
    return {"output": None, "notes": [], "host": "", "process": os.getpid(), **more}

def tells(job, folder, places, tell):
    tell([1, 2])
    return passed(job, environment=dict(os.environ))

def waits(job, folder, places, tell, note):
    try:
        Path(note).write_text(str(os.getpid()))
        time.sleep(60)
    except KeyboardInterrupt:
        return passed(job, status="woken")

def raises(job, folder, places, tell):
    raise ValueError("no such thing")
"""


@pytest.fixture(scope="module")
def dask_worker():
    """A Dask worker within this process."""
    with LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=False,
        host="127.0.0.1",
        protocol="tcp",
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    ) as cluster:
        yield cluster.workers[0]


@pytest.fixture
def client(dask_worker):
    with Client(dask_worker.scheduler.address, set_as_default=False) as client:
        yield client


@pytest.fixture
def submit(client, tmp_path, write_notebook, monkeypatch):
    """Give a task an errand that calls a function of this test's own."""
    (tmp_path / "tests_of_cluster.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    path = write_notebook("n.ipynb", "x = 1")

    def submit(function, number=0, topic=None, arguments=(), **options):
        given = {"job": jobs.as_data(Job(path, "n")), "folder": str(tmp_path / "reports")}
        given |= {"places": {}, **dict(arguments)}
        sent = errand(Call(0, f"tests_of_cluster:{function}", given))
        topic = topic or str(tmp_path)
        return client.submit(cluster_worker.perform, sent, number, topic, pure=False, **options)

    return submit


def test_it_answers_and_tells_what_happens_in_order(submit, client, dask_worker, tmp_path):
    heard = []
    client.subscribe_topic(str(tmp_path), lambda event: heard.append(tuple(event[1])))
    result, before = submit("tells", 7).result(timeout=60)
    assert result.outcome["host"]
    assert before == []
    soon(lambda: len(heard) == 2)
    assert heard == [(7, "begun", dask_worker.address), (7, "told", (1, 2))]


def test_the_next_finds_a_warm_worker(submit):
    first, second = (submit("tells", n).result(timeout=60)[0] for n in (0, 1))
    assert first.outcome["process"] == second.outcome["process"] != os.getpid()


def test_what_was_begun_twice_is_not_begun_again(submit, dask_worker):
    assert submit("tells").result(timeout=60)[1] == []
    assert submit("tells").result(timeout=60)[1] == [dask_worker.address]
    assert submit("tells", 1).result(timeout=60)[1] == []
    with pytest.raises(WorkerError, match=r"the workers that ran it died: tcp://.* and tcp://"):
        submit("tells").result(timeout=60)


def test_one_that_raises_says_so(submit):
    with pytest.raises(WorkerError, match="no such thing"):
        submit("raises").result(timeout=60)
    assert submit("tells", 1).result(timeout=60)


def test_the_machine_is_shared_by_as_many_as_run_on_it(submit, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(cluster_worker.environment, "cores", lambda: 12)
    result, _ = submit("tells", beside={"127.0.0.1": 3}).result(timeout=60)
    assert result.outcome["environment"]["OMP_NUM_THREADS"] == "4"
    result, _ = submit("tells", 1, shared={**os.environ, "OMP_NUM_THREADS": "5"}).result(timeout=60)
    assert result.outcome["environment"]["OMP_NUM_THREADS"] == "5"


def test_what_the_nanny_has_set_is_not_for_notebooks(submit, dask_worker, monkeypatch):
    monkeypatch.setattr(dask_worker, "nanny", "tcp://127.0.0.1:1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONHASHSEED", "6640")
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "12345")  # set by the user, not by the nanny
    monkeypatch.setattr(cluster_worker.environment, "cores", lambda: 12)
    result, _ = submit("tells").result(timeout=60)
    found = result.outcome["environment"]
    assert found["OMP_NUM_THREADS"] == "12"
    assert "PYTHONHASHSEED" not in found
    assert found["MALLOC_TRIM_THRESHOLD_"] == "12345"


def test_what_nobody_wants_any_more_is_ended(submit, tmp_path):
    note = tmp_path / "note"
    future = submit("waits", arguments={"note": str(note)})
    process = int(written(note))
    future.cancel()
    soon(lambda: not is_alive(process))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to a process")
def test_interrupted_it_still_answers_and_is_not_kept(submit, client, tmp_path):
    note, topic = tmp_path / "note", str(tmp_path / "interrupted")
    future = submit("waits", topic=topic, arguments={"note": str(note)})
    process = int(written(note))
    client.run(cluster_worker.interrupt, topic)
    result, _ = future.result(timeout=60)
    assert result.outcome["status"] == "woken"
    soon(lambda: not is_alive(process), seconds=10)
    with pytest.raises(WorkerError, match="the run was interrupted before it"):
        submit("tells", 1, topic).result(timeout=60)


def test_nothing_is_left_in_the_scratch_folder(submit, dask_worker):
    submit("tells").result(timeout=60)
    soon(lambda: not list(Path(dask_worker.local_directory).glob("labkit-*")))


def test_what_has_to_be_the_same_everywhere():
    assert cluster_worker.facts()["labkit"] == version("labkit")
