import json
from dataclasses import fields, replace
from pathlib import Path

import jsonschema
import pytest

from labkit.execution.outcomes import Outcome, from_data
from labkit.execution.repeating import Difference
from labkit.reports import frame, summary
from labkit.reports.history import USED
from labkit.reports.run import Run

from .runs import NASTY, random_run

SCHEMA = json.loads(frame.asset(summary.SCHEMA_FILE))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def stored(run):
    """Return a run as a reader finds it, after it was found to be as published."""
    data = json.loads(summary.dumps(summary.as_data(run)))
    VALIDATOR.validate(data)
    return data


def test_the_schema_is_one_and_describes_every_number():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for path, node in walk(SCHEMA):
        numeric = {"number", "integer"} & set(
            [node["type"]] if isinstance(node.get("type"), str) else node.get("type", [])
        )
        if numeric and path[-1] != "additionalProperties":
            assert node.get("description"), path
        if node.get("type") == "object" and "properties" in node:
            assert node["additionalProperties"] is False, path


def walk(node, path=("",)):
    if isinstance(node, dict):
        if "type" in node and not isinstance(node["type"], dict):
            yield path, node
        for key, value in node.items():
            yield from walk(value, (*path, key))


@pytest.mark.parametrize("seed", range(20))
def test_every_run_is_as_published_whatever_it_says(seed):
    run = random_run(seed)
    data = stored(run)
    for entry, outcome in zip(data["notebooks"], run.outcomes, strict=True):
        again = from_data(entry)
        same = [f.name for f in fields(Outcome) if f.name not in {"seconds", "cell_seconds"}]
        assert [getattr(again, n) for n in same] == [getattr(outcome, n) for n in same]


def test_the_schema_refuses_what_is_not_as_published(outcomes):
    data = stored(Run(outcomes))
    for change in (
        {"schema": "labkit.summary/1"},
        {"extra": 1},
        {"seconds": "2"},
        {"notebooks": [{**data["notebooks"][0], "status": "good"}]},
        {"notebooks": [{k: v for k, v in data["notebooks"][0].items() if k != "results"}]},
        {"counts": {}},
    ):
        assert not VALIDATOR.is_valid({**data, **change}), change


def test_the_data_say_what_happened(outcomes):
    data = stored(Run(outcomes, seconds=3.0))
    assert data["passed"] is False
    told = {key: n for key, n in data["counts"].items() if n}
    assert told == {"notebooks": 3, "passed": 1, "failed": 1, "skipped": 1, "broken": 1}
    assert (data["seconds"], data["notebook_seconds"]) == (3.0, 3.5)
    good, bad, later = data["notebooks"]
    assert good["results"] == [{"name": "accuracy", "value": 0.97, "unit": "", "tolerance": 0.02}]
    assert good["parameters"] == {"seed": 3}
    assert bad["failure"]["name"] == "TypeError"
    assert bad["slowest"] == [{"cell": 1, "seconds": 0.2}, {"cell": 0, "seconds": 0.1}]
    assert later["reason"] == "bad did not pass"


def test_the_data_carry_all_that_the_next_run_reads(outcomes):
    data = stored(Run(outcomes))
    assert all(entry.keys() >= USED for entry in data["notebooks"])
    good, *others = outcomes
    worse = replace(good, status="died", results=(replace(good.results[0], value=0.9),))
    after = stored(Run([worse, *others], previous=data))
    assert after["counts"]["newly_broken"] == 1
    assert after["previous"]["counts"] == data["counts"]
    (change,) = after["notebooks"][0]["changes"]
    assert (change["before"], change["after"], change["beyond"]) == (0.97, 0.9, True)
    assert change["difference"] == pytest.approx(-0.07)
    assert after["notebooks"][0]["before"]["status"] == "passed"


def test_the_summary_of_another_version_is_not_compared_with(outcomes):
    assert stored(Run(outcomes, previous={"schema": "labkit.summary/1"}))["previous"] is None


def test_differing_repetitions_are_counted(outcomes):
    loss = Difference("one", 3, "loss", ("0.5", "0.6"), False, ("one--run-1", "one--run-2"))
    found = [loss, replace(loss, what="error"), replace(loss, name="two", tolerated=True)]
    data = stored(Run(outcomes, differences=found))
    assert data["counts"]["differing"] == 1
    assert data["differences"][0]["values"] == ["0.5", "0.6"]
    assert data["differences"][0]["text"] == "one, cell 3: loss: 0.5 | 0.6"
    assert len(data["differences"]) == 3


def test_versions_are_those_of_the_kernels(outcomes):
    good = replace(outcomes[0], versions={"torch": "1.2.3"})
    versions = stored(Run([good]))["versions"]
    assert versions["torch"] == "1.2.3"
    assert {"python", "labkit"} <= versions.keys()


def test_json_is_strict():
    data = {"a": float("nan"), "b": [float("-inf"), (1, {2: Path("x")})], "c": NASTY}
    text = summary.dumps(data)
    assert json.loads(text, parse_constant=pytest.fail) == {
        "a": "nan",
        "b": ["-inf", [1, {"2": "x"}]],
        "c": NASTY,
    }


def test_the_headline_tells_the_time_on_the_wall_where_it_is_known(outcomes):
    assert summary.headline(outcomes) == "1 of 3 notebooks passed · 1 failed · 1 skipped · 3.5 s"
    assert summary.headline(outcomes, 2.0).endswith("1 skipped · 2.0 s")
    assert summary.headline(outcomes[:1]) == "1 of 1 notebook passed · 2.5 s"
