from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from labkit.checks.convolution import CONV2D
from labkit.checks.pooling import MAX_POOL2D
from labkit.checks.question import Arguments
from labkit.checks.recurrence import RNN_UPDATE
from labkit.checks.signature import SignatureMismatchError, read


def bound(function, **given):
    args, kwargs = read(function, CONV2D).bind(Arguments(x=1, weight=2, **given))
    return args, kwargs


def test_inputs_go_by_place_and_options_by_the_functions_own_words():
    assert bound(lambda a, c, strides=1: 0, stride=2) == ([1, 2], {"strides": 2})


def test_inputs_are_known_by_name_in_any_order():
    assert bound(lambda kernel, image: 0) == ([2, 1], {})
    assert bound(lambda stride, x, w: 0, stride=3) == ([], {"stride": 3, "x": 1, "w": 2})


def test_keyword_only_and_positional_only():
    def keywords(*, x, weight):
        pass

    def places(x, weight, b, /, p=0):
        pass

    assert bound(keywords) == ([], {"x": 1, "weight": 2})
    assert bound(places, bias=5, padding=4) == ([1, 2, 5], {"p": 4})
    assert read(places, CONV2D).always == {"bias"}


def test_a_built_in_function_is_open():
    reading = read(F.conv2d, CONV2D)
    assert reading.is_open
    assert reading.takes("groups")


def test_defaults_that_mean_something_else_are_given_and_told():
    reading = read(lambda x, w, stride=2, padding=None, dilation=1: 0, CONV2D)
    assert reading.always == {"stride", "padding"}
    assert reading.remarks == ("your default for stride is 2, PyTorch's is 1",)


def test_an_option_that_is_a_function_is_left_to_the_learner():
    reading = read(lambda x, h, w, u, activation=torch.tanh: 0, RNN_UPDATE)
    assert not reading.takes("nonlinearity")
    assert reading.remarks == ("activation was left at your default",)
    assert read(lambda x, h, w, u, activation="tanh": 0, RNN_UPDATE).takes("nonlinearity")


def test_a_default_may_be_judged_where_ours_is_none():
    judged = replace(MAX_POOL2D.parameters[2], own_default=True)
    operation = replace(MAX_POOL2D, parameters=(*MAX_POOL2D.parameters[:2], judged))

    def pool(x, kernel_size, stride=1):
        return x

    assert "stride" in read(pool, MAX_POOL2D).always
    assert not read(pool, operation).always


def test_a_default_that_is_a_part_of_the_answer_is_left_to_it():
    judged = replace(CONV2D.parameters[3], own_default=True)
    operation = replace(CONV2D, parameters=(*CONV2D.parameters[:3], judged))
    reading = read(lambda x, w, stride=2: 0, operation)
    assert reading.takes("stride")
    assert (reading.always, reading.remarks) == (frozenset(), ())
    assert read(lambda x, w, stride=None: 0, operation).always == {"stride"}
    assert read(lambda x, w, stride: 0, operation).always == {"stride"}


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: 0, "must take x and weight; yours takes x"),
        (lambda: 0, "yours takes nothing"),
        (lambda x, w, mode: 0, "asks for 'mode'"),
    ],
)
def test_what_cannot_be_called_says_why(function, words):
    with pytest.raises(SignatureMismatchError, match=words):
        read(function, CONV2D)


# ---------------------------------------------------------------- tuples of parameters


def bound_turn(turn, function, **more):
    given = Arguments(x=1, y=2, cos=3, sin=4, **more)
    return read(function, turn).bind(given)


def test_what_belongs_together_is_given_as_the_function_takes_it(turn):
    assert bound_turn(turn, lambda x, y, cos, sin: 0) == ([1, 2, 3, 4], {})
    assert bound_turn(turn, lambda point, cos, sin: 0) == ([(1, 2), 3, 4], {})
    assert bound_turn(turn, lambda c, s, *, xy: 0) == ([3, 4], {"xy": (1, 2)})
    assert bound_turn(turn, lambda one, two, three: 0) == ([(1, 2), 3, 4], {})
    assert bound_turn(turn, lambda one, two, three, four: 0) == ([1, 2, 3, 4], {})
    assert bound_turn(turn, lambda *tensors: 0) == ([1, 2, 3, 4], {})


def test_each_of_a_tuple_is_taken_with_it(turn):
    reading = read(lambda point, cos, sin: 0, turn)
    assert reading.takes("x")
    assert reading.takes("y")
    assert not reading.takes("low")


def test_options_come_in_tuples_too(turn):
    def limited(x, y, cos, sin, limits=(0.5, 2.0)):
        pass

    reading = read(limited, turn)
    assert reading.takes("low")
    given = Arguments(x=1, y=2, cos=3, sin=4)
    assert reading.bind(given) == ([1, 2, 3, 4], {})
    both = given.but(low=0.25, high=2.0)
    assert reading.bind(both) == ([1, 2, 3, 4], {"limits": (0.25, 2.0)})


def test_known_names_keep_their_meaning_beside_unknown_ones(turn):
    assert bound_turn(turn, lambda p, y, q, sin: 0) == ([1, 2, 3, 4], {})
    assert bound_turn(turn, lambda sin, cos, p, q: 0) == ([4, 3, 1, 2], {})


def test_the_very_name_goes_before_another_word():
    assert bound(lambda x, w, s=1, stride=1: 0, stride=2) == ([1, 2], {"stride": 2})


def test_a_default_that_is_no_whole_number_is_told_too(turn):
    (remark,) = read(lambda x, y, c, s, scale=2.5: 0, turn).remarks
    assert remark == "your default for scale is 2.5, PyTorch's is 1.0"
