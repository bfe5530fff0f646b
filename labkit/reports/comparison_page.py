"""``compare.html``: two runs side by side, from the verdict down to single pictures."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from labkit.execution import documents
from labkit.execution.outcomes import Outcome
from labkit.reports import frame
from labkit.reports.comparison import Comparison, Side, by_device, compare
from labkit.reports.comparison_details import details
from labkit.reports.comparison_overview import overview
from labkit.reports.comparison_words import headline
from labkit.reports.history import SCHEMA

__all__ = ["page", "write"]

NAME = "compare.html"


def write(folder: str | Path) -> Path | None:
    """Compare the devices of a run with each other, and the run with the one before it.

    Parameters
    ----------
    folder
        The report, with its ``summary.json`` and, where there was a run before, ``previous.json``.

    Returns
    -------
    Path | None
        The page, or ``None`` when there is nothing to compare with.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    folder = Path(folder)
    now, before = _read(folder / "summary.json"), _read(folder / "previous.json")
    comparisons = [by_device(now, folder)] if now else []
    if now and before:
        labels = ("the run before", "this run")
        comparisons.append(compare(before, now, labels=labels, folders=(None, folder)))
    found = [c for c in comparisons if c is not None and c.pairs]
    target = folder / NAME
    if not found:
        target.unlink(missing_ok=True)
        return None
    documents.write_text(page(found, at=folder, home="index.html"), target)
    return target


def page(comparisons: Sequence[Comparison], *, at: Path, home: str | None = None) -> str:
    """Return comparisons as one HTML document that loads nothing.

    Parameters
    ----------
    comparisons
        One or more, each a part of the page.
    at
        The folder where the document will lie, for its links to the pages of notebooks.
    home
        Link to the table of all notebooks.
    """
    parts = "".join(_part(c, f"part-{i}", at) for i, c in enumerate(comparisons, 1))
    title = " · ".join(_title(c) for c in comparisons)
    body = f'{_header(home)}<main class="comparison">{parts}</main>'
    return frame.framed(title, body, style="comparison.css")


def _header(home: str | None) -> str:
    if home is None:
        return ""
    return f'<header><span><a href="{escape(home)}">All notebooks</a></span></header>'


def _title(comparison: Comparison) -> str:
    return f"{comparison.old.label} → {comparison.new.label}"


def _part(comparison: Comparison, anchor: str, at: Path) -> str:
    anchors = [f"{anchor}-{i}" for i, _ in enumerate(comparison.pairs, 1)]
    pairs = zip(comparison.pairs, anchors, strict=True)
    told = "".join(details(pair, each, comparison, at) for pair, each in pairs)
    return f"""<section aria-labelledby="{anchor}">
<h1 id="{anchor}">{escape(_title(comparison))}</h1>
<p class="headline {"worse" if comparison.worse else "fine"}">{escape(headline(comparison))}</p>
{_sides(comparison)}
{_note(comparison)}
{_alone(comparison.old, comparison.only_old)}
{_alone(comparison.new, comparison.only_new)}
{overview(comparison.pairs, anchors)}
{told}
</section>"""


def _note(comparison: Comparison) -> str:
    if comparison.old.folder and comparison.new.folder:
        return ""
    return (
        '<p class="alone">Pictures stand side by side where both runs are kept: give each a folder '
        "of its own with --out, then call <code>labkit compare</code>.</p>"
    )


def _sides(comparison: Comparison) -> str:
    """Return a table of what is not the same about the two runs themselves."""
    old, new = comparison.old, comparison.new
    facts = {
        "Started": (_started(old), _started(new)),
        "Device": (", ".join(old.devices), ", ".join(new.devices)),
        "Machine": (old.machine, new.machine),
        **comparison.versions,
    }
    different = {name: pair for name, pair in facts.items() if pair[0] != pair[1]}
    if not different:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(before) or "–"}</td>'
        f"<td>{escape(after) or '–'}</td></tr>"
        for name, (before, after) in different.items()
    )
    labels = "".join(f"<th>{escape(side.label)}</th>" for side in (old, new))
    return (
        '<table class="sides"><caption>What differs between the runs</caption>'
        f"<thead><tr><th></th>{labels}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _started(side: Side) -> str:
    return frame.moment(side.started) if side.started else ""


def _alone(side: Side, only: Sequence[Outcome]) -> str:
    if not only:
        return ""
    names = ", ".join(outcome.name for outcome in only)
    return f'<p class="alone">Only in {escape(side.label)}: {escape(names)}</p>'


def _read(path: Path) -> Mapping[str, Any] | None:
    """Return a summary of today's shape; ``None`` where there is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and data.get("schema") == SCHEMA else None
