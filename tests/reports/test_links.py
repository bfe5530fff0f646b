from pathlib import Path

from labkit.execution.outcomes import Outcome
from labkit.reports.links import linked, to_cell
from labkit.reports.run import Run

OUTCOME = Outcome(Path("a & b.ipynb"), "passed")


def test_a_link_leads_to_the_page_or_to_a_cell_of_it():
    run = Run([OUTCOME], pages={"a & b": "pages/a&b.html"})
    assert linked(run, OUTCOME, "<b>x</b>") == '<a href="pages/a&amp;b.html"><b>x</b></a>'
    assert to_cell(run, OUTCOME, 0) == '<a href="pages/a&amp;b.html#cell-id=0">cell 0</a>'


def test_without_a_page_there_is_no_link():
    assert linked(Run([OUTCOME]), OUTCOME, "x") == "x"
    assert to_cell(Run([OUTCOME]), OUTCOME, 3) == "cell 3"
