"""What a notebook costs over its own code, which is timed in a forked process without a kernel.

Twice: alone, and in a row as a worker of `labkit run` does it, where the next kernel starts while
one runs. The first of a row, whose kernel nobody has prepared, is left out; its share is "alone".
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from runners import notebooks, servers
from runners.figures import Bar, Spread, shown, spread

from labkit.execution.jobs import Job
from labkit.execution.running import run, run_job
from labkit.kernels.kernels_ahead import KernelsAhead

__all__ = ["NAME", "bars", "lines", "measure"]

NAME = "overhead"
HEADER = ["one notebook of nine cells", "s"]
CODE, WHOLE, OVERHEAD = "its code alone", "one by itself, `running.run`", "over its code"
ROW, ROW_OVERHEAD = "one in a row, as `labkit run` does", "in a row, over its code"
IN_A_ROW = 4
LIMIT = 0.15

# Imports what the fork server imports, then times the cells in a fork of itself for each line that
# it reads. IPython draws the picture, as it does in a notebook. Garbage is collected as in a forked
# kernel, too: a collection of all that was imported takes longer than the cells, now and then.
ALONE = """
import gc, os, sys, time
from labkit.kernels.preload import KERNEL, preload

gc.disable()
preload((*KERNEL.modules, *KERNEL.idle), KERNEL.forgotten)
gc.freeze()
import matplotlib
from IPython.core.interactiveshell import InteractiveShell

cells = [compile(cell, "cell", "exec") for cell in eval(sys.argv[1])]
print("ready", flush=True)
for _ in sys.stdin:
    if os.fork() == 0:
        gc.enable()
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
    times: dict[str, list[float]] = {CODE: [], WHOLE: [], ROW: []}
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
                times[ROW].append(_run_in_a_row(folder))
            process.stdin.close()
    for name, whole in ((OVERHEAD, WHOLE), (ROW_OVERHEAD, ROW)):
        pairs = zip(times[whole], times[CODE], strict=True)
        times[name] = [taken - code for taken, code in pairs]
    return {name: spread(each) for name, each in times.items()}


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


def _run_in_a_row(folder: Path) -> float:
    ahead = KernelsAhead()
    job = Job(folder / notebooks.NAMES[0], "executed", folder / "executed.ipynb")
    for done in range(IN_A_ROW + 1):
        outcome = run_job(job, ahead=ahead, another=done < IN_A_ROW)
        if not outcome.passed or outcome.kernel != "forked":
            raise RuntimeError(f"expected a notebook that passes in a forked kernel, got {outcome}")
        if done == 0:
            start = time.perf_counter()
    ahead.close()  # waits for the last kernel to end
    return (time.perf_counter() - start) / IN_A_ROW


def lines(figures: dict[str, Spread]) -> list[list[str]]:
    """Return the table, its header first."""
    return [HEADER, *([name, shown(figure, 3)] for name, figure in figures.items())]


def bars(figures: dict[str, Spread]) -> list[Bar]:
    """Judge the difference."""
    claims = {
        OVERHEAD: "a notebook by itself over its own code, s",
        ROW_OVERHEAD: "a notebook in a row over its own code, s",
    }
    return [Bar(claim, LIMIT, figures[name]["median"]) for name, claim in claims.items()]
