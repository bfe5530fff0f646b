import asyncio
import json
import os
import sys
from datetime import datetime
from pathlib import Path

import nbformat
import pytest

from labkit.execution import limits
from labkit.execution.client import Client
from labkit.execution.timings import timing

from ..waiting import is_alive, soon

RUN = "0123456789abcdef"


def client(folder, *cells, kernel="labkit", **options):
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    limited = {"cell_timeout": 60, "notebook_timeout": 60, **options}
    return Client(notebook, kernel=kernel, folder=str(folder), run=RUN, **limited)


def attempt(folder, *cells, **options):
    """Execute cells; return the client, and what stopped it."""
    made = client(folder, *cells, **options)
    stopped, interrupted = asyncio.run(made.attempt())
    assert not interrupted
    return made, stopped


def outputs(made, cell=0):
    return [(o.output_type, o.get("text", "")) for o in made.nb.cells[cell].outputs]


def test_cells_are_executed_in_order_in_the_folder_and_each_is_timed_and_marked(tmp_path):
    heard = []
    made, stopped = attempt(
        tmp_path, "from pathlib import Path", "print(Path.cwd())", tell=lambda *n: heard.append(n)
    )
    assert stopped is None
    assert outputs(made, 1) == [("stream", f"{tmp_path}\n")]
    assert heard == [(0, 2), (1, 2), (2, 2)]
    assert [cell.execution_count for cell in made.nb.cells] == [1, 2]
    for cell in made.nb.cells:
        assert cell.metadata["execution"]["labkit.run"] == RUN
        assert timing(cell).seconds > 0
        assert isinstance(timing(cell).started, datetime)
    assert made.process.exit_code is None, "it lived until it was asked to end"
    assert made.facts["versions"]["python"].startswith("3.")


def test_text_is_one_piece_and_as_a_terminal_shows_it(tmp_path):
    cell = (
        "import sys, time\n"
        "for percent in (10, 50, 100):\n"
        "    print(f'\\r{percent} %', end='', flush=True)\n"
        "    time.sleep(0.3)\n"
        "print('\\nerror', file=sys.stderr, flush=True)\nprint('end')"
    )
    made, _ = attempt(tmp_path, cell)
    texts = ["100 %", "\nerror\n", "end\n"]
    assert outputs(made) == [("stream", text) for text in texts]


def test_an_animation_keeps_its_last_picture_however_many_there_were(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "DISPLAYED", 1000)
    cell = (
        "from IPython.display import HTML, clear_output, display\n"
        "for i in range(20):\n    clear_output(wait=True)\n    display(HTML('x' * 300 + str(i)))"
    )
    made = client(tmp_path, cell)
    made._room = limits.Room(displayed=1000)
    asyncio.run(made.attempt())
    [shown] = made.nb.cells[0].outputs
    assert shown.data["text/html"] == "x" * 300 + "19"
    assert not made.left_out


def test_what_is_left_out_is_counted_and_told_in_the_cell(tmp_path):
    made = client(tmp_path, "print('x' * 100)", "print('short')")
    made._room = limits.Room(printed=10)
    asyncio.run(made.attempt())
    text, notice = outputs(made)
    assert text == ("stream", "x" * 10)
    assert "left out" in notice[1]
    assert made.left_out == {0: 91}
    assert outputs(made, 1) == [("stream", "short\n")]


def test_what_takes_the_place_of_an_output_has_to_fit_too(tmp_path):
    cell = (
        "from IPython.display import HTML, display\n"
        "shown = display(HTML('first'), display_id=True)\n"
        "for i in range(9):\n    shown.update(HTML('x' * 300 + str(i)))"
    )
    made = client(tmp_path, cell, "shown.update(HTML('y' * 2000))")
    made._room = limits.Room(displayed=1000)
    asyncio.run(made.attempt())
    [output] = made.nb.cells[0].outputs
    assert output.data == {"text/plain": "an output of 2.03 kB was left out"}
    assert made.left_out.keys() == {1}


