import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from labkit.cli.main import main
from labkit.cli.performing import perform
from labkit.execution import documents
from labkit.execution.performer import Event, Performer

from ..waiting import soon, written

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


def test_a_kernel_that_is_not_installed_stops_everything_before_it_starts(folder, capsys):
    assert main(["run", "--kernel", "cobol"]) == 2
    said = capsys.readouterr().err
    assert "one of the kernels that are installed here" in said
    assert "labkit" in said
    assert "got cobol" in said
    assert not Path("reports").exists()


def test_a_notebook_whose_kernel_is_not_installed_runs_in_another(folder, write_notebook, capsys):
    path = write_notebook("notebooks/03_foreign.ipynb", "print('here')")
    content = json.loads(path.read_text(encoding="utf-8"))
    content["metadata"]["kernelspec"] = {"name": "conda-env-course", "display_name": "course"}
    path.write_text(json.dumps(content), encoding="utf-8")
    assert main(["run", str(path)]) == 1
    assert "installed here, got 'conda-env-course'" in capsys.readouterr().out
    found = summary(Path("reports"))["03_foreign"]
    assert found["status"] == "refused"
    assert main(["run", str(path), "--kernel", "labkit"]) == 0


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
        kernel = int(written(note))
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "✗ 02_plain  interrupted" in out
    states = {name: n["status"] for name, n in summary(Path("reports")).items()}
    assert states == {"01_good": "passed", "02_plain": "interrupted"}
    assert (Path("reports") / "pages" / "01_good.html").exists()
    soon(lambda: not psutil.pid_exists(kernel), 10)  # nor is it a zombie


def names(out):
    return [line.split()[1] for line in out.splitlines() if line.startswith(("✓", "✗"))]


def test_several_devices_and_values_make_a_matrix(folder):
    asked = ["--device", "cpu", "--device", "auto", "-p", "seed", "1", "-p", "seed", "2"]
    assert main(["run", str(folder / "01_good.ipynb"), *asked, "--workers", "2"]) == 0
    found = {
        n["name"]: (n["parameters"]["device"], n["parameters"]["seed"])
        for n in json.loads(Path("reports/summary.json").read_text())["notebooks"]
    }
    assert found == {
        f"01_good--device-{device}--seed-{seed}": (device, seed)
        for device in ("cpu", "auto")
        for seed in (1, 2)
    }
    for name, (device, seed) in found.items():
        executed = Path(f"reports/executed/{name}.ipynb").read_text(encoding="utf-8")
        assert f"{device} full {seed}" in executed


def test_a_run_is_resumed_with_what_changed_failed_or_is_new(folder, write_notebook, capsys):
    write_notebook("notebooks/03_bad.ipynb", "1 / 0")
    assert main(["run", "--keep-going"]) == 1
    write_notebook("notebooks/03_bad.ipynb", "1 / 1")
    write_notebook("notebooks/04_new.ipynb", "x = 1")
    capsys.readouterr()
    assert main(["run", "--resume"]) == 0
    out = capsys.readouterr().out
    assert "✓ 01_good  passed before, unchanged" in out
    assert "03_bad  runs again: it failed" in out
    assert "04_new  runs again: it never ran here" in out
    resumed = {name: n["resumed"] for name, n in summary(Path("reports")).items()}
    assert resumed == {"01_good": True, "02_plain": True, "03_bad": False, "04_new": False}
    assert main(["run", "--resume", "-p", "seed", "5", str(folder / "01_good.ipynb")]) == 0
    assert not summary(Path("reports"))["01_good"]["resumed"], "with another value"


def test_a_shuffled_run_says_how_to_shuffle_it_so_again(folder, write_notebook, capsys):
    for number in range(5, 15):
        write_notebook(f"notebooks/{number:02}_more.ipynb", "x = 1")
    orders = []
    for _ in range(2):
        assert main(["run", "--shuffle", "7", "--workers", "1"]) == 0
        out = capsys.readouterr().out
        assert "--shuffle 7" in out
        orders.append(names(out))
    assert orders[0] == orders[1]
    assert orders[0] != sorted(orders[0])
    assert len(orders[0]) == 12


