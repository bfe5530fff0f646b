"""One run as JUnit XML: a suite for each notebook, a case for each of its code cells."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from labkit.errors import NotebookError
from labkit.execution import documents
from labkit.execution.outcomes import Failure, Outcome
from labkit.reports.frame import WORDS
from labkit.reports.run import place_of

__all__ = ["as_xml"]

# What XML 1.0 cannot hold, not even escaped.
UNPRINTABLE = {code: "�" for code in [*range(32), 0xFFFE, 0xFFFF] if code not in (9, 10, 13)}
UNPRINTABLE |= dict.fromkeys(range(0xD800, 0xE000), "�")
OUTPUT_LIMIT = 100_000
"""Characters of what a failing cell printed, counted from its end, where the reason stands."""

Cell = tuple[int, dict[str, Any]]


def as_xml(outcomes: Sequence[Outcome]) -> str:
    """Return a run as JUnit XML, which every CI service reads.

    What a cell raised is a *failure*; a notebook that ended in another way is an *error*, also when
    no cell is to blame, so that nothing that did not run counts as good.
    """
    root = Element("testsuites", name="labkit")
    runs_of = Counter(o.path for o in outcomes)
    for outcome in outcomes:
        root.append(_suite(outcome, _title(outcome, alone=runs_of[outcome.path] == 1)))
    _count(root, list(root))
    root.set("time", f"{sum(o.seconds for o in outcomes):.3f}")
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _title(outcome: Outcome, *, alone: bool) -> str:
    """Return what tells a notebook's run from all others: its place, and its values if needed."""
    told = [] if alone else [f"{name}={value}" for name, value in outcome.parameters.items()]
    if outcome.repetition > 1:
        told.append(f"run {outcome.repetition}")
    place = place_of(outcome)
    return _clean(f"{place} [{', '.join(told)}]" if told else place)


def _suite(outcome: Outcome, title: str) -> Element:
    suite = Element("testsuite", name=title)
    suite.append(_properties(outcome))
    cells = _cells(outcome)
    suite.extend(_case(outcome, title, cell) for cell in cells)
    blamed = outcome.failure is not None and outcome.failure.cell in {i for i, _ in cells}
    if not outcome.passed and not blamed:
        suite.append(_whole(outcome, title))
    _count(suite, [suite])
    suite.set("time", f"{outcome.seconds:.3f}")
    if outcome.started:
        suite.set("timestamp", outcome.started[:19])  # the schema wants no offset; it is UTC
    if outcome.host:
        suite.set("hostname", _clean(outcome.host))
    return suite


def _properties(outcome: Outcome) -> Element:
    element = Element("properties")
    for name, value in _facts(outcome):
        SubElement(element, "property", name=_clean(name), value=_clean(str(value)))
    return element


def _facts(outcome: Outcome) -> Iterator[tuple[str, Any]]:
    yield "path", outcome.path.as_posix()
    yield from ((f"parameter.{name}", value) for name, value in outcome.parameters.items())
    yield from ((f"version.{name}", value) for name, value in outcome.versions.items())
    yield from ((f"result.{r.name}", r.value) for r in outcome.results)
    for name in ("repetition", "device", "kernel", "peak_memory", "gpu_memory"):
        if value := getattr(outcome, name):
            yield name, value


def _cells(outcome: Outcome) -> list[Cell]:
    if outcome.output is None:
        return []
    try:
        return documents.code_cells(documents.read(outcome.output))
    except NotebookError:
        return []  # no file, or a damaged one: the case of the whole notebook tells the rest


def _case(outcome: Outcome, title: str, cell: Cell) -> Element:
    position, content = cell
    first_line = content["source"].strip().splitlines()[0]
    name = _clean(f"cell {position}: {first_line}")
    case = Element("testcase", classname=title, name=name)
    seconds = outcome.cell_seconds.get(position)
    case.set("time", f"{seconds or 0:.3f}")
    if outcome.failure is not None and outcome.failure.cell == position:
        case.append(_failure(outcome.status, outcome.failure))
        _add_printed(case, content)
    elif seconds is None:
        SubElement(case, "skipped", message="did not run")
    return case


def _whole(outcome: Outcome, title: str) -> Element:
    """Return a case for what no single cell is to blame for."""
    case = Element("testcase", classname=title, name="the whole notebook", time="0.000")
    message = outcome.reason or WORDS[outcome.status]
    if outcome.failure is not None:
        case.append(_failure(outcome.status, outcome.failure))
    elif outcome.status == "skipped":
        SubElement(case, "skipped", message=_clean(message))
    else:
        SubElement(case, "error", type=outcome.status, message=_clean(message))
    return case


def _failure(status: str, failure: Failure) -> Element:
    message = _clean(failure.message)
    kind = "failure" if status == "failed" else "error"
    element = Element(kind, type=_clean(failure.name), message=message)
    element.text = _clean(failure.traceback or failure.message)
    return element


def _add_printed(case: Element, content: dict[str, Any]) -> None:
    streams = [o for o in content.get("outputs", []) if o["output_type"] == "stream"]
    for name, tag in {"stdout": "system-out", "stderr": "system-err"}.items():
        if text := "".join(o["text"] for o in streams if o["name"] == name):
            SubElement(case, tag).text = _clean(text[-OUTPUT_LIMIT:])


def _count(element: Element, suites: list[Element]) -> None:
    kinds = {"tests": "", "failures": "/failure", "errors": "/error", "skipped": "/skipped"}
    for key, path in kinds.items():
        element.set(key, str(sum(len(s.findall(f"./testcase{path}")) for s in suites)))


def _clean(text: str) -> str:
    return text.translate(UNPRINTABLE)