def test_an_output_widget_takes_what_is_printed_in_it(tmp_path):
    cell = "import ipywidgets\nout = ipywidgets.Output()\nwith out:\n    print('inside')\nout"
    made, stopped = attempt(tmp_path, cell)
    assert stopped is None
    assert [kind for kind, _ in outputs(made)] == ["execute_result"]
    states = made.nb.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    held = [state["state"].get("outputs") for state in states.values()]
    assert [tuple(o["text"] for o in each) for each in held if each] == [("inside\n",)]


def test_a_cell_that_takes_too_long_is_interrupted_where_it_is(tmp_path):
    made, stopped = attempt(tmp_path, "x = 1", "while True:\n    pass", "x", cell_timeout=1)
    assert stopped is not None
    assert (made.overdue, made.at) == (("cell", 1), 1)
    assert made.nb.cells[1].outputs[0].ename == "KeyboardInterrupt"
    assert made.nb.cells[2].execution_count is None


def test_a_notebook_that_takes_too_long_is_stopped_between_short_cells(tmp_path):
    cells = ["import time\ntime.sleep(0.4)"] * 9
    made, stopped = attempt(tmp_path, *cells, notebook_timeout=1)
    assert stopped is not None
    assert made.overdue == ("notebook", 1)
    assert 0 < made.at < 8


def test_an_interrupt_that_a_cell_survives_ends_the_notebook_all_the_same(tmp_path):
    cell = "import time\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    print('saved')"
    made, stopped = attempt(tmp_path, cell, "print('never')", cell_timeout=1)
    assert isinstance(stopped, TimeoutError)
    assert outputs(made) == [("stream", "saved\n")]
    assert outputs(made, 1) == []


def test_a_kernel_that_dies_is_known_at_once_with_how(tmp_path):
    made, stopped = attempt(tmp_path, "print('said')", "import os\nos._exit(7)")
    assert type(stopped).__name__ == "DeadKernelError"
    assert (made.process.exit_code, made.at) == (7, 1)
    assert outputs(made) == [("stream", "said\n")]
    assert made.facts == {}


def test_whoever_cancels_it_ends_its_kernel(tmp_path):
    made = client(tmp_path, "import os\nopen('pid', 'w').write(str(os.getpid()))", "while True: 1")

    async def cancelled():
        task = asyncio.create_task(made.attempt())
        while made.at != 1:
            await asyncio.sleep(0.01)
        task.cancel()
        return await task

    stopped, interrupted = asyncio.run(cancelled())
    assert stopped is not None
    assert interrupted
    assert made.overdue is None
    soon(lambda: not is_alive(int((tmp_path / "pid").read_text())))


@pytest.fixture
def broken_kernel(tmp_path, monkeypatch):
    """Make a kernel known that says why it does not start."""
    folder = tmp_path / "share/kernels/broken"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-c", "raise SystemExit('the library is missing')"]
    spec = {"argv": argv, "display_name": "Broken", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    return "broken"


def test_a_kernel_that_does_not_start_is_told_with_what_it_said(tmp_path, broken_kernel):
    made, stopped = attempt(tmp_path, "x = 1", kernel=broken_kernel)
    assert "ended before it was ready" in str(stopped)
    assert made.last_words.text() == "the library is missing"
    assert made.at is None


@pytest.mark.skipif(os.name != "posix", reason="Windows has no descriptors to print to")
def test_what_other_processes_print_is_in_the_cell_and_not_in_the_terminal(tmp_path, capfd):
    if "PYTEST_CURRENT_TEST" in os.environ:  # else ipykernel does not catch it
        del os.environ["PYTEST_CURRENT_TEST"]
    made, _ = attempt(tmp_path, "import os\nos.system('echo from afar')\nNone")
    assert outputs(made) == [("stream", "from afar\n")]
    assert capfd.readouterr() == ("", "")


def test_nothing_is_left_in_the_folder(tmp_path):
    attempt(tmp_path, "x = 1")
    assert list(Path(tmp_path).iterdir()) == []
