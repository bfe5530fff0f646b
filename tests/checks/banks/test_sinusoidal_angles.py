import math

import pytest
import torch

from labkit.checks.banks import sinusoidal_angles as bank
from labkit.checks.question import Arguments
from labkit.ops.positional_encoding import sinusoidal_encoding

P, D, BASE = 9, 5, 100


def right(a):
    return sinusoidal_encoding(a.positions, a.d_model, base=a.base, dtype=torch.float64)


def row(mistake, sentence):
    given = Arguments(positions=P + 1, d_model=D, base=BASE)
    return mistake.variants[sentence](right, given)[P].tolist()


EXPONENTS = {
    "Column j has the exponent j / d_model.": [0, 1, 2, 3, 4],
    "Column j has the exponent 2 * j / d_model.": [0, 2, 4, 6, 8],
    "The cosine has the exponent 2 * (2 * i + 1) / d_model.": [0, 2, 2, 6, 4],
    "The cosine has the exponent of the next pair.": [0, 2, 2, 4, 4],
}


@pytest.mark.parametrize("sentence", bank.COSINE_OWN_EXPONENT.variants)
def test_each_column_has_the_exponent_of_the_sentence(sentence):
    expected = [
        (math.cos if j % 2 else math.sin)(P / BASE ** (exponent / D))
        for j, exponent in enumerate(EXPONENTS[sentence])
    ]
    assert row(bank.COSINE_OWN_EXPONENT, sentence) == pytest.approx(expected)


def test_rounded_angles_and_angles_without_a_wave():
    angles = [P / BASE ** ((j - j % 2) / D) for j in range(D)]
    assert row(bank.NO_SINE, "") == pytest.approx(angles)
    waves = [(math.cos if j % 2 else math.sin)(int(angle)) for j, angle in enumerate(angles)]
    assert row(bank.ANGLES_ROUNDED, "") == pytest.approx(waves)
