"""Every lesson runs to its end, the way `labkit run` runs it."""

import pytest

from labkit.execution import documents, guard, parameters
from labkit.execution.outcomes import Outcome
from labkit.execution.running import run

WANTED = {"device": "auto", "budget": "quick"}


@pytest.mark.timeout(600)
def test_a_lesson_runs_with_parameters_and_really_ran(lesson, tmp_path, must_pass):
    known = parameters.declared(documents.read(lesson))
    given = {name: value for name, value in WANTED.items() if name in known}
    outcome = run(lesson, output=tmp_path / lesson.name, given=given, timeout=300)
    must_pass(outcome)
    executed = documents.read(tmp_path / lesson.name)
    guard.really_ran(executed)
    code = len(documents.code_cells(documents.read(lesson)))
    assert len(outcome.cell_seconds) == code + bool(given), "no cell was left out"


def test_a_failing_test_names_the_cell_and_shows_what_it_said(write_notebook, tmp_path, must_pass):
    path = write_notebook("n.ipynb", "a = 1", "print('so far so good')\na / 0", "a")
    with pytest.raises(pytest.fail.Exception) as failed:
        must_pass(run(path, output=tmp_path / "out.ipynb"))
    said = str(failed.value)
    assert said.startswith("n.ipynb did not pass (failed): cell 1: ZeroDivisionError: division by")
    assert "\nThe cell:\nprint('so far so good')\na / 0\n" in said
    assert "\nIt said:\nso far so good\n" in said
    assert "----> 2 a / 0" in said


def test_so_does_one_that_never_came_to_a_cell(tmp_path, must_pass):
    outcome = Outcome(tmp_path / "n.ipynb", "skipped", reason="an earlier one did not pass")
    with pytest.raises(pytest.fail.Exception, match=r"n\.ipynb did not .* an earlier one did not"):
        must_pass(outcome)
