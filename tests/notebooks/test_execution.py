"""Every lesson runs to its end, the way `labkit run` runs it."""

import pytest

from labkit.execution import documents, guard, parameters
from labkit.execution.running import run

WANTED = {"device": "auto", "budget": "quick"}


@pytest.mark.timeout(600)
def test_a_lesson_runs_with_parameters_and_really_ran(lesson, tmp_path):
    known = parameters.declared(documents.read(lesson))
    given = {name: value for name, value in WANTED.items() if name in known}
    outcome = run(lesson, output=tmp_path / lesson.name, given=given, timeout=300)
    assert outcome.passed, f"{outcome.failure}\n{outcome.failure.traceback}"
    executed = documents.read(tmp_path / lesson.name)
    guard.really_ran(executed)
    code = len(documents.code_cells(documents.read(lesson)))
    assert len(outcome.cell_seconds) == code + bool(given), "no cell was left out"
