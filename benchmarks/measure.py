"""Measure honestly: ratios taken side by side in one run, with their spread, kept as JSON."""

import ctypes
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

__all__ = ["keep_memory", "machine", "peak_megabytes", "picture", "ratio", "save", "table"]

RESULTS = Path(__file__).parent / "results"


def keep_memory() -> None:
    """Let freed memory stay with the process, where the C library is glibc.

    Otherwise a result of a few megabytes is mapped anew, or not, at each call of either side: the
    same ratio was seen as 0.4 and as 2.7.
    """
    mmap_threshold, trim_threshold = -3, -1  # their numbers in malloc.h
    with suppress(OSError, AttributeError, TypeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(mmap_threshold, 2**30)
        libc.mallopt(trim_threshold, 2**31 - 1)


def ratio(
    candidate: Callable[[], object], reference: Callable[[], object], *, rounds: int = 15
) -> dict[str, float]:
    """Time a candidate between two runs of the reference, many times over.

    Processor time is what counts, not the clock: other programs on the machine take from the
    clock. Drift is taken out because each round has the reference before and after.

    Returns
    -------
    dict
        ``median`` of candidate ÷ reference, ``low`` and ``high`` (the quartiles), and
        ``reference_ms``, the reference's own median in milliseconds.
    """
    for warm_up in (reference, candidate, reference):
        warm_up()
    calls = max(1, round(0.02 / max(_seconds(reference, 1), 1e-7)))
    ratios, references = [], []
    for _ in range(rounds):
        before = _seconds(reference, calls)
        between = _seconds(candidate, max(1, calls // 2)) * calls / max(1, calls // 2)
        after = _seconds(reference, calls)
        ratios.append(2 * between / (before + after))
        references.append((before + after) / 2 / calls)
    low, median, high = statistics.quantiles(ratios, n=4)
    return {
        "median": round(median, 3),
        "low": round(low, 3),
        "high": round(high, 3),
        "reference_ms": round(statistics.median(references) * 1e3, 4),
    }


def _seconds(call: Callable[[], object], calls: int) -> float:
    start = time.process_time()
    for _ in range(calls):
        call()
    return time.process_time() - start


def peak_megabytes(call: Callable[[], object]) -> float:
    """Measure by how much a process grows at most while it makes this call, in a child of its own.

    Linux only: it reads /proc. What the library loads at its first use counts too.
    """
    import resource

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = Path("/proc/self/status")
        before = int(status.read_text().split("VmRSS:")[1].split()[0])
        call()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        os.write(writer, f"{(peak - before) / 1024}".encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        grown = float(answer.read())
    os.waitpid(child, 0)
    return round(grown, 1)


def machine() -> dict[str, str]:
    """Say what was measured on: processor, cores, Python and PyTorch."""
    import torch

    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = names[0].split(":")[1].strip() if names else processor
    return {
        "processor": processor,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": str(os.cpu_count()),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def save(name: str, result: dict) -> Path:
    """Write a result under ``benchmarks/results/`` as JSON, whole or not at all."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    os.replace(unfinished, path)
    return path


def table(header: list[str], rows: list[list[str]]) -> str:
    """Lay rows out as a Markdown table, padded so that it reads in a terminal too."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    )


def picture(name: str, figures: list[dict]) -> Path:
    """Draw every ratio as a dot with its quartiles, ours filled, bars as lines, beside the JSON."""
    import matplotlib.pyplot as plt

    shown = [f for f in figures if f["backward"]]
    rows = {case: row for row, case in enumerate(dict.fromkeys(f["case"] for f in shown))}
    figure, ax = plt.subplots(figsize=(7, 0.32 * len(rows) + 1), layout="constrained")
    for f in shown:
        ours, row = f["form"].startswith("labkit"), rows[f["case"]]
        ax.plot([f["low"], f["high"]], [row, row], color="#0072B2" if ours else "#9aa0a6", lw=1)
        style = {"color": "#0072B2", "zorder": 3} if ours else {"color": "#9aa0a6", "mfc": "white"}
        ax.plot(f["median"], row, "o", ms=6 if ours else 5, **style)
        if f["bars"]:
            ax.plot([f["bars"][1]] * 2, [row - 0.35, row + 0.35], color="#D55E00", lw=1.5)
    ax.set_yticks(list(rows.values()), list(rows), fontsize=8)
    ax.axvline(1, color="#6b7280", lw=0.8, ls=":")
    ax.set(xscale="log", xlabel="time ÷ PyTorch, forward + backward; blue labkit, orange bar")
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.png"
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path
