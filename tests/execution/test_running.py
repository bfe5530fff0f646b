import pytest

from labkit import results
from labkit.errors import NotebookError, ParameterError
from labkit.execution import documents
from labkit.execution.running import run

PARAMETERS = ("device = 'auto'\nsize = 2", "parameters")


def printed(path):
    """Return what the cells of an executed notebook printed."""
    cells = documents.read(path)["cells"]
    outputs = [o for cell in cells for o in cell.get("outputs", [])]
    return "".join(o.get("text", "") for o in outputs)


def test_a_notebook_runs_in_its_own_folder_with_the_parameters_given(write_notebook, tmp_path):
    path = write_notebook(
        "卷积 notes/the lesson {x}.ipynb",
        "#md # Title",
        PARAMETERS,
        "from pathlib import Path\nprint(Path.cwd().name, device, size * 2)",
        "from labkit.results import record\nrecord('size', size)",
    )
    before = path.read_bytes()
    output = tmp_path / "out" / "done.ipynb"
    outcome = run(path, output=output, given={"size": "21"})
    assert outcome.passed
    assert outcome.failure is None
    assert outcome.parameters == {"size": 21}
    assert printed(output) == "卷积 notes auto 42\n"
    assert results.read(output)["size"].value == 21
    assert path.read_bytes() == before
    assert sorted(outcome.cell_seconds) == [1, 2, 3, 4], "the cell with the parameters is the fifth"
    assert 0 < sum(outcome.cell_seconds.values()) < outcome.seconds
    assert documents.read(output)["metadata"]["labkit"]["parameters"] == {"size": 21}


def test_a_cell_that_raises_is_an_outcome(write_notebook, tmp_path):
    path = write_notebook("n.ipynb", "x = [1]", "x[3]", "print('never')")
    outcome = run(path, output=tmp_path / "done.ipynb")
    assert outcome.status == "failed"
    assert (outcome.failure.name, outcome.failure.cell) == ("IndexError", 1)
    assert "----> 1 x[3]" in outcome.failure.traceback
    assert "\x1b" not in outcome.failure.traceback
    assert sorted(outcome.cell_seconds) == [0, 1]
    assert len(documents.read(tmp_path / "done.ipynb")["cells"]) == 3, "no banners of papermill's"


@pytest.mark.parametrize(
    "loop",
    [
        "while True:\n    pass",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    ],
    ids=["endless", "endless, and deaf to interrupts"],
)
def test_an_endless_loop_is_stopped(write_notebook, tmp_path, loop):
    path = write_notebook("n.ipynb", "x = 1", loop, "x")
    outcome = run(path, output=tmp_path / "done.ipynb", timeout=1)
    assert outcome.status == "timeout"
    assert outcome.failure.cell == 1
    assert "longer than 1 s" in outcome.failure.message
    if "try" not in loop:
        assert "while True" in outcome.failure.traceback, "it shows where the cell was"


def test_a_kernel_that_dies_is_an_outcome(write_notebook):
    path = write_notebook("n.ipynb", "x = 1", "import os\nos._exit(3)", "x")
    outcome = run(path)
    assert (outcome.status, outcome.failure.cell) == ("died", 1)


def test_leaving_early_is_not_passing(write_notebook):
    path = write_notebook("n.ipynb", "x = 1", "import sys\nsys.exit(0)", "assert False")
    outcome = run(path)
    assert (outcome.status, outcome.failure.cell) == ("failed", 1)
    assert str(outcome.failure) == "cell 1: SystemExit: 0"


def test_a_keyboard_interrupt_of_its_own_is_a_failure_not_a_timeout(write_notebook):
    outcome = run(write_notebook("n.ipynb", "raise KeyboardInterrupt"))
    assert (outcome.status, outcome.failure.name) == ("failed", "KeyboardInterrupt")


def test_nothing_stored_before_survives(write_notebook, tmp_path):
    path = write_notebook("n.ipynb", "print('new')")
    notebook = documents.read(path)
    old = {"output_type": "stream", "name": "stdout", "text": "old\n"}
    notebook["cells"][0].update(outputs=[old], execution_count=9)
    documents.write(notebook, path)
    assert run(path, output=tmp_path / "done.ipynb").passed
    assert printed(tmp_path / "done.ipynb") == "new\n"


def test_an_unknown_parameter_is_refused_before_anything_runs(write_notebook, tmp_path):
    path = write_notebook("n.ipynb", PARAMETERS, "open('ran', 'w').close()")
    with pytest.raises(ParameterError, match="Did you mean 'size'"):
        run(path, given={"sise": 3}, output=tmp_path / "done.ipynb")
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "done.ipynb").exists()


def test_a_lesson_is_not_overwritten(write_notebook):
    path = write_notebook("n.ipynb", "x = 1")
    with pytest.raises(NotebookError, match="labkit refresh"):
        run(path, output=path)


def test_a_missing_kernel_is_told(write_notebook):
    outcome = run(write_notebook("n.ipynb", "x = 1"), kernel="no-such-kernel")
    assert outcome.status == "refused"
    assert "no-such-kernel" in outcome.failure.message
