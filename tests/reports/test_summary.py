import json
from dataclasses import replace

from labkit.reports import summary


def test_the_data_say_what_happened(outcomes):
    data = summary.as_data(outcomes)
    assert data["schema"] == "labkit.summary/1"
    assert data["passed"] is False
    assert data["counts"] == {"passed": 1, "failed": 1, "skipped": 1}
    assert data["seconds"] == 3.5
    good, bad, later = data["notebooks"]
    assert good["results"] == [{"name": "accuracy", "value": 0.97, "unit": "", "tolerance": 0.02}]
    assert good["parameters"] == {"seed": 3}
    assert bad["failure"]["name"] == "TypeError"
    assert bad["failure"]["cell"] == 1
    assert later["reason"] == "bad did not pass"
    assert json.loads(json.dumps(data)) == data


def test_a_run_passed_when_all_that_ran_passed(outcomes):
    good, _, later = outcomes
    assert summary.as_data([good])["passed"]
    assert summary.as_data([good, later])["passed"]
    assert not summary.as_data([good, replace(good, status="not-run")])["passed"]


def test_the_table_for_the_job_page(outcomes):
    lines = summary.as_markdown(outcomes).splitlines()
    assert lines[0].startswith("### 1 of 3 notebooks passed · 1 failed · 1 skipped")
    table = lines[2:]
    assert [row.count("|") - row.count("\\|") for row in table] == [5] * 5
    assert "accuracy = 0.97 (± 0.02)" in table[2]
    assert r"cell 1: TypeError: '<' \| not supported" in table[3]


def test_versions_are_told_without_an_import():
    versions = summary.versions()
    assert {"python", "platform", "torch", "labkit"} <= versions.keys()
