from labkit.checks.bank import Mistake
from labkit.checks.banks import frequencies, rotary_places, rotary_turns
from labkit.checks.banks.rotary_embedding import MISTAKES


def test_every_mistake_that_is_told_has_its_place_in_the_order():
    told = [
        value
        for theme in (frequencies, rotary_places, rotary_turns)
        for value in vars(theme).values()
        if isinstance(value, Mistake)
    ]
    assert len(MISTAKES) >= 20
    assert sorted(m.name for m in told) == sorted(m.name for m in MISTAKES)


def test_the_most_common_ones_come_first():
    first = [mistake.name for mistake in MISTAKES[:3]]
    assert first == ["layout_swapped", "turned_backwards", "sign_wrong"]
