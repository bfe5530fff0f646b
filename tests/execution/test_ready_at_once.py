import time

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError

from labkit.execution.ready_at_once import ReadyAtOnce


def client(*cells, kernel="labkit"):
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    return ReadyAtOnce(notebook, kernel_name=kernel, timeout=60)


@pytest.mark.parametrize("kernel", ["labkit", "python3"])
def test_it_executes_as_nbclient_does(kernel):
    made = client("x = 20", "print(x + 1)\nx + 2", kernel=kernel)
    done = made.execute()
    printed, result = done.cells[1].outputs
    assert printed.text == "21\n"
    assert result.data["text/plain"] == "22"
    assert [cell.execution_count for cell in done.cells] == [1, 2]


def test_a_kernel_that_has_ended_is_dead_and_what_it_said_is_kept():
    """nbclient itself would look after a second, and only then."""
    made = client("print('last', flush=True)\nimport os; os._exit(3)")
    start = time.monotonic()
    with pytest.raises(DeadKernelError):
        made.execute()
    assert time.monotonic() - start < 30, "not when its time was up"
    assert [output.text for output in made.nb.cells[0].outputs] == ["last\n"]


def test_nobody_waits_to_be_asked_for_input():
    made = client("input()")
    with pytest.raises(Exception, match="input"):
        made.execute()
