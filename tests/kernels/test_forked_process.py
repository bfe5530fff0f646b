import signal
import socket
import subprocess
import sys
import time

import pytest

from labkit.kernels.forked_process import Forked

from ..waiting import is_alive, soon
from .forking import serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fork servers need Linux")

READY = "from labkit.kernels.forked_child import announce; announce(ports=[1]); "
SLEEP = "import time; time.sleep(60)"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server")) as started:
        yield started


def test_it_is_polled_and_waited_for_like_popen(server):
    process = server.fork(SLEEP)
    assert process.poll() is None
    assert process.returncode is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.terminate()
    assert process.wait() == -signal.SIGTERM
    assert process.poll() == process.returncode == -signal.SIGTERM


def test_a_signal_after_the_end_goes_nowhere(server):
    process = server.fork("pass")
    assert process.wait(30) == 0
    process.send_signal(signal.SIGKILL)
    process.kill()


def test_peak_memory_is_known_at_the_end(server):
    process = server.fork("held = b'x' * 200_000_000")
    assert process.peak_memory is None
    process.wait(30)
    assert 200_000_000 < process.peak_memory < 400_000_000


def test_it_says_when_it_is_ready(server):
    process = server.fork(READY + SLEEP)
    assert process.ready(30) == {"ports": [1]}
    process.kill()
    assert process.wait(30) == -9


def test_one_that_ends_or_is_slow_is_never_ready(server):
    assert server.fork("pass").ready(30) is None
    slow = server.fork(SLEEP)
    assert slow.ready(0.05) is None
    slow.close()


def test_closed_it_ends(server):
    process = server.fork(SLEEP)
    process.close()
    soon(lambda: not is_alive(process.pid))


def test_forgotten_it_ends_without_a_word(server):
    process = server.fork(SLEEP)
    pid = process.pid
    del process
    soon(lambda: not is_alive(pid))


@pytest.mark.parametrize(
    ("code", "ending"), [("code = 5", 5), ("import os; os.kill(os.getpid(), 11)", -9)]
)
def test_it_outlives_its_server(tmp_path, code, ending):
    """A code it says itself; a signal, nobody is left to see."""
    with serving(tmp_path) as server:
        go = tmp_path / "go"
        process = server.fork(
            f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\n{code}"
        )
        server.process.kill()
        server.process.wait()
        time.sleep(0.1)
        assert process.poll() is None
        go.touch()
        assert process.wait(30) == ending
        assert process.peak_memory is None


def test_without_a_server_it_still_ends_with_its_owner(tmp_path):
    with serving(tmp_path) as server:
        process = server.fork(READY + SLEEP)
        process.ready(30)  # only now does it watch its connection
        server.process.kill()
        server.process.wait()
        process.close()
        soon(lambda: not is_alive(process.pid))


def test_a_server_that_ends_before_it_answers_is_noticed(tmp_path):
    """Also where somebody else holds its end of the connection, as a child of it would."""
    path = str(tmp_path / "socket")
    code = (
        "import os, socket, sys, time\n"
        "server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
        "server.bind(sys.argv[1]); server.listen()\n"
        "print('ready', flush=True)\n"
        "connection, _ = server.accept()\n"
        "if os.fork() == 0: time.sleep(20); os._exit(0)\n"
        "os.kill(os.getpid(), 9)"
    )
    command = [sys.executable, "-c", code, path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout.readline() == "ready\n"
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.connect(path)
        server.wait(30)
        with pytest.raises(EOFError, match="ended before it answered"):
            Forked(connection, 60)
        connection.close()
