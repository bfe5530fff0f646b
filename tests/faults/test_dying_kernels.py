"""Kernels that die: in a cell, between two cells, from within and from without, alone or not."""

import pytest

DEATHS = {
    "left": ("import os\nos._exit(3)", "exit code 3"),
    "crashed": ("import ctypes\nctypes.string_at(0)", "SIGSEGV"),
    "aborted": ("import os\nos.abort()", "SIGABRT"),
    "killed": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "killed (signal 9)"),
    "ended": ("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)", "SIGTERM"),
}
# Killed while it waits for its next cell, or just as that begins.
BETWEEN = (
    "import os, subprocess\nsubprocess.Popen(['sh', '-c', f'sleep 0.05; kill -9 {os.getpid()}'])"
)
WAIT = "import time\ntime.sleep(30)"


@pytest.fixture(scope="module")
def ran(bench):
    for name, (source, _) in DEATHS.items():
        bench.write(name, "print('before')", source, "print('after')")
    bench.write("between", BETWEEN, WAIT, "x")
    bench.write("at_the_end", "x = 1", BETWEEN)
    for name in ("a_neighbour", "z_neighbour"):
        bench.write(name, "import torch", "print(torch.ones(3).sum().item())")
    return bench.run("--workers", 2)


@pytest.mark.parametrize("name", DEATHS)
def test_a_kernel_that_dies_in_a_cell_is_told_with_the_cell_and_how(ran, name):
    assert ran.statuses[name] == "died", ran
    failure = ran.failure(name)
    assert (failure["name"], failure["cell"]) == ("DeadKernelError", 1)
    assert DEATHS[name][1] in failure["message"]
    assert "while this cell ran" in failure["message"]


@pytest.mark.parametrize("name", DEATHS)
def test_what_it_had_done_is_kept(ran, name):
    assert "before\n" in ran.printed(name)
    assert "after" not in ran.printed(name)


def test_a_kernel_that_is_killed_between_cells_has_died(ran):
    assert ran.statuses["between"] == "died", ran
    assert ran.failure("between")["cell"] in (0, 1)
    assert "killed (signal 9)" in ran.failure("between")["message"]


def test_a_kernel_that_dies_after_its_last_cell_costs_nothing(ran):
    assert ran.statuses["at_the_end"] in ("passed", "died"), ran


def test_the_report_is_whole_and_the_neighbours_pass(ran, bench):
    assert ran.code == 1
    assert ran.statuses["a_neighbour"] == ran.statuses["z_neighbour"] == "passed"
    assert ran.printed("z_neighbour") == "3.0\n"
    ran.check()
    assert not bench.left_behind()
