import pytest

from labkit.execution import documents
from labkit.execution.refreshing import refresh, with_outputs_of

WIDGET = """\
import ipywidgets
slider = ipywidgets.IntSlider(description="step")
slider"""


@pytest.fixture
def lesson(write_notebook):
    return write_notebook(
        "lesson.ipynb", "#md # Title", ("seed = 3", "parameters"), "print(seed)\nseed", WIDGET
    )


def test_outputs_are_stored_and_a_second_refresh_changes_nothing(lesson):
    assert refresh(lesson).passed
    first = lesson.read_bytes()
    cells = documents.read(lesson)["cells"]
    assert [c["execution_count"] for c in cells[1:]] == [1, 2, 3]
    assert cells[2]["outputs"][0]["text"] == "3\n"
    assert cells[2]["outputs"][1]["execution_count"] == 2
    stamp = lesson.stat().st_mtime_ns
    assert refresh(lesson).passed
    assert lesson.read_bytes() == first
    assert lesson.stat().st_mtime_ns == stamp, "a file that would not change is not written"


def test_nothing_is_stored_that_differs_from_run_to_run(lesson):
    refresh(lesson)
    text = lesson.read_text(encoding="utf-8")
    assert "IntSlider" in text, "the words beside a widget stay"
    for unwanted in ("papermill", "widget-view", "widget-state", "start_time", '"version": "3.'):
        assert unwanted not in text
    notebook = documents.read(lesson)
    assert notebook["metadata"]["kernelspec"]["display_name"] == "Python 3 (ipykernel)"
    assert notebook["cells"][1]["metadata"] == {"tags": ["parameters"]}


def test_a_poster_beside_a_widget_is_kept(write_notebook):
    notebook = documents.read(write_notebook("n.ipynb", "explorer"))
    data = {
        "application/vnd.jupyter.widget-view+json": {"model_id": "a1"},
        "image/png": "iVBOR",
        "text/plain": "Explorer",
    }
    executed = documents.read(write_notebook("e.ipynb", "explorer"))
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    executed["cells"][0].update(outputs=[output], execution_count=1)
    (stored,) = with_outputs_of(executed, notebook)["cells"][0]["outputs"]
    assert stored["data"] == {"image/png": "iVBOR", "text/plain": "Explorer"}


def test_a_lesson_that_fails_keeps_what_it_had(lesson):
    refresh(lesson)
    notebook = documents.read(lesson)
    notebook["cells"][3]["source"] = "1 / 0"
    documents.write(notebook, lesson)
    before = lesson.read_bytes()
    outcome = refresh(lesson)
    assert (outcome.status, outcome.failure.cell) == ("failed", 3)
    assert lesson.read_bytes() == before
