from labkit.checks.bank import Mistake
from labkit.checks.banks import (
    attention_causal,
    attention_masks,
    attention_roles,
    attention_scale,
    attention_softmax,
)
from labkit.checks.banks.attention import MISTAKES

THEMES = (attention_causal, attention_masks, attention_roles, attention_scale, attention_softmax)


def test_every_mistake_that_is_told_has_its_place_in_the_order():
    told = [v for theme in THEMES for v in vars(theme).values() if isinstance(v, Mistake)]
    assert len(MISTAKES) >= 25
    assert sorted(m.name for m in told) == sorted(m.name for m in MISTAKES)


def test_the_most_common_ones_come_first():
    first = [mistake.name for mistake in MISTAKES[:4]]
    assert first == ["scale_forgotten", "wrong_d", "scale_wrong", "mask_after_softmax"]


def test_an_added_mask_comes_before_what_it_looks_like():
    """Where nothing is causal, True added to what is seen is 1 subtracted from what is hidden."""
    names = [mistake.name for mistake in MISTAKES]
    assert names.index("mask_added") < names.index("masked_too_little")
