import dataclasses
import json
from pathlib import Path

import pytest

from labkit import results
from labkit.execution.outcomes import Failure, Outcome
from labkit.execution.repeating import MOST_LINES, differences

PIXEL = "iVBORw0KGgo="


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text.splitlines(keepends=True)}


def shows(text, **more):
    data = {"text/plain": text, **{name.replace("_", "/"): value for name, value in more.items()}}
    return {"output_type": "execute_result", "execution_count": 1, "data": data, "metadata": {}}


def records(name, value, unit="", tolerance=None):
    result = results.Result(name, value, unit, tolerance)
    data = {"text/plain": str(result), results.MIME: dataclasses.asdict(result)}
    return {"output_type": "display_data", "data": data, "metadata": {}}


@pytest.fixture
def runs(tmp_path):
    """Give ``runs(*outputs)``: one outcome for each, of a notebook whose second cell left it.

    What it left is an output or a list of them.
    """

    def outcome(number, outputs, tags):
        left = outputs if isinstance(outputs, list) else [outputs]
        cells = [
            {"cell_type": "markdown", "metadata": {}, "source": "# A lesson"},
            {"cell_type": "code", "metadata": {"tags": tags}, "source": "f()", "outputs": left},
        ]
        output = tmp_path / "executed" / f"a--run-{number}.ipynb"
        output.parent.mkdir(exist_ok=True)
        notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        output.write_text(json.dumps(notebook), encoding="utf-8")
        return Outcome(Path("a.ipynb"), "passed", output, name=output.stem, repetition=number)

    return lambda *outputs, tags=(): [
        outcome(number, each, list(tags)) for number, each in enumerate(outputs, start=1)
    ]


def told(outcomes):
    return [(d.what, d.values, d.tolerated) for d in differences(outcomes)]


def test_equal_runs_differ_in_nothing(runs):
    everything = [stream("1"), stream("w", "stderr"), shows("2", image_png=PIXEL), records("a", 1)]
    assert differences(runs(everything, everything, everything)) == []


def test_a_number_without_a_seed(runs):
    (found,) = differences(
        runs(stream("loss 0.25\n"), stream("loss 0.75\n"), stream("loss 0.25\n"))
    )
    assert (found.name, found.cell, found.what) == ("a", 1, "loss …")
    assert found.values == ("0.25", "0.75", "0.25")
    assert found.runs == ("a--run-1", "a--run-2", "a--run-3")
    assert not found.tolerated
    assert str(found) == "a, cell 1: loss …: 0.25 | 0.75 | 0.25"


def test_a_set_of_words_whose_order_is_another_in_each_process(runs):
    orders = "{'cat', 'dog'}", "{'dog', 'cat'}"
    assert told(runs(*map(stream, orders))) == [("text", orders, False)]
    assert told(runs(*map(shows, orders))) == [("text", orders, False)]


def test_what_one_stream_says_does_not_depend_on_how_it_was_cut(runs):
    whole = [stream("one\ntwo\n")]
    pieces = [stream("one\n"), stream("careful\n", "stderr"), stream("two\n")]
    assert told(runs([*whole, stream("careful\n", "stderr")], pieces)) == []
    assert told(runs(whole, pieces)) == [("text", ("", "careful"), False)]


@pytest.mark.parametrize(
    ("values", "tolerance", "expected"),
    [
        ((0.97, 0.98), 0.02, [("accuracy", ("0.97", "0.98"), True)]),
        (
            (0.97, 0.98),
            0.01,
            [("accuracy", ("0.97", "0.98"), True)],
        ),  # in binary 0.98 − 0.97 > 0.01
        ((0.97, 0.99), 0.01, [("accuracy", ("0.97", "0.99"), False)]),
        ((0.97, 0.98, 0.99), 0.01, [("accuracy", ("0.97", "0.98", "0.99"), False)]),
        ((0.97, 0.97), 0.01, []),
        ((0.97, 0.98), None, [("accuracy", ("0.97", "0.98"), False)]),
        ((97, 98), 0, [("accuracy", ("97", "98"), False)]),
    ],
)
def test_named_results_keep_their_tolerance(runs, values, tolerance, expected):
    left = [records("accuracy", value, tolerance=tolerance) for value in values]
    assert told(runs(*left)) == expected


