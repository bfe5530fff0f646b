"""Two runs side by side: what no longer passes, which results moved, what takes longer.

The runs may be yesterday's and today's, or those of one report on two devices.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labkit.errors import NotebookError
from labkit.execution import outcomes
from labkit.execution.outcomes import Outcome
from labkit.reports.history import Change
from labkit.reports.pairing import paired

__all__ = ["Comparison", "Pair", "Side", "by_device", "compare"]

Summary = Mapping[str, Any]

CPU = "cpu"


@dataclass(frozen=True)
class Side:
    """One of the two runs.

    Parameters
    ----------
    label
        What it is called, for example ``"this run"`` or ``"cuda"``.
    started
        When it began, as ISO 8601; empty where that is not known.
    devices
        What its kernels computed on, as far as they said.
    machine
        Its name; empty where that is not known.
    versions
        Package → version, as its kernels had them.
    folder
        The report it lies in; ``None`` where its executed notebooks are gone.
    """

    label: str
    started: str = ""
    devices: Sequence[str] = ()
    machine: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None


@dataclass(frozen=True)
class Pair:
    """One notebook in both runs."""

    old: Outcome
    new: Outcome

    @property
    def name(self) -> str:
        """What both are called, without the values that they do not share.

        Examples
        --------
        >>> runs = (f"n--device-{device}--seed-1" for device in ("cpu", "cuda"))
        >>> Pair(*(Outcome(Path("n.ipynb"), "passed", name=name) for name in runs)).name
        'n--seed-1'
        """
        before = self.old.name.split("--")
        return "--".join(p for p in self.new.name.split("--") if p in before) or self.new.name

    @property
    def worse(self) -> bool:
        """Whether the notebook passed and no longer does."""
        return self.old.passed and not self.new.passed

    @property
    def better(self) -> bool:
        """Whether the notebook passes now and did not."""
        return self.new.passed and not self.old.passed

    @property
    def changes(self) -> list[Change]:
        """The named results that both have in one unit, in the order of the new run."""
        before = {(r.name, r.unit): r.value for r in self.old.results}
        return [
            Change(r.name, before[r.name, r.unit], r.value, r.unit, r.tolerance)
            for r in self.new.results
            if (r.name, r.unit) in before
        ]

    @property
    def beyond(self) -> list[Change]:
        """The results that moved further than was promised."""
        return [change for change in self.changes if change.beyond]

    @property
    def unpaired(self) -> tuple[list[str], list[str]]:
        """Names of the results that only the old run has, and that only the new one has."""
        old, new = ({(r.name, r.unit): r.name for r in o.results} for o in (self.old, self.new))
        return [old[k] for k in old if k not in new], [new[k] for k in new if k not in old]

    @property
    def parameters(self) -> dict[str, tuple[Any, Any]]:
        """Name → both values of the parameters, the device aside, that are not the same."""
        old, new = self.old.parameters, self.new.parameters
        names = [n for n in {**old, **new} if n != "device" and old.get(n) != new.get(n)]
        return {name: (old.get(name), new.get(name)) for name in names}


@dataclass(frozen=True)
class Comparison:
    """What two runs have in common, and what not.

    Parameters
    ----------
    old, new
        The runs.
    pairs
        The notebooks of both: first those that no longer pass, then those with a result beyond its
        tolerance, then the others as the new run has them.
    only_old, only_new
        The notebooks of one run alone.
    """

    old: Side
    new: Side
    pairs: Sequence[Pair]
    only_old: Sequence[Outcome] = ()
    only_new: Sequence[Outcome] = ()

    @property
    def worse(self) -> bool:
        """Whether a notebook no longer passes, or a result lies beyond its tolerance."""
        return any(pair.worse or pair.beyond for pair in self.pairs)

    @property
    def versions(self) -> dict[str, tuple[str, str]]:
        """Package → both versions of those that differ; empty text where one run has none."""
        old, new = self.old.versions, self.new.versions
        names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        return {name: (old.get(name, ""), new.get(name, "")) for name in names}


def compare(
    old: Summary,
    new: Summary,
    *,
    labels: tuple[str, str] = ("the old run", "the new run"),
    folders: tuple[Path | None, Path | None] = (None, None),
) -> Comparison:
    """Compare two runs, each given as the data of its ``summary.json``.

    Raises
    ------
    NotebookError
        When the data is not that of a run.
    """
    before, after = _outcomes(old), _outcomes(new)
    return _compared(
        _side(old, labels[0], folders[0], before), _side(new, labels[1], folders[1], after),
        before, after,
    )  # fmt: skip


def by_device(summary: Summary, folder: Path | None = None) -> Comparison | None:
    """Compare the two devices of one run, the CPU first; ``None`` where it had not just two.

    Parameters
    ----------
    summary
        The data of its ``summary.json``.
    folder
        The report it lies in.
    """
    found: dict[str, list[Outcome]] = {}
    for outcome in _outcomes(summary):
        if "device" in outcome.parameters:
            found.setdefault(str(outcome.parameters["device"]), []).append(outcome)
    if len(found) != 2:
        return None
    old, new = sorted(found, key=lambda device: device != CPU)
    sides = (_side(summary, device, folder, found[device]) for device in (old, new))
    return _compared(*sides, found[old], found[new])


def _side(summary: Summary, label: str, folder: Path | None, ran: Sequence[Outcome]) -> Side:
    begun = [o.started for o in ran if o.started and not o.resumed]
    told = (o.versions for o in ran if o.versions)
    return Side(
        label,
        min(begun, default="") or summary.get("started") or "",
        sorted({o.device for o in ran if o.device}),
        (summary.get("machine") or {}).get("host", ""),
        next(told, summary.get("versions", {})),
        folder,
    )


def _outcomes(summary: Summary) -> list[Outcome]:
    try:
        return [outcomes.from_data(each) for each in summary["notebooks"]]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NotebookError(
            f"expected the summary of a run, got data without {error}; "
            "name a folder that labkit run has written"
        ) from error


def _compared(old: Side, new: Side, before: list[Outcome], after: list[Outcome]) -> Comparison:
    pairs = [Pair(o, n) for o, n in paired(before, after)]
    in_both = {id(o) for pair in pairs for o in (pair.old, pair.new)}
    place = {id(o): i for i, o in enumerate(after)}
    pairs.sort(key=lambda p: (not p.worse, not p.beyond, place[id(p.new)]))
    only = ([o for o in side if id(o) not in in_both] for side in (before, after))
    return Comparison(old, new, pairs, *only)
