import os
import signal
import socket

import pytest

from labkit.cluster import connection
from labkit.cluster.connection import connected
from labkit.errors import OptionError

from .clusters import Started

pytestmark = pytest.mark.timeout(120)

OLD = """
import importlib.metadata
importlib.metadata.version = lambda name, known=importlib.metadata.version: (
    "0.0.1" if name == "labkit" else known(name)
)
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    found = Started(tmp_path_factory.mktemp("cluster"))
    yield found
    found.end()


def test_a_local_cluster_has_processes_of_its_own_that_are_deaf_to_ctrl_c():
    def deaf():
        return os.getpid(), signal.getsignal(signal.SIGINT) == signal.SIG_IGN

    before = dict(os.environ)
    with connected("local", 2) as client:
        client.wait_for_workers(2, timeout=60)
        told = list(client.run(deaf).values())
        assert set(client.nthreads().values()) == {1}
    processes = {process for process, _ in told}
    assert len(processes) == 2
    assert os.getpid() not in processes
    assert all(is_deaf for _, is_deaf in told)
    assert dict(os.environ) == before


def test_a_cluster_without_workers_may_get_some_later(started):
    with connected(started.address, 2) as client:
        assert client.nthreads() == {}
    assert started.alive, "a cluster that was there before stays"


def test_a_worker_with_another_labkit_is_refused(started, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(OLD)
    started.add(PYTHONPATH=str(tmp_path))
    with connected_worker(started), pytest.raises(OptionError) as caught:
        connected(started.address, 1).__enter__()
    assert "got labkit 0.0.1 (Python 3." in str(caught.value)
    assert "install the same labkit there" in str(caught.value)


def test_a_worker_without_labkit_is_refused(started, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['labkit'] = None")
    started.add(PYTHONPATH=str(tmp_path))
    with connected_worker(started), pytest.raises(OptionError) as caught:
        connected(started.address, 1).__enter__()
    assert "ModuleNotFoundError" in str(caught.value)


def connected_worker(started):
    """Have exactly one worker within a block: the one that was added last."""
    from contextlib import contextmanager

    @contextmanager
    def block():
        started.have(1)
        try:
            yield
        finally:
            started.kill(len(started.workers) - 1)

    return block()


def test_nobody_there(monkeypatch):
    monkeypatch.setattr(connection, "PATIENCE", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(OptionError, match=f"--dask {address}: .*says nothing"):
            connected(address, 1).__enter__()


@pytest.mark.parametrize(
    "address", ["what", "127.0.0.1", "tcp://127.0.0.1", "smoke://here:1", "tcp://127.0.0.1:none"]
)
def test_what_is_no_address_is_told_at_once(address, monkeypatch):
    monkeypatch.setattr(connection, "_client", lambda _: pytest.fail("nobody should be asked"))
    with pytest.raises(OptionError, match=f'--dask {address}: expected tcp://HOST:PORT .*"local"'):
        connected(address, 1).__enter__()


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:8786", "tls://host.example:8786", "host:8786", "tcp://[::1]:8786"]
)
def test_what_is_an_address_is_asked(address, monkeypatch):
    monkeypatch.setattr(connection, "_client", lambda _: (_ for _ in ()).throw(OSError("asked")))
    with pytest.raises(OptionError, match="asked"):
        connected(address, 1).__enter__()
