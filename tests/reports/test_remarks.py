from dataclasses import replace
from pathlib import Path

from labkit.execution.outcomes import Failure, Outcome
from labkit.execution.repeating import Difference
from labkit.reports.remarks import remarks, why
from labkit.reports.run import Run

from .reading import read

OUTCOME = Outcome(Path("a.ipynb"), "passed")


def told(outcome, *others, **given):
    return read(remarks(Run([outcome, *others], **given), (outcome,)))


def test_nothing_is_said_where_all_went_well():
    assert remarks(Run([OUTCOME]), (OUTCOME,)) == ""


def test_a_failure_names_the_cell_and_a_skip_its_reason():
    failed = replace(OUTCOME, status="failed", failure=Failure("ValueError", "x < 3", cell=4))
    html = told(failed, pages={"a": "p.html"})
    assert html.text == "cell 4 : ValueError x < 3"
    assert html.all("a")[0]["href"] == "p.html#cell-id=4"
    assert why(Run([failed]), failed) == "cell 4: <strong>ValueError</strong> x &lt; 3"
    assert told(replace(OUTCOME, status="skipped", reason="no GPU")).text == "no GPU"


def test_warnings_are_counted_and_unfold():
    html = told(replace(OUTCOME, warnings=("cell 1: <a>", "cell 2: b"), notes=("output left out",)))
    assert html.all("summary")[0].text == "2 warnings"
    assert html.all("pre")[0].text == "cell 1: <a> cell 2: b"
    assert html.all(of_class="note")[0].text == "output left out"


def test_what_differs_from_the_other_notebooks_is_said_and_nothing_else():
    usual = {"torch": "2.11", "numpy": "2.3"}
    common = replace(OUTCOME, versions=usual, host="a", kernel="forked")
    others = [replace(common, name=str(i)) for i in range(2)]
    odd = replace(OUTCOME, versions={**usual, "torch": "2.10"}, host="b", kernel="ordinary")
    notes = [p.text for p in told(odd, *others).all("p")]
    assert notes == [
        "Other versions: torch 2.10",
        "It ran in an ordinary kernel, not in a forked one.",
        "It ran on b.",
    ]
    assert remarks(Run(others), (others[0],)) == ""
    alone = replace(odd, kernel="ordinary")
    assert remarks(Run([alone]), (alone,)) == "", "with nothing to compare it is no news"


def test_repetitions_say_once_what_differs_and_each_for_itself_what_went_wrong():
    first = replace(OUTCOME, name="a--run-1")
    second = replace(first, name="a--run-2", repetition=2, status="died", reason="out of memory")
    loss = Difference("a", 3, "loss", ("1.0", "2.0"), False, (first.name, second.name))
    elsewhere = replace(loss, what="other", runs=("b--run-1", "b--run-2"))
    small = replace(loss, what="error", tolerated=True)
    run = Run([first, second], differences=[loss, elsewhere, small])
    html = read(remarks(run, (first, second)))
    assert [p.text for p in html.all("p")] == [
        "run 2",
        "out of memory",
        "a, cell 3: loss: 1.0 | 2.0",
        "a, cell 3: error: 1.0 | 2.0 (tolerated)",
    ]
    assert [p["class"] for p in html.all("p")][2:] == ["differs", "note"]
