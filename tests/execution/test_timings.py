from datetime import UTC, datetime, timedelta, timezone

import pytest

from labkit.execution import documents
from labkit.execution.timings import Timing, cell_seconds, started, timing

TEN = datetime(2026, 1, 2, 10, tzinfo=UTC)

PAPERMILL = {"papermill": {"start_time": "2026-01-02T10:00:00+00:00", "duration": 1.5}}
NBCLIENT = {
    "execution": {
        "iopub.status.busy": "2026-01-02T10:00:00.000000Z",
        "iopub.execute_input": "2026-01-02T10:00:00.010000Z",
        "shell.execute_reply": "2026-01-02T10:00:01.490000Z",
        "iopub.status.idle": "2026-01-02T10:00:01.500000Z",
    }
}
JUPYTERLAB = {
    "execution": {
        "iopub.execute_input": "2026-01-02T10:00:00Z",
        "iopub.status.busy": "2026-01-02T10:00:00Z",
        "iopub.status.idle": "2026-01-02T10:00:01.500Z",
        "shell.execute_reply": "2026-01-02T10:00:01.500Z",
    }
}
NAIVE = {"execution": {k: v.removesuffix("Z") for k, v in NBCLIENT["execution"].items()}}
ONLY_SHELL = {
    "execution": {
        "shell.execute_reply.started": "2026-01-02T10:00:00Z",
        "shell.execute_reply": "2026-01-02T10:00:01.5Z",
    }
}


@pytest.mark.parametrize(
    "metadata",
    [PAPERMILL, NBCLIENT, JUPYTERLAB, NAIVE, ONLY_SHELL],
    ids=["papermill", "nbclient", "JupyterLab", "without a zone", "only the shell"],
)
def test_every_program_says_when_and_how_long(metadata):
    found = timing({"metadata": metadata})
    assert found == Timing(TEN, 1.5)
    assert found.started.utcoffset() == timedelta(0)
    assert found.ended == TEN + timedelta(seconds=1.5)
    assert started({"metadata": metadata}) == TEN


def test_a_time_with_another_zone_is_the_same_moment():
    summer = timezone(timedelta(hours=2))
    start = {"start_time": TEN.astimezone(summer).isoformat(), "duration": 1}
    assert timing({"metadata": {"papermill": start}}).started == TEN


def test_the_kernels_own_times_go_before_papermills():
    late = {"start_time": "2026-01-02T09:59:59+00:00", "duration": 9.0}
    assert timing({"metadata": NBCLIENT | {"papermill": late}}) == Timing(TEN, 1.5)


@pytest.mark.parametrize(
    "metadata",
    [
        {"execution": {"iopub.status.busy": "2026-01-02T10:00:00Z"}},
        {"papermill": {"start_time": "2026-01-02T10:00:00", "duration": None}},
    ],
)
def test_a_cell_that_never_ended_has_begun_and_has_no_timing(metadata):
    assert started({"metadata": metadata}) == TEN
    assert timing({"metadata": metadata}) is None


@pytest.mark.parametrize(
    "cell",
    [
        {},
        {"metadata": {}},
        {"metadata": {"execution": {}, "papermill": {}}},
        {"metadata": {"execution": "soon", "papermill": None}},
        {"metadata": {"execution": {"iopub.status.busy": 5, "iopub.status.idle": "later"}}},
        {"metadata": {"papermill": {"start_time": None, "duration": 1.0}}},
    ],
)
def test_a_cell_without_times_that_can_be_read_has_not_begun(cell):
    assert started(cell) is None
    assert timing(cell) is None


def test_seconds_are_those_of_the_cells_that_ran(write_notebook):
    path = write_notebook("n.ipynb", "#md text", "a = 1", "b = 2", "c = 3", "d = 4")
    notebook = documents.read(path)
    notebook["cells"][1]["metadata"] = NBCLIENT
    notebook["cells"][2]["metadata"] = {"papermill": PAPERMILL["papermill"] | {"duration": 0.0}}
    notebook["cells"][4]["metadata"] = PAPERMILL
    assert cell_seconds(notebook) == {1: 1.5, 4: 1.5}
