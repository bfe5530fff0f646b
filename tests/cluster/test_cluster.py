import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from distributed import Client

from labkit.cli.main import main
from labkit.cluster import cluster as module
from labkit.cluster.cluster import Cluster
from labkit.execution import jobs
from labkit.execution.jobs import Job
from labkit.execution.performer import Call

from ..waiting import soon, written
from .clusters import WHICH, Started

pytestmark = pytest.mark.timeout(240)

SLOW_ONCE = """
import os, time
from pathlib import Path
note = Path({note!r})
begun = note.read_text().split() if note.exists() else []
note.write_text(" ".join([*begun, os.environ[{which!r}]]))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Give the folder in which a run starts; notes are outside of it."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def write(folder, write_notebook):
    """Write a notebook below the folder."""
    return lambda name, *cells: write_notebook(f"work/{name}", *cells)


@pytest.fixture(scope="module")
def clusters():
    """The clusters that the tests of this file have started."""
    found = []
    yield found
    for each in found:
        each.end()


@pytest.fixture
def shared(clusters, tmp_path_factory):
    """A cluster of at least two workers, whatever the test before has done to it."""
    if not clusters or not clusters[-1].alive:
        clusters.append(Started(tmp_path_factory.mktemp("cluster")))
    clusters[-1].have(2)
    return clusters[-1]


def run(*arguments):
    code = main(["run", *map(str, arguments)])
    data = json.loads(Path("reports/summary.json").read_text(encoding="utf-8"))
    return code, {notebook["name"]: notebook for notebook in data["notebooks"]}


def slow_once(note, seconds=60):
    """Return cells that note their worker, and take long unless one has noted itself before."""
    begin = SLOW_ONCE.format(note=str(note), which=WHICH)
    return begin, f"time.sleep(0 if begun else {seconds})"


def when(note, do):
    thread = threading.Thread(target=lambda: do(written(note)), daemon=True)
    thread.start()
    return thread


def test_a_notebook_finds_its_files_and_what_it_writes_comes_back(shared, folder, write):
    (folder / "数据").mkdir()
    (folder / "数据/x.csv").write_text("3,4", encoding="utf-8")
    write(
        "课程/01_图 一.ipynb",
        "import helper\ntext = open('../数据/x.csv', encoding='utf-8').read()\nprint(text)",
        "import os\nopen('图.txt', 'w').write(helper.WORD)\nprint(os.environ['TEST_WORKER'])",
    )
    (folder / "课程/helper.py").write_text("WORD = 'from a module'")
    source = Path("课程/01_图 一.ipynb").read_bytes()
    code, found = run("课程", "--dask", shared.address)
    assert code == 0
    outcome = found["01_图 一"]
    assert outcome["path"] == "课程/01_图 一.ipynb"
    assert outcome["host"]
    assert "3,4" in Path("reports/executed/01_图 一.ipynb").read_text(encoding="utf-8")
    assert "3,4" in Path("reports/pages/01_图 一.html").read_text(encoding="utf-8")
    assert Path("课程/图.txt").read_text() == "from a module"
    assert Path("课程/01_图 一.ipynb").read_bytes() == source
    assert not list((shared.folder / "scratch").rglob("labkit-*")), "nothing stays there"


def test_all_machines_work_and_a_failure_is_not_tried_again(shared, folder, write, tmp_path):
    where = f"import os\nopen({str(tmp_path)!r} + '/' + os.environ['TEST_WORKER'], 'a').write('x')"
    for number in range(4):
        write(f"{number}.ipynb", where, "import time\ntime.sleep(1)")
    write("5.ipynb", where, "raise ValueError('once')")
    code, found = run(".", "--dask", shared.address, "--keep-going")
    assert code == 1
    assert [found[name]["status"] for name in sorted(found)] == ["passed"] * 4 + ["failed"]
    begun = [(path.name, path.read_text()) for path in tmp_path.glob("[0-9]*")]
    assert len(begun) >= 2, "they have shared the work"
    assert len("".join(text for _, text in begun)) == 5, "each was begun once"


def test_the_first_failure_ends_a_run_and_what_has_begun_is_kept(shared, folder, write):
    write("1.ipynb", "raise ValueError('no')")
    write("2.ipynb", "import time\ntime.sleep(3)")
    write("3.ipynb", "x = 1")
    code, found = run(".", "--dask", shared.address)
    assert code == 1
    assert [found[name]["status"] for name in "123"] == ["failed", "passed", "skipped"]
    assert "--keep-going" in found["3"]["reason"]


def test_what_waits_for_a_busy_cluster_is_taken_back(shared, write):
    path = write("0.ipynb", "x = 1")
    arguments = {"job": jobs.as_data(Job(path, "0")), "folder": "reports", "places": {}}
    run = Cluster(shared.address)
    with Client(shared.address, set_as_default=False) as other:
        busy = [
            other.submit(time.sleep, 60, workers=[worker], pure=False)
            for worker in other.nthreads()
        ]
        finishing = threading.Timer(1.0, run.finish)
        finishing.start()
        begin = time.monotonic()
        assert list(run.perform([Call("0", "labkit.cli.performing:perform", arguments)])) == []
        assert time.monotonic() - begin < 30
        assert busy
    shared.kill(*range(len(shared.workers)))


def test_no_more_run_at_once_than_asked_for(shared, folder, write, tmp_path):
    note = tmp_path / "note"
    cells = (
        f"note = open({str(note)!r}, 'a')\nnote.write('b')\nnote.flush()",
        "import time\ntime.sleep(0.5)\nnote.write('e')\nnote.close()",
    )
    for number in range(3):
        write(f"{number}.ipynb", *cells)
    code, _ = run(".", "--dask", shared.address, "--workers", "1")
    assert code == 0
    assert note.read_text() == "bebebe"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to a process")
def test_ctrl_c_stops_a_notebook_on_another_machine(shared, folder, write, tmp_path):
    note = tmp_path / "note"
    write("0.ipynb", *slow_once(note))
    write("1.ipynb", *slow_once(tmp_path / "other"))
    write("2.ipynb", "x = 1")
    command = [sys.executable, "-m", "labkit", "run", ".", "--dask", shared.address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        written(note)
        written(tmp_path / "other")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130, out
    data = json.loads(Path("reports/summary.json").read_text(encoding="utf-8"))
    states = [notebook["status"] for notebook in data["notebooks"]]
    assert states == ["interrupted", "interrupted", "skipped"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads the processes of this machine")
def test_a_notebook_ends_with_the_run_that_wanted_it(shared, folder, write, tmp_path):
    note = tmp_path / "note"
    write(
        "0.ipynb", f"import os\nopen({str(note)!r}, 'w').write(str(os.getpid()))", "while 1: pass"
    )
    command = [sys.executable, "-m", "labkit", "run", ".", "--dask", shared.address]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        kernel = int(written(note))
        process.kill()
    soon(lambda: not psutil.pid_exists(kernel), 60)  # nor is it a zombie


def test_a_worker_that_dies_has_its_notebook_run_again_elsewhere(shared, write, tmp_path):
    note = tmp_path / "note"
    write("0.ipynb", *slow_once(note))
    write("1.ipynb", "x = 1")
    killing = when(note, shared.kill)
    code, outcomes = run(".", "--dask", shared.address)
    killing.join()
    assert code == 0
    first, second = note.read_text().split()
    assert first != second
    assert "ran again after a worker died" in outcomes["0"]["notes"][0]
    assert outcomes["1"]["notes"] == []


def test_it_is_run_again_once_and_no_more(shared, write, tmp_path):
    shared.have(3)
    note = tmp_path / "note"
    begin, _ = slow_once(note)
    write("0.ipynb", begin, "time.sleep(60)")
    write("1.ipynb", "x = 1")

    def kill_each(which):
        shared.kill(which)
        soon(lambda: len(note.read_text().split()) > 1, 60)
        shared.kill(note.read_text().split()[1])

    killing = when(note, kill_each)
    code, outcomes = run(".", "--dask", shared.address, "--keep-going")
    killing.join()
    assert code == 1
    assert len(note.read_text().split()) == 2
    assert outcomes["0"]["status"] == "died"
    assert "the workers that ran it died: tcp://" in outcomes["0"]["failure"]["message"]
    assert outcomes["1"]["status"] == "passed"


def test_without_any_worker_left_a_run_ends(shared, write, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 2.0)
    note = tmp_path / "note"
    write("0.ipynb", *slow_once(note))
    write("1.ipynb", "x = 1")
    killing = when(note, lambda _: shared.kill(*range(len(shared.workers))))
    code, outcomes = run(".", "--dask", shared.address, "--keep-going", "--workers", "1")
    killing.join()
    assert code == 1
    assert [outcomes[name]["status"] for name in "01"] == ["died", "died"]
    assert "has had no worker for 2 s" in outcomes["0"]["failure"]["message"]


def test_without_its_scheduler_a_run_ends(shared, write, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 2.0)
    note = tmp_path / "note"
    write("0.ipynb", *slow_once(note))
    write("1.ipynb", "x = 1")
    killing = when(note, lambda _: shared.scheduler.kill())
    code, outcomes = run(".", "--dask", shared.address, "--keep-going", "--workers", "1")
    killing.join()
    assert code == 1
    assert [outcomes[name]["status"] for name in "01"] == ["died", "died"]
    assert shared.address in outcomes["0"]["failure"]["message"]


def test_a_local_cluster_is_gone_afterwards_and_listens_to_nobody_else(folder, write, tmp_path):
    listening = f"""
