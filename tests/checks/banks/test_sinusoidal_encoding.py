from labkit.checks.bank import Mistake
from labkit.checks.banks import frequencies, sinusoidal_angles, sinusoidal_columns
from labkit.checks.banks.sinusoidal_encoding import MISTAKES


def test_every_mistake_that_is_told_has_its_place_in_the_order():
    told = [
        value
        for theme in (frequencies, sinusoidal_angles, sinusoidal_columns)
        for value in vars(theme).values()
        if isinstance(value, Mistake)
    ]
    assert len(MISTAKES) >= 20
    assert sorted(m.name for m in told) == sorted(m.name for m in MISTAKES)


def test_the_most_common_ones_come_first():
    first = [mistake.name for mistake in MISTAKES[:3]]
    assert first == ["sin_cos_swapped", "concatenated", "exponent_halved"]
