import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labkit.cli.main import main
from labkit.cli.run import said
from labkit.execution.outcomes import Failure, Outcome

PARAMETERS = ("device = 'auto'\nbudget = 'full'\nseed = 0", "parameters")


@pytest.fixture
def folder(write_notebook, tmp_path, monkeypatch):
    """Give a folder of notebooks, from within the folder above it."""
    write_notebook("notebooks/01_good.ipynb", PARAMETERS, "print(device, budget, seed)")
    write_notebook("notebooks/02_plain.ipynb", "x = 1")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "notebooks"


def summary(folder):
    data = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return {Path(n["path"]).stem: n for n in data["notebooks"]}


def test_a_run_prints_a_line_each_and_writes_the_report(folder, capsys):
    assert main(["run", "--device", "cpu", "--budget", "quick"]) == 0
    out = capsys.readouterr().out
    assert "✓ 01_good  passed" in out
    assert "✓ 02_plain  passed" in out
    assert "2 of 2 notebooks passed" in out
    assert "Report: " in out
    reports = Path("reports")
    found = summary(reports)
    assert found["01_good"]["parameters"] == {"device": "cpu", "budget": "quick"}
    assert found["02_plain"]["parameters"] == {}, "only where they are declared"
    assert "cpu quick 0" in (reports / "executed/01_good.ipynb").read_text(encoding="utf-8")
    assert (reports / "pages/01_good.html").exists()


def test_a_parameter_that_one_notebook_lacks_stops_everything_before_it_starts(folder, capsys):
    assert main(["run", "-p", "seed", "3"]) == 2
    said = capsys.readouterr().err
    assert "02_plain.ipynb: parameter 'seed' is unknown" in said
    assert not Path("reports").exists()
    assert main(["run", str(folder / "01_good.ipynb"), "-p", "seed", "3"]) == 0
    assert summary(Path("reports"))["01_good"]["parameters"] == {"seed": 3}


def test_the_first_failure_stops_a_run_unless_told_otherwise(folder, write_notebook, capsys):
    write_notebook("notebooks/00_bad.ipynb", "x = 1", "raise ValueError('too large')")
    (folder / "00_not.ipynb").write_text("not a notebook")
    assert main(["run", "--out", "first"]) == 1
    assert "cell 1: ValueError: too large" in capsys.readouterr().out
    states = {name: n["status"] for name, n in summary(Path("first")).items()}
    skipped = dict.fromkeys(["00_not", "01_good", "02_plain"], "skipped")
    assert states == {"00_bad": "failed", **skipped}
    assert "--keep-going" in summary(Path("first"))["01_good"]["reason"]

    assert main(["run", "--keep-going", "--out", "all"]) == 1
    states = {name: n["status"] for name, n in summary(Path("all")).items()}
    passed = dict.fromkeys(["01_good", "02_plain"], "passed")
    assert states == {"00_bad": "failed", "00_not": "refused", **passed}


def test_equal_names_in_two_folders_do_not_meet(folder, write_notebook):
    write_notebook("more/02_plain.ipynb", "y = 1")
    assert main(["run", "notebooks/02_plain.ipynb", "more"]) == 0
    executed = sorted(p.as_posix() for p in Path("reports/executed").rglob("*.ipynb"))
    assert executed == [
        "reports/executed/more/02_plain.ipynb",
        "reports/executed/notebooks/02_plain.ipynb",
    ]


def test_an_endless_loop_ends_with_the_time_given(folder, write_notebook, capsys):
    write_notebook("notebooks/01_good.ipynb", "while True:\n    pass")
    assert main(["run", "--timeout", "1"]) == 1
    assert "✗ 01_good  timed out" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to a process")
def test_ctrl_c_keeps_what_is_done_and_leaves_no_kernel(folder, write_notebook):
    write_notebook(
        "notebooks/02_plain.ipynb",
        "import os, time\nopen('pid', 'w').write(str(os.getpid()))",
        "time.sleep(60)",
    )
    command = [sys.executable, "-m", "labkit", "run"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        note = folder / "pid"
        deadline = time.monotonic() + 60
        while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "✗ 02_plain  interrupted" in out
    states = {name: n["status"] for name, n in summary(Path("reports")).items()}
    assert states == {"01_good": "passed", "02_plain": "interrupted"}
    assert (Path("reports") / "pages" / "01_good.html").exists()
    deadline = time.monotonic() + 10
    while alive(int(note.read_text())) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive(int(note.read_text())), "the kernel was stopped"


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_is_said():
    path = Path("02_convolution.ipynb")
    assert said(Outcome(path, "passed", seconds=61.0)) == "✓ 02_convolution  passed  1 min 01 s"
    failed = Outcome(path, "failed", seconds=2.0, failure=Failure("E", "why", cell=3))
    assert said(failed) == "✗ 02_convolution  failed  2.0 s\n    cell 3: E: why"
