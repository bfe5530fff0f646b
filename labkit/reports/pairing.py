"""Which notebook of one run belongs to which of another: that which was asked for most alike."""

from collections.abc import Callable, Hashable, Iterable, Iterator

from labkit.execution.outcomes import Outcome

__all__ = ["paired"]

Key = Callable[[Outcome], Hashable]


def paired(old: Iterable[Outcome], new: Iterable[Outcome]) -> Iterator[tuple[Outcome, Outcome]]:
    """Yield pairs of what was asked for alike, each outcome at most once.

    First those with the same place and the same values are taken, then those that differ in the
    device, then those that were found elsewhere or given other values, where there is no doubt.

    Examples
    --------
    >>> from pathlib import Path
    >>> cpu = Outcome(Path("n.ipynb"), "passed", parameters={"device": "cpu", "seed": 1})
    >>> gpu = Outcome(Path("n.ipynb"), "passed", parameters={"device": "cuda", "seed": 1})
    >>> list(paired([cpu], [gpu])) == [(cpu, gpu)]
    True
    """
    left, right = list(old), list(new)
    for key in _KEYS:
        known = _unique(left, key)
        for value, outcome in _unique(right, key).items():
            if value in known:
                left.remove(known[value])
                right.remove(outcome)
                yield known[value], outcome


def _unique(found: Iterable[Outcome], key: Key) -> dict[Hashable, Outcome]:
    """Return key → outcome for those that no other shares its key with."""
    by_key: dict[Hashable, list[Outcome]] = {}
    for outcome in found:
        by_key.setdefault(key(outcome), []).append(outcome)
    return {value: alike[0] for value, alike in by_key.items() if len(alike) == 1}


def _place(outcome: Outcome) -> str:
    return outcome.name.partition("--")[0]  # what follows are its values


def _values(outcome: Outcome, *without: str) -> Hashable:
    given = {n: v for n, v in outcome.parameters.items() if n not in without}
    return outcome.repetition, *sorted((name, repr(value)) for name, value in given.items())


_KEYS: tuple[Key, ...] = (
    lambda o: (_place(o), _values(o)),
    lambda o: (_place(o), _values(o, "device")),
    lambda o: (o.path.name, _values(o, "device")),
    lambda o: (_place(o), o.repetition),
    lambda o: (o.path.name, o.repetition),
)
