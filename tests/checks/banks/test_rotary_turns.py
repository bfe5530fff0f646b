"""What becomes of one pair (a, b) at position 1, whose angle is 1: c is cos(1), s is sin(1)."""

import math

import pytest
import torch

from labkit.checks.banks import rotary_turns as bank
from labkit.checks.question import Arguments
from labkit.checks.rotary_embedding import ROTARY_EMBEDDING

A, B, C, S = 3.0, 5.0, math.cos(1), math.sin(1)
RIGHT = (A * C - B * S, A * S + B * C)


def made(mistake, sentence, x=((0.0, 0.0), (A, B)), **options):
    given = ROTARY_EMBEDDING.complete(Arguments(x=torch.tensor(x), **options))
    return mistake.variants[sentence](ROTARY_EMBEDDING.reference, given)[1].tolist()


PAIRS = [
    (bank.TURNED_BACKWARDS, "", (A * C + B * S, B * C - A * S)),
    (bank.SIGN_WRONG, "Yours has no minus.", (A * C + B * S, A * S + B * C)),
    (bank.SIGN_WRONG, "Yours has a minus in both features.", (RIGHT[0], B * C - A * S)),
    (bank.COS_SIN_SWAPPED, "", (A * S - B * C, A * C + B * S)),
    (bank.COS_SIN_SWAPPED, "Yours adds in both features.", (A * S + B * C, A * C + B * S)),
    (bank.TERM_FORGOTTEN, "Yours multiplies with the cosine alone.", (A * C, B * C)),
    (
        bank.TERM_FORGOTTEN,
        "Yours multiplies each feature with both, and never with the other one.",
        (A * (C + S), B * (C + S)),
    ),
    (
        bank.ANGLES_NOT_SHARED,
        "Feature j has the exponent j / width.",
        (RIGHT[0], A * math.sin(10_000**-0.5) + B * math.cos(10_000**-0.5)),
    ),
    (bank.TERM_FORGOTTEN, "Yours multiplies with the sine alone.", (A * S, B * S)),
    (
        bank.TERM_FORGOTTEN,
        "Yours multiplies the first with the cosine, the second with the sine.",
        (A * C, B * S),
    ),
    (
        bank.TERM_FORGOTTEN,
        "Yours leaves the second feature out of the first sum.",
        (A * C, RIGHT[1]),
    ),
    (
        bank.TERM_FORGOTTEN,
        "Yours leaves the first feature out of the second sum.",
        (RIGHT[0], B * C),
    ),
    (bank.HALF_TURNED, "Yours keeps the second feature of each pair.", (RIGHT[0], B)),
    (bank.HALF_TURNED, "Yours keeps the first feature of each pair.", (A, RIGHT[1])),
    (bank.HALF_TURNED, "Yours returns the first features alone.", (RIGHT[0],)),
    (bank.FIRST_OVERWRITTEN, "", (RIGHT[0], RIGHT[0] * S + B * C)),
    (bank.ENCODING_ADDED, "Yours adds them.", (A + S, B + C)),
    (bank.ENCODING_ADDED, "Yours adds the cosine first.", (A + C, B + S)),
    (bank.ENCODING_ADDED, "Yours multiplies with them.", (A * S, B * C)),
    (bank.NOT_TURNED, "", (A, B)),
]


@pytest.mark.parametrize(
    ("mistake", "sentence", "pair"), PAIRS, ids=[f"{m.name}: {s}" for m, s, _ in PAIRS]
)
def test_one_pair_becomes_what_the_sentence_says(mistake, sentence, pair):
    assert made(mistake, sentence) == pytest.approx(pair)


# Four features, whose pairs have the angles 1 and 1/100, with a base of 10000.
FOUR = ((0.0,) * 4, (1.0, 2.0, 3.0, 4.0))


def turned(a, b, angle):
    return (
        a * math.cos(angle) - b * math.sin(angle),
        a * math.sin(angle) + b * math.cos(angle),
    )


NEAR, FAR = turned(1, 2, 1), turned(3, 4, 0.01)
FIRST, LAST = turned(1, 3, 1), turned(2, 4, 0.01)
LAYOUTS = {
    "Yours has the other layout.": (FIRST[0], LAST[0], FIRST[1], LAST[1]),
    "Yours reads the right pairs, but writes them in the other layout.": (
        NEAR[0], FAR[0], NEAR[1], FAR[1],
    ),
    "Yours reads pairs in the other layout, and writes them in the right one.": (*FIRST, *LAST),
    "Yours has the right pairs with the angles of the other layout.": (
        1 * math.cos(1) - 2 * math.sin(1), 2 * math.cos(0.01) + 1 * math.sin(0.01),
        3 * math.cos(1) - 4 * math.sin(1), 4 * math.cos(0.01) + 3 * math.sin(0.01),
    ),
    "Yours has the right angles, but turns features with those of the other layout.": (
        1 * math.cos(1) - 3 * math.sin(1), 2 * math.cos(1) - 4 * math.sin(1),
        3 * math.cos(0.01) + 1 * math.sin(0.01), 4 * math.cos(0.01) + 2 * math.sin(0.01),
    ),
}  # fmt: skip


@pytest.mark.parametrize("sentence", bank.LAYOUT_SWAPPED.variants)
def test_other_pairs_than_asked_for(sentence):
    assert made(bank.LAYOUT_SWAPPED, sentence, FOUR) == pytest.approx(LAYOUTS[sentence])


def test_half_of_the_pairs():
    sentence = "Yours keeps the second half of the pairs."
    assert made(bank.HALF_TURNED, sentence, FOUR) == pytest.approx((*NEAR, 3, 4))


@pytest.mark.parametrize("layout", ["interleaved", "half"])
def test_what_is_not_turned_stays(layout):
    for mistake, sentence, pair in PAIRS:
        wide = ((0.0,) * 4, (A, B, 7.0, -1.0))
        options = {"rotary_dim": 2, "layout": layout}
        if len(pair) == 2:
            assert made(mistake, sentence, wide, **options) == pytest.approx((*pair, 7, -1))


def test_every_sentence_is_proved():
    told = {
        (mistake.name, sentence)
        for mistake in (getattr(bank, name) for name in bank.__all__)
        for sentence in mistake.variants
    }
    proved = {(m.name, s) for m, s, _ in PAIRS} | {("layout_swapped", s) for s in LAYOUTS}
    assert told == proved | {("half_turned", "Yours keeps the second half of the pairs.")}
