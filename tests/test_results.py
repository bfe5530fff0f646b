import json
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
import torch

from labkit import results
from labkit.errors import NotebookError, OptionError
from labkit.results import MIME, Result, record

pytestmark = pytest.mark.usefixtures("as_learners_run_it")


@pytest.mark.parametrize(
    ("value", "tolerance", "text"),
    [
        (0.97132, None, "0.9713"),
        (0.97132, 0.02, "0.97 (± 0.02)"),
        (1234.56, 100, "1200 (± 100)"),
        (1.23456e-7, None, "1.235e-07"),
        (61706, None, "61706"),
        (1_234_567, None, "1234567"),
        (0.0, None, "0"),
        (-0.0001, 0.01, "0 (± 0.01)"),
        (Fraction(1, 3), None, "0.3333"),
        (np.float32(0.5), None, "0.5"),
        (np.longdouble(0.5), None, "0.5"),
        (np.int64(3), None, "3"),
        (torch.tensor([0.25]), None, "0.25"),
        (torch.tensor(0.5, dtype=torch.bfloat16, requires_grad=True), None, "0.5"),
        (np.array([[3]]), None, "3"),
    ],
)
def test_a_result_is_printed_rounded(capsys, value, tolerance, text):
    record("it", value, tolerance=tolerance)
    assert capsys.readouterr().out == f"it = {text}\n"


def test_a_number_is_fetched_from_whatever_device_it_is_on(capsys):
    class OnAGpu:
        """Has no number of its own on this side, as a tensor on a GPU has none."""

        device = "cuda:0"

        def __float__(self):
            raise TypeError("can't convert cuda:0 device type tensor to numpy")

        def item(self):
            return 0.125

    record("it", OnAGpu())
    assert capsys.readouterr().out == "it = 0.125\n"


def test_the_unit_follows_the_number(capsys):
    record("one step", 2.5, unit="ms")
    assert capsys.readouterr().out == "one step = 2.5 ms\n"


NOT_ONE_NUMBER = [
    "0.9", b"1", None, [1], 1j, True, np.bool_(True), torch.tensor(False),
    torch.ones(2), np.ones((2, 2)), torch.ones((), device="meta"),
]  # fmt: skip


@pytest.mark.parametrize("value", NOT_ONE_NUMBER, ids=repr)
def test_what_is_not_one_number_is_refused(value):
    with pytest.raises(OptionError, match=r"one finite number for 'it', got .*; record one number"):
        record("it", value)


@pytest.mark.parametrize(
    "value", [float("nan"), -float("inf"), torch.tensor(torch.nan), np.float32("inf"), 10**400]
)
def test_what_is_not_finite_is_refused(value):
    with pytest.raises(OptionError, match=r"one finite number for 'it', got .*; look for a divisi"):
        record("it", value)


def test_a_large_thing_is_refused_in_few_words():
    with pytest.raises(OptionError) as refused:
        record("it", torch.zeros(100, 100))
    assert len(str(refused.value)) < 200


def test_a_tolerance_in_the_place_of_the_unit_is_told():
    with pytest.raises(OptionError, match=r"text for the unit of 'it', got 0\.1; .*tolerance="):
        record("it", 1.0, 0.1)


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", 3, None])
def test_a_result_needs_a_name(name):
    with pytest.raises(OptionError, match="expected a name"):
        record(name, 1.0)


@pytest.mark.parametrize("tolerance", [-0.1, float("nan"), "wide", True])
def test_a_tolerance_is_a_distance(tolerance):
    with pytest.raises(OptionError, match="tolerance of 'it'"):
        record("it", 1.0, tolerance=tolerance)


FIRST = {"name": "a", "value": 1, "unit": "", "tolerance": None}


def shown(entry):
    data = {"text/plain": ["a = 1\n", "in two lines"], MIME: entry}
    return {"output_type": "display_data", "metadata": {}, "data": data}


def test_results_are_read_in_order_and_the_last_of_equal_names_stays(tmp_path):
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "words"]},
        {"outputs": [shown(FIRST), {"output_type": "stream", "text": ["a = 9\n"]}]},
        {"outputs": [shown(FIRST | {"name": "b", "unit": "s", "tolerance": 0.5})]},
        {"outputs": [shown(FIRST | {"value": 2.5})]},
    ]
    path = tmp_path / "notebook.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    assert results.read(path) == {"a": Result("a", 2.5), "b": Result("b", 1, "s", 0.5)}
    assert list(results.read(path)) == ["a", "b"]
    assert [position for position, _ in results.stored({"cells": cells}, MIME)] == [1, 2, 3]


DAMAGED = {
    "nothing": None,
    "text": "a = 1",
    "a list": ["name"],
    "no name": {"value": 1},
    "no value": {"name": "a"},
    "a value in words": FIRST | {"value": "one"},
    "not a number": FIRST | {"value": float("nan")},
    "a unit that is none": FIRST | {"unit": 3},
    "a negative tolerance": FIRST | {"tolerance": -1},
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_entry_is_left_out_and_the_others_are_read(damage):
    outputs = [shown(DAMAGED[damage]), shown(FIRST | {"name": "b"})]
    assert results.from_notebook({"cells": [{"outputs": outputs}]}) == {"b": Result("b", 1)}
    assert results.result(DAMAGED[damage]) is None


def test_an_entry_of_a_later_version_is_read_as_far_as_it_is_known():
    assert results.result(FIRST | {"colour": "red"}) == Result("a", 1)
    assert results.result({"name": "a", "value": 1}) == Result("a", 1)


def test_what_is_recorded_in_a_notebook_is_read_from_it(monkeypatch, capsys):
    published = []
    monkeypatch.setattr("labkit.results._in_notebook", lambda: True)
    monkeypatch.setattr(
        "IPython.display.display", lambda data, raw: published.append({"data": data})
    )
    record("accuracy", torch.tensor(0.97132), tolerance=0.02)
    assert capsys.readouterr().out == ""
    assert published[0]["data"]["text/plain"] == "accuracy = 0.97 (± 0.02)"
    notebook = json.loads(json.dumps({"cells": [{"outputs": published}]}, allow_nan=False))
    assert results.from_notebook(notebook) == {"accuracy": Result("accuracy", 0.97, "", 0.02)}


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"not a notebook", "not JSON in UTF-8"),
        (b"\xff\xfe", "not JSON in UTF-8"),
        (b"[]", "JSON without cells"),
        (b'{"worksheets": []}', "JSON without cells"),
        (None, "cannot be read .No such file"),
    ],
)
def test_reading_something_else_says_so(tmp_path, content, got):
    path = tmp_path / "notebook.ipynb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NotebookError, match=rf"notebook\.ipynb: expected a notebook, got .*{got}"):
        results.read(path)


def test_recording_imports_nothing_heavy():
    code = (
        "import sys; before = set(sys.modules); from labkit.results import record; "
        "record('a', 1.0); print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(answer.stdout.split())
    assert not loaded & {"torch", "numpy", "matplotlib", "IPython", "nbformat", "jupyter_client"}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_number_on_a_gpu_is_recorded(capsys):
    record("it", torch.tensor(0.5, device="cuda"))
    assert capsys.readouterr().out == "it = 0.5\n"
