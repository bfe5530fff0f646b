import html
import re
from dataclasses import replace
from pathlib import Path

import mistune
import pytest

from labkit.execution.outcomes import Failure, Outcome
from labkit.execution.repeating import Difference
from labkit.reports import markdown
from labkit.reports.run import Run

from .runs import NASTY, random_run

RENDER = mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "url"])


def shown(text):
    """Return what a reader sees of Markdown, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", RENDER(text))).split())


def rows(text):
    """Return the cells of each row of the table, as a reader sees them."""
    body = re.search("<tbody>.*</tbody>", RENDER(text), re.S)[0]
    rows = re.findall("<tr>(.*?)</tr>", body, re.S)
    cells = (re.findall("<td[^>]*>(.*?)</td>", row, re.S) for row in rows)
    return [[html.unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in row] for row in cells]


PRINTED = [text for text in NASTY if "\ud800" not in text]


@pytest.mark.parametrize("text", PRINTED)
def test_text_is_shown_as_it_is(text):
    assert shown(markdown.plain(text, 10_000)) == " ".join(text.split())
    assert shown(f"# {markdown.plain(text, 10_000)}") == " ".join(text.split())
    table = f"| a | b |\n|---|---|\n| {markdown.plain(text, 10_000)} | c |\n"
    assert rows(table) == [[" ".join(text.split()), "c"]]


@pytest.mark.parametrize("text", ["a", "02_plain", "a`b", "``", "a`` b", "*a* <b>&amp;"])
def test_code_is_shown_as_it_is(text):
    rendered = RENDER(markdown.code(text))
    assert html.unescape(re.search("<code>(.*)</code>", rendered)[1]) == text


def test_what_broke_comes_first_with_its_error_and_cell(outcomes):
    told = markdown.as_markdown(Run(outcomes))
    head = told.partition("\n\n")[0]
    assert shown(head) == "1 of 3 notebooks passed · 1 failed · 1 skipped · 3.5 s"
    assert told.index("TypeError") < told.index("|---")
    assert "`deep/bad` cell 1" in told
    assert "```text\ntrace\x00back <b>\n```" in told


def test_the_table_says_what_happened(outcomes):
    bad, good, later = rows(markdown.as_markdown(Run(outcomes)))
    assert bad == ["deep/bad", "✗ failed", "1.0 s", "", "cell 1: TypeError: '<' | not supported"]
    assert good[:4] == ["good one", "✓ passed", "2.5 s", "412 MB"]
    assert good[4] == "accuracy = 0.97 (± 0.02); ✗ conv2d: kernel flipped; 1 warning"
    assert later == ["later", "skipped", "0 ms", "", "bad did not pass"]


@pytest.mark.parametrize("seed", range(10))
def test_every_notebook_has_one_row_of_five_cells_whatever_it_says(seed):
    run = random_run(seed)
    told = markdown.as_markdown(run).encode("utf-8", "replace").decode()
    found = rows(told)
    assert sorted(row[0] for row in found) == sorted(o.name for o in run.outcomes)
    assert {len(row) for row in found} == {5}


def test_a_fence_cannot_be_left():
    failure = Failure("ValueError", "m", "```\n# not a heading\n````\nend", cell=0)
    told = markdown.as_markdown(Run([Outcome(Path("a.ipynb"), "failed", failure=failure)]))
    rendered = RENDER(told)
    assert "<h1>" not in rendered
    block = re.search("<pre><code.*?>(.*?)</code></pre>", rendered, re.S)[1]
    assert html.unescape(block).strip() == failure.traceback


def test_300_notebooks_that_all_failed_at_length_fit():
    def outcome(i):
        failure = Failure(f"Error{i}", "图" * 9_000, f"{'图|' * 60}\n" * 900, cell=1)
        return Outcome(Path(f"n{i}.ipynb"), "failed", failure=failure)

    told = markdown.as_markdown(Run([outcome(i) for i in range(300)]))
    assert len(told.encode()) <= markdown.LIMIT
    assert len(rows(told)) == 300
    kept = told.count("\n#### ")
    assert 20 < kept < 300
    assert f"… {300 - kept} more problems in index.html" in told


def test_what_does_not_fit_at_all_is_counted(monkeypatch, outcomes):
    monkeypatch.setattr(markdown, "LIMIT", 1_000)
    monkeypatch.setattr(markdown, "PROBLEMS_LIMIT", 300)
    good = outcomes[0]
    told = markdown.as_markdown(Run([replace(good, name=f"n{i}") for i in range(50)]))
    assert len(told.encode()) <= 1_000
    assert f"… {50 - len(rows(told))} more notebooks in index.html" in told


@pytest.mark.parametrize("limit", range(900, 1_000, 9))
def test_nothing_is_written_beyond_the_limit(monkeypatch, outcomes, limit):
    monkeypatch.setattr(markdown, "LIMIT", limit)
    monkeypatch.setattr(markdown, "PROBLEMS_LIMIT", limit // 2)
    many = [replace(o, name=f"{o.name}{i}") for i in range(20) for o in outcomes]
    assert len(markdown.as_markdown(Run(many)).encode()) <= limit


def test_a_name_may_hold_what_parts_cells():
    (row,) = rows(markdown.as_markdown(Run([Outcome(Path("a|b.ipynb"), "passed")])))
    assert row[0] == "a|b"


def test_what_differs_between_repetitions_is_told_once():
    first = Outcome(Path("a.ipynb"), "passed", name="a--run-1")
    second = replace(first, name="a--run-2", repetition=2)
    loss = Difference("a", 3, "loss", ("1.0", "2.0"), False, (first.name, second.name))
    told = rows(markdown.as_markdown(Run([first, second], differences=[loss])))
    assert [row[-1] for row in told] == ["a, cell 3: loss: 1.0 | 2.0", ""]


def test_one_cause_is_told_once():
    failure = Failure("ModuleNotFoundError", "No module named 'x'", cell=1)
    many = [Outcome(Path(f"n{i}.ipynb"), "failed", failure=failure) for i in range(25)]
    told = markdown.as_markdown(Run(many))
    assert told.count("#### ") == 1
    assert "`n19` cell 1 and 5 more" in told
