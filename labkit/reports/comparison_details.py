"""One notebook in two runs: its results number by number, its pictures side by side."""

import os
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from labkit.errors import NotebookError
from labkit.execution import documents
from labkit.execution.outcomes import Outcome
from labkit.reports.comparison import Comparison, Pair, Side
from labkit.reports.comparison_overview import verdict
from labkit.reports.comparison_words import difference
from labkit.reports.history import Change
from labkit.reports.pictures import Picture, PicturePair, paired
from labkit.reports.room import LARGEST

__all__ = ["details"]


def details(pair: Pair, anchor: str, comparison: Comparison, at: Path) -> str:
    """Return the part of a comparison about one notebook as HTML.

    Parameters
    ----------
    pair
        The notebook in both runs.
    anchor
        What links lead to.
    comparison
        What it is part of.
    at
        The folder where the page will lie.
    """
    old, new = comparison.old, comparison.new
    links = [_link(old, pair.old, at), _link(new, pair.new, at)]
    parts = [
        f'<h2 id="{anchor}">{escape(pair.name)} {verdict(pair)}</h2>',
        f'<p class="links">Pages: {" · ".join(filter(None, links))}</p>' if any(links) else "",
        _parameters(pair),
        _failure(pair.new) if pair.worse else "",
        _results(pair.changes, old.label, new.label),
        _unpaired(pair, comparison),
        _pictures(pair, comparison),
    ]
    return f'<section class="notebook" aria-labelledby="{anchor}">{"".join(parts)}</section>'


def _link(side: Side, outcome: Outcome, at: Path) -> str:
    page = _page(side, outcome)
    if page is None:
        return ""
    return f'<a href="{escape(_from(at, page))}">{escape(side.label)}</a>'


def _page(side: Side, outcome: Outcome) -> Path | None:
    page = None if side.folder is None else side.folder / "pages" / f"{outcome.name}.html"
    return page if page is not None and page.exists() else None


def _from(at: Path, target: Path) -> str:
    try:
        return quote(Path(os.path.relpath(target, at)).as_posix())
    except ValueError:  # on another drive
        return target.resolve().as_uri()


def _parameters(pair: Pair) -> str:
    told = [
        f"<code>{escape(name)}</code> {_value(old)} → {_value(new)}"
        for name, (old, new) in pair.parameters.items()
    ]
    return f'<p class="given">Not the same parameters: {", ".join(told)}</p>' if told else ""


def _value(value: object) -> str:
    return "as the notebook has it" if value is None else f"<code>{escape(repr(value))}</code>"


def _failure(outcome: Outcome) -> str:
    told = outcome.failure or outcome.reason
    return f'<p class="failure">{escape(str(told))}</p>' if told else ""


def _results(changes: Sequence[Change], old: str, new: str) -> str:
    if not changes:
        return ""
    rows = "".join(_result(change, old, new) for change in changes)
    return (
        f'<table class="results"><thead><tr><th>Result</th><th class="number">{escape(old)}</th>'
        f'<th class="number">{escape(new)}</th><th class="number">Difference</th>'
        f"<th>Tolerance</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _result(change: Change, old: str, new: str) -> str:
    unit = f" {escape(change.unit)}" if change.unit else ""
    row = ' class="beyond"' if change.beyond else ""
    return (
        f'<tr{row}><th scope="row">{escape(change.name)}</th>'
        f'<td class="number" data-label="{escape(old)}">{change.before:.15g}{unit}</td>'
        f'<td class="number" data-label="{escape(new)}">{change.after:.15g}{unit}</td>'
        f'<td class="number" data-label="Difference">{difference(change)}</td>'
        f'<td class="tolerance">{_tolerance(change)}</td></tr>'
    )


def _tolerance(change: Change) -> str:
    if change.tolerance is None:
        return "none promised"
    sign, word = ("✗", "beyond") if change.beyond else ("✓", "within")
    return f'<span aria-hidden="true">{sign}</span> {word} ± {change.tolerance:g}'


def _unpaired(pair: Pair, comparison: Comparison) -> str:
    sides = zip((comparison.old, comparison.new), pair.unpaired, strict=True)
    lines = [f"Only in {side.label}: {', '.join(names)}." for side, names in sides if names]
    return "".join(f'<p class="alone">{escape(line)}</p>' for line in lines)


def _pictures(pair: Pair, comparison: Comparison) -> str:
    executed = [_executed(side, outcome) for side, outcome in _sides(pair, comparison)]
    if executed[0] is None or executed[1] is None:
        return ""
    found = paired(*executed)
    labels = (comparison.old.label, comparison.new.label)
    different = "".join(_side_by_side(each, labels) for each in found if not each.same)
    return different + _same([each for each in found if each.same])


def _sides(pair: Pair, comparison: Comparison) -> Iterable[tuple[Side, Outcome]]:
    return (comparison.old, pair.old), (comparison.new, pair.new)


def _executed(side: Side, outcome: Outcome) -> documents.Notebook | None:
    if side.folder is None:
        return None
    try:
        return documents.read(side.folder / "executed" / f"{outcome.name}.ipynb")
    except NotebookError:
        return None


def _side_by_side(pair: PicturePair, labels: tuple[str, str]) -> str:
    shown = [
        _figure(picture.png, label, picture)
        for picture, label in zip((pair.old, pair.new), labels, strict=True)
        if picture is not None and len(picture.png) <= LARGEST
    ]
    if pair.difference:
        shown.append(_figure(pair.difference, "difference"))
    told = f"{_name(pair)}: {pair.says}"
    return (
        f'<figure class="pictures"><figcaption>{escape(told)}</figcaption>'
        f"<div>{''.join(shown)}</div></figure>"
    )


def _figure(png: str, label: str, picture: Picture | None = None) -> str:
    alternative = escape(label if picture is None else f"cell {picture.cell}, {label}")
    return (
        f'<figure><img alt="{alternative}" src="data:image/png;base64,{escape(png)}">'
        f"<figcaption>{escape(label)}</figcaption></figure>"
    )


def _name(pair: PicturePair) -> str:
    picture = pair.new or pair.old
    kind = "explorer" if picture.explorer else "picture"
    return f"{kind} of cell {picture.cell}"


def _same(pairs: Sequence[PicturePair]) -> str:
    """Return pictures that look the same, each once."""
    if not pairs:
        return ""
    title = "1 picture is the same" if len(pairs) == 1 else f"{len(pairs)} pictures are the same"
    small = [p for p in pairs if len(p.new.png) <= LARGEST]
    shown = "".join(_figure(p.new.png, f"{_name(p)}: {p.says}", p.new) for p in small)
    return f'<details class="pictures"><summary>{title}</summary><div>{shown}</div></details>'
