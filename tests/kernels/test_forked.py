import json
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from labkit.kernels import forked, server_address
from labkit.kernels.forked import ForkError, fork, start, status, stop

from ..waiting import is_alive, soon

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fork servers need Linux")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder of sockets of its own; no server in it outlives the test."""
    monkeypatch.setenv(server_address.FOLDER, str(tmp_path / "sockets"))
    yield tmp_path / "sockets"
    stop("worker", os.environ)


@contextmanager
def worker(env=None, **changes):
    """A worker, which waits for calls, and its input."""
    theirs, ours = os.pipe()
    try:
        options = {"stdout": 1, "stderr": 2, "cwd": os.getcwd(), **changes}
        process = fork("worker", {"argv": []}, stdin=theirs, env=env or os.environ, **options)
    finally:
        os.close(theirs)
    with os.fdopen(ours, "w") as calls:
        yield process, calls
    process.wait(30)


def test_the_first_starts_a_server_and_the_next_share_it():
    assert status("worker", os.environ) is None
    with worker() as (first, _), worker() as (second, _):
        told = status("worker", os.environ)
        assert told["children"] == 2
        assert told["threads"] == 1
        assert len({first.pid, second.pid, told["server"]}) == 3
    assert (first.returncode, second.returncode) == (0, 0)
    assert stop("worker", os.environ)
    assert not stop("worker", os.environ)
    soon(lambda: not is_alive(told["server"]))


def test_several_at_once_start_one_server(folder):
    """Half of them are processes, half are threads of one."""
    script = (
        "import os; from labkit.kernels import forked\n"
        "null = os.open(os.devnull, os.O_RDWR)\n"
        "process = forked.fork('worker', {'argv': []}, stdin=null, stdout=null, stderr=2,"
        " env=os.environ, cwd='/')\n"
        "process.wait(60)\n"
        "print(forked.status('worker', os.environ)['server'])"
    )
    import subprocess

    command = [sys.executable, "-c", script]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]

    def server(_):
        with worker():
            return status("worker", os.environ)["server"]

    with ThreadPoolExecutor(2) as pool:
        servers = set(pool.map(server, range(2)))
    servers |= {int(process.communicate(timeout=60)[0]) for process in processes}
    assert len(servers) == 1


def test_a_server_that_was_killed_is_replaced():
    with worker() as (process, _):
        first = status("worker", os.environ)["server"]
        os.kill(first, signal.SIGKILL)
        soon(lambda: not is_alive(first))
        with worker() as (other, _):
            assert status("worker", os.environ)["server"] != first
        assert other.returncode == 0
        assert process.poll() is None, "its children live on"
    assert process.returncode == 0


def test_a_server_goes_without_leaving_traces(folder):
    with worker():
        names = {path.name.partition(".")[2] for path in folder.iterdir()}
        assert names == {"", "lock", "log"}
        stop("worker", os.environ)
    assert list(folder.iterdir()) == []


def test_it_can_be_started_ahead():
    start("worker", os.environ)
    soon(lambda: status("worker", os.environ))
    server = status("worker", os.environ)["server"]
    start("worker", os.environ)
    assert status("worker", os.environ)["server"] == server


def test_another_environment_gets_another_server():
    other = {**os.environ, "PYTHONHASHSEED": "5"}
    try:
        with worker(), worker(env=other):
            servers = {status("worker", env)["server"] for env in (os.environ, other)}
    finally:
        stop("worker", other)
    assert len(servers) == 2


def test_relative_places_of_modules_mean_the_childs_folder(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "told.py").write_text(
        "def where(path, tell):\n    open(path, 'w').write(__file__)\n"
    )
    environment = {**os.environ, "PYTHONPATH": "code"}
    call = {"function": "told:where", "arguments": {"path": str(tmp_path / "answer")}}
    with worker(env=environment, cwd=tmp_path) as (_, calls):
        print(json.dumps(call), file=calls, flush=True)
        soon((tmp_path / "answer").exists)
    assert stop("worker", environment, tmp_path)
    assert (tmp_path / "answer").read_text() == str(tmp_path / "code" / "told.py")


def test_a_server_that_cannot_start_is_an_error_with_its_last_words(tmp_path):
    (tmp_path / "json.py").write_text("raise ImportError('this is not the json you want')")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with pytest.raises(ForkError, match="this is not the json you want"):
        fork("worker", {}, stdin=0, stdout=1, stderr=2, env=environment, cwd="/")


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_the_reason_is_told(platform, monkeypatch):
    monkeypatch.setattr(sys, "platform", platform)
    assert forked.why_not() == "fork servers need Linux"
    for ask in (start, lambda *_: fork("worker", {}, stdin=0, stdout=1, stderr=2, env={}, cwd="/")):
        with pytest.raises(ForkError, match="fork servers need Linux"):
            ask("worker", {})
    assert not stop("worker", {})


def test_an_old_system_is_told_apart(monkeypatch):
    monkeypatch.delattr(os, "pidfd_open")
    assert "pidfd_open" in forked.why_not()
