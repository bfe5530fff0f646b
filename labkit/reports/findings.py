"""What a notebook found: the numbers it recorded with their change, and what its checks said."""

from collections import Counter
from html import escape

from labkit.execution.outcomes import CheckVerdict, Outcome
from labkit.reports.history import Change
from labkit.reports.links import linked
from labkit.reports.run import Run
from labkit.results import Result

__all__ = ["checks", "results"]

SHOWN = 4


def results(run: Run, outcome: Outcome) -> str:
    """Return the named results as an HTML list, each with its change since the last run.

    Of many the first few are shown, those beyond their tolerance before all others, and a click
    unfolds the rest.
    """
    changes = run.histories[outcome.name].changes
    told = [(r, changes.get(r.name)) for r in outcome.results]
    told.sort(key=lambda each: not (each[1] and each[1].beyond))
    shown = len(told) if len(told) <= SHOWN + 1 else SHOWN
    items = [f"<li>{_result(*each)}</li>" for each in told]
    rest = _listed("".join(items[shown:]))
    more = f"<details><summary>{len(items) - shown} more</summary>{rest}</details>" if rest else ""
    return _listed("".join(items[:shown])) + more


def checks(run: Run, outcome: Outcome) -> str:
    """Return what the checks said as an HTML list, equal verdicts once.

    A lesson may show a wrong function on purpose, so this says nothing about the notebook.
    """
    counts = Counter((c.operation, c.passed, c.mistake) for c in outcome.checks)
    first = {(c.operation, c.passed, c.mistake): c for c in reversed(outcome.checks)}
    items = (f"<li>{_check(run, outcome, first[key], n)}</li>" for key, n in counts.items())
    return _listed("".join(items))


def _listed(items: str) -> str:
    return f"<ul>{items}</ul>" if items else ""


def _result(result: Result, change: Change | None) -> str:
    unit = f" {escape(result.unit)}" if result.unit else ""
    value = f"<span><b>{result.value:.15g}</b>{unit}</span>"
    if change is not None:
        beside = _change(change)
    else:
        beside = "" if result.tolerance is None else f"<small>± {result.tolerance:g}</small>"
    return f"<span>{escape(result.name)}</span> {value} {beside}"


def _change(change: Change) -> str:
    """Return how far a result moved, beside how far it may move."""
    size = f"{abs(change.difference):.4g}"
    arrow, word = ("▲", "more") if change.difference > 0 else ("▼", "less")
    told = f"{size} {word} than {change.before:.15g} in the last run"
    if not change.difference:
        return '<span class="change" title="as in the last run">=</span>'
    if change.beyond is None:
        return f'<span class="change" title="{told}">{arrow} {size}</span>'
    kind, sign = ("change beyond", "&gt;") if change.beyond else ("change", "≤")
    told += f", {'beyond' if change.beyond else 'within'} ± {change.tolerance:g}"
    return f'<span class="{kind}" title="{told}">{arrow} {size} {sign} {change.tolerance:g}</span>'


def _check(run: Run, outcome: Outcome, check: CheckVerdict, times: int) -> str:
    mistake = "" if check.passed else f": {escape((check.mistake or 'wrong').replace('_', ' '))}"
    text = f"{'✓' if check.passed else '✗'} {escape(check.operation)}{mistake}"
    return linked(run, outcome, text, check.cell) + (f" ×{times}" if times > 1 else "")
