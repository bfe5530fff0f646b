"""What stands below a notebook's row: why it broke or was skipped, notes, warnings, differences."""

from collections.abc import Iterator
from html import escape

from labkit.execution.outcomes import Outcome
from labkit.execution.repeating import Difference
from labkit.reports import frame
from labkit.reports.links import to_cell
from labkit.reports.run import Group, Run

__all__ = ["remarks", "why"]


def remarks(run: Run, group: Group) -> str:
    """Return what is to be said of the repetitions of a notebook; empty where all went well."""
    told = ""
    for outcome in group:
        own = "".join(_each(run, outcome))
        which = f"<p class='which'>run {outcome.repetition}</p>" if len(group) > 1 else ""
        told += which + own if own else ""
    return told + "".join(map(_difference, run.differing(group)))


def why(run: Run, outcome: Outcome) -> str:
    """Return why a notebook did not pass, with a link to the cell."""
    failure = outcome.failure
    if failure is None:
        return escape(outcome.reason)
    where = "" if failure.cell is None else f"{to_cell(run, outcome, failure.cell)}: "
    return f"{where}<strong>{escape(failure.name)}</strong> {escape(failure.message)}"


def _each(run: Run, outcome: Outcome) -> Iterator[str]:
    if reason := why(run, outcome):
        yield f'<p class="why {outcome.status}">{reason}</p>'
    yield from (f'<p class="note">{escape(note)}</p>' for note in _notes(run, outcome))
    title = frame.named(len(outcome.warnings), "warning")
    yield frame.folded(title, "\n".join(outcome.warnings))


def _difference(difference: Difference) -> str:
    kind = "note" if difference.tolerated else "differs"
    return f'<p class="{kind}">{escape(str(difference))}</p>'


def _notes(run: Run, outcome: Outcome) -> Iterator[str]:
    yield from outcome.notes
    usual = run.versions
    other = {n: v for n, v in outcome.versions.items() if usual.get(n) != v}
    if other:
        yield "Other versions: " + ", ".join(f"{name} {v}" for name, v in other.items())
    if outcome.kernel == "ordinary" and any(o.kernel == "forked" for o in run.outcomes):
        yield "It ran in an ordinary kernel, not in a forked one."
    if outcome.host and len({o.host for o in run.outcomes if o.host}) > 1:
        yield f"It ran on {outcome.host}."
