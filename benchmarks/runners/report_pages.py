"""How long a fresh process takes to write the report over fourteen notebooks, imports included."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

from runners.figures import Bar, Spread, shown, spread

from labkit.execution import outcomes
from labkit.execution.finding import find
from labkit.execution.outcomes import Outcome
from labkit.reports.report import EXECUTED, PAGES

__all__ = ["NAME", "bars", "lines", "measure"]

NAME = "report"
COUNT = 14
HEADER = ["report", "s"]
LIMIT = 5.0
LESSONS = Path(__file__).parents[2] / "notebooks"

WRITE = """
import json, sys
from labkit.execution.outcomes import from_data
from labkit.reports import report

with open(sys.argv[2], encoding="utf-8") as file:
    report.write(sys.argv[1], [from_data(outcome) for outcome in json.load(file)])
"""


def measure(rounds: int, tick: Callable[[str], None]) -> dict[str, Spread]:
    """Write the report anew in each round, over the lessons as they are stored."""
    times = []
    with tempfile.TemporaryDirectory(prefix="report-") as name:
        for number in range(rounds):
            tick(NAME)
            times.append(_seconds(Path(name, str(number))))
    return {f"{COUNT} notebooks, in a fresh process": spread(times)}


def _seconds(folder: Path) -> float:
    (folder / EXECUTED).mkdir(parents=True)
    told = folder / "outcomes.json"
    told.write_text(json.dumps([outcomes.as_data(o) for o in _outcomes(folder)]), encoding="utf-8")
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", WRITE, str(folder), str(told)], check=True)
    seconds = time.perf_counter() - start
    pages = len(list((folder / PAGES).rglob("*.html")))
    if pages != COUNT or not (folder / "index.html").exists():
        raise RuntimeError(f"expected a table and {COUNT} pages, got {pages} pages")
    return seconds


def _outcomes(folder: Path) -> Iterator[Outcome]:
    """Yield an outcome for each notebook, whose executed form it puts into the folder."""
    for number, lesson in enumerate(islice(cycle(find([LESSONS])), COUNT)):
        name = f"{lesson.stem}--run-{number}"
        executed = folder / EXECUTED / f"{name}.ipynb"
        shutil.copyfile(lesson, executed)
        yield Outcome(lesson, "passed", executed, seconds=1.0, name=name)


def lines(figures: dict[str, Spread]) -> list[list[str]]:
    """Return the table, its header first."""
    return [HEADER, *([name, shown(figure)] for name, figure in figures.items())]


def bars(figures: dict[str, Spread]) -> list[Bar]:
    """Judge it."""
    ((name, figure),) = figures.items()
    return [Bar(f"report over {name}, s", LIMIT, figure["median"])]
