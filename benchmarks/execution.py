"""Time `labkit run` and its forked kernels against everything else that executes notebooks.

Run ``python benchmarks/execution.py``, or with ``--only papermill help`` a part of it; needs the
``bench`` extra. Six generated notebooks are executed by each contender once in every round, each
round beginning with another one; what does not really execute all of them stops the measurement.
Wall time and processor time, that of all processes that worked for it included. Everybody has one
thread. Then: the first result of a fresh kernel, what a notebook costs over its code, the memory of
four kernels, the report, the answer to ``labkit run --help``. Nothing else should run meanwhile.
"""

import argparse
import os
from collections.abc import Callable
from contextlib import nullcontext
from types import ModuleType
from typing import Any

from measure import machine, save, table
from runners import (
    command_help,
    costs,
    first_result,
    kernel_memory,
    overhead,
    report_pages,
    servers,
    six_notebooks,
)
from runners.contender import Contender
from runners.figures import Bar
from tqdm import tqdm

from labkit.kernels import forked

PARTS = (first_result, overhead, kernel_memory, report_pages, command_help)
FORKED = {first_result, overhead, kernel_memory}


def wants(words: list[str]) -> Callable[[str], bool]:
    """Return what tells whether a name was asked for: any, or those that hold one of the words."""
    return lambda name: not words or any(word.lower() in name.lower() for word in words)


def main() -> None:
    """Measure, print tables and bars, keep the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds for each figure")
    parser.add_argument(
        "--only", nargs="*", default=[], metavar="NAME", help="contenders and parts with one of"
    )
    options = parser.parse_args()
    wanted = wants(options.only)
    taking_part, absent = six_notebooks.contenders(wanted)
    parts = [part for part in PARTS if wanted(part.NAME)]
    if why := forked.why_not():
        absent += [f"{part.NAME} is left out: {why}" for part in parts if part in FORKED]
        parts = [part for part in parts if part not in FORKED]
    load = _load()
    costs.adopt_orphans()
    with nullcontext() if why else servers.private():
        results, failures = measure(taking_part, parts, options.rounds)
    print("\n\n".join(table(lines[0], lines[1:]) for lines in _lines(results)), end="\n\n")
    print(*absent, *failures, *_bars(results), sep="\n")
    if not options.only:
        where = machine() | {"load": load}
        kept = save("execution-cpu", kept_as(where, options.rounds, results))
        print("kept in", kept.name)


def measure(
    taking_part: list[Contender], parts: list[ModuleType], rounds: int
) -> tuple[dict[ModuleType, dict[str, Any]], list[str]]:
    """Return the figures of each part, and a line on each that has none because it failed."""
    results: dict[ModuleType, dict[str, Any]] = {}
    failures: list[str] = []
    with tqdm(total=rounds * (len(taking_part) + len(parts)), unit="step") as progress:

        def tick(name: str) -> None:
            progress.set_description(name, refresh=False)
            progress.update()

        if taking_part:
            results[six_notebooks], failures = six_notebooks.measure(taking_part, rounds, tick)
        for part in parts:
            try:
                results[part] = part.measure(rounds, tick)
            except Exception as error:  # whatever it is, the figures of the others stay
                failures.append(f"{part.NAME} FAILED and has no figure: {error!r}")
    return results, failures


def kept_as(where: dict[str, Any], rounds: int, results: dict[ModuleType, Any]) -> dict[str, Any]:
    """Return what is kept."""
    bars = [
        {
            "claim": bar.claim,
            "limit": bar.limit,
            "at_least": bar.at_least,
            "measured": round(bar.measured, 4),
            "met": bar.met,
        }
        for bar in _bars(results)
    ]
    figures = {part.NAME: figures for part, figures in results.items()}
    return {"machine": where, "rounds": rounds, "figures": figures, "bars": bars}


def _lines(results: dict[ModuleType, Any]) -> list[list[list[str]]]:
    return [part.lines(figures) for part, figures in results.items()]


def _bars(results: dict[ModuleType, Any]) -> list[Bar]:
    return [bar for part, figures in results.items() for bar in part.bars(figures)]


def _load() -> list[float] | None:
    return [round(part, 1) for part in os.getloadavg()] if hasattr(os, "getloadavg") else None


if __name__ == "__main__":
    main()
