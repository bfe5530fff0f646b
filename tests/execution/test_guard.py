"""Every way to look executed that somebody, or a runner with a bug, has come up with."""

import copy
from datetime import UTC, datetime, timedelta

import pytest

from labkit.errors import NotRunError
from labkit.execution import documents
from labkit.execution.guard import OF_A_RUN, RUN, cleared, really_ran

BEGAN = datetime(2026, 1, 2, tzinfo=UTC)
ID = "b5a1"


def times(start, seconds=0.5):
    """Return what nbclient stores when a cell starts so many seconds after the run began."""
    begin = BEGAN + timedelta(seconds=start)
    end = begin + timedelta(seconds=seconds)
    return {"iopub.status.busy": begin.isoformat(), "iopub.status.idle": end.isoformat(), RUN: ID}


def ran(notebook):
    """Fill in what a run leaves behind: counts, an output of each kind, times and its id."""
    notebook["metadata"] = {"labkit": {"run": ID}}
    for count, (_, cell) in enumerate(documents.code_cells(notebook), start=1):
        cell["execution_count"] = count
        cell["metadata"]["execution"] = times(count)
        cell["outputs"] = [
            {"output_type": "stream", "name": "stdout", "text": "1"},
            {"output_type": "execute_result", "execution_count": count, "data": {}},
        ]
    return notebook


@pytest.fixture
def executed(write_notebook):
    """Return an executed notebook; the code cells with code in it are number 1, 3, 4 and 5."""
    path = write_notebook("n.ipynb", "#md # Title", "a = 1", " ", "b = a", "print(b)", "b")
    return ran(documents.read(path))


def without_run(notebook):
    """Take this run's id out, as when another program ran the notebook."""
    del notebook["metadata"]["labkit"]
    for _, cell in documents.code_cells(notebook):
        cell["metadata"].get("execution", {}).pop(RUN, None)
    return notebook


def test_a_notebook_that_ran_passes(executed):
    really_ran(executed)
    really_ran(executed, since=BEGAN)
    really_ran(executed, since=BEGAN, run=ID)


def test_so_does_one_that_papermill_ran(executed):
    for count, (_, cell) in enumerate(documents.code_cells(executed)):
        start = (BEGAN + timedelta(seconds=count)).isoformat()
        cell["metadata"] = {"papermill": {"start_time": start, "duration": 0.1}}
    really_ran(without_run(executed), since=BEGAN)


def test_a_cell_may_begin_in_the_moment_in_which_the_one_before_it_ended(executed):
    executed["cells"][4]["metadata"]["execution"] = times(2.5)
    really_ran(executed)


