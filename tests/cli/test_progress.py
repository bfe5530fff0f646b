import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from labkit.cli import progress
from labkit.cli.progress import Lines, LiveTable, said
from labkit.execution.jobs import Job
from labkit.execution.outcomes import Failure, Outcome
from labkit.execution.performer import Event

PATH = Path("02_convolution.ipynb")
JOBS = [Job(PATH, "02_convolution"), Job(Path("03.ipynb"), "03"), Job(Path("04.ipynb"), "04")]


def test_what_is_said_of_a_notebook():
    assert said(Outcome(PATH, "passed", seconds=61.0)) == "✓ 02_convolution  passed  1 min 01 s"
    failed = Outcome(PATH, "failed", seconds=2.0, failure=Failure("E", "why", cell=3))
    assert said(failed) == "✗ 02_convolution  failed  2.0 s\n    cell 3: E: why"


def test_notes_reasons_and_what_was_taken_over_are_said():
    noted = Outcome(PATH, "passed", seconds=2.0, notes=("cell 1: 9 MB were left out",))
    assert said(noted).endswith("passed  2.0 s\n    cell 1: 9 MB were left out")
    skipped = Outcome(PATH, "skipped", reason="01 did not pass")
    assert said(skipped) == "– 02_convolution  skipped\n    01 did not pass"
    kept = Outcome(PATH, "passed", seconds=2.0, resumed=True)
    assert said(kept) == "✓ 02_convolution  passed before, unchanged"


def test_a_message_without_an_end_is_cut():
    endless = Outcome(PATH, "failed", failure=Failure("E", "x" * 99_999))
    assert len(said(endless)) < 600
    assert said(endless).endswith("x…")


def test_lines_say_what_is_done_and_nothing_else(capsys):
    with Lines() as show:
        show(Event("02_convolution", "begun"))
        show(Event("02_convolution", "told", (1, 9)))
        show(Event("02_convolution", "done", Outcome(PATH, "passed", seconds=2.0)))
    assert capsys.readouterr().out == "✓ 02_convolution  passed  2.0 s\n"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_table_is_for_terminals(monkeypatch, is_terminal):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal, raising=False)
    assert type(progress.progress(JOBS)) is (LiveTable if is_terminal else Lines)


def drawn(table):
    """Return the table as text."""
    file = io.StringIO()
    Console(file=file, width=80).print(table._table())
    return [line.strip() for line in file.getvalue().splitlines()]


def test_the_table_shows_those_under_way_with_their_cells():
    table = LiveTable(JOBS)
    assert drawn(table) == ["0 of 3 done"]
    table(Event("02_convolution", "begun"))
    table(Event("03", "begun"))
    table(Event("03", "told", (2, 9)))
    first, second, last = drawn(table)
    assert first.startswith("02_convolution")
    assert "starting" in first
    assert second.startswith("03")
    assert "cell 3 of 9" in second
    assert last == "0 of 3 done"
    table(Event("03", "told", (9, 9)))
    assert "finishing" in drawn(table)[1]


def test_what_is_done_leaves_the_table_and_is_said(capsys):
    table = LiveTable(JOBS)
    table(Event("03", "begun"))
    table(Event("03", "done", Outcome(Path("03.ipynb"), "passed", seconds=2.0)))
    table(Event("03", "told", (9, 9)))
    assert drawn(table) == ["1 of 3 done"]
    assert "✓ 03  passed  2.0 s" in capsys.readouterr().out


def test_brackets_in_a_message_are_no_markup(capsys):
    table = LiveTable(JOBS)
    failure = Failure("KeyError", "[bold] is missing :smile:")
    table(Event("03", "done", Outcome(Path("03.ipynb"), "failed", failure=failure)))
    assert "[bold] is missing :smile:" in capsys.readouterr().out
