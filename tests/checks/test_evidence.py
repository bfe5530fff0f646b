import re
from dataclasses import replace
from functools import partial

import pytest
import torch

from labkit.checks.answer import Answer
from labkit.checks.comparison import plain
from labkit.checks.evidence import call_text, evidence_of
from labkit.checks.question import Arguments, Question


def explained(linear, i, right, numbers):
    """Return the evidence on one answer to the operation's question number i."""
    got = torch.tensor(numbers, dtype=torch.float64)
    answer = Answer(linear.questions[i], got, tuple(got.shape))
    return evidence_of(answer, right, linear, len)


def test_a_call_in_words(linear):
    assert call_text(linear.questions[0], linear) == (
        "linear(x, weight) with shapes x (1, 2), weight (1, 2)"
    )
    assert call_text(linear.questions[3], linear) == (
        "linear(x, weight, bias, scale=2) with shapes x (1, 2), weight (2, 2), bias (2,)"
    )


def test_one_row_is_one_line(linear, expected):
    evidence = explained(linear, 0, expected[0], [[11.0]])
    assert evidence.text == (
        "output[0, 0] should be 1*3 + 2*5 = 13, yours is 11.\n"
        "(row 0, output 0: the sum of x[0] * weight[0])"
    )
    assert evidence.call == call_text(linear.questions[0], linear)


def test_a_bias_has_a_line_of_its_own_and_negative_factors_brackets(linear, expected):
    evidence = explained(linear, 1, expected[1], [[23.0, 0.0]])
    assert evidence.index == (0, 1)
    lines = ["1*7 + 2*(-4)   (channel 0)", "+ 20   (bias)", "= 19, yours is 0."]
    assert [line.strip() for line in evidence.text.split("\n")[1:4]] == lines


def by_channels(a, index, derive):
    """Explain the same number with one channel for each product."""
    told = derive(a, index)
    return replace(told, factors=tuple(f.reshape(-1, 1, 1) for f in told.factors))


@pytest.mark.parametrize("channels", [False, True], ids=["one channel", "several"])
@pytest.mark.parametrize("i", range(4))
def test_every_sum_that_is_shown_adds_up(linear, expected, i, channels):
    (result,) = linear.results
    if channels:
        derive = partial(by_channels, derive=result.derive)
        linear = replace(linear, results=(replace(result, derive=derive),))
    for index in torch.ones_like(expected[i]).nonzero().tolist():
        wrong = expected[i].clone()
        wrong[tuple(index)] += 1
        evidence = explained(linear, i, expected[i], wrong.tolist())
        assert evidence.index == tuple(index)
        should = evidence.text.partition("should be")[2].partition(", yours")[0]
        shown, total = re.sub(r"\((channel \d|bias)\)", "", should).split("=")
        right = float(expected[i][evidence.index])
        assert eval(" ".join(shown.split())) == float(total) == right
        assert evidence.derivation.total == right
        assert f"yours is {right + 1:g}." in evidence.text


def test_the_first_of_several_differences_is_shown(linear, expected):
    assert explained(linear, 2, expected[2], [[39.0], [0.0]]).index == (1, 0)
    assert explained(linear, 2, expected[2], [[0.0], [0.0]]).index == (0, 0)
    assert explained(linear, 2, expected[2], [[float("nan")], [0.0]]).index == (0, 0)


def test_a_right_answer_is_derived_too(linear, expected):
    evidence = explained(linear, 0, expected[0], [[13.0]])
    assert "1*3 + 2*5 = 13, and is." in evidence.text
    assert evidence.index == (0, 0)


def test_an_answer_that_is_too_small_ends_before_the_number(linear, expected):
    evidence = explained(linear, 1, expected[1], [[23.0]])
    first, *_ = evidence.text.split("\n")
    assert first == "The result should have the shape (1, 2), yours has (1, 1)."
    assert evidence.index == (0, 1)
    assert "; yours ends before it." in evidence.text


def test_a_wrong_number_in_an_answer_of_another_shape_is_shown(linear, expected):
    evidence = explained(linear, 1, expected[1], [[5.0], [6.0], [7.0]])
    assert evidence.index == (0, 0)
    assert "yours is 5." in evidence.text


def test_an_answer_that_is_right_where_it_should_end_shows_its_first_number(linear, expected):
    evidence = explained(linear, 1, expected[1], [[23.0, 19.0], [0.0, 0.0]])
    assert evidence.index == (0, 0)
    assert "yours has (2, 2)." in evidence.text
    assert ", and is." in evidence.text


