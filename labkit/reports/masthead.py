"""What stands above a notebook: its verdict, how it was run, and what to know before reading."""

from collections.abc import Iterable, Mapping
from html import escape

from labkit.execution.outcomes import Outcome
from labkit.reports import frame

__all__ = ["about", "masthead"]


def masthead(name: str, outcome: Outcome | None, home: str | None, *, folds: bool = False) -> str:
    """Return the line that stays in sight above a page.

    Parameters
    ----------
    name
        Of the notebook.
    outcome
        What became of it.
    home
        Link to the table of all notebooks.
    folds
        Whether there are folded sources, which a button then unfolds.
    """
    parts = [f'<a href="{escape(home)}">All notebooks</a>' if home else "", _code(name)]
    if outcome is not None:
        parts += [frame.badge(outcome.status), frame.seconds(outcome.seconds)]
        parts += [escape(outcome.device)]
    spans = "".join(f"<span>{part}</span>" for part in parts if part)
    # Shown by the script that it needs.
    button = '<button type="button" id="unfold" hidden>Unfold all code</button>' if folds else ""
    return f"<header>{spans}{button}</header>"


def about(outcome: Outcome | None) -> str:
    """Return what a reader should know of a run before its cells; empty where nothing is known."""
    if outcome is None:
        return ""
    given = [_code(f"{name} = {value!r}") for name, value in outcome.parameters.items()]
    parts = [
        f'<p class="given">{"".join(given)}</p>' if given else "",
        _list("notes", [_resumed(outcome), *outcome.notes, outcome.reason]),
        _warnings(outcome),
        _facts(outcome),
    ]
    told = "".join(parts)
    return f'<section class="about" aria-label="About this run">{told}</section>' if told else ""


def _resumed(outcome: Outcome) -> str:
    if not outcome.resumed:
        return ""
    when = f" of {frame.moment(outcome.started)}" if outcome.started else ""
    return f"Taken over from the run{when}: nothing that it depends on has changed since."


def _warnings(outcome: Outcome) -> str:
    if not outcome.warnings:
        return ""
    title = frame.named(len(outcome.warnings), "warning")
    shown = _list("warnings", outcome.warnings)
    return f"<details><summary>{title}</summary>{shown}</details>"


def _facts(outcome: Outcome) -> str:
    facts = {
        "Started": frame.moment(outcome.started) if outcome.started else "",
        "Machine": outcome.host,
        "Kernel": outcome.kernel,
        "Peak memory": _memory(outcome.peak_memory),
        "Peak memory of the GPU": _memory(outcome.gpu_memory),
        "Versions": ", ".join(f"{name} {v}" for name, v in outcome.versions.items()),
    }
    known = {name: fact for name, fact in facts.items() if fact}
    if not known:
        return ""
    return f"<details><summary>{_summary(outcome)}</summary>{_definitions(known)}</details>"


def _summary(outcome: Outcome) -> str:
    """Name the facts that are asked for most, so that few have to unfold the rest."""
    told = [f"{name} {outcome.versions[name]}" for name in ("torch",) if name in outcome.versions]
    if outcome.peak_memory is not None:
        told.append(f"{frame.memory(outcome.peak_memory)} at most")
    return escape(" · ".join(["About this run", *told]))


def _definitions(facts: Mapping[str, str]) -> str:
    return f"<dl>{''.join(f'<dt>{k}</dt><dd>{escape(v)}</dd>' for k, v in facts.items())}</dl>"


def _memory(size: int | None) -> str:
    return "" if size is None else frame.memory(size)


def _list(name: str, lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines if line)
    return f'<ul class="{name}">{items}</ul>' if items else ""


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"
