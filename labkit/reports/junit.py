"""One run as JUnit XML: a suite for each notebook, a case for each of its code cells."""

from collections.abc import Sequence
from xml.etree import ElementTree

from labkit.execution import documents
from labkit.execution.outcomes import Failure, Outcome
from labkit.reports.frame import WORDS

__all__ = ["as_xml"]

# What XML 1.0 cannot hold, not even escaped.
UNPRINTABLE = {code: "�" for code in [*range(32), 0xFFFE, 0xFFFF] if code not in (9, 10, 13)}


def as_xml(outcomes: Sequence[Outcome]) -> str:
    """Return a run as JUnit XML, which every CI service reads."""
    root = ElementTree.Element("testsuites", name="labkit")
    for outcome in outcomes:
        root.append(_suite(outcome))
    _count(root, list(root))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(outcome: Outcome) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=outcome.path.as_posix())
    for name, position in _cells(outcome):
        suite.append(_case(outcome, name, position))
    if outcome.failure is not None and not suite.findall("./testcase/failure"):
        suite.append(_whole(outcome))
    if outcome.failure is None and not outcome.passed:
        suite.append(_whole(outcome))
    _count(suite, [suite])
    suite.set("time", f"{outcome.seconds:.3f}")
    return suite


def _cells(outcome: Outcome) -> list[tuple[str, int]]:
    if outcome.output is None:
        return []
    cells = documents.code_cells(documents.read(outcome.output))
    return [(f"cell {i}: {_first_line(cell['source'])}", i) for i, cell in cells]


def _first_line(source: str) -> str:
    return _clean(source.strip().splitlines()[0])


def _case(outcome: Outcome, name: str, position: int) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=outcome.path.stem, name=name)
    seconds = outcome.cell_seconds.get(position)
    case.set("time", f"{seconds or 0:.3f}")
    if outcome.failure is not None and outcome.failure.cell == position:
        case.append(_failure(outcome.failure))
    elif seconds is None:
        ElementTree.SubElement(case, "skipped", message="did not run")
    return case


def _whole(outcome: Outcome) -> ElementTree.Element:
    """Return a case for what no single cell is to blame for."""
    case = ElementTree.Element("testcase", classname=outcome.path.stem, name="the whole notebook")
    if outcome.failure is not None:
        case.append(_failure(outcome.failure))
    else:
        message = outcome.reason or WORDS[outcome.status]
        ElementTree.SubElement(case, "skipped", message=_clean(message))
    return case


def _failure(failure: Failure) -> ElementTree.Element:
    message = _clean(failure.message)
    element = ElementTree.Element("failure", type=failure.name, message=message)
    element.text = _clean(failure.traceback or failure.message)
    return element


def _count(element: ElementTree.Element, suites: list[ElementTree.Element]) -> None:
    for key, path in {"tests": "", "failures": "/failure", "skipped": "/skipped"}.items():
        element.set(key, str(sum(len(s.findall(f"./testcase{path}")) for s in suites)))


def _clean(text: str) -> str:
    return text.translate(UNPRINTABLE)
