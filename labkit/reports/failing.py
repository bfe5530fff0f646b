"""Why a notebook did not pass, told above it: the error, its usual cause, the cell, its output."""

import re
from html import escape

from labkit.execution.documents import Notebook
from labkit.execution.outcomes import Failure, Outcome
from labkit.reports.explanation import usual_cause

__all__ = ["failing"]

COLOURS = re.compile(r"\x1b\[[0-9;]*m")

PRINTED_LINES = 12
"""So many of the last lines that a failing cell printed stand above the page."""

MESSAGE = 1_000
TRACEBACK = 20_000
"""Characters of a message and of a traceback; beyond them nobody reads on."""


def failing(outcome: Outcome | None, notebook: Notebook) -> str:
    """Return what went wrong as HTML, with a way to the cell; empty where nothing did."""
    if outcome is None or outcome.failure is None:
        return ""
    failure = outcome.failure
    parts = [
        f'<h2 id="failure">{escape(failure.name)}{_where(failure)}</h2>',
        f'<p class="message">{escape(_beginning(failure.message, MESSAGE))}</p>',
        _cause(failure, notebook),
        _details("The cell", _source(failure, notebook)),
        _details("What it printed last", _printed(failure, notebook)),
        _details("Traceback", _end(failure.traceback, TRACEBACK)),
    ]
    return f'<section class="failure" aria-labelledby="failure">{"".join(parts)}</section>'


def _where(failure: Failure) -> str:
    if failure.cell is None:
        return ""
    return f' in <a href="#cell-id={failure.cell}">cell {failure.cell}</a>'


def _cause(failure: Failure, notebook: Notebook) -> str:
    cause = usual_cause(failure, notebook)
    return f'<p class="cause">{escape(cause)}</p>' if cause else ""


def _details(title: str, text: str) -> str:
    if not text.strip():
        return ""
    return f"<details open><summary>{title}</summary><pre>{escape(text)}</pre></details>"


def _source(failure: Failure, notebook: Notebook) -> str:
    return "" if failure.cell is None else notebook["cells"][failure.cell]["source"].strip("\n")


def _printed(failure: Failure, notebook: Notebook) -> str:
    """Return the last lines that the failing cell printed, errors among them."""
    if failure.cell is None:
        return ""
    outputs = notebook["cells"][failure.cell].get("outputs", [])
    text = "".join(o["text"] for o in outputs if o["output_type"] == "stream")
    # A line that a progress bar wrote again and again counts once, as a terminal shows it.
    plain = COLOURS.sub("", _end(text, TRACEBACK)).rstrip()
    lines = [line.rpartition("\r")[2] for line in plain.split("\n")]
    return "\n".join(lines[-PRINTED_LINES:])


def _beginning(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]} …"


def _end(text: str, length: int) -> str:
    return text if len(text) <= length else f"… {text[-length:]}"
