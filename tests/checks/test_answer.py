import inspect
from dataclasses import replace

import numpy as np
import pytest
import torch

from labkit.checks.answer import (
    Answer,
    adapt,
    ask,
    error_words,
    kind_of,
    probe,
)
from labkit.checks.comparison import agree
from labkit.checks.signature import Reading, read
from labkit.checks.worker import Worker


@pytest.fixture
def worker():
    with Worker(5.0) as worker:
        yield worker


def matmul(x, weight):
    return x @ weight.T


# ---------------------------------------------------------------- reading results


def test_kinds_in_words():
    assert kind_of(None) == "None"
    assert kind_of(3) == "an int"
    assert kind_of([1]) == "a list"
    assert kind_of(np.zeros((2, 3))) == "a numpy array of shape (2, 3)"
    assert kind_of(torch.zeros(2).to_sparse()) == "a tensor of layout sparse_coo"


def test_a_coroutine_nobody_waits_for_is_closed():
    async def waits():
        pass

    coroutine = waits()
    assert kind_of(coroutine) == "a coroutine"
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError


def test_errors_in_words():
    assert error_words(None) == "nothing"
    assert error_words(ValueError("too wide")) == "ValueError: too wide"
    assert "Unprintable" in error_words(Unprintable())
    long = error_words(ValueError("wide " * 1000))
    assert long.startswith("ValueError: wide wide")
    assert long.endswith(" …")
    assert len(long) == 402


# ---------------------------------------------------------------- asking


def test_an_answer_holds_what_came(linear, expected, worker):
    asked = linear.questions[0]
    answer = ask(matmul, asked, read(matmul, linear), worker)
    assert answer.question is asked
    assert agree(answer.value, expected[0])
    assert (answer.shape, answer.dtype, answer.device) == (
        (1, 1), torch.float32, torch.device("cpu"),
    )  # fmt: skip
    assert (answer.kind, answer.error, answer.modified) == (None, None, ())


def test_arguments_are_converted_as_told(linear, worker):
    reading = read(matmul, linear)
    answer = ask(matmul, linear.questions[0], reading, worker, dtype=torch.float64)
    assert answer.dtype == torch.float64


def test_what_a_function_changes_is_named_and_the_question_stays(linear, worker):
    def in_place(x, weight, bias=None):
        weight.mul_(2)
        if bias is not None:
            bias.data = bias.data[None]  # the same numbers in another shape
        return matmul(x, weight)

    asked = linear.questions[1]
    assert ask(in_place, asked, read(in_place, linear), worker).modified == ("weight", "bias")
    assert asked.arguments.weight.tolist() == [[3, 5], [7, -4]]
    assert asked.arguments.bias.tolist() == [10, 20]


def test_an_error_is_an_answer(linear, worker):
    def raises(x, weight):
        raise ValueError("no")

    answer = ask(raises, linear.questions[0], read(raises, linear), worker)
    assert error_words(answer.error) == "ValueError: no"
    assert (answer.value, answer.shape, answer.too_slow) == (None, None, False)


@pytest.mark.parametrize(
    ("change", "kind"),
    [(torch.Tensor.tolist, "a list"), (torch.Tensor.to_sparse, "a tensor of layout sparse_coo")],
)
def test_what_is_no_ordinary_tensor_has_a_kind(linear, worker, change, kind):
    def changed(x, weight):
        return change(matmul(x, weight))

    answer = ask(changed, linear.questions[0], read(changed, linear), worker)
    assert (answer.kind, answer.value, answer.shape) == (kind, None, None)


def test_a_result_without_memory_has_a_shape_and_no_numbers(linear, worker):
    def elsewhere(x, weight):
        return matmul(x, weight).to("meta")

    answer = ask(elsewhere, linear.questions[0], read(elsewhere, linear), worker)
    assert (answer.value, answer.shape, answer.device.type) == (None, (1, 1), "meta")


def test_a_slow_function_is_no_error(linear):
    def endless(x, weight):
        while True:
            pass

    with Worker(0.1) as worker:
        answer = ask(endless, linear.questions[0], read(endless, linear), worker)
    assert answer == Answer(linear.questions[0], too_slow=True)


# ---------------------------------------------------------------- adapting to the function


def test_a_question_about_an_option_is_only_for_those_who_take_it(linear):
    scaled = linear.questions[2]
    assert adapt(scaled, read(matmul, linear), linear) is None
    takes = read(lambda x, weight, scale=1: 0, linear)
    assert adapt(scaled, takes, linear) == scaled


def test_a_tensor_that_is_not_taken_is_left_out(linear):
    adapted = adapt(linear.questions[1], read(matmul, linear), linear)
    assert list(adapted.arguments) == ["x", "weight"]
    assert "bias" in linear.questions[1].arguments


def test_what_must_be_given_is_given_its_default_or_its_stand_in(linear):
    reading = Reading(("x", "weight", "bias", "scale"), {}, always=frozenset({"bias", "scale"}))
    adapted = adapt(linear.questions[1], reading, linear)
    assert adapted.arguments.bias.tolist() == [10, 20]
    assert adapted.arguments.scale == 1
    assert adapt(linear.questions[2], reading, linear).arguments.bias.tolist() == [0]


