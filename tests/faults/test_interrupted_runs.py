"""Runs that are stopped, killed, or meet each other: what was done is kept, and nothing is left."""

import json
import os
import signal
import tempfile
from pathlib import Path

import pytest

from ..waiting import is_alive, soon
from .black_box import Bench, stop_servers

SLOW = "import time\nopen('{note}', 'w').write(str(__import__('os').getpid()))\ntime.sleep(600)"
WAIT = (
    "import os, time\n"
    "while not os.path.exists('{note}'):\n    time.sleep(0.01)\nprint('it went on')"
)


@pytest.fixture
def bench(tmp_path, runtime):
    made = Bench(tmp_path, runtime)
    made.write("a_done", "print('done')")
    made.write("b_slow", SLOW.format(note="slow"), "print('never')")
    made.write("c_waiting", "x = 1")
    return made


def under_way(bench, name="slow"):
    """Wait until the slow notebook is; return the number of its kernel."""
    note = bench.notebooks / name
    return int(soon(lambda: note.exists() and note.read_text(), 60))


def check_interrupted(bench, ran, kernel):
    assert ran.code == 130, ran
    assert ran.statuses == {"a_done": "passed", "b_slow": "interrupted", "c_waiting": "skipped"}
    assert ran.notebooks["b_slow"]["reason"]
    assert ran.notebooks["c_waiting"]["reason"] == "the run was interrupted before it"
    soon(lambda: not is_alive(kernel))
    assert not bench.left_behind()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_what_is_done_and_the_report_says_so(bench, number):
    process = bench.start("--workers", 1)
    kernel = under_way(bench)
    process.send_signal(number)
    ran = bench.end(process)
    check_interrupted(bench, ran, kernel)
    assert ran.notebooks["b_slow"]["output"] is not None, "as far as it came"
    ran.check()


def test_a_notebook_that_is_deaf_to_it_is_stopped_too(bench):
    deaf = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    bench.write("b_slow", deaf + SLOW.format(note="slow"))
    process = bench.start("--workers", 1)
    kernel = under_way(bench)
    process.send_signal(signal.SIGINT)
    check_interrupted(bench, bench.end(process), kernel)


def test_ctrl_c_pressed_again_and_again_keeps_what_is_done(bench):
    process = bench.start("--workers", 1)
    kernel = under_way(bench)
    for _ in range(5):
        process.send_signal(signal.SIGINT)
    ran = bench.end(process)
    assert ran.code == 130, ran
    assert "Traceback" not in ran.err
    assert ran.record("a_done")["status"] == "passed"
    soon(lambda: not is_alive(kernel))
    assert not bench.left_behind()


def test_ctrl_c_at_the_very_start_leaves_nothing(bench):
    process = bench.start("--workers", 1)
    soon(lambda: (bench.folder / "reports").exists(), 60)
    process.send_signal(signal.SIGINT)
    ran = bench.end(process)
    # To a shell both are 130. When it is interrupted just as it executes text, as dataclasses do,
    # Python ends itself by the signal in the end, although that was taken care of.
    assert ran.code in (130, -signal.SIGINT), ran
    assert "Traceback" not in ran.err
    assert not bench.left_behind()
    again = bench.run("--resume", only=["a_done", "c_waiting"])
    assert again.code == 0, again


def test_ctrl_c_while_the_fork_servers_start_leaves_nothing_but_them(bench, tmp_path):
    with tempfile.TemporaryDirectory(prefix="lk-") as folder:
        cold = Bench(tmp_path, Path(folder))
        process = cold.start("--workers", 1)
        soon(lambda: list(cold.runtime.glob("*.log")), 60)
        process.send_signal(signal.SIGINT)
        ran = cold.end(process)
        assert ran.code in (130, -signal.SIGINT), ran
        assert "Traceback" not in ran.err
        soon(lambda: not cold.processes(), 60)  # those that were started have come to answer
        logs = list(cold.runtime.glob("*.log"))
        assert not any(log.read_text() for log in logs)
        # A log is there before its server, and Ctrl-C may come in between.
        assert len(logs) - 1 <= len(cold.servers()) <= len(logs)
        assert not cold.left_behind()
        stop_servers(cold.runtime)


def test_a_run_that_is_killed_is_resumed_where_it_was(bench):
    process = bench.start("--workers", 1)
    kernel = under_way(bench)
    process.kill()
    bench.end(process)
    soon(lambda: not is_alive(kernel))
    assert not bench.left_behind()
    record = bench.folder / "reports/records/a_done.json"
    assert json.loads(record.read_text(encoding="utf-8"))["status"] == "passed"

    bench.write("b_slow", "print('quick now')")
    ran = bench.run("--resume")
    assert ran.code == 0, ran
    assert set(ran.statuses.values()) == {"passed"}
    resumed = {name for name, notebook in ran.notebooks.items() if notebook["resumed"]}
    assert resumed == {"a_done"}
    ran.check()


def test_a_worker_that_is_killed_costs_its_notebook_only(bench):
    bench.write("b_slow", SLOW.format(note="slow"))
    process = bench.start("--workers", 1, "--keep-going")
    kernel = under_way(bench)
    [worker] = [pid for pid, what in bench.processes().items() if is_worker(what)]
    os.kill(worker, signal.SIGKILL)
    ran = bench.end(process)
    assert ran.code == 1, ran
    assert ran.statuses == {"a_done": "passed", "b_slow": "died", "c_waiting": "passed"}
    assert "gave no answer" in ran.failure("b_slow")["message"]
    soon(lambda: not is_alive(kernel))
    assert not bench.left_behind()
    ran.check()


def is_worker(command):
    return "--recipe worker" in command


def test_two_runs_in_one_folder_do_not_meet(bench):
    bench.write("b_slow", WAIT.format(note="go"))
    first = bench.start("--workers", 1)
    soon(lambda: (bench.folder / "reports/records/a_done.json").exists(), 60)
    second = bench.run()
    assert second.code == 2
    assert "another run" in second.err or "no other run" in second.err
    assert f"process {first.pid}" in second.err
    assert "--out" in second.err
    elsewhere = bench.start("--workers", 1, out="elsewhere")
    (bench.notebooks / "go").touch()
    for ran in (bench.end(first), bench.end(elsewhere, "elsewhere")):
        assert ran.code == 0, ran
        ran.check()
    assert bench.run("--resume").code == 0, "the folder is free again"


def test_a_notebook_that_kills_its_fork_server_hurts_nobody(bench):
    """Those under way live on, and the next kernel gets a new server."""
    bench.write("b_slow", WAIT.format(note="dead"))
    bench.write(
        "a_killer",
        "import os, signal\nparent = os.getppid()",
        "assert 'forkserver' in open(f'/proc/{parent}/cmdline').read()",
        "os.kill(parent, signal.SIGKILL)\nopen('dead', 'w').close()",
    )
    bench.write("z_next", "import torch\nprint(torch.ones(3).sum().item())")
    ran = bench.run("--workers", 2, only=["b_slow", "a_killer", "a_done", "z_next"])
    assert ran.statuses["b_slow"] == ran.statuses["z_next"] == "passed", ran
    assert ran.statuses["a_killer"] in ("passed", "died")
    assert ran.printed("z_next") == "3.0\n"
    assert ran.notebooks["z_next"]["kernel"] == "forked"
    ran.check()
    assert not bench.left_behind()
