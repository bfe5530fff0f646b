"""The mistakes of sinusoidal and rotary encodings about their angles: positions, exponents, base.

In the code ``a`` are the arguments. Pair i of d features has the angle ``p / base ** (2 * i / d)``,
so that another exponent is as good as another base: ``base ** (i / d)`` is the square root of it.
"""

import math
from collections.abc import Callable

from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import with_arguments
from labkit.checks.banks.positions import places_of, width_of
from labkit.checks.question import Arguments

__all__ = [
    "BASE_IGNORED",
    "BASE_WRONG",
    "DEGREES",
    "EXPONENT_DOUBLED",
    "EXPONENT_HALVED",
    "EXPONENT_STRETCHED",
    "FREQUENCY_INVERTED",
    "PAIRS_FROM_ONE",
    "POSITIONS_FROM_ONE",
    "POSITIONS_NORMALISED",
    "SAME_FREQUENCY",
    "WRONG_LOGARITHM",
]


def _base(change: Callable[[float], float]) -> Variant:
    return with_arguments(lambda a: {"base": change(float(a.base))})


def _places(change: Callable[[Tensor], Tensor]) -> Variant:
    return with_arguments(lambda a: {"positions": change(places_of(a))})


def _next_pair(a: Arguments) -> dict:
    return {"positions": places_of(a) / float(a.base) ** (2 / width_of(a))}


def _stretched(less: int) -> Variant:
    """Make a variant whose exponents are 0, 1 / n, 2 / n, ... for n pairs less some."""

    def variant(op: Function, a: Arguments) -> Tensor:
        last = max((width_of(a) + 1) // 2 - less, 1)
        return op(a.but(base=float(a.base) ** (width_of(a) / (2 * last))))

    return variant


EXPONENT_HALVED = Mistake(
    "exponent_halved",
    "The exponent lacks its 2: pair i is divided by base ** (i / d), of d features.",
    "Divide by base ** (2 * i / d), where i counts pairs: 0, 1, 2, ...",
    {"": _base(math.sqrt)},
)

EXPONENT_DOUBLED = Mistake(
    "exponent_doubled",
    "The exponent is twice too large: a 2 is counted double.",
    "A step of 2, as in arange(0, d, 2), is the 2 of the exponent already; and the divisor is the "
    "number of features, not of pairs.",
    {"": _base(lambda base: base**2)},
)

POSITIONS_FROM_ONE = Mistake(
    "positions_from_one",
    "The positions do not begin at 0.",
    "The first row is position 0: torch.arange(positions).",
    {
        "Yours begin at 1.": _places(lambda p: p + 1),
        "Yours begin at -1.": _places(lambda p: p - 1),
        "Yours run backwards.": _places(lambda p: p.flip(-1)),
    },
)

FREQUENCY_INVERTED = Mistake(
    "frequency_inverted",
    "The position is multiplied by base ** (2 * i / d) instead of divided by it.",
    "Divide, or give the exponent a minus: later pairs turn more slowly, not faster.",
    {"": _base(lambda base: 1 / base)},
)

BASE_IGNORED = Mistake(
    "base_ignored",
    "The base that is asked for is ignored.",
    "Write base where 10000 stands.",
    {"": with_arguments(lambda a: {"base": 10_000})},
)

BASE_WRONG = Mistake(
    "base_wrong",
    "The base is not the one asked for, which is 10000 unless given.",
    "Count its zeros: 10_000.",
    {
        f"Yours is {words}.": _base(lambda base, wrong=wrong: wrong if base == 10_000 else base)
        for words, wrong in {
            "1000": 1e3,
            "100000": 1e5,
            "1000000": 1e6,
            "10": 10.0,
            "2": 2.0,
            "e, 2.718": math.e,
        }.items()
    },
)

WRONG_LOGARITHM = Mistake(
    "wrong_logarithm",
    "The logarithm in exp(... * log(base)) is not the natural one.",
    "exp undoes the natural logarithm: math.log(base), torch.log.",
    {
        "Yours is to base 10.": _base(lambda base: math.exp(math.log10(base))),
        "Yours is to base 2.": _base(lambda base: math.exp(math.log2(base))),
    },
)

SAME_FREQUENCY = Mistake(
    "same_frequency",
    "All pairs turn at the same frequency.",
    "The exponent 2 * i / d grows with the pair; // rounds it down to 0.",
    {
        "Yours turns them by one radian a step.": _base(lambda base: 1.0),
        "Yours divides all positions by the base.": with_arguments(
            lambda a: {"positions": places_of(a) / float(a.base), "base": 1.0}
        ),
    },
)

DEGREES = Mistake(
    "degrees",
    "The angle is in another unit than radians.",
    "torch.sin and math.sin take radians, and so does the formula: nothing is to be converted.",
    {
        "Yours is taken for degrees.": _places(lambda p: p * math.pi / 180),
        "Yours is converted to degrees.": _places(lambda p: p * 180 / math.pi),
        "Yours is taken for whole turns.": _places(lambda p: p * 2 * math.pi),
        "Yours is taken for half turns.": _places(lambda p: p * math.pi),
    },
)

POSITIONS_NORMALISED = Mistake(
    "positions_normalised",
    "The positions are squeezed into a fixed range.",
    "Count them in steps: 0, 1, 2, ..., so that a place looks the same in a longer sequence.",
    {
        "Yours are divided by their number.": _places(lambda p: p / p.shape[-1]),
        "Yours go from 0 to 1.": _places(lambda p: p / max(p.shape[-1] - 1, 1)),
        "Yours are divided by the number of features.": with_arguments(
            lambda a: {"positions": places_of(a) / width_of(a)}
        ),
    },
)

PAIRS_FROM_ONE = Mistake(
    "pairs_from_one",
    "The pairs are counted from 1: the first is divided by base ** (2 / d).",
    "The first pair has i = 0, and so the angle p itself.",
    {"": with_arguments(_next_pair)},
)

EXPONENT_STRETCHED = Mistake(
    "exponent_stretched",
    "The exponents end at another number than they should.",
    "Divide 2 * i by d, the number of features: the last pair of many ends just below 1.",
    {
        "Yours go from 0 to exactly 1, as some libraries have it.": _stretched(1),
        "Yours are divided by d - 1.": with_arguments(
            lambda a: {"base": float(a.base) ** (width_of(a) / max(width_of(a) - 1, 1))}
        ),
        "Yours are divided by d + 1.": with_arguments(
            lambda a: {"base": float(a.base) ** (width_of(a) / (width_of(a) + 1))}
        ),
    },
)
