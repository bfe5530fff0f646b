"""The tests of notebooks can fail: faults put into copies of each lesson are caught, every one.

nbval is the ordinary command with the configuration of this repository. It runs once over all
copies, and each is cut off behind its fault: what follows could not save it.
"""

import copy
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from labkit.errors import NotRunError, ParameterError
from labkit.execution import documents, guard
from labkit.execution.refreshing import refresh
from labkit.execution.running import run

from .conftest import LESSONS

ROOT = Path(__file__).parents[2]
TOLD_BY_NBVAL = "nbval-ignore-output"
PUT_IN = "raise ValueError('put in by a test')"

SMALL = [
    "seed = 3",
    "print(f'seed {seed} at', object())",
    "[seed, seed / 2]",
    "from labkit.results import record\nrecord('seed', seed)",
]


def small_faults(small):
    """Return fault → a copy of the small notebook with it, and what nbval has to say of it."""
    text = documents.dumps(small)
    assert "[3, 1.5]" in text
    raising = copy.deepcopy(small)
    raising["cells"][1]["source"] = PUT_IN
    lying = copy.deepcopy(small)
    lying["cells"][1]["outputs"][0]["text"] = "a lie\n" + lying["cells"][1]["outputs"][0]["text"]
    recorded = copy.deepcopy(small)
    recorded["cells"][3]["outputs"][0]["data"]["text/plain"] = "seed = 4"
    return {
        "untouched": text,
        "raising": documents.dumps(raising),
        "lying": documents.dumps(lying),
        "another number": text.replace("[3, 1.5]", "[3, 1.6]"),
        "another result": documents.dumps(recorded),
    }


def lied(notebook):
    """Change the first stored text that nbval compares, and leave out the cells behind it.

    Return its place among the cells that nbval counts, the code cells.
    """
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(code):
        if TOLD_BY_NBVAL not in documents.tags(cell) and _lie(cell):
            notebook["cells"] = notebook["cells"][: notebook["cells"].index(cell) + 1]
            return number
    return None


def _lie(cell):
    for output in cell["outputs"]:
        if "text" in output:
            output["text"] = "a lie\n" + output["text"]
            return True
        if "text/plain" in output.get("data", {}):
            output["data"]["text/plain"] = "a lie"
            return True
    return False


@pytest.fixture(scope="module")
def nbval(tmp_path_factory):
    """Give ``nbval(name)``: number of a failing cell → what was said of it, after one run of all.

    The copies lie beside nothing of the checkout but its data, which a lesson finds by itself.
    """
    folder = tmp_path_factory.mktemp("copies")
    for name, text in small_faults(_small(folder)).items():
        documents.write_text(text, folder / f"{name}.ipynb")
    for lesson in LESSONS:
        notebook = documents.read(lesson)
        assert lied(notebook) is not None, f"{lesson.name} stores no text that a test compares"
        documents.write(notebook, folder / lesson.name)
    answers = _answers_of_nbval(folder)
    return lambda name: answers[name]


def _small(folder):
    """Return a small notebook with its outputs stored, as a lesson is."""
    code = {"cell_type": "code", "execution_count": None, "outputs": [], "metadata": {}}
    cells = [code | {"id": str(i), "source": source} for i, source in enumerate(SMALL)]
    path = folder / "small.ipynb"
    documents.write({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, path)
    assert refresh(path).passed
    stored = documents.read(path)
    path.unlink()
    return stored


def _answers_of_nbval(folder):
    """Run nbval as ``pytest --nbval`` here does, with this repository's options and conftest."""
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider"]
    options = ["-c", "pyproject.toml", "-p", "conftest", "-n", "0", "--color=no"]
    report = folder / "answers.xml"
    ran = subprocess.run(
        [*command, *options, f"--confcutdir={folder}", f"--junit-xml={report}", str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stdout + ran.stderr
    return _failures(ElementTree.parse(report))


def _failures(report):
    """Return notebook → number of each failing cell → what was said of it."""
    answers = {}
    for case in report.iter("testcase"):
        cells = answers.setdefault(Path(case.get("classname")).stem, {})
        for failure in [*case.findall("failure"), *case.findall("error")]:
            cells[int(case.get("name").removeprefix("Cell "))] = failure.text
    return answers


def spoiled(path, position, source):
    """Put another cell into the notebook, as its code cell number ``position``."""
    notebook = documents.read(path)
    index, cell = documents.code_cells(notebook)[position]
    fault = {**copy.deepcopy(cell), "id": "fault", "source": source, "metadata": {}, "outputs": []}
    notebook["cells"].insert(index, fault)
    documents.write(notebook, path)
    return index


@pytest.fixture
def copied(lesson, tmp_path):
    return Path(shutil.copy(lesson, tmp_path))


def test_an_untouched_small_notebook_passes(nbval):
    assert nbval("untouched") == {}


def test_an_error_is_caught_by_nbval(nbval):
    said = nbval("raising")
    assert 1 in said
    assert "put in by a test" in said[1]


@pytest.mark.parametrize(
    ("fault", "cell", "told"),
    [
        ("lying", 1, "a lie"),
        ("another number", 2, "[3, 1.6]"),
        ("another result", 3, "seed = 4"),
    ],
)
def test_a_wrong_stored_output_is_caught_by_nbval(nbval, fault, cell, told):
    said = nbval(fault)
    assert list(said) == [cell]
    assert "Cell outputs differ" in said[cell]
    assert told in said[cell]


def test_a_wrong_stored_output_of_a_lesson_is_caught_by_nbval(nbval, lesson):
    wrong = lied(documents.read(lesson))
    said = nbval(lesson.stem)
    assert list(said) == [wrong], "the cells before it are as they were stored"
    assert "Cell outputs differ" in said[wrong]
    assert "a lie" in said[wrong]


def test_an_error_in_a_lesson_is_caught(copied):
    index = spoiled(copied, 1, PUT_IN)
    outcome = run(copied)
    assert outcome.status == "failed"
    assert (outcome.failure.cell, outcome.failure.message) == (index, "put in by a test")


def test_an_endless_loop_in_a_lesson_is_caught(copied):
    index = spoiled(copied, 0, "while True:\n    pass")
    outcome = run(copied, timeout=1)
    assert (outcome.status, outcome.failure.cell) == ("timeout", index)


def test_an_unknown_parameter_of_a_lesson_is_caught(copied):
    with pytest.raises(ParameterError, match=r"Did you mean 'device'\?"):
        run(copied, given={"devise": "cpu"})


def test_leaving_a_lesson_early_is_caught(copied):
    index = spoiled(copied, 1, "import sys\nsys.exit(0)")
    outcome = run(copied)
    assert outcome.status in {"failed", "not-run"}
    assert outcome.failure.cell in {index, None}


def test_a_lesson_with_its_stored_counts_did_not_run_now(copied):
    with pytest.raises(NotRunError, match="took no time"):
        guard.really_ran(documents.read(copied))
