"""What `make gpu` lets pass: outputs stored on a CPU, compared with a run on another device."""

import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from labkit.execution import documents
from labkit.results import MIME, Result

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
ON_A_CPU, ON_A_GPU = (TESTS / f"nbval_sanitize{device}.cfg" for device in ("", "_gpu"))


def rules(path):
    """Return the pairs of a pattern and what takes its place."""
    text = path.read_text(encoding="utf-8")
    return re.findall(r"^regex: (.+)\nreplace: (.+)$", text, flags=re.M)


def test_on_a_gpu_all_rules_hold_and_one_more():
    (tolerant, _), *others = rules(ON_A_GPU)
    assert others == rules(ON_A_CPU)
    assert tolerant.startswith("= ")


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("accuracy = 0.97 (± 0.02)", "accuracy = WITHIN_TOLERANCE (± 0.02)"),
        ("kept = -70 MB (± 1)", "kept = WITHIN_TOLERANCE MB (± 1)"),
        ("slope at d = 8, halved = 1e-05 (± 1e-06)", "slope at d = 8, halved = WITHIN_TOLERANCE"),
        ("time ÷ PyTorch = 1.27", "time ÷ PyTorch = 1.27"),
        ("a = 1\nb = 2 (± 1)", "a = 1\nb = WITHIN_TOLERANCE (± 1)"),
    ],
)
def test_only_a_number_with_a_tolerance_is_left_to_the_report(line, left):
    pattern, replacement = rules(ON_A_GPU)[0]
    assert re.sub(pattern, replacement, line).startswith(left)


def stored(name, value, tolerance=None):
    """Return the output that a recorded number leaves in a notebook."""
    result = Result(name, value, tolerance=tolerance)
    data = {"text/plain": str(result), MIME: asdict(result)}
    return {"output_type": "display_data", "data": data, "metadata": {}}


@pytest.mark.parametrize(
    ("rules", "tolerant", "exact", "passes"),
    [
        (ON_A_GPU, 0.96, 0.55, True),
        (ON_A_CPU, 0.97, 0.55, True),
        (ON_A_CPU, 0.96, 0.55, False),
        (ON_A_GPU, 0.97, 0.54, False),
    ],
)
def test_nbval_compares_a_tolerant_number_on_a_cpu_only(
    write_notebook, rules, tolerant, exact, passes
):
    path = write_notebook(
        "recorded.ipynb",
        "from labkit.results import record",
        "record('tolerant', 0.97, tolerance=0.02)\nrecord('exact', 0.55)",
    )
    shutil.copy(ROOT / "conftest.py", path.parent)
    notebook = documents.read(path)
    outputs = [stored("tolerant", tolerant, 0.02), stored("exact", exact)]
    for count, cell in enumerate(notebook["cells"], 1):
        cell |= {"execution_count": count, "outputs": outputs if count == 2 else []}
    documents.write(notebook, path)
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider"]
    command += ["-c", str(ROOT / "pyproject.toml"), f"--confcutdir={path.parent}"]
    answer = subprocess.run(
        [*command, f"--nbval-sanitize-with={rules}", str(path)],
        cwd=ROOT, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert (answer.returncode == 0) == passes, answer.stdout
