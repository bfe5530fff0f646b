import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from labkit.execution.executing import Executed
from labkit.execution.verdicts import verdict, why_it_ended

BEGAN = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
RUN = "0123"


def ran(source, count, *outputs):
    times = {
        "iopub.status.busy": f"2026-11-01T12:00:{2 * count:02d}.000000Z",
        "iopub.execute_input": f"2026-11-01T12:00:{2 * count:02d}.001000Z",
        "shell.execute_reply": f"2026-11-01T12:00:{2 * count + 1:02d}.000000Z",
        "iopub.status.idle": f"2026-11-01T12:00:{2 * count + 1:02d}.001000Z",
        "labkit.run": RUN,
    }
    return {
        "cell_type": "code",
        "execution_count": count,
        "metadata": {"execution": times},
        "outputs": list(outputs),
        "source": source,
    }


def raising(name, value):
    traceback = ["\x1b[31mTraceback\x1b[0m", f"{name}: {value}"]
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": traceback}


def executed(*cells, **more):
    notebook = {"cells": list(cells), "metadata": {"labkit": {"run": RUN}}}
    return Executed(notebook, RUN, BEGAN, cell=len(cells) - 1, **more)


def test_all_ran_and_nothing_was_raised():
    assert verdict(executed(ran("a", 1), ran("b", 2))) == ("passed", None)


def test_a_cell_that_raised():
    cells = ran("a", 1), ran("b", 2, raising("ValueError", "too large"))
    status, failure = verdict(executed(*cells, error=CellExecutionError("", "", "")))
    assert status == "failed"
    assert (failure.name, failure.message, failure.cell) == ("ValueError", "too large", 1)
    assert failure.traceback == "Traceback\nValueError: too large"


def test_an_error_that_the_kernel_could_not_show_is_told_as_it_answered():
    error = CellExecutionError("\x1b[31mTraceback\x1b[0m", "OSError", "Too many open files")
    status, failure = verdict(executed(ran("a", 1), error=error))
    assert (status, failure.name, failure.message) == ("failed", "OSError", "Too many open files")
    assert (failure.traceback, failure.cell) == ("Traceback", 0)


def test_a_kernel_that_does_not_start_is_told_with_its_last_words():
    words = "No module named ipykernel_launcher"
    status, failure = verdict(executed(error=RuntimeError("it ended"), last_words=words))
    assert (status, failure.message, failure.traceback) == ("died", "it ended", words)


def test_output_that_never_ends_is_told():
    error = CellTimeoutError("Timeout waiting for IOPub output", 60, "")
    status, failure = verdict(executed(ran("a", 1), error=error))
    assert status == "died"
    assert "the end of this cell's output did not arrive" in failure.message


def test_an_error_that_was_allowed_is_not_blamed_for_the_next():
    cells = ran("a", 1, raising("ValueError", "wanted")), ran("b", 2)
    assert verdict(executed(*cells))[0] == "passed"


@pytest.mark.parametrize(("what", "option"), [("cell", "--timeout"), ("notebook", "--notebook-")])
def test_what_took_too_long(what, option):
    cell = ran("while True: pass", 1, raising("KeyboardInterrupt", ""))
    error = CellExecutionError("", "", "")
    status, failure = verdict(executed(cell, error=error, overdue=(what, 2.0)))
    assert status == "timeout"
    assert f"the {what} took longer than 2 s" in failure.message
    assert option in failure.message
    assert failure.traceback.endswith("KeyboardInterrupt: ")
    assert failure.cell == 0


def test_an_interrupt_by_its_own_code_is_a_failure():
    cell = ran("raise KeyboardInterrupt", 1, raising("KeyboardInterrupt", ""))
    assert verdict(executed(cell, error=CellExecutionError("", "", "")))[0] == "failed"


def test_somebody_pressed_ctrl_c():
    assert verdict(executed(ran("a", 1), error=DeadKernelError(), interrupted=True))[0] == (
        "interrupted"
    )


def test_a_kernel_that_died():
    status, failure = verdict(executed(ran("a", 1), error=DeadKernelError(), exit_code=-11))
    assert status == "died"
    assert "signal 11 (SIGSEGV)" in failure.message
    assert failure.cell == 0


def test_a_kernel_that_did_not_start():
    found = replace(executed(error=RuntimeError("no such kernel")), cell=None)
    status, failure = verdict(found)
    assert (status, failure.name, failure.message) == ("died", "RuntimeError", "no such kernel")


def test_a_kernel_that_is_not_installed_is_named_with_the_way_out():
    found = replace(executed(error=NoSuchKernel("julia-1.9")), cell=None)
    status, failure = verdict(found)
    assert (status, failure.name) == ("refused", "NoSuchKernel")
    assert "installed here, got 'julia-1.9'" in failure.message
    assert failure.message.endswith("--kernel labkit")


def test_a_cell_left_out_is_no_pass():
    cells = ran("a", 1), {**ran("b", 2), "execution_count": None, "metadata": {}}
    status, failure = verdict(executed(*cells))
    assert (status, failure.name) == ("not-run", "NotRunError")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (None, "out of memory, os._exit or a crash"),
        (0, "exit code 0"),
        (-9, "no memory left"),
        (-6, "SIGABRT.*a crash in compiled code"),
        (-15, r"signal 15 \(SIGTERM\) while this cell ran$"),
        (-99, "unknown"),
    ],
)
def test_the_exit_code_says_why(code, says):
    assert re.search(says, why_it_ended(code))
