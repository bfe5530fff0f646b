from datetime import UTC, datetime

import pytest

from labkit.errors import NotRunError
from labkit.execution import documents
from labkit.execution.guard import cleared, really_ran

RUN = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def executed(write_notebook):
    """Return a notebook as papermill leaves it."""
    path = write_notebook("n.ipynb", "#md # Title", "a = 1", " ", "print(a)")
    notebook = documents.read(path)
    for count, (_, cell) in enumerate(documents.code_cells(notebook), start=1):
        cell["execution_count"] = count
        cell["metadata"]["papermill"] = {"duration": 0.01, "start_time": RUN.isoformat()}
    notebook["cells"][3]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "1"}]
    return notebook


def test_a_notebook_that_ran_passes(executed):
    really_ran(executed)
    really_ran(executed, since=RUN)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"execution_count": None}, r"cell 3 \('print\(a\)'\) has no execution count"),
        ({"execution_count": 1}, "ran as number 1, expected 2: out of order"),
        ({"execution_count": 3}, "ran as number 3, expected 2"),
        ({"metadata": {}}, "took no time: its output comes from an earlier run"),
        ({"metadata": {"papermill": {"duration": 0.0}}}, "took no time"),
    ],
)
def test_a_cell_that_did_not_run_is_named(executed, change, message):
    executed["cells"][3].update(change)
    with pytest.raises(NotRunError, match=message):
        really_ran(executed)


def test_a_copy_of_an_earlier_run_is_caught(executed):
    with pytest.raises(NotRunError, match=r"cell 1 .* before this run"):
        really_ran(executed, since=datetime(2026, 1, 3, tzinfo=UTC))


def test_cells_tagged_to_be_skipped_need_not_run(executed):
    executed["cells"][3].update(execution_count=None, metadata={"tags": ["skip-execution"]})
    really_ran(executed)


def test_a_notebook_without_code_did_not_run(write_notebook):
    notebook = documents.read(write_notebook("n.ipynb", "#md text"))
    with pytest.raises(NotRunError, match="found none"):
        really_ran(notebook)


def test_clearing_leaves_nothing_of_an_earlier_run(executed):
    executed["metadata"] = {"papermill": {}, "widgets": {}, "kernelspec": {"name": "python3"}}
    emptied = cleared(executed)
    assert emptied["metadata"] == {"kernelspec": {"name": "python3"}}
    assert emptied["cells"][3]["outputs"] == []
    assert executed["cells"][3]["outputs"], "the original is not touched"
    with pytest.raises(NotRunError):
        really_ran(emptied)
