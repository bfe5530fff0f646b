from itertools import combinations

import pytest

from labkit.checks.answer import adapt
from labkit.checks.bank import Mistake, evaluate
from labkit.checks.banks import pooling_axes, pooling_padding, pooling_values, pooling_windows
from labkit.checks.banks.pooling import AVERAGE_MISTAKES, MAX_MISTAKES
from labkit.checks.comparison import agree, alike
from labkit.checks.pooling import AVG_POOL2D, MAX_POOL2D
from labkit.checks.signature import Reading

pytestmark = pytest.mark.usefixtures("as_learners_run_it")

# The option without which a mistake cannot be made; the others need none.
NEEDS = {
    "stride_ignored": "stride",
    "stride_one_axis": None,
    "padding_not_infinite": "padding",
    "padding_not_zeros": "padding",
    "padding_minus_infinity": "padding",
    "padding_not_counted": "padding",
    "padding_ignored": "padding",
    "padding_one_side": "padding",
    "padding_twice": "padding",
    "dilation_ignored": "dilation",
    "dilation_one_axis": "dilation",
    "ceil_ignored": "ceil_mode",
    "divisor_ignored": "divisor_override",
}

# Without the option that it turns round, it is told by what it does: the padding is not counted.
INVERTED = ("padding_always_counted", "Yours does it the wrong way round.")


def answers_of_all(operation, *options):
    """Return what each variant answers when these options are asked, and the right answers."""
    reading = Reading(("x", "kernel_size"), {name: name for name in options})
    questions = [q for q in (adapt(q, reading, operation) for q in operation.questions) if q]
    made = {
        (m.name, words): [
            evaluate(lambda a, v=v: v(operation.reference, a), q, operation) for q in questions
        ]
        for m in operation.mistakes
        for words, v in m.variants.items()
    }
    return made, [evaluate(operation.reference, q, operation) for q in questions]


def same(one, other):
    return all(map(alike, one, other))


CASES = [
    (operation, option)
    for operation in (MAX_POOL2D, AVG_POOL2D)
    for option in (None, *operation.defaults)
]


@pytest.mark.parametrize(("operation", "option"), CASES, ids=lambda v: getattr(v, "name", v))
def test_one_option_is_enough_to_see_its_mistakes_and_no_other_option_shows_them(operation, option):
    made, right = answers_of_all(operation, *([option] if option else []))
    wrong = {name for (name, _), answers in made.items() if not all(map(agree, answers, right))}
    assert {name for name in wrong if NEEDS.get(name)} == {
        m.name for m in operation.mistakes if option and NEEDS.get(m.name) == option
    }


@pytest.mark.parametrize(("operation", "option"), CASES, ids=lambda v: getattr(v, "name", v))
def test_different_mistakes_differ_with_one_option(operation, option):
    made, right = answers_of_all(operation, *([option] if option else []))
    wrong = [key for key in made if not same(made[key], right)]
    alike_but_other = [
        (one, other)
        for one, other in combinations(wrong, 2)
        if one[0] != other[0] and other != INVERTED and same(made[one], made[other])
    ]
    assert alike_but_other == []


@pytest.mark.parametrize("mistakes", [MAX_MISTAKES, AVERAGE_MISTAKES])
def test_there_are_many_mistakes_each_once(mistakes):
    assert len({mistake.name for mistake in mistakes}) == len(mistakes) >= 30


def test_every_mistake_that_is_told_has_its_place_in_an_order():
    ordered = {mistake.name for mistake in (*MAX_MISTAKES, *AVERAGE_MISTAKES)}
    themes = (pooling_axes, pooling_padding, pooling_values, pooling_windows)
    told = [v for theme in themes for v in vars(theme).values() if isinstance(v, Mistake)]
    assert {mistake.name for mistake in told} <= ordered
