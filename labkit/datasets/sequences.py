"""Sequences: three centuries of sunspots, and the adding problem that tests a memory.

N, T = sequences, time steps
"""

from dataclasses import dataclass
from importlib.resources import files
from typing import NamedTuple

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from labkit.errors import OptionError

__all__ = ["AddingProblem", "Sunspots", "adding_problem", "sunspots"]


@dataclass(frozen=True, eq=False, repr=False)
class Sunspots:
    """One number a year.

    Attributes
    ----------
    years
        1700 to 2008.
    numbers
        The mean sunspot number of each year, as the Zürich observatory and its successors counted.
    source
        Where the numbers come from.
    """

    years: Int64[Tensor, " T"]
    numbers: Float32[Tensor, " T"]
    source: str

    def __repr__(self) -> str:
        return f"Sunspots: {self.years[0]} to {self.years[-1]}, {self.source}"


def sunspots() -> Sunspots:
    """Return the yearly sunspot numbers of 1700 to 2008; no network is needed.

    References
    ----------
    NOAA National Geophysical Data Center, Solar Data Services: sunspot numbers; public domain.

    Examples
    --------
    >>> record = sunspots()
    >>> record.years[record.numbers.argmax()].item()
    1957
    """
    text = files("labkit.datasets").joinpath("sunspots.csv").read_text(encoding="utf-8")
    rows = [line.split(",") for line in text.splitlines()[1:]]
    years, numbers = zip(*rows, strict=True)
    return Sunspots(
        torch.tensor([int(year) for year in years]),
        torch.tensor([float(number) for number in numbers]),
        "NOAA's yearly sunspot numbers",
    )


class AddingProblem(NamedTuple):
    """Sequences of pairs, and the sum that each asks for.

    Attributes
    ----------
    inputs
        At each step a number in [0, 1), and a mark: 1 at two steps, 0 at the others.
    targets
        The sum of the two marked numbers.
    """

    inputs: Float32[Tensor, "N T 2"]
    targets: Float32[Tensor, " N"]


def adding_problem(
    count: int, length: int, *, generator: torch.Generator | None = None
) -> AddingProblem:
    """Make sequences whose answer needs two numbers from far apart.

    One mark stands in the first half of a sequence, one in the second. Who answers 1 always, the
    mean of the sums, is wrong by 1/6 in the mean square: 0.167 is what a memory has to beat.

    Parameters
    ----------
    count
        Number of sequences.
    length
        Steps in each; at least 2.
    generator
        Makes the numbers repeat.

    Raises
    ------
    OptionError
        If a sequence has no room for two marks.

    References
    ----------
    Hochreiter and Schmidhuber (1997), Long Short-Term Memory, experiment 4, in the form that became
    common: with both numbers in [0, 1) and their plain sum.

    Examples
    --------
    >>> inputs, targets = adding_problem(3, 10)
    >>> bool(((inputs[..., 0] * inputs[..., 1]).sum(1) == targets).all())
    True
    """
    if length < 2:
        raise OptionError(f"expected room for two marks, got length={length}; use at least 2")
    numbers = torch.rand(count, length, generator=generator)
    half = length // 2
    first = torch.randint(0, half, (count,), generator=generator)
    second = torch.randint(half, length, (count,), generator=generator)
    marks = torch.zeros(count, length)
    marks[torch.arange(count), first] = marks[torch.arange(count), second] = 1
    return AddingProblem(torch.stack([numbers, marks], dim=2), (numbers * marks).sum(dim=1))
