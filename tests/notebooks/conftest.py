"""Every lesson, found by a glob: a new one is tested without being entered anywhere."""

from pathlib import Path

import pytest

from labkit.execution import documents

LESSONS = sorted(Path(__file__).parents[2].joinpath("notebooks").glob("*.ipynb"))


def pytest_generate_tests(metafunc):
    """Give each test that asks for a ``lesson`` every one of them, by name."""
    if "lesson" in metafunc.fixturenames:
        metafunc.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


@pytest.fixture
def must_pass():
    """Give ``must_pass(outcome)``, which fails with the cell that broke, and no word besides."""

    def must_pass(outcome):
        if not outcome.passed:
            pytest.fail(told(outcome), pytrace=False)

    return must_pass


def told(outcome):
    """Say which notebook broke, in which cell, by what; with the cell, what it said, and where."""
    failure = outcome.failure
    lines = [f"{outcome.path.name} did not pass ({outcome.status}): {failure or outcome.reason}"]
    if failure is not None and failure.cell is not None and outcome.output is not None:
        cell = documents.read(outcome.output)["cells"][failure.cell]
        lines += ["", "The cell:", cell["source"]]
        said = "".join(output.get("text", "") for output in cell["outputs"])
        lines += ["", "It said:", said] if said else []
    if failure is not None and failure.traceback:
        lines += ["", failure.traceback]
    return "\n".join([*lines, *outcome.warnings, *outcome.notes])
