"""Which of several explanations is told: one mistake before two, an exact one before a rough one.

The mistakes are those of a linear layer, so that every answer can be worked out by hand.
"""

from dataclasses import replace

import pytest
import torch

from labkit.checks.answer import Answer
from labkit.checks.bank import Mistake, evaluate, match


def mistake(name, *variants, **particular):
    ways = particular or {"": variants[0]}
    return Mistake(name, f"It is {name}.", f"Repair {name}.", ways)


def forgets_bias(op, a):
    return op(a.but(bias=None))


def forgets_scale(op, a):
    return op(a.but(scale=1))


def forgets_both(op, a):
    return op(a.but(scale=1, bias=None))


def flips(op, a):
    return op(a.but(weight=a.weight.flip(1)))


BIAS, SCALE = mistake("bias", forgets_bias), mistake("scale", forgets_scale)
BOTH, FLIPPED = mistake("both", forgets_both), mistake("flipped", flips)


@pytest.fixture
def names(linear, expected, answers_of):
    """Give ``names(variant, *bank)``: what a bank says of a function that answers so."""

    def named(variant, *bank):
        answers = answers_of(lambda a: variant(linear.reference, a))
        found = match(answers, expected, replace(linear, mistakes=bank))
        return found and [finding.name for finding in found.findings]

    return named


# ---------------------------------------------------------------- evaluating


def test_numbers_come_plain_and_with_the_defaults_filled_in(linear, expected):
    for question, right in zip(linear.questions, expected, strict=True):
        numbers = evaluate(linear.reference, question, linear)
        assert numbers.dtype == torch.float64
        assert torch.equal(numbers, right)


def test_what_raises_has_no_numbers(linear):
    assert evaluate(lambda a: a.nothing, linear.questions[0], linear) is None


def test_a_finding_says_the_mistake_and_its_particular():
    assert SCALE.finding().says == "It is scale."
    finding = SCALE.finding("Everywhere.")
    assert (finding.name, finding.says) == ("scale", "It is scale. Everywhere.")
    assert (finding.repair, finding.secondary) == ("Repair scale.", False)


# ---------------------------------------------------------------- one mistake


@pytest.mark.parametrize("made", [BIAS, SCALE, FLIPPED], ids=lambda m: m.name)
def test_each_is_known_among_the_others(names, made):
    assert names(*made.variants.values(), BIAS, SCALE, FLIPPED, BOTH) == [made.name]


def test_of_two_that_answer_alike_the_first_is_told(names):
    again = mistake("again", forgets_scale)
    assert names(forgets_scale, SCALE, again) == ["scale"]
    assert names(forgets_scale, again, SCALE) == ["again"]


def test_the_way_in_which_it_is_made_is_told_with_a_function_that_answers_so(
    linear, expected, answers_of
):
    def reads_backwards(a):
        return linear.reference(a.but(x=a.x.flip(1)))

    ways = mistake("wrong", **{"No bias.": forgets_bias, "Backwards.": flips})
    answers = answers_of(reads_backwards)
    found = match(answers, expected, replace(linear, mistakes=(SCALE, ways)))
    (finding,) = found.findings
    assert finding.says == "It is wrong. Backwards."
    for answer in answers:
        assert torch.equal(evaluate(found.function, answer.question, linear), answer.value)


def test_one_that_does_not_show_in_any_question_is_never_told(names):
    harmless = mistake("harmless", lambda op, a: op(a))
    assert names(lambda op, a: op(a), harmless) is None
    assert names(forgets_both, harmless, BIAS, SCALE) == ["bias", "scale"]


# ---------------------------------------------------------------- two mistakes


def test_one_exact_mistake_is_told_before_two(names):
    assert names(forgets_both, BIAS, SCALE, BOTH) == ["both"]


def test_two_mistakes_are_told_before_nothing_in_the_banks_order(names):
    assert names(forgets_both, BIAS, SCALE) == ["bias", "scale"]
    assert names(forgets_both, SCALE, FLIPPED, BIAS) == ["scale", "bias"]


def test_two_mistakes_are_found_whichever_comes_first(names):
    def one_more(op, a):
        return op(a) + 1

    def doubled(op, a):
        return 2 * op(a)

    bank = mistake("one more", one_more), mistake("doubled", doubled)
    assert names(lambda op, a: 2 * (op(a) + 1), *bank) == ["one more", "doubled"]
    assert names(lambda op, a: 2 * op(a) + 1, *bank) == ["one more", "doubled"]


def test_two_ways_of_one_mistake_are_not_two_mistakes(names):
    ways = mistake("wrong", **{"No bias.": forgets_bias, "No scale.": forgets_scale})
    assert names(forgets_both, ways) is None