def test_an_answer_with_other_axes_is_not_indexed(linear, expected):
    evidence = explained(linear, 1, expected[1], [23.0, 19.0])
    assert evidence.index == (0, 0)
    assert "; yours has 1 axes instead of 2." in evidence.text


def raised_by(function):
    with pytest.raises(ValueError, match="too wide") as caught:
        function()
    return caught.value


def test_the_learners_own_line_is_shown_not_the_one_of_a_library(linear, expected):
    def learners():
        return torch.nn.functional.pad(None, (0,), mode=library())

    library = eval("lambda: (_ for _ in ()).throw(ValueError('too wide'))")
    answer = Answer(linear.questions[0], error=raised_by(learners))
    evidence = evidence_of(answer, expected[0], linear, learners)
    line = learners.__code__.co_firstlineno + 1
    assert evidence.text == (
        "Your function raised ValueError: too wide\n"
        f"(line {line}: return torch.nn.functional.pad(None, (0,), mode=library()))"
    )
    assert (evidence.got, evidence.derivation) == (None, None)


class Odd:
    def __getattr__(self, name):
        raise RuntimeError(name)

    def __call__(self, x, weight):
        pass


@pytest.mark.parametrize("function", [Odd(), len], ids=["odd", "built-in"])
def test_a_function_without_lines_has_only_its_error(linear, expected, function):
    answer = Answer(linear.questions[0], error=ValueError("too wide"))
    evidence = evidence_of(answer, expected[0], linear, function)
    assert evidence.text == "Your function raised ValueError: too wide"


def test_a_result_without_numbers_leaves_the_right_one(linear, expected):
    answer = Answer(linear.questions[0], shape=(1, 1), device=torch.device("meta"))
    evidence = evidence_of(answer, expected[0], linear, len)
    assert (evidence.text, evidence.got) == ("", None)
    assert evidence.expected is expected[0]


# ---------------------------------------------------------------- several results


def of_turn(turn, i, change):
    right = plain(turn.reference(turn.complete(turn.questions[i].arguments)))
    got = change(*(part.clone() for part in right))
    return evidence_of(Answer(turn.questions[i], got, ((3,), (3,))), right, turn, len)


def test_the_first_wrong_result_is_shown_with_its_name(turn):
    evidence = of_turn(turn, 0, lambda u, v: (u, v + torch.tensor([0, 0, 1])))
    assert evidence.text == "v[2] should be part 1 = 1.25, yours is 2.25.\n(point 2: point 2)"
    assert evidence.expected.tolist() == [1.75, 0.0, 1.25]
    assert "u[0] should be part 0" in of_turn(turn, 0, lambda u, v: (-u, -v)).text
    assert "u[0] should be part 0 = -0.25, and is." in of_turn(turn, 0, lambda u, v: (u, v)).text


def test_a_result_of_another_shape_is_called_by_its_name(turn):
    text = of_turn(turn, 0, lambda u, v: (u, v[:2])).text
    assert text.startswith("v should have the shape (3,), yours has (2,).")


def test_half_precision_is_right_within_its_own_rounding(turn):
    text = of_turn(turn, 5, lambda u, v: (u + torch.tensor([0.01, 0.5, 0]), v)).text
    assert "u[1] should be" in text
    rounded = of_turn(turn, 5, lambda u, v: (u + 0.01, v + torch.tensor([0.01, 0, 1]))).text
    assert "v[2] should be" in rounded


def test_tuples_sequences_and_labels_in_a_call(turn):
    assert call_text(turn.questions[0], turn) == (
        "turn((x, y), cos, sin) with shapes x (3,), y (3,), cos (1,), sin (1,)"
    )
    assert "mask = [True, False, True]" in call_text(turn.questions[1], turn)
    assert call_text(turn.questions[2], turn).startswith("turn((x, y), cos, sin, shifts) with")
    assert "shifts[0] (1,), shifts[1] (3,)" in call_text(turn.questions[2], turn)
    assert "turn((x, y), cos, sin, scale=1.5) with" in call_text(turn.questions[3], turn)


def test_a_call_without_tensors_has_no_shapes(turn):
    assert call_text(Question("", Arguments(length=4, base=10.0)), turn) == (
        "turn(length=4, base=10.0)"
    )
