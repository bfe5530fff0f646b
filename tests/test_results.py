import json
import subprocess
import sys

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
        (True, None, "1"),
        (np.float32(0.5), None, "0.5"),
        (torch.tensor([0.25]), None, "0.25"),
        (np.array([[3]]), None, "3"),
    ],
)
def test_a_result_is_printed_rounded(capsys, value, tolerance, text):
    record("it", value, tolerance=tolerance)
    assert capsys.readouterr().out == f"it = {text}\n"


def test_the_unit_follows_the_number(capsys):
    record("one step", 2.5, unit="ms")
    assert capsys.readouterr().out == "one step = 2.5 ms\n"


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "0.9", None, torch.ones(2), np.ones((2, 2)), [1]]
)
def test_what_is_not_one_finite_number_is_refused(value):
    with pytest.raises(OptionError, match="expected one finite number for 'it', got"):
        record("it", value)


@pytest.mark.parametrize("name", ["", "  ", 3, None])
def test_a_result_needs_a_name(name):
    with pytest.raises(OptionError, match="expected a name"):
        record(name, 1.0)


@pytest.mark.parametrize("tolerance", [-0.1, float("nan"), "wide"])
def test_a_tolerance_is_a_distance(tolerance):
    with pytest.raises(OptionError, match="tolerance of 'it'"):
        record("it", 1.0, tolerance=tolerance)


def test_results_are_read_in_order_and_the_last_of_equal_names_stays(tmp_path):
    def output(**result):
        return {"output_type": "display_data", "data": {"text/plain": "", MIME: result}}

    first = {"name": "a", "value": 1, "unit": "", "tolerance": None}
    cells = [
        {"cell_type": "markdown", "source": ""},
        {"outputs": [output(**first), {"output_type": "stream", "text": "a = 9"}]},
        {"outputs": [output(**first | {"name": "b", "unit": "s", "tolerance": 0.5})]},
        {"outputs": [output(**first | {"value": 2.5})]},
    ]
    path = tmp_path / "notebook.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    assert results.read(path) == {"a": Result("a", 2.5), "b": Result("b", 1, "s", 0.5)}
    assert list(results.read(path)) == ["a", "b"]


def test_reading_something_else_says_so(tmp_path):
    path = tmp_path / "notebook.ipynb"
    path.write_text("not a notebook")
    with pytest.raises(NotebookError, match=r"notebook\.ipynb: expected a notebook, got .* JSON"):
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
