"""What each sentence says about angles is what becomes of the angle of position 3."""

import math

import pytest
import torch

from labkit.checks.banks import frequencies as bank
from labkit.checks.question import Arguments

P, D, BASE = 3, 8, 10_000  # four pairs: i is 0, 1, 2, 3


def angles_made(mistake, sentence, **options):
    """Return the angles that a variant asks for, of all positions up to P."""
    seen = []

    def operation(a):
        places = a.positions if torch.is_tensor(a.positions) else torch.arange(a.positions)
        seen.append(places[..., None] / float(a.base) ** (torch.arange(0, D, 2).double() / D))
        return seen[-1]

    given = Arguments(positions=P + 1, d_model=D, base=BASE).but(**options)
    return mistake.variants[sentence](operation, given)


FORMULAS = [
    (bank.EXPONENT_HALVED, "", lambda i: P / BASE ** (i / D)),
    (bank.EXPONENT_DOUBLED, "", lambda i: P / BASE ** (4 * i / D)),
    (bank.POSITIONS_FROM_ONE, "Yours begin at 1.", lambda i: (P + 1) / BASE ** (2 * i / D)),
    (bank.POSITIONS_FROM_ONE, "Yours begin at -1.", lambda i: (P - 1) / BASE ** (2 * i / D)),
    (bank.POSITIONS_FROM_ONE, "Yours run backwards.", lambda i: 0.0),
    (bank.FREQUENCY_INVERTED, "", lambda i: P * BASE ** (2 * i / D)),
    (bank.BASE_WRONG, "Yours is 1000.", lambda i: P / 1000 ** (2 * i / D)),
    (bank.BASE_WRONG, "Yours is 100000.", lambda i: P / 1e5 ** (2 * i / D)),
    (bank.BASE_WRONG, "Yours is 1000000.", lambda i: P / 1e6 ** (2 * i / D)),
    (bank.BASE_WRONG, "Yours is 10.", lambda i: P / 10 ** (2 * i / D)),
    (bank.BASE_WRONG, "Yours is 2.", lambda i: P / 2 ** (2 * i / D)),
    (bank.BASE_WRONG, "Yours is e, 2.718.", lambda i: P * math.exp(-2 * i / D)),
    (
        bank.WRONG_LOGARITHM,
        "Yours is to base 10.",
        lambda i: P * math.exp(-2 * i / D * math.log10(BASE)),
    ),
    (
        bank.WRONG_LOGARITHM,
        "Yours is to base 2.",
        lambda i: P * math.exp(-2 * i / D * math.log2(BASE)),
    ),
    (bank.SAME_FREQUENCY, "Yours turns them by one radian a step.", lambda i: P),
    (bank.SAME_FREQUENCY, "Yours divides all positions by the base.", lambda i: P / BASE),
    (
        bank.DEGREES,
        "Yours is taken for degrees.",
        lambda i: math.radians(P / BASE ** (2 * i / D)),
    ),
    (
        bank.DEGREES,
        "Yours is converted to degrees.",
        lambda i: math.degrees(P / BASE ** (2 * i / D)),
    ),
    (bank.DEGREES, "Yours is taken for whole turns.", lambda i: math.tau * P / BASE ** (2 * i / D)),
    (bank.DEGREES, "Yours is taken for half turns.", lambda i: math.pi * P / BASE ** (2 * i / D)),
    (
        bank.POSITIONS_NORMALISED,
        "Yours are divided by their number.",
        lambda i: P / (P + 1) / BASE ** (2 * i / D),
    ),
    (bank.POSITIONS_NORMALISED, "Yours go from 0 to 1.", lambda i: 1 / BASE ** (2 * i / D)),
    (
        bank.POSITIONS_NORMALISED,
        "Yours are divided by the number of features.",
        lambda i: P / D / BASE ** (2 * i / D),
    ),
    (bank.PAIRS_FROM_ONE, "", lambda i: P / BASE ** (2 * (i + 1) / D)),
    (
        bank.EXPONENT_STRETCHED,
        "Yours go from 0 to exactly 1, as some libraries have it.",
        lambda i: P / BASE ** (i / 3),
    ),
    (
        bank.EXPONENT_STRETCHED,
        "Yours are divided by d - 1.",
        lambda i: P / BASE ** (2 * i / (D - 1)),
    ),
    (
        bank.EXPONENT_STRETCHED,
        "Yours are divided by d + 1.",
        lambda i: P / BASE ** (2 * i / (D + 1)),
    ),
]


@pytest.mark.parametrize(
    ("mistake", "sentence", "formula"), FORMULAS, ids=[f"{m.name}: {s}" for m, s, _ in FORMULAS]
)
def test_the_angles_are_those_of_the_sentence(mistake, sentence, formula):
    made = angles_made(mistake, sentence)[P].tolist()
    assert made == pytest.approx([formula(i) for i in range(D // 2)])


def test_an_ignored_base_is_ten_thousand():
    asked = angles_made(bank.BASE_IGNORED, "", base=7)[P].tolist()
    assert asked == pytest.approx([P / BASE ** (2 * i / D) for i in range(D // 2)])


@pytest.mark.parametrize("sentence", bank.BASE_WRONG.variants)
def test_a_wrong_base_is_one_that_nobody_asked_for(sentence):
    asked = angles_made(bank.BASE_WRONG, sentence, base=7)[P].tolist()
    assert asked == pytest.approx([P / 7 ** (2 * i / D) for i in range(D // 2)])


def test_every_sentence_is_proved():
    told = {
        (mistake.name, sentence)
        for mistake in (getattr(bank, name) for name in bank.__all__)
        for sentence in mistake.variants
    }
    assert told == {(m.name, s) for m, s, _ in FORMULAS} | {("base_ignored", "")}
