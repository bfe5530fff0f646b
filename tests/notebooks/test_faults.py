"""The tests of notebooks can fail: faults put into copies of each lesson are caught, every one.

The copies lie beside nothing of the checkout, and nbval is the ordinary command with the
configuration of this repository.
"""

import copy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.errors import NotRunError, ParameterError
from labkit.execution import documents, guard
from labkit.execution.running import run

ROOT = Path(__file__).parents[2]
TOLD_BY_NBVAL = "nbval-ignore-output"


@pytest.fixture
def small(write_notebook):
    """Return a small notebook with its outputs stored, as a lesson is."""
    from labkit.execution.refreshing import refresh

    path = write_notebook(
        "small.ipynb",
        "#md # Small",
        ("seed = 3", "parameters"),
        "print(f'seed {seed} at', object())",
        "[seed, seed / 2]",
    )
    assert refresh(path).passed
    return path


def nbval(path):
    """Run ``pytest --nbval`` on one notebook; return its exit code and what it said."""
    command = [sys.executable, "-m", "pytest", "--nbval", "-x", "-q", "-p", "no:cacheprovider"]
    answer = subprocess.run(
        [*command, "-c", str(ROOT / "pyproject.toml"), f"--confcutdir={path.parent}", str(path)],
        cwd=ROOT, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    return answer.returncode, answer.stdout


def spoiled(path, position, source):
    """Put another cell into the notebook, as its code cell number ``position``."""
    notebook = documents.read(path)
    index, cell = documents.code_cells(notebook)[position]
    fault = {**copy.deepcopy(cell), "id": "fault", "source": source, "metadata": {}, "outputs": []}
    notebook["cells"].insert(index, fault)
    documents.write(notebook, path)
    return index


def lied(path):
    """Change the first stored text that nbval compares."""
    notebook = documents.read(path)
    for _, cell in documents.code_cells(notebook):
        if TOLD_BY_NBVAL in documents.tags(cell):
            continue
        for output in cell["outputs"]:
            if "text" in output:
                output["text"] = "a lie\n" + output["text"]
            elif "text/plain" in output.get("data", {}):
                output["data"]["text/plain"] = "a lie"
            else:
                continue
            documents.write(notebook, path)
            return
    pytest.fail(f"{path.name} stores no text that a test compares")


@pytest.fixture
def copied(lesson, tmp_path):
    return Path(shutil.copy(lesson, tmp_path))


def test_an_untouched_small_notebook_passes(small):
    assert run(small).passed
    code, said = nbval(small)
    assert code == 0, said
    assert "3 passed" in said


def test_small_an_error_is_caught_by_nbval(small):
    spoiled(small, 1, "raise ValueError('put in by a test')")
    code, said = nbval(small)
    assert code == 1
    assert "put in by a test" in said


def test_small_a_wrong_stored_output_is_caught(small):
    lied(small)
    code, said = nbval(small)
    assert code == 1
    assert "Cell outputs differ" in said
    assert "a lie" in said


def test_small_a_number_that_changed_is_caught(small):
    text = small.read_text(encoding="utf-8")
    assert "[3, 1.5]" in text
    small.write_text(text.replace("[3, 1.5]", "[3, 1.6]"), encoding="utf-8")
    assert nbval(small)[0] == 1


def test_an_error_in_a_lesson_is_caught(copied):
    index = spoiled(copied, 1, "raise ValueError('put in by a test')")
    outcome = run(copied)
    assert outcome.status == "failed"
    assert (outcome.failure.cell, outcome.failure.message) == (index, "put in by a test")


def test_an_endless_loop_in_a_lesson_is_caught(copied):
    index = spoiled(copied, 1, "while True:\n    pass")
    outcome = run(copied, timeout=2)
    assert (outcome.status, outcome.failure.cell) == ("timeout", index)


def test_an_unknown_parameter_of_a_lesson_is_caught(copied):
    with pytest.raises(ParameterError, match=r"Did you mean 'device'\?"):
        run(copied, given={"devise": "cpu"})


def test_a_wrong_stored_output_of_a_lesson_is_caught(copied):
    lied(copied)
    code, said = nbval(copied)
    assert code == 1
    assert "Cell outputs differ" in said


def test_leaving_a_lesson_early_is_caught(copied):
    spoiled(copied, 1, "import sys\nsys.exit(0)")
    assert run(copied).status == "not-run"


def test_a_lesson_with_its_stored_counts_did_not_run_now(copied):
    with pytest.raises(NotRunError, match="took no time"):
        guard.really_ran(documents.read(copied))
