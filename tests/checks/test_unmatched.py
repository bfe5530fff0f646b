"""What is said of wrong answers that no variant makes."""

from dataclasses import replace

import pytest
import torch

from labkit.checks.answer import Answer
from labkit.checks.bank import Mistake
from labkit.checks.comparison import plain
from labkit.checks.question import ShapeRule, Trait
from labkit.checks.unmatched import deciding_trait, unmatched


def trait(word, holds, **more):
    return Trait(f"{word} holds", f"{word} fails", holds, **more)


# Of the four questions, in this order, these hold for ...
UNSCALED = trait("unscaled", lambda a: a.scale == 1)  # the first two
BIASLESS = trait("biasless", lambda a: a.bias is None)  # the first and the third
FIRST = trait("first", lambda a: a.scale == 1 and a.bias is None)  # the first
ALWAYS, NEVER = trait("always", lambda a: True), trait("never", lambda a: False)


@pytest.fixture
def decides(linear):
    """Give ``decides(failing, *traits)``, with 1 for each question that has a wrong answer."""
    answers = [Answer(q, torch.zeros(1)) for q in linear.questions]
    return lambda failing, *traits: deciding_trait(answers, failing, traits, linear)


# ---------------------------------------------------------------- the deciding property


def test_what_splits_right_from_wrong_decides(decides):
    assert decides([False, False, True, True], BIASLESS, UNSCALED) is UNSCALED
    assert decides([False, True, False, True], UNSCALED, BIASLESS) is BIASLESS
    assert decides([False, True, True, True], UNSCALED, BIASLESS, FIRST) is FIRST


def test_a_wrong_answer_where_it_holds_speaks_against_it(decides):
    assert decides([True, False, True, True], UNSCALED) is None


def test_what_every_question_has_or_none_decides_nothing(decides):
    assert decides([False] * 4, ALWAYS) is None
    assert decides([True] * 4, ALWAYS, NEVER) is None


def test_a_third_may_be_right_by_luck_but_not_more(decides):
    assert decides([False, True, False, True], FIRST) is FIRST
    assert decides([False, False, False, True], FIRST) is None
    assert decides([False, False, False, True], UNSCALED) is None


def test_the_one_with_the_fewest_lucky_answers_decides_and_of_equals_the_first(decides):
    assert decides([False, False, True, True], FIRST, UNSCALED) is UNSCALED
    again = replace(UNSCALED, name="again")
    assert decides([False, False, True, True], UNSCALED, again) is UNSCALED
    assert decides([False, False, True, True], again, UNSCALED) is again


def test_one_about_raising_asks_that_every_wrong_answer_raised(linear):
    raising = replace(UNSCALED, raising_only=True)
    right = [Answer(q, torch.zeros(1)) for q in linear.questions[:2]]
    raised = [Answer(q, error=ValueError()) for q in linear.questions[2:]]
    failing = [False, False, True, True]
    assert deciding_trait([*right, *raised], failing, [raising], linear) is raising
    one_wrong = [*right, raised[0], replace(raised[1], value=torch.ones(1), error=None)]
    assert deciding_trait(one_wrong, failing, [raising], linear) is None


# ---------------------------------------------------------------- what is said


def smaller(_, expected, got):
    return len(got) == len(expected) and got < expected


BANK = tuple(Mistake(name, f"It is {name}.", "", {}) for name in ("unscaled_only", "too_small"))
NAMED = replace(UNSCALED, name="unscaled_only")


@pytest.fixture
def said(linear, expected, answers_of):
    """Give ``said(change, *traits)``: the finding on a function with a changed result."""

    def finding(change, *traits):
        operation = replace(
            linear, mistakes=BANK, traits=traits, shape_rules=(ShapeRule("too_small", smaller),)
        )
        answers = answers_of(lambda a: change(linear.reference(a), a))
        (finding,) = unmatched(answers, expected, operation).findings
        return finding

    return finding


def wrong_where_scaled(out, a):
    return out + (a.scale > 1)


def test_a_property_with_a_name_is_the_mistake(said):
    finding = said(wrong_where_scaled, BIASLESS, NAMED)
    assert finding.name == "unscaled_only"
    assert finding.says == (
        "It is unscaled_only. Yours is right where unscaled holds, and wrong where unscaled fails."
    )


def test_a_property_without_a_name_is_said_of_wrong_values(said):
    finding = said(wrong_where_scaled, UNSCALED)
    assert finding.name == "wrong_values"
    assert "right where unscaled holds, and wrong where unscaled fails." in finding.says


def test_where_no_property_decides_none_is_said(said):
    finding = said(lambda out, a: out + 1, NAMED, BIASLESS)
    assert finding.name == "wrong_values"
    assert finding.says == "The shape is right, numbers are not."


def raises_where_scaled(out, a):
    return out if a.scale == 1 else a.nothing


def test_raising_where_there_is_an_answer(said):
    assert said(lambda out, a: a.nothing).name == "raises"
    finding = said(raises_where_scaled, UNSCALED)
    assert finding.name == "raises"
    assert "wrong where unscaled fails" in finding.says


def test_a_shape_that_a_rule_knows_is_its_mistake(said):
    finding = said(lambda out, a: out[:, :-1])
    assert finding.name == "too_small"
    assert finding.says == "It is too_small."


def test_wrong_numbers_in_the_part_in_common_are_told_with_the_shape(said):
    finding = said(lambda out, a: out[:, :1] + 1 if out.shape[1] > 1 else out)
    assert finding.name == "too_small"
    assert "in the part that both have in common are not right either" in finding.says


def test_a_rule_must_explain_every_wrong_shape(said):
    assert said(lambda out, a: out[:, :-1] if a.scale == 1 else out[None]).name == "wrong_shape"
    assert said(lambda out, a: out[:, :-1] if a.scale == 1 else out + 1).name == "wrong_shape"
    assert said(lambda out, a: out[None]).name == "wrong_shape"


def test_errors_beside_a_shape_that_a_rule_knows_do_not_hide_it(said):
    finding = said(lambda out, a: out[:, :-1] if a.scale == 1 else a.nothing)
    assert finding.name == "too_small"


# ---------------------------------------------------------------- several results


def of_turn(turn, change):
    right = [plain(turn.reference(turn.complete(q.arguments))) for q in turn.questions]
    answers = [Answer(q, change(*both)) for q, both in zip(turn.questions, right, strict=True)]
    return unmatched(answers, right, turn).findings[0]


def test_the_shape_of_each_result_counts(turn):
    ruled = replace(turn, mistakes=BANK, shape_rules=(ShapeRule("too_small", smaller),))
    assert of_turn(ruled, lambda u, v: (u, v[:2])).name == "too_small"
    assert of_turn(ruled, lambda u, v: (u[:2], v[:2])).name == "too_small"
    assert of_turn(ruled, lambda u, v: (u + 1, v[:2])).name == "wrong_shape"
    assert of_turn(ruled, lambda u, v: (u, v + 1)).name == "wrong_values"
    assert "in common" in of_turn(ruled, lambda u, v: (u, v[:2] + 1)).says
