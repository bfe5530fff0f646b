"""Runs as they could go, made at random, with every text as nasty as a notebook can make it."""

import random
from pathlib import Path
from typing import get_args

from labkit.execution.outcomes import CheckVerdict, Failure, Outcome, Status
from labkit.execution.repeating import Difference
from labkit.reports import summary
from labkit.reports.run import Run
from labkit.results import Result

NASTY = [
    "plain words",
    "<b>bold</b> & <script>alert(1)</script>",
    "a|b `c` *d* _e_ [f](g) # h ~i~ $j$ :k: @l",
    "lines\nof\r\ntext\tand ``` fences ```",
    "nul \x00 bell \x07 escape \x1b[31m half \ud800 none \uffff",
    "图 é 𝔘 \u202e right to left",
    "'single' \"double\" back\\slash\\|",
    "x" * 5000,
]


def random_run(seed, size=12, **options):
    """Return a run of ``size`` outcomes, and what the run before it said of the same notebooks."""
    rng = random.Random(seed)
    outcomes = [_outcome(rng, i) for i in range(size)]
    before = [_outcome(random.Random(seed + 1), i) for i in range(size // 2)]
    names = (outcomes[0].name, outcomes[1].name)
    differing = [
        Difference("note_0", cell, rng.choice(NASTY), ("1.0", "nan"), cell is None, names)
        for cell in (3, None)
    ]
    pages = {o.name: f"pages/{o.name}.html" for o in outcomes if rng.random() < 0.7}
    given = {
        "seconds": rng.choice([None, 12.5]),
        "previous": summary.as_data(Run(before)) if rng.random() < 0.7 else None,
        "differences": differing,
        "pages": pages,
    }
    return Run(outcomes, **{**given, **options})


def _outcome(rng, number):
    status = rng.choice(get_args(Status))
    cells = {i: rng.expovariate(1) for i in range(rng.randrange(6))}
    failure = Failure(*rng.choices(NASTY, k=3), cell=rng.choice([None, 2]))
    return Outcome(
        Path(f"some/where/note_{number} &.ipynb"),
        status,
        seconds=sum(cells.values()) + rng.random(),
        cell_seconds=cells,
        failure=None if status in {"passed", "skipped", "not-run"} else failure,
        parameters={"device": rng.choice(["cpu", "cuda"]), "x": rng.choice([1, None, NASTY[1]])},
        reason=rng.choice(["", *NASTY]),
        name=f"where/note_{number} &--x-1",
        started=f"2025-03-01T10:{number:02d}:00.5+00:00",
        kernel=rng.choice(["forked", "ordinary", ""]),
        device=rng.choice(["cpu", "NVIDIA H200", ""]),
        peak_memory=rng.choice([None, 412_000_000]),
        gpu_memory=rng.choice([None, 1_500_000_000]),
        versions=rng.choice([{}, {"torch": "2.11.0"}, {"torch": "2.10.0"}]),
        results=tuple(_result(rng, i) for i in range(rng.randrange(8))),
        checks=tuple(_check(rng, i) for i in range(rng.randrange(4))),
        warnings=tuple(rng.choices(NASTY, k=rng.randrange(3))),
        notes=tuple(rng.choices(NASTY, k=rng.randrange(2))),
        resumed=rng.random() < 0.2,
        host=rng.choice(["", "here", "there"]),
    )


def _result(rng, number):
    tolerance = rng.choice([None, 0.0, 0.5])
    return Result(f"{rng.choice(NASTY)} {number}", rng.choice([1, 0.25, -3e-9]), "ms", tolerance)


def _check(rng, cell):
    passed = rng.random() < 0.5
    return CheckVerdict(rng.choice(NASTY), passed, None if passed else rng.choice(NASTY), cell)
