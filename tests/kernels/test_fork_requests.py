import os
import signal
import sys
import time
from pathlib import Path

import pytest

from labkit.kernels import fork_protocol
from labkit.kernels.fork_requests import PAUSE, thread_count

from ..waiting import is_alive, soon
from .forking import answers, needs_huge_pages, serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fork servers need Linux")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server")) as started:
        yield started


def test_it_forks_and_tells_how_its_child_ended(server):
    said, code = server.run("import os; print(os.getppid()); code = 3")
    assert (int(said), code) == (server.process.pid, 3)


def test_a_signal_that_ended_a_child_is_told(server):
    process = server.fork("import time; time.sleep(60)")
    process.kill()
    assert process.wait(30) == -signal.SIGKILL


def test_no_child_stays_as_a_zombie(server):
    processes = [server.fork("pass") for _ in range(5)]
    assert [process.wait(30) for process in processes] == [0] * 5
    assert server.status()["children"] == 0
    children = f"/proc/{server.process.pid}/task/{server.process.pid}/children"
    with open(children) as list_of_children:
        assert list_of_children.read() == ""


def test_children_run_side_by_side(server):
    processes = [server.fork("import time; time.sleep(60)") for _ in range(2)]
    assert server.status()["children"] == 2
    for process in processes:
        process.kill()
        process.wait(30)


def test_a_child_ends_when_its_connection_is_closed(server):
    process = server.fork("import time; time.sleep(60)")
    assert is_alive(process.pid)
    process.close()
    soon(lambda: not is_alive(process.pid))
    assert soon(lambda: server.status()["children"] == 0)


def test_so_does_one_that_is_stuck_in_a_c_library(server):
    """It cannot see by itself that nobody is left: no other thread of it runs."""
    process = server.fork(
        "from labkit.kernels.forked_child import announce; import ctypes\n"
        "announce(); ctypes.PyDLL(None).sleep(60)"
    )
    process.ready(30)
    time.sleep(0.3)  # now it is in there
    process.close()
    soon(lambda: not is_alive(process.pid), 10)


def test_what_a_child_leaves_behind_ends_with_it(server):
    said, _ = server.run(
        "import subprocess\n"
        "print(subprocess.Popen(['sleep', '60'], stdout=subprocess.DEVNULL).pid, flush=True)\n"
        "import os; os.kill(os.getpid(), 9)"
    )
    soon(lambda: not is_alive(int(said)))


@pytest.mark.parametrize("word", ["fork", "nonsense"])
def test_a_request_that_is_none_harms_nobody(server, word):
    with server.connect() as connection:
        fork_protocol.ask(connection, word)
        with pytest.raises(EOFError):
            fork_protocol.answers(connection)
    assert server.run("print('well')") == ("well\n", 0)


def test_a_client_that_goes_at_once_harms_nobody(server):
    server.connect().close()
    assert server.run("print('well')") == ("well\n", 0)


def test_it_ends_when_nobody_has_wanted_a_child_for_long(tmp_path):
    with serving(tmp_path, idle=1) as server:
        process = server.fork("import time; time.sleep(2)")
        assert process.wait(30) == 0, "a child is waited for"
        assert server.run("print('still there')")[0] == "still there\n"
        assert server.process.wait(30) == 0
        assert not server.path.exists()


def test_stopped_it_stays_for_its_children_alone(tmp_path):
    with serving(tmp_path) as server:
        process = server.fork(
            "import sys; sys.stdin.read(); code = 4", stdin=(ends := os.pipe())[0]
        )
        os.close(ends[0])
        with server.connect() as connection:
            fork_protocol.ask(connection, "stop")
            assert fork_protocol.answers(connection)[0]["children"] == 1
        assert not answers(server.path)
        assert server.process.poll() is None
        os.close(ends[1])
        assert process.wait(30) == 4
        assert server.process.wait(30) == 0


def test_it_ends_when_its_socket_is_taken_away(tmp_path):
    with serving(tmp_path) as server:
        server.path.unlink()
        assert server.process.wait(30) == 0


def test_it_leaves_the_socket_of_another_alone(tmp_path):
    with serving(tmp_path) as server:
        with fork_protocol.listen(server.path):
            assert server.process.wait(30) == 0
        assert server.path.exists()


def test_what_may_be_needed_later_is_imported_after_the_first_child(tmp_path):
    seen = "import sys; print('wave' in sys.modules)"
    with serving(tmp_path, later="wave") as server:
        assert server.run(seen) == ("False\n", 0)
        assert soon(lambda: server.run(seen) == ("True\n", 0) or time.sleep(1.2))


def test_with_a_second_thread_it_refuses(tmp_path):
    (tmp_path / "threaded.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    with (
        serving(tmp_path, modules="threaded") as server,
        pytest.raises(RuntimeError, match="2 threads"),
    ):
        server.fork("pass")


def test_threads_are_counted():
    assert thread_count() >= 1


@needs_huge_pages
def test_its_memory_is_put_together_while_it_has_no_child(tmp_path):
    """With one, what they share would be there twice."""
    (tmp_path / "large.py").write_text("kept = [str(number) * 9 for number in range(1_000_000)]")
    with serving(tmp_path, modules="large") as server:
        child = server.fork("import time; time.sleep(60)")
        time.sleep(PAUSE + 0.5)
        assert huge(server) == 0
        child.kill()
        child.wait(30)
        assert soon(lambda: huge(server) > 10e6)


def huge(server):
    """Return how many bytes of a server are in huge pages."""
    lines = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if "AnonHugePages" in line)