def test_the_pair_has_a_function_that_answers_so(linear, expected, answers_of):
    answers = answers_of(lambda a: forgets_both(linear.reference, a))
    found = match(answers, expected, replace(linear, mistakes=(BIAS, SCALE)))
    for answer in answers:
        assert torch.equal(evaluate(found.function, answer.question, linear), answer.value)


# ---------------------------------------------------------------- less than an explanation


def test_what_no_mistake_makes_has_no_name(names):
    assert names(lambda op, a: op(a) + 0.5, BIAS, SCALE, FLIPPED) is None


def test_errors_alone_prove_nothing(names):
    def raises(op, a):
        raise ValueError

    def only_unscaled(op, a):
        return op(a) if a.scale == 1 else raises(op, a)

    def only_without_bias(op, a):
        return op(a) if a.bias is None else raises(op, a)

    def neither(op, a):
        return only_unscaled(lambda b: only_without_bias(op, b), a)

    bank = mistake("scale", only_unscaled), mistake("bias", only_without_bias)
    assert names(raises, mistake("raises", raises)) is None
    assert names(only_unscaled, *bank) == ["scale"]
    assert names(neither, *bank) is None


def test_a_mistake_is_told_although_some_calls_raise(names):
    def flips_and_raises_on_several_rows(op, a):
        return flips(op, a) if len(a.x) == 1 else a.nothing

    assert names(flips_and_raises_on_several_rows, BIAS, FLIPPED) == ["flipped"]


def test_one_number_beside_errors_is_not_enough(names):
    def flips_once_and_raises(op, a):
        return flips(op, a) if a.scale == 1 and a.bias is None else a.nothing

    assert names(flips_once_and_raises, FLIPPED) is None


def test_errors_where_the_mistake_makes_no_difference_are_something_else(names):
    def forgets_bias_and_raises_on_several_rows(op, a):
        return forgets_bias(op, a) if len(a.x) == 1 else a.nothing

    assert names(forgets_bias_and_raises_on_several_rows, BIAS) == ["bias", "wrong_values"]


def test_errors_are_no_part_of_an_explanation(names):
    def raises_on_bias(op, a):
        return op(a) if a.bias is None else a.nothing

    def raises_and_more(op, a):
        return raises_on_bias(op, a) + (a.scale == 3)

    assert names(raises_and_more, mistake("raises", raises_on_bias)) is None


def test_a_mistake_that_explains_most_wrong_answers_is_told_as_a_part(linear, expected, answers_of):
    def flips_and_more(a):
        return flips(linear.reference, a) + (a.scale == 3)

    bank = replace(linear, mistakes=(BIAS, FLIPPED))
    found = match(answers_of(flips_and_more), expected, bank)
    part, rest = found.findings
    assert (part.name, rest.name) == ("flipped", "wrong_values")
    assert rest.says.startswith("That explains 3 of 4 wrong answers")
    assert found.function is None


def test_a_part_must_not_make_a_right_answer_wrong(names):
    def flips_often(op, a):
        return (op if a.scale == 3 else lambda b: flips(op, b))(a) + 7 * (a.scale == 2)

    assert names(flips_often, FLIPPED) is None


def test_a_mistake_that_explains_too_little_is_not_told(names):
    def flips_once(op, a):
        return flips(op, a) + (a.scale > 1) + (a.bias is not None)

    assert names(flips_once, FLIPPED) is None


# ---------------------------------------------------------------- several results, no numbers


def test_a_mistake_in_one_of_several_results_is_found(turn):
    def negates_the_second(op, a):
        u, v = op(a)
        return u, -v

    def negates_both(op, a):
        u, v = op(a)
        return [-u, -v]

    bank = replace(turn, mistakes=(mistake("both", negates_both), mistake("v", negates_the_second)))
    right = [evaluate(turn.reference, q, turn) for q in turn.questions]
    answers = [Answer(q, (u, -v)) for q, (u, v) in zip(turn.questions, right, strict=True)]
    found = match(answers, right, bank)
    assert [finding.name for finding in found.findings] == ["v"]


def test_what_is_no_number_is_explained_by_a_variant_that_has_none_there_too(names):
    def overflows(op, a):
        return op(a) * float("inf") if a.scale == 3 else op(a)

    def nowhere(op, a):
        return op(a) * float("nan")

    bank = mistake("nowhere", nowhere), mistake("overflow", overflows)
    assert names(overflows, *bank) == ["overflow"]
    assert names(nowhere, *bank) == ["nowhere"]
    assert names(lambda op, a: -overflows(op, a), *bank) is None
