"""The questions that a check of scaled dot-product attention asks, in the order of its stages.

Axis legend: (..., T, S, E, Ev) are the queries, the keys, the width of both, and the width of a
value. No two of them are equal, except where that is asked.
"""

import torch
from torch import Tensor

from labkit.checks.numbers import Numbers
from labkit.checks.question import Arguments, Question

__all__ = ["PLAIN", "STAGES", "pattern"]

FAR = 100.0  # its square is far more than exp can take, and float32 still counts it in quarters


def pattern(*shape: int) -> Tensor:
    """Return a mask in which each query sees some keys, its own among them, and some it does not.

    Examples
    --------
    >>> pattern(3, 3).int().tolist()
    [[1, 1, 0], [0, 1, 1], [1, 0, 1]]
    """
    *batch, queries, keys = shape
    first = torch.arange(torch.Size(batch).numel()).reshape(*batch, 1, 1)
    places = 2 * torch.arange(queries)[:, None] + torch.arange(keys)
    return (places + first) % 3 != 2


def _tensors(about: str, batch: tuple[int, ...], *sizes: int) -> Arguments:
    numbers = Numbers(about)
    queries, keys, width, value_width = sizes
    return Arguments(
        q=2 * numbers.quarters(*batch, queries, width),
        k=2 * numbers.quarters(*batch, keys, width),
        v=numbers.integers(*batch, keys, value_width),
    )


def _question(
    about: str,
    *sizes: int,
    mask: bool | tuple[int, ...] = False,
    bias: bool = False,
    probe: bool = False,
    dtype: torch.dtype = torch.float32,
    **options: float | bool,
) -> Question:
    """Make a question; a mask is for one sequence, or has the batch axes given."""
    *batch, queries, keys = sizes[:-2]
    given = _tensors(about, tuple(batch), *sizes[-4:])
    if mask:
        given["mask"] = pattern(*(mask if isinstance(mask, tuple) else ()), queries, keys)
    if bias:
        given["bias"] = Numbers(f"{about}, added").integers(*batch, queries, keys) / 2
    return Question(about, given.copied(dtype=dtype).but(**options), probe)


def _far(about: str, q: list, k: list, mask: list | None = None) -> Question:
    given = Arguments(q=FAR * torch.tensor(q), k=torch.tensor(k), v=torch.eye(3) * 4 - 1)
    given["k"] = given.k * torch.tensor([FAR, 1 / FAR, 1.0, 1.0])
    return Question(about, given if mask is None else given.but(mask=torch.tensor(mask)))


def _hiding(about: str, *sizes: int) -> Question:
    """Make a question with a mask in which the second query sees nothing."""
    asked = _question(about, *sizes, mask=True)
    seen = torch.arange(sizes[-4])[:, None] != 1
    return Question(about, asked.arguments.but(mask=asked.arguments.mask & seen))


PLAIN = (
    _question("one query, two keys", 1, 2, 4, 3),
    _question("two queries", 2, 3, 4, 1),
    _question("more queries than keys", 5, 2, 3, 4),
    _question("a square of everything", 3, 3, 3, 3),
    _question("one feature", 2, 3, 1, 2),
    _question("wide queries", 2, 3, 9, 4),
    _question("a batch", 2, 3, 4, 5, 1, probe=True),
    _question("as many sequences as queries", 3, 3, 2, 4, 5),
    _question("a batch of one", 1, 3, 4, 2, 5),
    _question("heads", 2, 3, 4, 5, 6, 7, probe=True),
    _question("one head", 2, 1, 3, 4, 5, 2),
)
_OPTIONS = (
    _question("a mask", 2, 3, 4, 2, mask=True),
    _question("a square mask", 3, 3, 2, 4, mask=True),
    _question("a mask for a batch", 2, 3, 4, 5, 6, mask=True, probe=True),
    _question("a mask for each sequence", 2, 4, 3, 5, 2, mask=(2,)),
    _question("a mask for each head", 2, 3, 4, 5, 2, 3, mask=(2, 3)),
    _question("a bias", 2, 3, 4, 5, bias=True),
    _question("a bias for each head", 2, 3, 4, 5, 6, 3, bias=True, probe=True),
    _question("a bias and a mask", 4, 3, 2, 5, bias=True, mask=True),
    _question("causal", 3, 3, 4, 2, causal=True),
    _question("causal in a batch", 2, 4, 4, 3, 5, causal=True, probe=True),
    _question("causal under heads", 2, 3, 5, 5, 4, 2, causal=True),
    _question("causal and a mask", 4, 4, 3, 2, causal=True, mask=True),
    _question("another scale", 2, 3, 4, 5, scale=0.25),
    _question("another scale under heads", 2, 3, 4, 5, 3, 6, scale=2.0, probe=True),
)
# A key counts the first feature FAR times and the second 1 / FAR: scores differ by ± FAR² and 1.
_LARGE = (
    _far(
        "scores far from zero",
        [[1.0, 1.0, 0.0, 0.0], [-1.0, 1.0, 0.0, 0.0]],
        [[1.0, 2.0, 0.0, 1.0], [1.0, 4.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0]],
    ),
    _far(
        "the best key by far is hidden",
        [[-1.0, 1.0, 0.0, 0.0]],
        [[1.0, 2.0, 0.0, 1.0], [1.0, 3.0, 1.0, 0.0], [-1.0, 1.0, 0.0, 0.0]],
        [[True, True, False]],
    ),
)
_HALF = (
    _question("float16", 2, 3, 4, 5, dtype=torch.float16),
    _question("float16 and a mask", 2, 3, 4, 5, 3, mask=True, dtype=torch.float16),
    _question("float16 and causal", 3, 3, 4, 2, causal=True, dtype=torch.float16),
)
_HIDING = (
    _hiding("a query that may look nowhere", 2, 3, 4, 2),
    _hiding("such a query in a batch", 2, 3, 4, 5, 2),
)
_LATER = (
    _question("one query after four keys, causal", 1, 5, 4, 2, causal=True),
    _question("three queries after two keys, causal", 3, 5, 4, 2, causal=True),
    _question("the same under heads", 2, 3, 2, 4, 5, 6, causal=True),
)

# Each is asked only of those who are right so far: nearly every first attempt has NaN where a query
# may look nowhere, and that should not be what is said about an attempt without √d.
STAGES = (PLAIN + _OPTIONS, _LARGE, _HALF, _HIDING, _LATER)
