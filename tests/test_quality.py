"""Style and architecture, and proof that each of these gates can close."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUFF = [sys.executable, "-m", "ruff"]
LINT_IMPORTS = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as l; l()"]


def call(command, cwd=ROOT):
    answer = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=120
    )
    return answer.returncode, answer.stdout + answer.stderr


@pytest.mark.parametrize("gate", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_has_nothing_to_say(gate):
    code, said = call([*RUFF, *gate, "."])
    assert code == 0, said


@pytest.mark.parametrize(
    ("gate", "fault"), [("check", "import os\n"), ("format", "x = {  'a':1 }\n")]
)
def test_ruff_reads_notebooks_too(tmp_path, gate, fault):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    cell = {"cell_type": "code", "metadata": {}, "source": [fault], "outputs": []}
    cell["execution_count"] = None
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    (tmp_path / "fault.ipynb").write_text(str(notebook).replace("'", '"').replace("None", "null"))
    code, said = call([*RUFF, gate, *(["--check"] if gate == "format" else []), "."], tmp_path)
    assert code != 0
    assert "fault.ipynb" in said


def test_the_contracts_of_the_architecture_hold():
    code, said = call(LINT_IMPORTS)
    assert code == 0, said


BREACHES = {
    "tooling imports torch": ("cli/__init__.py", "import torch"),
    "tooling imports a lesson's module": ("reports/__init__.py", "import labkit.ops"),
    "the report's results import torch": ("results.py", "import torch"),
    "a lesson's module imports tooling": ("ops/__init__.py", "import labkit.execution"),
    "a lower layer imports a higher one": ("datasets/images.py", "import labkit.figures"),
    "an operation's ground imports it": ("ops/windows.py", "import labkit.ops.convolution"),
    "a second home for matplotlib": ("explorers/explorer.py", "import matplotlib"),
    "a second home for ipywidgets": ("figures/images.py", "import ipywidgets"),
    "a second home for papermill": ("reports/__init__.py", "import papermill"),
    "a second home for nbconvert": ("execution/__init__.py", "import nbconvert"),
    "a module without a place": ("nowhere.py", ""),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_of_the_architecture_is_seen(tmp_path, breach):
    file, line = BREACHES[breach]
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "labkit", tmp_path / "labkit", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "labkit" / file).open("a", encoding="utf-8") as module:
        module.write(f"\n{line}\n")
    code, said = call([*LINT_IMPORTS], tmp_path)
    assert code != 0
    assert "BROKEN" in said or "nowhere" in said
