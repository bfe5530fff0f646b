"""What a notebook costs over its own code, which is timed in a forked process without a kernel."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from runners import notebooks, servers
from runners.figures import Bar, Spread, shown, spread

from labkit.execution.running import run

__all__ = ["NAME", "bars", "lines", "measure"]

NAME = "overhead"
HEADER = ["one notebook of nine cells", "s"]
CODE, WHOLE, OVERHEAD = "its code alone", "`running.run`", "the difference"
LIMIT = 0.15

# Imports what the fork server imports, then times the cells in a fork of itself for each line that
# it reads. IPython draws the picture, as it does in a notebook.
ALONE = """
import os, sys, time
from labkit.execution.preload import KERNEL, preload

preload((*KERNEL.modules, *KERNEL.idle), KERNEL.forgotten)
import matplotlib
from IPython.core.interactiveshell import InteractiveShell

cells = [compile(cell, "cell", "exec") for cell in eval(sys.argv[1])]
print("ready", flush=True)
for _ in sys.stdin:
    if os.fork() == 0:
        shell = InteractiveShell.instance()
        matplotlib.rcParams["backend"] = "module://matplotlib_inline.backend_inline"
        drawn = []
        shell.display_pub.publish = lambda data, *args, **more: drawn.append("image/png" in data)
        said, sys.stdout = sys.stdout, sys.stderr
        start = time.perf_counter()
        for cell in cells:
            exec(cell, shell.user_ns)
        seconds = time.perf_counter() - start
        print(seconds if drawn == [True] else drawn, file=said, flush=True)
        os._exit(0)
    os.wait()
"""


def measure(rounds: int, tick: Callable[[str], None]) -> dict[str, Spread]:
    """Run the code and the notebook in turn, each in a process that is forked for it."""
    times: dict[str, list[float]] = {CODE: [], WHOLE: []}
    with tempfile.TemporaryDirectory(prefix="overhead-") as name:
        folder = Path(name)
        os.environ[notebooks.WITNESS] = str(folder / "witness")
        notebooks.write(folder)
        servers.warm()
        _run(folder)  # what this process imports at its first notebook
        servers.settle()
        with _alone(folder) as process:
            for _ in range(rounds):
                tick(NAME)
                times[CODE].append(_said(process))
                times[WHOLE].append(_run(folder))
            process.stdin.close()
    differences = [whole - code for whole, code in zip(times[WHOLE], times[CODE], strict=True)]
    return {name: spread(each) for name, each in {**times, OVERHEAD: differences}.items()}


def _alone(folder: Path) -> subprocess.Popen:
    cells = repr([cell.format(number=1) for cell in notebooks.CELLS])
    process = subprocess.Popen(
        [sys.executable, "-c", ALONE, cells],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(folder / "alone.log").open("w"),
        text=True,
    )
    if process.stdout.readline() != "ready\n":
        raise RuntimeError((folder / "alone.log").read_text())
    _said(process)
    return process


def _said(process: subprocess.Popen) -> float:
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def _run(folder: Path) -> float:
    start = time.perf_counter()
    outcome = run(folder / notebooks.NAMES[0], output=folder / "executed.ipynb")
    seconds = time.perf_counter() - start
    if not outcome.passed or outcome.kernel != "forked":
        raise RuntimeError(f"expected a notebook that passes in a forked kernel, got {outcome}")
    return seconds


def lines(figures: dict[str, Spread]) -> list[list[str]]:
    """Return the table, its header first."""
    return [HEADER, *([name, shown(figure, 3)] for name, figure in figures.items())]


def bars(figures: dict[str, Spread]) -> list[Bar]:
    """Judge the difference."""
    claim = "a notebook over its own code, s"
    return [Bar(claim, LIMIT, figures[OVERHEAD]["median"])]
