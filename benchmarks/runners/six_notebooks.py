"""Six notebooks, executed by everybody in turn: seconds by the clock and of processors."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from runners import (
    jupyter_cache,
    jupyter_execute,
    labkit_run,
    papermill,
    plain_script,
    pytest_plugins,
    servers,
)
from runners.contender import Contender, module
from runners.costs import Cost, spent
from runners.figures import Bar, Spread, shown, spread
from runners.notebooks import NAMES, WITNESS, arrived, outputs_of, write

__all__ = ["NAME", "bars", "contenders", "lines", "measure"]

NAME = "six notebooks"
HEADER = ["six notebooks", "wall, s", "CPU, s", "papermill's wall ÷ its wall"]
WARM, COLD = "labkit run, workers 2, warm", "labkit run, workers 2, cold"
LIMITS = {WARM: 20.0, COLD: 9.0}
ROOMS = (
    labkit_run,
    papermill,
    pytest_plugins,
    jupyter_execute,
    jupyter_cache,
    plain_script,
)


def contenders(wanted: Callable[[str], bool]) -> tuple[list[Contender], list[str]]:
    """Return who takes part, and a line on each who cannot."""
    asked = [c for room in ROOMS for c in room.CONTENDERS if wanted(c.name)]
    absent = [f"{c.name} is left out: {c.missing()}" for c in asked if c.missing()]
    return [c for c in asked if not c.missing()], absent


def measure(
    taking_part: Sequence[Contender], rounds: int, tick: Callable[[str], None]
) -> tuple[dict[str, dict[str, Spread]], list[str]]:
    """Let everybody execute the notebooks once in each round, each time in another order.

    Returns
    -------
    tuple
        The figures, and a line on each who did not execute all notebooks and so has none.
    """
    costs: dict[str, list[Cost]] = {contender.name: [] for contender in taking_part}
    failures = []
    with tempfile.TemporaryDirectory(prefix="race-") as name:
        source = Path(name, "source")
        expected = _written(source)
        for number, contender in _turns(taking_part, rounds):
            tick(contender.name)
            if contender.name not in costs:
                continue
            folder = Path(name, f"{number}")
            shutil.copytree(source, folder)
            try:
                costs[contender.name].append(_cost(contender, folder))
                _check(contender, folder, *expected)
            except RuntimeError as error:
                del costs[contender.name]
                failures.append(f"{contender.name} FAILED and has no figure: {error}")
            shutil.rmtree(folder)
    return _figures(costs), failures


def _turns(taking_part: Sequence[Contender], rounds: int) -> Iterator[tuple[int, Contender]]:
    for number in range(rounds):
        first = number * len(taking_part) // rounds
        for contender in (*taking_part[first:], *taking_part[:first]):
            yield number, contender


def _written(folder: Path) -> tuple[dict[str, str], list[int]]:
    """Write the notebooks with their outputs; return last losses and numbers of outputs."""
    folder.mkdir()
    write(folder)
    witness = folder / "witness"
    os.environ[WITNESS] = str(witness)
    spent([module("jupyter", "execute", "--inplace", *NAMES)], folder)
    losses, _ = arrived(witness)
    for left in (witness, folder / "output.log"):
        left.unlink()
    return losses, outputs_of(folder.glob("*.ipynb"))


def _cost(contender: Contender, folder: Path) -> Cost:
    contender.prepare(folder)
    os.environ[WITNESS] = str(folder / "witness")
    if contender.servers == "cold":
        servers.cool()
    elif contender.servers == "warm":
        servers.warm()
    servers.settle()
    return spent(contender.commands(NAMES), folder)


def _check(
    contender: Contender, folder: Path, losses: dict[str, str], outputs: Sequence[int]
) -> None:
    """Refuse a figure whose notebooks were not all executed, in the kernels that it speaks of."""
    found, forked = arrived(folder / "witness")
    if found != losses:
        raise RuntimeError(f"expected the losses {losses}, got {found}")
    if forked != {bool(contender.servers)}:
        raise RuntimeError(f"expected another kind of kernel, got forked: {forked}")
    if contender.stores and outputs_of(folder.glob(contender.stores)) != outputs:
        raise RuntimeError("the executed notebooks lack outputs")


def _figures(costs: dict[str, list[Cost]]) -> dict[str, dict[str, Spread]]:
    reference = costs.get(papermill.REFERENCE)
    figures = {}
    for name, mine in costs.items():
        figures[name] = {
            "wall_s": spread([cost.wall for cost in mine]),
            "cpu_s": spread([cost.cpu for cost in mine]),
        }
        if reference:
            # Round by round: whatever slowed the machine then slowed both.
            ratios = [theirs.wall / cost.wall for theirs, cost in zip(reference, mine, strict=True)]
            figures[name]["times_faster"] = spread(ratios)
    return figures


def lines(figures: dict[str, dict[str, Spread]]) -> list[list[str]]:
    """Return the table, its header first."""
    rows = [
        [
            f"**{name}**" if "labkit" in name else name,
            shown(figure["wall_s"]),
            shown(figure["cpu_s"]),
            shown(figure["times_faster"], 1) if "times_faster" in figure else "",
        ]
        for name, figure in figures.items()
    ]
    return [HEADER, *rows]


def bars(figures: dict[str, dict[str, Spread]]) -> list[Bar]:
    """Judge labkit against papermill's command."""
    return [
        Bar(f"{name}, times faster than papermill", limit, each["times_faster"]["median"], True)
        for name, limit in LIMITS.items()
        if "times_faster" in (each := figures.get(name, {}))
    ]
