import os
import subprocess
import sys

import pytest

from labkit.kernels import fork_protocol
from labkit.kernels.forkserver import prepare_environment

from ..waiting import is_alive, soon
from .forking import answers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fork servers need Linux")


def started(path, *options):
    """Start a server as ``forked`` does, and return its process number."""
    command = [sys.executable, "-m", "labkit.kernels.forkserver", "--recipe", "worker"]
    subprocess.run([*command, "--socket", str(path), *options], timeout=30, check=True)
    soon(lambda: answers(path))
    with fork_protocol.connect(path) as connection:
        fork_protocol.ask(connection, "status")
        return fork_protocol.answers(connection)[0]["server"]


def test_its_environment_decides_nothing_that_a_child_may_choose(monkeypatch):
    chosen = {"OMP_NUM_THREADS": "7", "OPENBLAS_NUM_THREADS": "7", "OPENBLAS_THREAD_TIMEOUT": "26"}
    monkeypatch.setattr(os, "environ", {**chosen, "MPLBACKEND": "agg", "HOME": "/home/ada"})
    prepare_environment()
    assert "OMP_NUM_THREADS" not in os.environ
    assert "MPLBACKEND" not in os.environ
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    # What is fixed when a library is loaded is part of the server's address.
    assert os.environ["OPENBLAS_THREAD_TIMEOUT"] == "26"
    assert os.environ["HOME"] == "/home/ada"


def test_it_is_nobodys_child_and_ends_when_it_is_idle(tmp_path):
    server = started(tmp_path / "socket", "--idle", "2")
    with open(f"/proc/{server}/stat") as stat:
        _, parent, _, session = stat.read().rpartition(")")[2].split()[:4]
    assert int(parent) != os.getpid()
    assert int(session) == server
    soon(lambda: not is_alive(server))
    assert not (tmp_path / "socket").exists()


def test_who_connects_before_it_is_ready_is_answered_when_it_is(tmp_path):
    command = [sys.executable, "-m", "labkit.kernels.forkserver", "--recipe", "worker"]
    path = tmp_path / "socket"
    subprocess.run([*command, "--socket", str(path), "--idle", "0.2"], timeout=30, check=True)
    soon(path.exists)
    with soon(lambda: connected(path)) as connection:
        fork_protocol.ask(connection, "status")
        connection.settimeout(60)
        told, _ = fork_protocol.answers(connection)
    assert told["threads"] == 1


def connected(path):
    try:
        return fork_protocol.connect(path)
    except ConnectionRefusedError:
        return None


def test_an_unknown_recipe_is_misuse(tmp_path):
    command = [sys.executable, "-m", "labkit.kernels.forkserver", "--recipe", "cake"]
    done = subprocess.run(
        [*command, "--socket", str(tmp_path / "s")], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 2
    assert "kernel" in done.stderr