CHEATS = {
    "a cell was left out": ({"execution_count": None, "outputs": []}, "no execution count: it nev"),
    "an output without a run": ({"execution_count": None}, "never ran; its output comes from"),
    "the kernel was restarted": ({"execution_count": 1}, "number 1, expected 3: the kernel was st"),
    "a cell ran twice": ({"execution_count": 4}, "ran as number 4, expected 3: out of order"),
    "the count of the cell above": ({"execution_count": 2}, "ran as number 2, expected 3"),
    "no times at all": ({"metadata": {}}, "took no time: its output comes from an earlier run"),
    "zero time": ({"metadata": {"execution": times(3, 0)}}, "took no time"),
    "it ended before it began": ({"metadata": {"execution": times(3, -1)}}, "took no time"),
    "papermill's zero": ({"metadata": {"papermill": {"duration": 0.0}}}, "took no time"),
    "it began and never ended": (
        {"metadata": {"execution": {"iopub.status.busy": "2026-01-02T00:00:03Z"}}},
        "took no time",
    ),
    "it ran before the cell above": (
        {"metadata": {"execution": times(1.6, 0.1)}},
        "started at 2026-01-02T00:00:01.600000.* not after the cell above it: out of order",
    ),
    "it began with the cell above": (
        {"metadata": {"execution": times(2)}},
        "not after the cell above it",
    ),
    "it ran beside the cell above": (
        {"metadata": {"execution": times(2.4)}},
        "while the cell above it ran: not in one process",
    ),
    "another run's cell": (
        {"metadata": {"execution": times(3) | {RUN: "77"}}},
        f"ran in run 77, expected {ID}",
    ),
    "nobody's cell": (
        {"metadata": {"papermill": {"start_time": "2026-01-02T00:00:03", "duration": 0.5}}},
        f"ran in run None, expected {ID}",
    ),
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cell_that_did_not_run_so_is_named(executed, cheat):
    change, message = CHEATS[cheat]
    executed["cells"][4].update(change)
    with pytest.raises(NotRunError, match=rf"^cell 4 \('print\(b\)'\) .*{message}.*; execute the"):
        really_ran(executed, since=BEGAN)


def test_an_output_of_another_count_is_caught(executed):
    executed["cells"][4]["outputs"][1]["execution_count"] = 7
    with pytest.raises(NotRunError, match="ran as number 3, yet has an output of number 7"):
        really_ran(executed)


def test_outputs_in_the_wrong_cells_are_caught(executed):
    first, second = executed["cells"][3], executed["cells"][4]
    first["outputs"], second["outputs"] = second["outputs"], first["outputs"]
    with pytest.raises(NotRunError, match=r"cell 3 .* number 2, yet has an output of number 3"):
        really_ran(executed)


def test_cells_in_another_order_than_they_ran_are_caught(executed):
    executed["cells"][3], executed["cells"][4] = executed["cells"][4], executed["cells"][3]
    with pytest.raises(NotRunError, match=r"cell 3 \('print\(b\)'\) ran as number 3, expected 2"):
        really_ran(executed)


def test_so_are_they_when_the_counts_were_made_to_fit(executed):
    executed["cells"][3], executed["cells"][4] = executed["cells"][4], executed["cells"][3]
    for count, (_, cell) in enumerate(documents.code_cells(executed), start=1):
        cell["execution_count"] = cell["outputs"][1]["execution_count"] = count
    with pytest.raises(NotRunError, match=r"cell 4 .* not after the cell above it"):
        really_ran(executed)


def test_a_kernel_that_was_restarted_in_the_middle_is_caught(executed):
    for count, (_, cell) in enumerate(documents.code_cells(executed)):
        cell["execution_count"] = cell["outputs"][1]["execution_count"] = count % 2 + 1
    with pytest.raises(NotRunError, match=r"cell 4 .* the kernel was started anew before it"):
        really_ran(executed)


def test_a_copy_of_an_earlier_run_is_caught_by_its_time(executed):
    with pytest.raises(NotRunError, match=r"cell 1 .* before this run"):
        really_ran(executed, since=BEGAN + timedelta(days=1))


def test_one_cell_of_an_earlier_run_is_caught_by_its_time(executed):
    executed["cells"][1]["metadata"]["execution"] = times(-60)
    with pytest.raises(NotRunError, match=r"cell 1 .* before this run"):
        really_ran(executed, since=BEGAN)


@pytest.mark.parametrize("own", [{"labkit": {"run": "77"}}, {"labkit": "77"}, {}])
def test_a_copy_of_another_run_is_caught_by_its_id(executed, own):
    executed["metadata"] = own
    with pytest.raises(NotRunError, match=f"expected a notebook of run {ID}, got one of run"):
        really_ran(executed, run=ID)


def test_a_notebook_relabelled_as_of_this_run_still_has_another_runs_cells(executed):
    executed["metadata"]["labkit"]["run"] = "c6"
    with pytest.raises(NotRunError, match=f"cell 1 .* ran in run {ID}, expected c6"):
        really_ran(executed, run="c6")


def test_cells_of_a_run_in_a_notebook_of_none_are_caught(executed):
    del executed["metadata"]["labkit"]
    with pytest.raises(NotRunError, match=f"cell 1 .* ran in run {ID}, expected None"):
        really_ran(executed)


def test_cells_tagged_to_be_skipped_need_not_run(executed):
    skipped = executed["cells"].pop()
    skipped |= {"execution_count": None, "outputs": [], "metadata": {"tags": ["skip-execution"]}}
    executed["cells"].insert(1, skipped)
    really_ran(executed)


@pytest.mark.parametrize("left", ["outputs", "execution_count"])
def test_what_is_not_run_has_nothing_to_show(executed, left):
    """A cell without code, or one to be skipped: a runner passes over it and what it stores."""
    for source, its_tags in [(" ", []), ("b", ["skip-execution"])]:
        notebook = copy.deepcopy(executed)
        notebook["cells"][2].update(source=source, metadata={"tags": its_tags})
        really_ran(notebook)
        notebook["cells"][2][left] = executed["cells"][1][left]
        with pytest.raises(
            NotRunError, match=r"cell 2 .* not to be run, yet has an output or a co"
        ):
            really_ran(notebook)


def test_a_notebook_without_code_did_not_run(write_notebook):
    notebook = documents.read(write_notebook("n.ipynb", "#md text", "  "))
    with pytest.raises(NotRunError, match="found none"):
        really_ran(notebook)


def test_clearing_leaves_nothing_of_an_earlier_run(executed):
    executed["metadata"] |= {"papermill": {}, "widgets": {}, "kernelspec": {"name": "python3"}}
    cell = executed["cells"][4]
    cell["metadata"] |= dict.fromkeys(OF_A_RUN, "of a run") | {"tags": ["predict"]}
    emptied = cleared(executed)
    assert emptied["metadata"] == {"kernelspec": {"name": "python3"}}
    assert emptied["cells"][4] == cell | {
        "outputs": [], "execution_count": None, "metadata": {"tags": ["predict"]},
    }  # fmt: skip
    assert executed["cells"][4]["outputs"], "the original is not touched"
    assert "outputs" not in emptied["cells"][0], "text has none"
    with pytest.raises(NotRunError):
        really_ran(emptied)
    really_ran(ran(emptied), since=BEGAN, run=ID)