@pytest.mark.parametrize("unit", ["ms", "s", "µs", "images/s"])
def test_a_time_that_promises_nothing_is_no_difference(runs, unit):
    assert told(runs(records("step", 1, unit), records("step", 2, unit))) == []
    promised = runs(records("step", 1, unit, 0.5), records("step", 2, unit, 0.5))
    assert told(promised) == [("step", (f"1 {unit}", f"2 {unit}"), False)]


def test_a_result_that_one_run_lacks(runs):
    left = runs([records("a", 1), records("b", 2, "ms")], records("a", 1))
    assert told(left) == [("b", ("2 ms", "missing"), False)]
    promised = [records("a", 1, tolerance=0.5)]
    assert told(runs(promised, [])) == [("a", ("1", "missing"), False)]


def test_a_cell_that_is_said_to_vary(runs):
    one, other = (
        [stream(t), shows(t, image_png=t), records("share", n)] for t, n in [("a", 1), ("b", 2)]
    )
    varying = ["nbval-ignore-output"]
    assert len(told(runs(one, other))) == 4
    assert told(runs(one, other, tags=varying)) == [("share", ("1", "2"), True)]
    promised = runs(records("r", 1, "", 0.5), records("r", 2, "", 0.5), tags=varying)
    assert told(promised) == [("r", ("1", "2"), False)]


def test_figures_are_told_but_fine(runs):
    (found,) = differences(
        runs(shows("<Figure>", image_png="AAAA"), shows("<Figure>", image_png="BBBB"))
    )
    assert (found.what, found.tolerated, len(set(found.values))) == ("figure", True, 2)
    assert str(found) == "a, cell 1: the figure is not the same in every run"


def test_an_output_that_one_run_lacks(runs):
    assert told(runs([shows("1"), shows("2")], shows("1"))) == [("outputs", ("2", "1"), False)]


def test_of_many_lines_some_are_told_and_the_rest_counted(runs):
    left = ("".join(f"step {n}: {n * rate}\n" for n in range(1, 31)) for rate in (1, 2))
    found = told(runs(*map(stream, left)))
    assert len(found) == MOST_LINES + 1
    assert found[-1] == (f"and {30 - MOST_LINES} more lines", (), False)
    assert str(differences(runs(stream("1"), stream("2")))[0]) == "a, cell 1: …: 1 | 2"


def test_a_notebook_that_passes_only_sometimes(runs):
    passed, failed = runs(stream("1"), stream("2"))
    failed = dataclasses.replace(failed, status="failed", failure=Failure("E", ""))
    assert told([passed, failed]) == [("verdict", ("passed", "failed"), False)]
    assert differences([passed, failed])[0].cell is None
    assert str(differences([passed, failed])[0]) == "a: verdict: passed | failed"


@pytest.mark.parametrize("status", ["interrupted", "skipped"])
def test_a_run_that_was_stopped_says_nothing(runs, status):
    one, other = runs(stream("1"), stream("2"))
    assert told([one, dataclasses.replace(other, status=status)]) == []


def test_only_equal_runs_are_compared(runs):
    one, other, third = runs(stream("1"), stream("2"), stream("1"))
    assert told([one, dataclasses.replace(other, parameters={"seed": 1}), third]) == []
    assert told([one, dataclasses.replace(other, path=Path("b.ipynb")), third]) == []
    assert told([one]) == []


def test_an_executed_notebook_that_is_gone_is_left_out(runs):
    one, other, third = runs(stream("1"), stream("2"), stream("3"))
    other.output.unlink()
    (found,) = differences([one, other, third])
    assert (found.values, found.runs) == (("1", "3"), ("a--run-1", "a--run-3"))
