"""Write everything a run leaves: the table, a page for each notebook, and the same as data."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from labkit.execution import documents
from labkit.execution.jobs import Job
from labkit.execution.outcomes import Outcome, as_data, from_data
from labkit.execution.repeating import Difference
from labkit.reports import frame, history, index, junit, markdown, summary
from labkit.reports.comparison import by_device, compare
from labkit.reports.run import Run

__all__ = ["EXECUTED", "PAGES", "places", "write", "write_page"]

EXECUTED = "executed"
"""The folder within a report that holds the executed notebooks."""

PAGES = "pages"
"""The folder within a report that holds a page for each of them."""

PREVIOUS = "previous.json"
"""The summary of the run before, within a report."""

Render = Callable[[dict[str, Any], str, dict[str, str]], object]
"""Takes what ``write_page`` takes."""


def write_page(outcome: dict[str, Any], folder: str, places: dict[str, str]) -> str:
    """Write the page of one executed notebook and return its path.

    Everything it takes and returns can be JSON, so a worker can be told to do this the moment its
    notebook is done.

    Parameters
    ----------
    outcome
        What became of the notebook, as ``labkit.execution.outcomes.as_data`` gives it; it has to
        have an output.
    folder
        The report's folder.
    places
        Path of a notebook → name of its page; see ``places``.
    """
    from labkit.reports.cross_links import among_pages
    from labkit.reports.page import page  # brings nbconvert, which the parent of a run does without

    told = from_data(outcome)
    up = "../" * len(Path(told.name).parts)
    html = page(
        documents.read(told.output),
        name=told.name,
        folder=told.path.parent,
        outcome=told,
        home=f"{up}index.html",
        executed=quote(f"{up}{EXECUTED}/{told.name}.ipynb"),
    )
    html = among_pages(html, source=told.path, page=told.name, pages=places)
    target = _page(Path(folder), told)
    documents.write_text(_encodable(html), target)
    return str(target)


def places(runs: Iterable[Job | Outcome], like: Job | Outcome | None = None) -> dict[str, str]:
    """Return the name of the page of each notebook, by the notebook's path.

    Parameters
    ----------
    runs
        All jobs of a run, or all outcomes.
    like
        Of several runs of one notebook, that with most values in common with this one is meant:
        a link leads from a page that was made on the GPU to another.
    """
    wanted = dict(like.parameters).items() if like else ()
    found: dict[str, tuple[int, str]] = {}
    for each in runs:
        alike = sum(item in wanted for item in dict(each.parameters).items())
        path = str(each.path.resolve())
        if path not in found or alike > found[path][0]:
            found[path] = (alike, each.name)
    return {path: name for path, (_, name) in found.items()}


def write(
    folder: str | Path,
    outcomes: Sequence[Outcome],
    *,
    previous: Mapping[str, Any] | None = None,
    seconds: float | None = None,
    differences: Mapping[str, Sequence[Difference]] | None = None,
    render: Render | None = write_page,
) -> Path:
    """Write the report of a run and return the path of its table.

    The table and the data replace those of an earlier run together: when one cannot be written,
    all stay as they were.

    Parameters
    ----------
    folder
        Where the report goes; the executed notebooks lie in its folder ``executed``.
    outcomes
        One for each job, in the order they ran.
    previous
        The summary of the run before, with which this one is compared; without it,
        ``previous.json`` of the folder is read, if there is one.
    seconds
        Wall time of the run.
    differences
        Name of an outcome → what differs between it and its other repetitions.
    render
        Writes a page that is missing; ``None`` where all that can be written have been.

    Raises
    ------
    OSError
        When something cannot be written.
    """
    folder = Path(folder)
    if render is not None:
        outcomes = [_rendered(folder, o, outcomes, render) for o in outcomes]
    pages = {o.name: quote(f"{PAGES}/{o.name}.html") for o in outcomes if _has_page(folder, o)}
    previous = history.checked(previous) or history.read(folder / PREVIOUS)
    differing = dict.fromkeys(each for found in (differences or {}).values() for each in found)
    run = Run(outcomes, seconds, previous, tuple(differing), pages)
    data = summary.as_data(run)
    texts = {
        # The last to be replaced, so that it never tells of what is not there yet.
        "index.html": index.index(run, compared=_is_compared(data, previous)),
        "junit.xml": junit.as_xml(outcomes),
        "summary.md": markdown.as_markdown(run),
        summary.SCHEMA_FILE: frame.asset(summary.SCHEMA_FILE),
        "summary.json": summary.dumps(data) + "\n",
    }
    _write_together({folder / name: text for name, text in texts.items()})
    return folder / "index.html"


def _is_compared(now: Mapping[str, Any], before: Mapping[str, Any] | None) -> bool:
    """Tell whether ``compare.html`` will have something to say."""
    found = [by_device(now), *([compare(before, now)] if before else [])]
    return any(each is not None and each.pairs for each in found)


def _rendered(
    folder: Path, outcome: Outcome, outcomes: Sequence[Outcome], render: Render
) -> Outcome:
    if outcome.output is None or _has_page(folder, outcome):
        return outcome
    try:
        render(as_data(outcome), str(folder), places(outcomes, outcome))
    except OSError:
        raise
    # One notebook that cannot be drawn must not cost the report of all others.
    except Exception as error:
        note = f"Its page could not be written: {type(error).__name__}: {error}"
        return replace(outcome, notes=(*outcome.notes, note))
    return outcome


def _has_page(folder: Path, outcome: Outcome) -> bool:
    """Tell whether the page is there and shows this outcome, not one of an earlier run."""
    page = _page(folder, outcome)
    if outcome.output is None or not page.exists() or not outcome.output.exists():
        return False
    return outcome.resumed or page.stat().st_mtime_ns >= outcome.output.stat().st_mtime_ns


def _page(folder: Path, outcome: Outcome) -> Path:
    return folder / PAGES / f"{outcome.name}.html"


def _write_together(texts: Mapping[Path, str]) -> None:
    """Write all files or none; the first is the last to appear."""
    with ExitStack() as stack:
        for path, text in texts.items():
            partial = stack.enter_context(documents.replacing(path))
            partial.write_bytes(_encodable(text).encode("utf-8"))


def _encodable(text: str) -> str:
    """Return text without halves of surrogate pairs, which UTF-8 has no bytes for."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
