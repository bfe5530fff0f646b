from itertools import combinations

import pytest

from labkit.checks import check
from labkit.checks.answer import adapt
from labkit.checks.bank import Mistake, evaluate
from labkit.checks.banks import (
    convolution_axes,
    convolution_padding,
    convolution_sums,
    convolution_windows,
)
from labkit.checks.banks.convolution import MISTAKES
from labkit.checks.comparison import agree
from labkit.checks.convolution import CONV2D
from labkit.checks.question import Arguments
from labkit.checks.signature import Reading

# The options without which a mistake cannot be made; the others need none.
NEEDS = {
    "bias_forgotten": "bias",
    "bias_per_element": "bias",
    "bias_wrong_axis": "bias",
    "stride_ignored": "stride",
    "stride_one_axis": "stride",
    "padding_ignored": "padding",
    "padding_one_side": "padding",
    "padding_twice": "padding",
    "padding_not_zeros": "padding",
    "dilation_ignored": "dilation",
    "dilation_one_axis": "dilation",
    "groups_ignored": "groups",
    "groups_interleaved": "groups",
}
# Ways of a mistake that need the stride although the mistake does not.
NEEDS_STRIDE = ("after the division", "Where the stride does not divide")


def forms():
    return {
        (mistake.name, particular): variant
        for mistake in MISTAKES
        for particular, variant in mistake.variants.items()
    }


def answers_of_all(*options):
    """Return what each variant answers when these options are asked, and the right answers."""
    reading = Reading(("x", "weight"), {name: name for name in options})
    questions = [q for q in (adapt(q, reading, CONV2D) for q in CONV2D.questions) if q]
    made = {
        key: [evaluate(lambda a, v=v: v(CONV2D.reference, a), q, CONV2D) for q in questions]
        for key, v in forms().items()
    }
    return made, [evaluate(CONV2D.reference, q, CONV2D) for q in questions]


def same(one, other):
    return all(map(agree, one, other))


def test_every_variant_is_wrong_and_unlike_every_other():
    made, right = answers_of_all(*CONV2D.defaults)
    assert [key for key, answers in made.items() if same(answers, right)] == []
    assert [(a, b) for a, b in combinations(made, 2) if same(made[a], made[b])] == []


@pytest.mark.parametrize("option", [None, *CONV2D.defaults])
def test_one_option_is_enough_to_tell_its_mistakes_apart(option):
    made, right = answers_of_all(*([option] if option else []))
    wrong = [key for key in made if not same(made[key], right)]
    possible = {
        (name, particular)
        for name, particular in made
        if NEEDS.get(name) in (None, option)
        and (option == "stride" or not any(words in particular for words in NEEDS_STRIDE))
    }
    assert set(wrong) == possible
    alike = [(a, b) for a, b in combinations(wrong, 2) if same(made[a], made[b])]
    assert [(a, b) for a, b in alike if a[0] != b[0]] == []


@pytest.mark.parametrize("key", forms(), ids=lambda key: f"{key[0]}: {key[1]}")
@pytest.mark.usefixtures("as_learners_run_it")
def test_every_variant_is_told_its_own_mistake(key):
    variant = forms()[key]

    def learner(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
        options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        return variant(CONV2D.reference, Arguments(options, x=x, weight=weight, bias=bias))

    verdict = check.conv2d(learner)
    assert verdict.mistake == key[0]
    assert key[1] in verdict.message


ONE_OF_EACH = {mistake.name: next(iter(mistake.variants.values())) for mistake in MISTAKES}
# Cutting off a row of zeros that was added is right, so to say.
UNDONE = {"output_too_small", "output_too_large"}


def both(outer, inner):
    """Return a function with two mistakes."""

    def learner(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
        options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        arguments = Arguments(options, x=x, weight=weight, bias=bias)
        return outer(lambda a: inner(CONV2D.reference, a), arguments)

    return learner


@pytest.mark.parametrize("outer", forms(), ids=lambda key: f"{key[0]}: {key[1]}")
@pytest.mark.usefixtures("as_learners_run_it")
def test_no_two_mistakes_together_answer_every_question_right(outer):
    for inner, variant in ONE_OF_EACH.items():
        if inner == outer[0] or {outer[0], inner} == UNDONE:
            continue
        learner = both(forms()[outer], variant)
        questions = CONV2D.questions
        right = [evaluate(CONV2D.reference, q, CONV2D) for q in questions]
        together = (evaluate(lambda a, f=learner: f(**a), q, CONV2D) for q in questions)
        assert not same(together, right), inner


# Every mistake with the one after it in the bank, and with one far from it.
NAMES = list(ONE_OF_EACH)
PAIRS = [
    (a, b)
    for step in (1, 8)
    for a, b in zip(NAMES, NAMES[step:] + NAMES[:step], strict=True)
    if {a, b} != UNDONE
]


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
@pytest.mark.usefixtures("as_learners_run_it")
def test_two_mistakes_at_once_are_both_named(outer, inner):
    verdict = check.conv2d(both(ONE_OF_EACH[outer], ONE_OF_EACH[inner]))
    named = set(str(verdict.mistake).split("+"))
    assert not verdict.passed
    if named != {outer, inner}:
        # One of them alone has the very same answers: nothing is left of the other.
        assert named < {outer, inner}
        assert NEEDS.get(outer) == NEEDS.get(inner)


def test_each_mistake_says_what_it_means_and_what_to_do():
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES) >= 20
    for mistake in MISTAKES:
        assert mistake.name == mistake.name.lower()
        assert mistake.says.endswith(".")
        assert mistake.repair.endswith((".", ")")) or "//" in mistake.repair


def test_every_mistake_that_is_told_has_its_place_in_the_order():
    told = [
        value
        for theme in (convolution_axes, convolution_padding, convolution_sums, convolution_windows)
        for value in vars(theme).values()
        if isinstance(value, Mistake)
    ]
    assert sorted(m.name for m in told) == sorted(m.name for m in MISTAKES)
