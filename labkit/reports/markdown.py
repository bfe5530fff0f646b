"""One run in Markdown, for the page of a CI job: what broke, then the table of all notebooks."""

import re
from collections.abc import Iterator

from labkit.execution.outcomes import Outcome
from labkit.reports.frame import WORDS, memory, named, seconds
from labkit.reports.problems import Problem, problems, since
from labkit.reports.run import Run
from labkit.reports.summary import headline

__all__ = ["LIMIT", "as_markdown", "code", "plain"]

LIMIT = 1_000_000
"""Bytes; GitHub shows nothing at all of a summary above 1 MiB."""

PROBLEMS_LIMIT = LIMIT // 2
MESSAGE_LIMIT = 1_500
TRACEBACK_LINES = 25
CELL_LIMIT = 300
ROW_LIMIT = 800
NOTEBOOKS_NAMED = 20

TABLE_HEAD = """\
| notebook | verdict | time | memory | results and notes |
|---|---|---:|---:|---|
"""

SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&:@-])")
"""What Markdown, its tables, formulas, emoji or mentions could take for markup."""


def as_markdown(run: Run) -> str:
    """Return a run as Markdown of at most ``LIMIT`` bytes."""
    head = f"### {plain(headline(run.outcomes, run.seconds))}\n\n"
    broken = _within(PROBLEMS_LIMIT, map(_problem, problems(run)), "problems")
    above = head + broken + TABLE_HEAD
    rows = (_row(run, outcome) for group in run.groups for outcome in group)
    return above + _within(LIMIT - _size(above), rows, "notebooks")


def plain(text: str, limit: int = ROW_LIMIT) -> str:
    """Return text that Markdown shows as it is, on one line.

    Examples
    --------
    >>> plain("a *b* | c")
    'a &#42;b&#42; &#124; c'
    """
    return SPECIAL.sub(lambda m: f"&#{ord(m[1])};", _short(" ".join(text.split()), limit))


def code(text: str) -> str:
    """Return text as one span of code; within a table it must not hold ``|``.

    Examples
    --------
    >>> code("a`b")
    '`` a`b ``'
    """
    text = " ".join(text.split())
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}"


def _within(limit: int, parts: Iterator[str], what: str) -> str:
    """Join parts as far as they fit, and say how many did not."""
    kept, left_out, room = [], 0, limit - 100
    for part in parts:
        room -= _size(part)
        if room >= 0 and not left_out:
            kept.append(part)
        else:
            left_out += 1
    if left_out:
        kept.append(f"\n… {left_out} more {what} in index.html\n\n")
    return "".join(kept)


def _size(text: str) -> int:
    """Return the bytes of a text, which may hold half of a surrogate pair, once it is written."""
    return len(text.encode("utf-8", "backslashreplace"))


def _problem(problem: Problem) -> str:
    first = problem.outcomes[0]
    new = " (new)" if problem.new else ""
    where = ", ".join(_named_with_cell(o) for o in problem.outcomes[:NOTEBOOKS_NAMED])
    more = len(problem.outcomes) - NOTEBOOKS_NAMED
    told = _short(problem.message.strip(), MESSAGE_LIMIT)
    if first.failure is not None and first.failure.traceback:
        told = "\n".join(first.failure.traceback.rstrip().splitlines()[-TRACEBACK_LINES:])
        told = told[-2 * MESSAGE_LIMIT :]
    return (
        f"#### ✗ {plain(problem.name)}{new}\n\n"
        f"{where}{f' and {more} more' if more > 0 else ''}\n\n{_block(told)}"
    )


def _named_with_cell(outcome: Outcome) -> str:
    cell = None if outcome.failure is None else outcome.failure.cell
    return code(outcome.name) + ("" if cell is None else f" cell {cell}")


def _block(text: str) -> str:
    if not text:
        return ""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}\n\n"


def _row(run: Run, outcome: Outcome) -> str:
    sign = {"passed": "✓ ", "skipped": ""}.get(outcome.status, "✗ ")
    past = since(run, outcome)
    verdict = f"{sign}{WORDS[outcome.status]}{f' ({past})' if past else ''}"
    told = "; ".join(_short(part, CELL_LIMIT) for part in _told(run, outcome))
    cells = [
        # Not every reader of tables knows an escaped "|" within code.
        plain(outcome.name) if "|" in outcome.name else code(outcome.name),
        plain(verdict),
        seconds(outcome.seconds),
        "" if outcome.peak_memory is None else memory(outcome.peak_memory),
        plain(told, ROW_LIMIT),
    ]
    return "| " + " | ".join(cells) + " |\n"


def _told(run: Run, outcome: Outcome) -> Iterator[str]:
    if outcome.failure is not None:
        yield str(outcome.failure)
    elif outcome.reason:
        yield outcome.reason
    for result in outcome.results:
        change = run.histories[outcome.name].changes.get(result.name)
        beyond = change is not None and change.beyond
        yield f"{result}, was {change.before:.15g}" if beyond else str(result)
    yield from (f"✗ {c.operation}: {c.mistake}" for c in outcome.checks if not c.passed)
    if outcome.repetition == 1:
        yield from map(str, run.differing((outcome,)))
    if outcome.warnings:
        yield named(len(outcome.warnings), "warning")
    yield from outcome.notes


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 2] + " …"