def test_numbers_that_differ_between_repetitions_are_told(folder, write_notebook, capsys):
    record = "import random\nfrom labkit.results import record\n"
    write_notebook("notebooks/03_random.ipynb", record + "record('guess', random.random())")
    assert main(["run", "--repeat", "2", "--workers", "2"]) == 3
    out = capsys.readouterr().out
    assert "differs between repetitions: 03_random, cell 0: guess: " in out
    assert "6 of 6 notebooks passed" in out
    assert {"01_good--run-1", "01_good--run-2"} <= set(names(out))
    data = json.loads(Path("reports/summary.json").read_text(encoding="utf-8"))
    assert {each["name"] for each in data["differences"]} == {"03_random"}
    assert main(["run", "--repeat", "2", str(folder / "02_plain.ipynb")]) == 0


def test_a_notebook_has_its_time_as_a_whole(folder, write_notebook, capsys):
    write_notebook("notebooks/01_good.ipynb", *["import time\ntime.sleep(0.4)"] * 9)
    assert main(["run", "--notebook-timeout", "1"]) == 1
    assert "give it more time with --notebook-timeout" in capsys.readouterr().out


def test_a_kernel_is_chosen_by_name(folder):
    assert main(["run", "--kernel", "python3", str(folder / "02_plain.ipynb")]) == 0
    assert summary(Path("reports"))["02_plain"]["kernel"] == "ordinary"


@pytest.mark.parametrize("wrong", [["nowhere"], ["--workers", "0"], ["--device", "tpu"]])
def test_misuse_runs_nothing(folder, wrong, capsys):
    with contextlib.suppress(SystemExit):
        assert main(["run", *wrong]) == 2
    assert wrong[-1] in capsys.readouterr().err
    assert not Path("reports").exists()


def test_a_notebook_that_is_not_in_the_report_is_told_by_the_exit_code(folder, monkeypatch):
    write = documents.write

    def full(notebook, path):
        if "02_plain" in str(path):
            raise OSError(28, "No space left on device")
        write(notebook, path)

    class Here(Performer):
        """Performs calls in this process, where the disk can be full."""

        def perform(self, calls):
            for call in calls:
                yield Event(call.key, "done", perform(**call.arguments, tell=lambda told: None))

        def finish(self): ...

        def interrupt(self): ...

    monkeypatch.setattr(documents, "write", full)
    monkeypatch.setattr("labkit.cli.run._performer", lambda options, jobs: Here())
    assert main(["run"]) == 4
    assert summary(Path("reports"))["02_plain"]["status"] == "passed"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pty")
def test_a_terminal_shows_a_table_of_what_is_under_way(folder, write_notebook):
    write_notebook("notebooks/02_plain.ipynb", "x = 1", "import time\ntime.sleep(1)", "x")
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "labkit", "run", "--workers", "1"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "90"}
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # the end, on Linux
            while piece := os.read(ours, 4096):
                shown += piece
        assert process.wait(60) == 0
    os.close(ours)
    text = shown.decode()
    assert "✓ 01_good  passed" in text
    assert "cell 2 of 3" in text
    assert "1 of 2 done" in text
    assert "2 of 2 notebooks passed" in text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to a process")
def test_a_run_that_is_interrupted_before_its_first_notebook_says_so(folder, monkeypatch):
    class Interrupted(Performer):
        def perform(self, calls):
            os.kill(os.getpid(), signal.SIGINT)
            yield from ()

        def finish(self): ...

        def interrupt(self): ...

    monkeypatch.setattr("labkit.cli.run._performer", lambda options, jobs: Interrupted())
    assert main(["run"]) == 130
    assert {n["status"] for n in summary(Path("reports")).values()} == {"skipped"}
