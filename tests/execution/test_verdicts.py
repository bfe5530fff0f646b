from datetime import UTC, datetime, timedelta

import pytest

from labkit.execution import documents
from labkit.execution.verdicts import cell_seconds, verdict

RUN = datetime(2026, 1, 2, tzinfo=UTC)
INTERRUPTED = {"output_type": "error", "ename": "KeyboardInterrupt", "evalue": "", "traceback": []}


class DeadKernelError(RuntimeError):
    """Called as nbclient's, which is known by its name."""


@pytest.fixture
def executed(write_notebook):
    """Return a notebook whose second cell took three seconds and was the last to run."""
    notebook = documents.read(write_notebook("n.ipynb", "a = 1", "b = 2", "c = 3"))
    for i, seconds in enumerate([0.5, 3.0]):
        start = (RUN + timedelta(seconds=i)).isoformat()
        notebook["cells"][i]["metadata"]["papermill"] = {"duration": seconds, "start_time": start}
        notebook["cells"][i]["execution_count"] = i + 1
    return notebook


def test_seconds_are_those_of_the_cells_that_ran(executed):
    assert cell_seconds(executed) == {0: 0.5, 1: 3.0}


def test_no_error_is_not_enough(executed):
    status, failure = verdict(executed, None, RUN, 10)
    assert status == "not-run"
    assert "cell 2" in failure.message


@pytest.mark.parametrize(("timeout", "status"), [(3, "timeout"), (4, "failed")])
def test_an_interrupt_at_the_limit_is_a_timeout(executed, timeout, status):
    executed["cells"][1]["outputs"] = [INTERRUPTED]
    found, failure = verdict(executed, RuntimeError(), RUN, timeout)
    assert (found, failure.cell) == (status, 1)


def test_errors_without_an_output_blame_the_cell_that_ran_last(executed):
    for error, status in [(TimeoutError(), "timeout"), (DeadKernelError(), "died")]:
        found, failure = verdict(executed, error, RUN, 10)
        assert (found, failure.cell) == (status, 1)


def test_an_unforeseen_error_keeps_its_words(executed):
    status, failure = verdict(executed, OSError("disk full"), RUN, 10)
    assert (status, failure.name, failure.message) == ("died", "OSError", "disk full")