import json, psutil
above = psutil.Process({os.getpid()})
found = {{c.laddr.ip for p in [above, *above.children(recursive=True)]
         for c in p.net_connections("tcp") if c.status == "LISTEN"}}
open({str(tmp_path / "addresses")!r}, "w").write(json.dumps(sorted(found)))
"""
    write("0.ipynb", listening)
    write("1.ipynb", "import os\nopen('made.txt', 'w').write('1')\nprint(os.getcwd())")
    write("2.ipynb", "raise ValueError('no')")
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    code, outcomes = run(".", "--dask", "local", "--workers", "2", "--keep-going")
    assert code == 1
    assert [outcomes[name]["status"] for name in "012"] == ["passed", "passed", "failed"]
    assert str(folder) in Path("reports/executed/1.ipynb").read_text(encoding="utf-8")
    assert Path("made.txt").read_text() == "1"
    addresses = json.loads((tmp_path / "addresses").read_text())
    assert addresses == ["127.0.0.1"], addresses
    soon(lambda: not new_workers(before), 10)


@pytest.mark.skipif(sys.platform != "linux", reason="needs groups of processes")
def test_ctrl_c_in_a_terminal_ends_a_local_cluster_in_good_order(folder, write, tmp_path):
    note = tmp_path / "note"
    write("0.ipynb", "x = 1")
    write("1.ipynb", f"import time\nopen({str(note)!r}, 'w').write('1')\ntime.sleep(60)")
    command = [sys.executable, "-m", "labkit", "run", ".", "--dask", "local", "--workers", "1"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        written(note)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130, out
    assert "Traceback" not in out
    data = json.loads(Path("reports/summary.json").read_text(encoding="utf-8"))
    assert [n["status"] for n in data["notebooks"]] == ["passed", "interrupted"]
    soon(lambda: not in_group(process.pid), 20)


def in_group(number):
    """Return the processes of a group."""
    found = []
    for process, line in running(psutil.process_iter()):
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(process) == number:
                found.append(line)
    return found


def new_workers(before):
    """Return what has been started below this process and still runs.

    A fork server stays for a while, and what watches over Python's semaphores as long as Python.
    """
    mine = {child.pid for child in psutil.Process().children()}
    told = running(psutil.Process().children(recursive=True))
    stay = ("forkserver", "resource_tracker")
    return [
        line
        for process, line in told
        if process not in before and not (process in mine and any(word in line for word in stay))
    ]


def running(processes):
    """Return the number and the command of each process that has not ended."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            found.append((process.pid, " ".join(process.cmdline())))
    return found


def test_nobody_at_an_address_is_misuse(folder, write, capsys, monkeypatch):
    monkeypatch.setattr("labkit.cluster.connection.PATIENCE", 1.0)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    write("0.ipynb", "x = 1")
    assert main(["run", ".", "--dask", f"tcp://127.0.0.1:{port}"]) == 2
    said = capsys.readouterr().err
    assert f"--dask tcp://127.0.0.1:{port}: expected the address of a Dask scheduler" in said
