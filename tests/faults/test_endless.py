"""Notebooks that do not end by themselves: each is stopped in time, and nobody waits for it."""

import pytest

LOOPS = {
    "loop": "while True:\n    pass",
    "deaf": "while True:\n    try:\n        while True:\n            pass\n"
    "    except BaseException:\n        pass",
    "deaf_in_c": "import time\nwhile True:\n    try:\n        time.sleep(60)\n"
    "    except BaseException:\n        pass",
    "asleep": "import ctypes\nctypes.PyDLL(None).sleep(600)",  # holds the interpreter's lock
    "input": "input('your name: ')",
}
SLOW = ["import time\nfor _ in range(100):\n    time.sleep(0.05)"] * 3


@pytest.fixture(scope="module")
def ran(bench):
    """Run all of them, and a neighbour on either side, with a second for each cell."""
    for name, source in LOOPS.items():
        bench.write(name, "x = 1", source, "x")
    for name in ("a_neighbour", "z_neighbour"):
        bench.write(name, "import torch", "print(torch.ones(3).sum().item())")
    return bench.run("--timeout", 2, "--workers", 2)


@pytest.mark.parametrize("name", sorted(LOOPS.keys() - {"input"}))
def test_a_cell_that_does_not_end_is_stopped(ran, name):
    assert ran.statuses[name] == "timeout", ran
    failure = ran.failure(name)
    assert failure["cell"] == 1
    assert "longer than 2 s" in failure["message"]
    assert "--timeout" in failure["message"]


def test_an_endless_loop_shows_where_it_was(ran):
    assert "while True" in ran.failure("loop")["traceback"]


def test_a_question_fails_at_once_since_nobody_answers(ran):
    assert ran.statuses["input"] == "failed", ran
    assert ran.failure("input")["name"] == "StdinNotImplementedError"


def test_the_report_is_whole_and_the_neighbours_pass(ran, bench):
    assert ran.code == 1
    passed = {name for name, status in ran.statuses.items() if status == "passed"}
    assert passed == {"a_neighbour", "z_neighbour"}
    ran.check()
    assert not bench.left_behind()


def test_a_notebook_has_its_time_too(bench):
    bench.write("slow", *SLOW)
    ran = bench.run(
        "--notebook-timeout", 2, "--timeout", 60, out="slow", only=["slow", "z_neighbour"]
    )
    assert ran.statuses == {"slow": "timeout", "z_neighbour": "passed"}
    assert "--notebook-timeout" in ran.failure("slow")["message"]
    assert ran.check().code == 1
