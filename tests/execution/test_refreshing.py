import pytest

from labkit import results
from labkit.execution import documents, evidence, guard
from labkit.execution.outcomes import CheckVerdict
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
    of_a_run = ["papermill", "start_time", "iopub", '"execution"', '"labkit', "widget-state"]
    for unwanted in [*of_a_run, "widget-view", '"version": "3.']:
        assert unwanted not in text
    notebook = documents.read(lesson)
    assert notebook["metadata"]["kernelspec"]["display_name"] == "Python 3 (ipykernel)"
    assert notebook["cells"][1]["metadata"] == {"tags": ["parameters"]}


def test_what_jupyterlab_left_behind_goes_and_what_the_author_wrote_stays(lesson):
    notebook = documents.read(lesson)
    notebook["cells"][2]["metadata"] |= {"tags": ["predict"], "collapsed": True}
    notebook["metadata"]["title"] = "Three"
    wanted = documents.dumps(notebook)
    notebook["cells"][2]["metadata"]["execution"] = {"iopub.status.busy": "2026-01-02T10:00:00Z"}
    notebook["cells"][2]["metadata"]["ExecuteTime"] = {"start_time": "2026-01-02T10:00:00Z"}
    notebook["metadata"] |= {"widgets": {}, "papermill": {}, "labkit": {"run": "b5a1"}}
    executed = guard.cleared(notebook)
    stored = with_outputs_of(executed, notebook)
    stored["metadata"] = {"title": stored["metadata"]["title"]}
    assert documents.dumps(stored) == wanted


def test_results_and_verdicts_are_stored_for_reports(write_notebook):
    path = write_notebook(
        "n.ipynb",
        "from labkit.results import record\nrecord('accuracy', 0.5)",
        "import torch.nn.functional as F\nfrom labkit.checks import check\ncheck.conv2d(F.conv2d)",
    )
    assert refresh(path).passed
    first = path.read_bytes()
    stored = documents.read(path)
    assert results.from_notebook(stored) == {"accuracy": results.Result("accuracy", 0.5)}
    assert evidence.checks(stored) == (CheckVerdict("conv2d", True, None, 1),)
    assert refresh(path).passed
    assert path.read_bytes() == first


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


def test_so_does_one_that_leaves_early(lesson):
    notebook = documents.read(lesson)
    notebook["cells"][2]["source"] = "raise SystemExit(0)"
    documents.write(notebook, lesson)
    before = lesson.read_bytes()
    assert not refresh(lesson).passed
    assert lesson.read_bytes() == before
