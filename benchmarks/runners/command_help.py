"""How long `labkit run --help` takes, beside a Python that does nothing."""

import math
import subprocess
import sys
import time
from collections.abc import Callable

from runners.contender import script
from runners.figures import Bar, Spread, shown, spread

__all__ = ["NAME", "bars", "lines", "measure"]

NAME = "help"
HEADER = ["from start to end", "s"]
OURS = "labkit run --help"
COMMANDS = {
    OURS: script("labkit", "run", "--help"),
    "python -c pass": [sys.executable, "-c", "pass"],
}
STARTS = 15  # a start takes so little that a single one says nothing
LIMIT = 0.15


def measure(rounds: int, tick: Callable[[str], None]) -> dict[str, Spread]:
    """Start both in turn."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        tick(NAME)
        for name, command in list(COMMANDS.items()) * math.ceil(STARTS / rounds):
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            times[name].append(time.perf_counter() - start)
    return {name: spread(seconds) for name, seconds in times.items()}


def lines(figures: dict[str, Spread]) -> list[list[str]]:
    """Return the table, its header first."""
    return [HEADER, *([f"`{name}`", shown(figure, 3)] for name, figure in figures.items())]


def bars(figures: dict[str, Spread]) -> list[Bar]:
    """Judge the command."""
    return [Bar(f"{OURS}, s", LIMIT, figures[OURS]["median"])]
