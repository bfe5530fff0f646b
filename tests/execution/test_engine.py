import json
import subprocess
import sys
from importlib.metadata import entry_points

import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from labkit.execution import documents, guard
from labkit.execution.engine import Engine
from labkit.execution.timings import cell_seconds
from labkit.kernels import forked

PARAMETERS = ("size = 2\nname = 'nobody'", "parameters")


@pytest.fixture
def notebook(write_notebook):
    path = write_notebook("n.ipynb", PARAMETERS, "print(size * 2, name)", "x = 1 / (size - 3)")
    named = {"name": "python3", "language": "python", "display_name": "Python 3"}
    documents.write(documents.read(path) | {"metadata": {"kernelspec": named}}, path)
    return path


def printed(path):
    cells = documents.read(path)["cells"]
    return "".join(o.get("text", "") for cell in cells for o in cell.get("outputs", []))


def executed(notebook, **options):
    output = notebook.with_name("done.ipynb")
    papermill.execute_notebook(
        notebook, output, engine_name="labkit", progress_bar=False, kernel_name="python3", **options
    )
    return output


def test_papermill_knows_it():
    [found] = entry_points(group="papermill.engine", name="labkit")
    assert found.load() is Engine


def test_a_notebook_is_executed_with_parameters_and_timed(notebook):
    output = executed(notebook, parameters={"size": 21, "name": "卷积"})
    assert printed(output) == "42 卷积\n"
    done = documents.read(output)
    assert len(cell_seconds(done)) == 4, "with the cell of the parameters"
    assert all(seconds > 0 for seconds in cell_seconds(done).values())
    guard.really_ran(done)


@pytest.mark.skipif(bool(forked.why_not()), reason="kernels are forked on Linux")
def test_the_ordinary_kernel_becomes_a_forked_one(write_notebook):
    output = executed(write_notebook("n.ipynb", "print(open('/proc/self/cmdline').read())"))
    assert "labkit.kernels.forkserver" in printed(output)


def test_a_cell_that_raises_is_told_as_papermill_does(notebook):
    with pytest.raises(PapermillExecutionError, match="ZeroDivisionError") as raised:
        executed(notebook, parameters={"size": 3})
    assert raised.value.exec_count == 4
    assert "6 nobody" in printed(notebook.with_name("done.ipynb")), "what it did is kept"


def test_a_cell_that_takes_too_long_is_stopped(write_notebook):
    path = write_notebook("n.ipynb", "import time\ntime.sleep(60)")
    with pytest.raises(Exception, match="timed out"):
        executed(path, execution_timeout=1)


def test_it_works_from_papermills_command_and_from_a_name_in_the_notebook(notebook):
    output = notebook.with_name("done.ipynb")
    command = [sys.executable, "-m", "papermill", "--engine", "labkit", "-k", "labkit"]
    ran = subprocess.run(
        [*command, "--no-progress-bar", "-p", "size", "4", str(notebook), str(output)],
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert printed(output) == "8 nobody\n"
    assert json.loads(output.read_bytes())["metadata"]["papermill"]["exception"] is None


def test_kernel_and_language_are_those_of_the_notebook():
    from nbformat.v4 import new_notebook

    named = {"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}}
    notebook = new_notebook(metadata=named)
    assert Engine.nb_kernel_name(notebook) == "ir"
    assert Engine.nb_kernel_name(notebook, "labkit") == "labkit"
    assert Engine.nb_language(notebook) == "R"
