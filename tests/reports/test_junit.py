from xml.etree import ElementTree

from labkit.reports import junit


def test_suites_are_notebooks_and_cases_are_cells(outcomes):
    root = ElementTree.fromstring(junit.as_xml(outcomes))
    assert [s.get("tests") for s in root] == ["1", "3", "1"]
    assert root.attrib == {"name": "labkit", "tests": "5", "failures": "1", "skipped": "2"}
    names = [case.get("name") for case in root[1]]
    assert names == ["cell 0: x = 1", "cell 1: 1 < 'a'", "cell 2: y"]
    assert [case.get("classname") for case in root[1]] == ["bad"] * 3


def test_the_failing_cell_carries_the_failure(outcomes):
    root = ElementTree.fromstring(junit.as_xml(outcomes))
    _, failing, after = root[1]
    assert failing.find("failure").get("type") == "TypeError"
    assert failing.find("failure").text == "trace\ufffdback <b>", "XML cannot hold a null"
    assert after.find("skipped") is not None
    assert failing.get("time") == "0.200"


def test_a_skipped_notebook_says_why(outcomes):
    root = ElementTree.fromstring(junit.as_xml(outcomes))
    assert root[2][0].find("skipped").get("message") == "bad did not pass"
