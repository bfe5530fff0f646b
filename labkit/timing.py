"""How long a call takes, and how two compare: measured in turns, waiting for what a GPU still does.

One figure alone says little on a machine that does other things too. Two calls timed in turns, many
times over, share the same luck, and the median of their ratios hardly moves.
"""

import statistics
from collections.abc import Callable
from time import perf_counter

import torch

__all__ = ["milliseconds", "ratio"]

LEAST = 0.005  # seconds that one reading of the clock covers: shorter ones are mostly noise


def milliseconds(call: Callable[[], object], *, rounds: int = 5) -> float:
    """Time a call: the median over several rounds, after one that does not count.

    Parameters
    ----------
    call
        Takes no arguments; its result is thrown away.
    rounds
        How often the clock is read.

    Returns
    -------
    float
        Milliseconds by the clock for one call.

    Examples
    --------
    >>> milliseconds(lambda: sum(range(10_000))) > 0
    True
    """
    times = _calls_a_reading(call)
    return statistics.median(_seconds(call, times) for _ in range(rounds)) * 1e3


def ratio(ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int = 7) -> float:
    """Say how many times as long one call takes as another: 3 is three times slower.

    Parameters
    ----------
    ours, theirs
        Calls without arguments.
    rounds
        How often each is timed; they take turns.

    Returns
    -------
    float
        The median over the rounds of the time of ``ours`` divided by that of ``theirs``.

    Examples
    --------
    >>> ratio(lambda: sum(range(50_000)), lambda: sum(range(1_000))) > 5
    True
    """
    counts = _calls_a_reading(ours), _calls_a_reading(theirs)
    pairs = [(_seconds(ours, counts[0]), _seconds(theirs, counts[1])) for _ in range(rounds)]
    return statistics.median(mine / other for mine, other in pairs)


def _calls_a_reading(call: Callable[[], object]) -> int:
    call()  # the first call loads, compiles and fills caches
    return max(1, round(LEAST / max(_seconds(call, 1), 1e-7)))


def _seconds(call: Callable[[], object], times: int) -> float:
    _wait()
    started = perf_counter()
    for _ in range(times):
        call()
    _wait()
    return (perf_counter() - started) / times


def _wait() -> None:
    """Let an accelerator finish: it answers before it has computed."""
    if torch.accelerator.is_available():
        torch.accelerator.synchronize()
