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


def test_a_kernel_that_has_ended_is_dead_long_before_its_time_is_up():
    made = client("import os; os._exit(3)")
    start = time.monotonic()
    with pytest.raises(DeadKernelError):
        made.execute()
    assert time.monotonic() - start < 30


def test_all_that_arrives_of_a_dead_kernel_is_kept_however_long_that_takes(monkeypatch):
    """The kernel has ended long before its outputs have been worked through, one by one."""
    numbers = "for number in range(40):\n    print(number, flush=True)\n"
    made = client(f"{numbers}import os; os._exit(3)")
    taken = ReadyAtOnce.process_message

    def slowly(self, message, *cell):
        time.sleep(0.02)
        return taken(self, message, *cell)

    monkeypatch.setattr(ReadyAtOnce, "process_message", slowly)
    with pytest.raises(DeadKernelError):
        made.execute()
    said = "".join(output.text for output in made.nb.cells[0].outputs)
    assert said.split() == list(map(str, range(40)))


def test_nobody_waits_to_be_asked_for_input():
    made = client("input()")
    with pytest.raises(Exception, match="input"):
        made.execute()