def test_trying_tells_which_keywords_an_open_function_means(linear, worker):
    def only_scale(x, weight, scale=1):
        return scale * matmul(x, weight)

    def passes_on(x, weight, **options):
        return only_scale(x, weight, **options)

    reading = read(passes_on, linear)
    assert reading.takes("bias")
    tried = probe(passes_on, linear, reading, worker)
    assert tried.takes("scale")
    assert not tried.takes("bias")


def test_another_error_does_not_mean_that_a_keyword_is_not_taken(linear, worker):
    def raises(x, weight, **options):
        raise TypeError("something else")

    assert probe(raises, linear, reading := read(raises, linear), worker) == reading


def test_a_function_that_says_what_it_takes_is_not_tried(linear, worker):
    calls = []

    def told(x, weight, bias=None):
        calls.append(x)

    assert probe(told, linear, reading := read(told, linear), worker) == reading
    assert calls == []


# ---------------------------------------------------------------- several results


def right_turn(x, y, cos, sin):
    return x * cos - y * sin, x * sin + y * cos


@pytest.mark.parametrize(
    "arranged", [tuple, list, lambda both: (both,), lambda both: ((both[0],), both[1])]
)
def test_several_results_come_in_any_arrangement(turn, worker, arranged):
    def answered(x, y, cos, sin):
        return arranged(right_turn(x, y, cos, sin))

    answer = ask(answered, turn.questions[0], read(answered, turn), worker)
    # 1 * 0.5 - 3 * 0.25 and 1 * 0.25 + 3 * 0.5, and so on
    assert [v.tolist() for v in answer.value] == [[-0.25, 1.25, 1.875], [1.75, 0.0, 1.25]]
    assert answer.shape == ((3,), (3,))
    assert (answer.dtype, answer.kind) == (torch.float32, None)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda u, v: u, "one tensor"),
        (lambda u, v: (u,), "a tuple of 1"),
        (lambda u, v: [u, v, v], "a list of 3"),
        (lambda u, v: (u, 1.0), "a tuple of 2"),
        (lambda u, v: {"u": u}, "a dict"),
    ],
)
def test_another_number_of_results_has_a_kind(turn, worker, change, kind):
    def answered(x, y, cos, sin):
        return change(*right_turn(x, y, cos, sin))

    answer = ask(answered, turn.questions[0], read(answered, turn), worker)
    assert (answer.kind, answer.value) == (kind, None)


def test_of_several_dtypes_and_devices_the_odd_one_is_kept_and_indices_may_count(turn, worker):
    def of(change):
        def answered(x, y, cos, sin):
            return change(*right_turn(x, y, cos, sin))

        return ask(answered, turn.questions[0], read(answered, turn), worker)

    assert of(lambda u, v: (u, v.double())).dtype == torch.float64
    assert of(lambda u, v: (u.half(), v)).dtype == torch.float16
    assert of(lambda u, v: (u, v.long())).dtype == torch.float32
    away = of(lambda u, v: (u, v.to("meta")))
    assert (away.device.type, away.value) == ("meta", None)


def test_more_than_the_result_may_be_returned_where_that_is_usual(linear, worker):
    def with_weights(x, weight):
        return matmul(x, weight), None

    usual = replace(linear, may_return_more=True)
    asked = linear.questions[0]
    assert ask(with_weights, asked, read(with_weights, linear), worker).kind == "a tuple of 2"
    assert agree(ask(with_weights, asked, read(with_weights, usual), worker).value,
                 torch.tensor([[13.0]], dtype=torch.float64))  # fmt: skip
    assert ask(matmul, asked, read(matmul, usual), worker).kind is None


def test_a_change_inside_a_tuple_or_a_sequence_is_seen(turn, worker):
    def in_place(point, cos, sin, shifts=()):
        point[1].add_(1)
        for shift in shifts:
            shift.zero_()
        return right_turn(*point, cos, sin)

    reading = read(in_place, turn)
    assert ask(in_place, turn.questions[0], reading, worker).modified == ("y",)
    shifts = adapt(turn.questions[2], reading, turn)
    assert ask(in_place, shifts, reading, worker).modified == ("y", "shifts[0]", "shifts[1]")


def test_a_tuple_of_options_is_given_whole_or_not_at_all(turn):
    reading = read(lambda x, y, cos, sin, limits=(0.5, 2.0): 0, turn)
    limits = adapt(turn.questions[4], reading, turn).arguments
    assert (limits.low, limits.high) == (0.25, 2.0)
    assert "low" not in adapt(turn.questions[0], reading, turn).arguments


def test_an_answer_in_half_precision_may_be_further_off(turn):
    question = turn.questions[5]
    value = torch.ones(3, dtype=torch.float64)
    assert Answer(question, value).agrees(value + 0.01)
    assert not Answer(question, value).agrees(value + 0.03)
    assert not Answer(turn.questions[0], value).agrees(value + 0.01)
