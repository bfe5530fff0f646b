import re
from pathlib import Path

import pytest

from labkit.execution.outcomes import Failure, Outcome
from labkit.reports.failing import MESSAGE, PRINTED_LINES, TRACEBACK, failing


def told(failure, *outputs, source="model(x)"):
    cell = {"cell_type": "code", "source": source, "outputs": list(outputs), "metadata": {}}
    outcome = Outcome(Path("n.ipynb"), "failed", failure=failure)
    return failing(outcome, {"cells": [{"cell_type": "markdown", "source": "#"}, cell]})


def printed(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def part(html, title):
    found = re.search(rf"<summary>{title}</summary><pre>(.*?)</pre>", html, re.DOTALL)
    return found and found[1]


def test_a_failure_is_told_with_all_that_is_known_of_its_cell():
    failure = Failure("NameError", "name 'x<y' is not defined", "Trace <1>", cell=1)
    html = told(failure, printed("step 1\n"), printed("warned\n", "stderr"), source="f(x < y)")
    assert "NameError" in html
    assert "x&lt;y" in html
    assert '<a href="#cell-id=1">cell 1</a>' in html
    assert part(html, "The cell") == "f(x &lt; y)"
    assert part(html, "What it printed last") == "step 1\nwarned"
    assert part(html, "Traceback") == "Trace &lt;1&gt;"
    assert html.count("<details open>") == 3


def test_a_usual_cause_is_told_and_no_other():
    assert 'class="cause"' in told(Failure("KeyboardInterrupt", "", cell=1))
    assert "cause" not in told(Failure("ValueError", "too large", cell=1))


def test_what_is_not_known_is_not_shown():
    html = told(Failure("NotRunError", "no cell"))
    assert "<details" not in html
    assert "<a" not in html


def test_only_the_end_of_what_was_printed_is_shown_as_a_terminal_shows_it():
    lines = "".join(f"line {i}\n" for i in range(100))
    progress = "1%\r50%\r\x1b[32m100%\x1b[0m\n"
    html = told(Failure("E", "", cell=1), printed(lines + progress))
    shown = part(html, "What it printed last").split("\n")
    assert len(shown) == PRINTED_LINES
    assert shown[-2:] == ["line 99", "100%"]


@pytest.mark.parametrize("field", ["message", "traceback"])
def test_a_flood_is_cut(field):
    failure = Failure("E", **{"message": "m", "traceback": "t", field: "x" * 1_000_000}, cell=1)
    assert len(told(failure)) < MESSAGE + TRACEBACK + 2_000


def test_nothing_is_told_where_nothing_failed():
    assert failing(None, {"cells": []}) == ""
    assert failing(Outcome(Path("n"), "skipped", reason="r"), {"cells": []}) == ""
