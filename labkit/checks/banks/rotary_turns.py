"""The mistakes of a rotary embedding about the turn itself, and about which features make a pair.

In the code ``a`` are the arguments; a, b are the two features of a pair and c, s their cosine and
sine, so that the right turn is ``a * c - b * s, a * s + b * c``.
"""

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.misuse import with_arguments
from labkit.checks.banks.positions import places_of, width_of
from labkit.checks.banks.rotary_pairs import cosines_and_sines, features_of, pairs_of, turned_as
from labkit.checks.question import Arguments

__all__ = [
    "ANGLES_NOT_SHARED",
    "COS_SIN_SWAPPED",
    "ENCODING_ADDED",
    "FIRST_OVERWRITTEN",
    "HALF_TURNED",
    "LAYOUT_SWAPPED",
    "NOT_TURNED",
    "SIGN_WRONG",
    "TERM_FORGOTTEN",
    "TURNED_BACKWARDS",
]

OTHER = {"half": "interleaved", "interleaved": "half"}


def _read_and_written(read: bool, written: bool) -> Variant:
    """Make a variant that reads pairs in the other layout, or writes them in it, or both."""

    def variant(op: Function, a: Arguments) -> Tensor:
        there, here = (OTHER[a.layout] if other else a.layout for other in (read, written))
        x = features_of(pairs_of(a.x, a, there), a.x, a)
        result = op(a.but(x=x))
        return features_of(pairs_of(result, a), result, a, here)

    return variant


def _other_angles(op: Function, a: Arguments) -> Tensor:
    """Give each feature the angle that it would have in the other layout, in its right pair."""
    cosine, sine = (
        features_of(torch.stack((t, t), dim=-1), a.x, a, OTHER[a.layout])
        for t in cosines_and_sines(op, a)
    )
    c, s, p = (pairs_of(t, a) for t in (cosine, sine, a.x))
    other = torch.stack((-p[..., 1], p[..., 0]), dim=-1)
    return features_of(p * c + other * s, op(a), a)


def _other_partners(op: Function, a: Arguments) -> Tensor:
    """Give each feature its right angle, and the partner that it would have in the other layout."""
    there = OTHER[a.layout]
    cosine, sine = (
        pairs_of(features_of(torch.stack((t, t), dim=-1), a.x, a), a, there)
        for t in cosines_and_sines(op, a)
    )
    p = pairs_of(a.x, a, there)
    turned = p * cosine + torch.stack((-p[..., 1], p[..., 0]), dim=-1) * sine
    return features_of(turned, op(a), a, there)


def _angle_of_each(op: Function, a: Arguments) -> Tensor:
    """Turn the second feature of each pair by an angle half a step nearer to the next pair's."""
    later = places_of(a) / float(a.base) ** (1 / width_of(a))
    (c, s), (d, t) = cosines_and_sines(op, a), cosines_and_sines(op, a.but(positions=later))
    first, second = pairs_of(a.x, a).unbind(-1)
    turned = (first * c - second * s, first * t + second * d)
    return features_of(torch.stack(turned, dim=-1), op(a), a)


def _half_of_the_features(op: Function, a: Arguments) -> Tensor:
    right, given = pairs_of(op(a), a), pairs_of(a.x, a)
    turned = torch.arange(right.shape[-2]) < right.shape[-2] // 2
    return features_of(torch.where(turned[:, None], right, given), op(a), a)


