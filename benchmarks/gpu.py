"""Keep what `make gpu` measured: each lesson on the CPU and on the GPU, from its summary.json.

Nothing is run here. The figures go to ``benchmarks/results/lessons-<gpu>.json``, with the versions
and the machine but without its name.
"""

import argparse
import json
import re
import statistics
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from measure import save, table

CPU = "cpu"
MEGABYTE = 1e6


def figures(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a run whose lessons were executed on the CPU and on one GPU.

    Raises
    ------
    ValueError
        When no lesson ran on a GPU, they ran on several, or one did not pass.
    """
    runs = summary["notebooks"]
    gpus = sorted({run["device"] for run in runs} - {"", CPU})
    if len(gpus) != 1:
        found = ", ".join(gpus) or "none"
        raise ValueError(f"expected lessons that ran on one GPU, got {found}; call make gpu")
    if broken := [run["name"] for run in runs if run["status"] != "passed"]:
        raise ValueError(f"did not pass: {', '.join(broken)}; only a run that passed is kept")
    lessons = {Path(run["path"]).stem: {} for run in runs}
    for name in lessons:
        for place, device in (("cpu", CPU), ("gpu", gpus[0])):
            of_it = [r for r in runs if (Path(r["path"]).stem, r["device"]) == (name, device)]
            if of_it:
                lessons[name][place] = _medians(of_it)
    machine = {k: v for k, v in summary["machine"].items() if k != "host"}
    return {"gpu": gpus[0], "machine": machine, "versions": summary["versions"], "lessons": lessons}


def _medians(runs: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return seconds and megabytes, the median where a lesson ran several times."""
    units = {"seconds": 1.0, "peak_memory": MEGABYTE, "gpu_memory": MEGABYTE}
    found = {}
    for key, unit in units.items():
        values = [run[key] / unit for run in runs if run[key] is not None]
        if values:
            found[key if unit == 1 else f"{key}_mb"] = round(statistics.median(values), 2)
    return found


def rows(lessons: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[list[str]]:
    """Lay the figures out: seconds on each, how many times faster, memory on the GPU."""
    laid = []
    for name, on in lessons.items():
        cpu, gpu = (on.get(place, {}).get("seconds") for place in ("cpu", "gpu"))
        faster = f"{cpu / gpu:.1f}" if cpu and gpu else ""
        memory = on.get("gpu", {}).get("gpu_memory_mb")
        cells = [f"{t:.1f}" if t is not None else "" for t in (cpu, gpu)]
        laid.append([name, *cells, faster, "" if memory is None else f"{memory:.0f}"])
    return laid


def main(arguments: list[str] | None = None) -> int:
    """Read a report, print its table and keep its figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("summary", nargs="?", type=Path, default=Path("reports/summary.json"))
    path = parser.parse_args(arguments).summary
    try:
        found = figures(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        print(f"nothing to keep: {path} does not exist; make gpu writes it")
        return 0
    except ValueError as error:
        print(f"nothing to keep: {error}")
        return 0
    slug = re.sub(r"[^a-z0-9]+", "-", found["gpu"].lower()).strip("-")
    header = ["lesson", "CPU (s)", found["gpu"] + " (s)", "CPU ÷ GPU", "GPU memory (MB)"]
    print(table(header, rows(found["lessons"])))
    print(f"kept in {save(f'lessons-{slug}', found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
