"""`labkit compare`: two runs side by side, as a short table and as a page."""

import argparse
import json
from pathlib import Path
from typing import Any

from labkit.errors import NotebookError
from labkit.execution import documents
from labkit.reports import comparison_page
from labkit.reports.comparison import Comparison, Pair, compare
from labkit.reports.comparison_words import difference, headline, kept, ratio, status

__all__ = ["main"]

SUMMARY = "summary.json"
WORSE, UNWRITTEN = 1, 4


def main(options: argparse.Namespace) -> int:
    """Compare two runs and write the page; return the exit code, 1 when something is worse."""
    paths = [Path(options.old), Path(options.new)]
    target = Path(options.out)
    comparison = compare(
        *map(_summary, paths), labels=_labels(*paths), folders=tuple(map(_folder, paths))
    )
    _print(comparison)
    try:
        text = comparison_page.page([comparison], at=target.parent)
        documents.write_text(text, target)
    except OSError as error:
        print(f"{target} could not be written: {error.strerror}")
        return UNWRITTEN
    print(f"Page: {target}")
    return WORSE if comparison.worse else 0


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _summary(path: Path) -> dict[str, Any]:
    """Read the summary of a run from its folder, or from the file itself."""
    file = path / SUMMARY if path.is_dir() else path
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _refused(file, "no such file") from None
    except (OSError, ValueError) as error:
        raise _refused(file, f"a file that cannot be read ({error})") from error
    if not isinstance(data, dict) or not str(data.get("schema", "")).startswith("labkit.summary/"):
        raise _refused(file, "data of another kind")
    return data


def _refused(file: Path, got: str) -> NotebookError:
    return NotebookError(
        f"{file}: expected the summary of a run, got {got}; name a folder that labkit run wrote"
    )


def _labels(old: Path, new: Path) -> tuple[str, str]:
    """Return the names of two folders, or their paths where the names are the same."""
    names = _folder(old).resolve().name, _folder(new).resolve().name
    return (str(old), str(new)) if names[0] == names[1] else names


def _print(comparison: Comparison) -> None:
    print(f"{comparison.old.label} → {comparison.new.label}: {headline(comparison)}\n")
    width = max((len(pair.name) for pair in comparison.pairs), default=0)
    for pair in comparison.pairs:
        print(_line(pair, width))
        for change in pair.beyond:
            print(f"    {change.name}: {difference(change)}, beyond ± {change.tolerance:g}")
    for side, only in (
        (comparison.old, comparison.only_old),
        (comparison.new, comparison.only_new),
    ):
        if only:
            print(f"Only in {side.label}: {', '.join(outcome.name for outcome in only)}")
    print()


def _line(pair: Pair, width: int) -> str:
    sign = "✗" if pair.worse or pair.beyond else "✓" if pair.new.passed else "–"
    time = ratio(pair.old.seconds, pair.new.seconds, "faster", "slower")
    told = [status(pair), time, kept(pair.changes)]
    return f"{sign} {pair.name:{width}}  {'  '.join(filter(None, told))}"