def _swapped(a: Tensor, b: Tensor, c: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    return a * s - b * c, a * c + b * s


def _overwritten(a: Tensor, b: Tensor, c: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    first = a * c - b * s
    return first, first * s + b * c


LAYOUT_SWAPPED = Mistake(
    "layout_swapped",
    "The wrong features are taken for a pair.",
    "'interleaved', which is meant unless told otherwise, pairs neighbours: x[..., 0::2] with "
    "x[..., 1::2]; 'half' pairs feature i with feature i + width / 2.",
    {
        "Yours has the other layout.": _read_and_written(True, True),
        "Yours reads the right pairs, but writes them in the other layout.": _read_and_written(
            False, True
        ),
        "Yours reads pairs in the other layout, and writes them in the right one.": (
            _read_and_written(True, False)
        ),
        "Yours has the right pairs with the angles of the other layout.": _other_angles,
        "Yours has the right angles, but turns features with those of the other layout.": (
            _other_partners
        ),
    },
)

TURNED_BACKWARDS = Mistake(
    "turned_backwards",
    "The pairs are turned in the other direction: the sine has the wrong sign in both places.",
    "first = a * cos - b * sin, second = a * sin + b * cos.",
    {"": with_arguments(lambda a: {"positions": -places_of(a)})},
)

SIGN_WRONG = Mistake(
    "sign_wrong",
    "One of the signs is wrong, so that this is no rotation: lengths change.",
    "first = a * cos - b * sin, second = a * sin + b * cos: one minus, in front of b * sin.",
    {
        "Yours has no minus.": turned_as(lambda a, b, c, s: (a * c + b * s, a * s + b * c)),
        "Yours has a minus in both features.": turned_as(
            lambda a, b, c, s: (a * c - b * s, b * c - a * s)
        ),
    },
)

COS_SIN_SWAPPED = Mistake(
    "cos_sin_swapped",
    "Cosine and sine have changed places.",
    "At position 0 nothing turns: there the factor of a feature itself is cos(0) = 1.",
    {
        "": turned_as(_swapped),
        "Yours adds in both features.": turned_as(
            lambda a, b, c, s: (a * s + b * c, a * c + b * s)
        ),
    },
)

ANGLES_NOT_SHARED = Mistake(
    "angles_not_shared",
    "The two features of a pair are turned by different angles.",
    "A pair is turned as one: both its features have the exponent 2 * i / width, where i counts "
    "pairs.",
    {"Feature j has the exponent j / width.": _angle_of_each},
)

TERM_FORGOTTEN = Mistake(
    "term_forgotten",
    "A feature has only one term of its sum.",
    "Both features of a pair go into both results: a * cos - b * sin and a * sin + b * cos.",
    {
        "Yours multiplies with the cosine alone.": turned_as(lambda a, b, c, s: (a * c, b * c)),
        "Yours multiplies each feature with both, and never with the other one.": turned_as(
            lambda a, b, c, s: (a * (c + s), b * (c + s))
        ),
        "Yours multiplies with the sine alone.": turned_as(lambda a, b, c, s: (a * s, b * s)),
        "Yours multiplies the first with the cosine, the second with the sine.": turned_as(
            lambda a, b, c, s: (a * c, b * s)
        ),
        "Yours leaves the second feature out of the first sum.": turned_as(
            lambda a, b, c, s: (a * c, a * s + b * c)
        ),
        "Yours leaves the first feature out of the second sum.": turned_as(
            lambda a, b, c, s: (a * c - b * s, b * c)
        ),
    },
)

HALF_TURNED = Mistake(
    "half_turned",
    "Only some of the features are turned.",
    "Each pair gives two new features, and each pair is turned.",
    {
        "Yours keeps the second feature of each pair.": turned_as(
            lambda a, b, c, s: (a * c - b * s, b)
        ),
        "Yours keeps the first feature of each pair.": turned_as(
            lambda a, b, c, s: (a, a * s + b * c)
        ),
        "Yours keeps the second half of the pairs.": _half_of_the_features,
        "Yours returns the first features alone.": lambda op, a: pairs_of(op(a), a)[..., 0],
    },
)

FIRST_OVERWRITTEN = Mistake(
    "first_overwritten",
    "The second feature is computed from the first after that was turned already.",
    "Keep both old features until both new ones are there: write into a new tensor.",
    {"": turned_as(_overwritten)},
)

ENCODING_ADDED = Mistake(
    "encoding_added",
    "Sines and cosines are combined with the features themselves, as with a sinusoidal encoding.",
    "A rotary embedding turns pairs of features; it adds nothing, and lengths stay as they are.",
    {
        "Yours adds them.": turned_as(lambda a, b, c, s: (a + s, b + c)),
        "Yours adds the cosine first.": turned_as(lambda a, b, c, s: (a + c, b + s)),
        "Yours multiplies with them.": turned_as(lambda a, b, c, s: (a * s, b * c)),
    },
)

NOT_TURNED = Mistake(
    "not_turned",
    "Nothing is turned: the result is x as it was given.",
    "Position p turns pair i by p / base ** (2 * i / width) radians.",
    {"": lambda op, a: a.x},
)
