from dataclasses import replace
from pathlib import Path

import pytest

from labkit.execution.outcomes import Failure, Outcome
from labkit.reports import history, machine
from labkit.reports.index import index
from labkit.reports.run import Run

from .reading import read
from .runs import random_run


def facts(run):
    html = read(index(run))
    terms = [dt.text for dt in html.all("dt")]
    return dict(zip(terms, (dd.text for dd in html.all("dd")), strict=True))


@pytest.mark.parametrize(
    ("statuses", "title"),
    [
        (["failed", "passed", "died"], "2 of 3 notebooks did not pass"),
        (["timeout"], "1 of 1 notebook did not pass"),
        (["passed", "skipped"], "All notebooks passed"),
        (["skipped"], "No notebook passed"),
        ([], "No notebook ran"),
    ],
)
def test_the_title_is_the_verdict(statuses, title):
    run = Run([Outcome(Path(f"{i}.ipynb"), s) for i, s in enumerate(statuses)])
    assert read(index(run)).all("h1")[0].text == title


def test_what_broke_is_told_before_the_table_with_a_way_to_the_cell(outcomes):
    html = read(index(Run(outcomes, pages={"deep/bad": "pages/deep/bad.html"})))
    (problem,) = html.all("article")
    assert problem.all("h3")[0].text == "TypeError"
    assert problem.all("pre")[0].text == "'<' | not supported"
    assert [a["href"] for a in problem.all("a")] == [
        "pages/deep/bad.html",
        "pages/deep/bad.html#cell-id=1",
    ]
    assert "trace" in problem.all("details")[0].text
    everything = html.all()
    assert everything.index(problem) < everything.index(html.all("table")[0])


def test_one_cause_is_one_problem(outcomes):
    bad = Failure("ModuleNotFoundError", "No module named 'x'", cell=1)
    many = [Outcome(Path(f"{i}.ipynb"), "failed", failure=bad) for i in range(20)]
    (problem,) = read(index(Run(many))).all("article")
    assert len(problem.all("li")) == 20
    assert read(index(Run(outcomes[:1]))).all("article") == []


def test_filters_count_notebooks_and_are_hidden_until_a_script_runs_them(outcomes):
    (form,) = read(index(Run(outcomes))).all("form")
    assert "hidden" in form.attributes
    choices = [label.text for label in form.all("fieldset")[0].all("label")]
    assert choices == ["all 3", "passed 1", "failed 1", "skipped 1", "with warnings 1"]
    assert read(index(Run(outcomes[:1]))).all("form") == []


def test_every_mark_has_a_choice_in_words():
    for seed in range(10):
        run = random_run(seed)
        html = read(index(run))
        marks = {m for body in html.all("tbody") for m in body["data-marks"].split()}
        values = {i["value"] for i in html.all("input") if i["type"] == "radio"}
        assert values == marks | {""}


def test_the_machine_and_versions_stand_once(outcomes):
    good = replace(
        outcomes[0], versions={"torch": "1.2.3"}, device="cpu", started="2025-03-01T09:05"
    )
    told = facts(Run([good], seconds=2.0))
    assert "torch 1.2.3" in told["Versions"]
    assert told["Device"] == "cpu"
    assert told["Began"] == "2025-03-01 09:05 UTC"
    assert told["Time"] == "2.0 s; one by one 2.5 s"
    assert told["Machine"] == machine.machine()["host"]
    assert "core" in told["Processor"]


def test_notebooks_that_ran_elsewhere_name_their_machines(outcomes):
    away = [replace(o, host=h) for o, h in zip(outcomes, ["node-2", "node-1", ""], strict=True)]
    assert facts(Run(away))["Machine"].startswith("node-1, node-2; the report was written on ")


def test_the_legend_explains_only_what_is_there(outcomes):
    good = outcomes[0]
    legends = [p.text for p in read(index(Run([good]))).all(of_class="legend")]
    assert len(legends) == 1
    assert "on purpose" in legends[0]
    assert read(index(Run([replace(good, checks=())]))).all(of_class="legend") == []


def test_a_comparison_is_linked_where_there_is_one(outcomes):
    assert "compare.html" not in index(Run(outcomes))
    assert 'href="compare.html"' in index(Run(outcomes), compared=True)


@pytest.mark.parametrize("seed", range(10))
def test_whatever_notebooks_say_stays_text(seed):
    html = read(index(random_run(seed)))
    (script,) = html.all("script")
    assert "alert" not in script.text
    assert "bold" not in {b.text for b in html.all("b")}


def test_a_run_without_a_past_tells_no_change(outcomes):
    assert history.of(outcomes[0], None).changes == {}
    assert read(index(Run(outcomes))).all(of_class="change") == []
