"""The first page of a report: how the run went, what broke, all notebooks, and where they ran."""

from collections.abc import Iterator
from html import escape

from labkit.execution.outcomes import Outcome
from labkit.reports import frame
from labkit.reports.links import linked, to_cell
from labkit.reports.machine import machine, versions
from labkit.reports.problems import Problem, problems, since
from labkit.reports.run import Run
from labkit.reports.summary import headline
from labkit.reports.table import marks, table

__all__ = ["index"]

FILTERS_FROM = 2
"""So many rows are worth a filter."""

MARKED = {
    "new": "newly broken",
    "changed": "results beyond tolerance",
    "differing": "differ between repetitions",
    "warnings": "with warnings",
}
CHANGES = (
    "▲ and ▼ under Results are the change since the last run, beside the tolerance that the "
    "notebook recorded; &gt; is beyond it."
)
CHECKS = (
    "✗ under Checks is what a check said of a function. A lesson may show a wrong one on purpose, "
    "so it does not break the run."
)
DATA = {"summary.json": "JSON", "junit.xml": "JUnit XML", "summary.md": "Markdown"}


def index(run: Run, *, compared: bool = False) -> str:
    """Return the first page of a report as one HTML document that loads nothing.

    Parameters
    ----------
    run
        What to tell.
    compared
        Whether a comparison of two runs lies beside it.
    """
    comparison = ' · <a href="compare.html">side by side</a>' if compared else ""
    told = headline(run.outcomes, run.seconds)
    body = f"""<main class="overview">
<h1>{escape(_title(run))}</h1>
<p class="lead">{escape(told)}{comparison}</p>
{_problems(run)}
{_filters(run)}
{table(run)}
{_legend(run)}
{_facts(run)}
</main>
<script>
{frame.asset("table.js")}</script>"""
    return frame.framed(f"Notebooks · {told}", body, style="table.css")


def _title(run: Run) -> str:
    if not run.outcomes:
        return "No notebook ran"
    if run.broken:
        total = frame.named(len(run.outcomes), "notebook")
        return f"{len(run.broken)} of {total} did not pass"
    return "All notebooks passed" if run.passed else "No notebook passed"


def _problems(run: Run) -> str:
    found = "".join(_problem(run, problem) for problem in problems(run))
    return f'<section class="problems"><h2>What broke</h2>{found}</section>' if found else ""


def _problem(run: Run, problem: Problem) -> str:
    new = '<span class="badge failed">new</span> ' if problem.new else ""
    hit = "".join(f"<li>{_hit(run, outcome)}</li>" for outcome in problem.outcomes)
    first = problem.outcomes[0].failure
    trace = frame.folded("Traceback", first.traceback) if first else ""
    return (
        f'<article class="problem"><h3>{new}{escape(problem.name)}</h3>'
        f"<pre>{escape(problem.message)}</pre><ul>{hit}</ul>{trace}</article>"
    )


def _hit(run: Run, outcome: Outcome) -> str:
    name = linked(run, outcome, escape(outcome.name))
    cell = outcome.failure.cell if outcome.failure else None
    where = "" if cell is None else f" {to_cell(run, outcome, cell)}"
    past = since(run, outcome)
    return f"{name}{where}{f' <small>{escape(past)}</small>' if past else ''}"


def _filters(run: Run) -> str:
    """Return the controls of the table; the script shows them, since without it they do nothing."""
    if len(run.outcomes) < FILTERS_FROM:
        return ""
    counts = {"": len(run.groups)}
    for group in run.groups:
        for mark in {m for o in group for m in marks(run, o)}:
            counts[mark] = counts.get(mark, 0) + 1
    words = {"": "all", **frame.WORDS, **MARKED}
    choices = "".join(_choice(mark, words[mark], counts[mark]) for mark in words if mark in counts)
    return (
        '<form class="filters" hidden><label class="search">Find '
        '<input type="search" placeholder="name, error, result …" autocomplete="off"></label>'
        f'<fieldset><legend class="unseen">Show</legend>{choices}</fieldset>'
        '<output role="status"></output></form>'
    )


def _choice(mark: str, word: str, count: int) -> str:
    checked = "" if mark else " checked"
    return (
        f'<label><input type="radio" name="mark" value="{mark}"{checked}>'
        f"<span>{word} <b>{count}</b></span></label>"
    )


def _legend(run: Run) -> str:
    told = ""
    if any(past.changes for past in run.histories.values()):
        told += f'<p class="legend">{CHANGES}</p>'
    if not all(check.passed for o in run.outcomes for check in o.checks):
        told += f'<p class="legend">{CHECKS}</p>'
    return told


def _facts(run: Run) -> str:
    terms = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in _facts_of(run) if v)
    data = ", ".join(f'<a href="{name}">{title}</a>' for name, title in DATA.items())
    return f'<dl class="facts">{terms}<dt>This run as data</dt><dd>{data}</dd></dl>'


def _facts_of(run: Run) -> Iterator[tuple[str, str]]:
    here = machine()
    yield "Began", frame.moment(run.started) if run.started else ""
    yield "Time", _times(run)
    yield "Machine", _machines(run, here["host"])
    yield "Device", ", ".join(sorted({o.device for o in run.outcomes if o.device}))
    yield "Processor", f"{here['processor']}, {frame.named(here['cores'], 'core')}"
    yield "Memory", frame.memory(here["memory_bytes"]) if here["memory_bytes"] else ""
    yield "System", here["platform"]
    yield "Versions", " · ".join(f"{n} {v}" for n, v in {**versions(), **run.versions}.items())


def _machines(run: Run, here: str) -> str:
    hosts = sorted({o.host for o in run.outcomes if o.host})
    if not hosts or hosts == [here]:
        return here
    return f"{', '.join(hosts)}; the report was written on {here}, which the next lines describe"


def _times(run: Run) -> str:
    if run.seconds is None:
        return frame.seconds(run.notebook_seconds)
    return f"{frame.seconds(run.seconds)}; one by one {frame.seconds(run.notebook_seconds)}"
