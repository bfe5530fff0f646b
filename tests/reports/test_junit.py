import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from labkit.execution import documents
from labkit.reports import junit

from .runs import random_run

# The schema that CI services share: element → its attributes, and its children in their order.
CASE_ENDS = ["skipped", "error", "failure", "system-out", "system-err"]
ALLOWED = {
    "testsuites": ({"name", "time", "tests", "failures", "errors", "skipped"}, ["testsuite"]),
    "testsuite": (
        {"name", "tests", "failures", "errors", "time", "skipped", "timestamp", "hostname"},
        ["properties", "testcase"],
    ),
    "properties": (set(), ["property"]),
    "property": ({"name", "value"}, []),
    "testcase": ({"name", "classname", "time"}, CASE_ENDS),
    "skipped": ({"message"}, []),
    "error": ({"message", "type"}, []),
    "failure": ({"message", "type"}, []),
    "system-out": (set(), []),
    "system-err": (set(), []),
}
ONCE = {"properties", *CASE_ENDS}


def parsed(outcomes):
    """Return the XML as a tree, after it was found to be as CI services expect it."""
    root = ElementTree.fromstring(junit.as_xml(outcomes).encode())
    for element in root.iter():
        attributes, order = ALLOWED[element.tag]
        assert set(element.keys()) <= attributes
        tags = [child.tag for child in element]
        assert set(tags) <= set(order)
        assert tags == sorted(tags, key=order.index)
        assert all(tags.count(tag) <= 1 for tag in ONCE)
        for name in {"tests", "failures", "errors", "skipped"} & set(element.keys()):
            assert element.get(name).isdigit()
        assert re.fullmatch(r"\d+\.\d{3}", element.get("time", "0.000"))
        if (moment := element.get("timestamp")) is not None:
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", moment)
    return root


def cases(root, path):
    return len(root.findall(f".//testcase{path}"))


def test_suites_are_notebooks_and_cases_are_cells(outcomes):
    root = parsed(outcomes)
    assert [s.get("tests") for s in root] == ["1", "3", "1"]
    assert [s.get("name") for s in root] == ["good one", "deep/bad", "later"]
    names = [case.get("name") for case in root[1].iter("testcase")]
    assert names == ["cell 0: x = 1", "cell 1: 1 < 'a'", "cell 2: y"]
    assert {case.get("classname") for case in root[1].iter("testcase")} == {"deep/bad"}
    assert root.get("time") == "3.500"


@pytest.mark.parametrize("seed", range(10))
def test_counts_agree_and_every_character_can_be_read(seed):
    outcomes = random_run(seed).outcomes
    root = parsed(outcomes)
    for element in [root, *root]:
        assert int(element.get("tests")) == cases(element, "")
        assert int(element.get("failures")) == cases(element, "/failure")
        assert int(element.get("errors")) == cases(element, "/error")
        assert int(element.get("skipped")) == cases(element, "/skipped")


@pytest.mark.parametrize("seed", range(10))
def test_whatever_broke_is_red(seed):
    outcomes = random_run(seed).outcomes
    for outcome, suite in zip(outcomes, parsed(outcomes), strict=True):
        red = int(suite.get("failures")) + int(suite.get("errors"))
        assert (red > 0) == (outcome.status not in {"passed", "skipped"}), outcome.status


def test_what_a_cell_raised_is_a_failure_and_any_other_end_an_error(outcomes):
    bad = outcomes[1]
    for status, kind in {"failed": "failure", "died": "error", "timeout": "error"}.items():
        (suite,) = parsed([replace(bad, status=status)])
        assert [len(suite.findall(f"./testcase/{k}")) for k in (kind,)] == [1], status
    (suite,) = parsed(
        [replace(bad, status="not-run", failure=None, reason="2 cells were left out")]
    )
    error = suite.find("./testcase[@name='the whole notebook']/error")
    assert (error.get("type"), error.get("message")) == ("not-run", "2 cells were left out")


def test_the_failing_cell_carries_the_failure_and_what_it_printed(outcomes):
    bad = outcomes[1]
    notebook = documents.read(bad.output)
    notebook["cells"][1]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "step 1\n"},
        {"output_type": "stream", "name": "stderr", "text": "\x1b[31mwarned"},
        {"output_type": "stream", "name": "stdout", "text": "step 2\n"},
    ]
    documents.write(notebook, bad.output)
    _, failing, after = parsed([bad])[0].iter("testcase")
    assert failing.find("failure").get("type") == "TypeError"
    assert failing.find("failure").text == "trace\ufffdback <b>", "XML cannot hold a null"
    assert failing.find("system-out").text == "step 1\nstep 2\n"
    assert failing.find("system-err").text == "\ufffd[31mwarned"
    assert after.find("skipped") is not None
    assert failing.get("time") == "0.200"


def test_of_much_that_was_printed_the_end_is_kept(outcomes, monkeypatch):
    monkeypatch.setattr(junit, "OUTPUT_LIMIT", 10)
    bad = outcomes[1]
    notebook = documents.read(bad.output)
    text = "start" + "x" * 20 + "end"
    notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]
    documents.write(notebook, bad.output)
    assert parsed([bad]).find(".//system-out").text == "xxxxxxxend"


def test_a_skipped_notebook_says_why(outcomes):
    root = parsed(outcomes)
    assert root[2].find("./testcase/skipped").get("message") == "bad did not pass"


def test_a_notebook_that_cannot_be_read_again_is_still_told(outcomes):
    bad = outcomes[1]
    bad.output.write_text("{", encoding="utf-8")
    (suite,) = parsed([bad])
    assert suite.find("./testcase").get("name") == "the whole notebook"
    assert suite.find("./testcase/failure").get("type") == "TypeError"


def test_runs_of_one_notebook_are_told_apart(outcomes):
    good = replace(outcomes[0], name="good one--run-1")
    others = [
        replace(good, parameters={"seed": 4}, name="good one--seed-4"),
        replace(good, repetition=2, name="good one--run-2"),
    ]
    names = [suite.get("name") for suite in parsed([good, *others])]
    assert names == ["good one [seed=3]", "good one [seed=4]", "good one [seed=3, run 2]"]


def test_properties_say_where_and_with_what_it_ran(outcomes):
    good = replace(outcomes[0], device="NVIDIA H200", versions={"torch": "2.11"}, host="node-1")
    (suite,) = parsed([good])
    told = {p.get("name"): p.get("value") for p in suite.iter("property")}
    assert told["parameter.seed"] == "3"
    assert told["version.torch"] == "2.11"
    assert told["device"] == "NVIDIA H200"
    assert told["result.accuracy"] == "0.97"
    assert told["peak_memory"] == "412000000"
    assert suite.get("hostname") == "node-1"
