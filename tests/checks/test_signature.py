from dataclasses import replace

import pytest
import torch.nn.functional as F

from labkit.checks.convolution import CONV2D
from labkit.checks.question import Arguments
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
