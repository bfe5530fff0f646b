"""Learners write activations of each number by itself: right in many styles, wrong in more."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.checks import check
from labkit.checks.elementwise import elementwise

pytestmark = pytest.mark.usefixtures("as_learners_run_it")

RIGHT, WRONG = [], []


def right(name):
    def keep(function):
        called = getattr(function, "__name__", type(function).__name__)
        RIGHT.append(pytest.param(name, function, id=f"{name}-{called}"))
        return function

    return keep


def makes(name, mistake):
    def keep(function):
        title = f"{name}-{mistake}-{function.__name__}"
        WRONG.append(pytest.param(name, function, mistake, id=title))
        return function

    return keep


def one_by_one(formula, x):
    return torch.stack([formula(number) for number in x.flatten()]).reshape(x.shape)


# ---------------------------------------------------------------- sigmoid, right


@right("sigmoid")
def textbook(x):
    return 1 / (1 + torch.exp(-x))


@right("sigmoid")
def reciprocal(z):
    return z.neg().exp().add(1).reciprocal()


@right("sigmoid")
def two_sides(x):
    e = torch.exp(-x.abs())
    return torch.where(x >= 0, 1 / (1 + e), e / (1 + e))


@right("sigmoid")
def by_tanh(x):
    return (torch.tanh(x / 2) + 1) * 0.5


@right("sigmoid")
def by_softmax(x):
    return torch.stack([x, torch.zeros_like(x)], -1).softmax(-1)[..., 0]


@right("sigmoid")
def through_logarithms(inputs):
    return torch.exp(-F.softplus(-inputs))


@right("sigmoid")
def loop_of_numbers(x):
    return one_by_one(
        lambda v: 1 / (1 + torch.exp(-v)) if v >= 0 else torch.exp(v) / (1 + torch.exp(v)), x
    )


@right("sigmoid")
def masked_writes(x):
    out, positive = torch.zeros_like(x), x > 0
    out[positive] = 1 / (1 + torch.exp(-x[positive]))
    out[~positive] = torch.exp(x[~positive]) / (1 + torch.exp(x[~positive]))
    return out


right("sigmoid")(nn.Sigmoid())
right("sigmoid")(torch.sigmoid)

# ---------------------------------------------------------------- sigmoid, wrong


@makes("sigmoid", "overflow")
def exp_above_and_below(x):
    return torch.exp(x) / (torch.exp(x) + 1)


@makes("sigmoid", "overflow")
def power_of_e(x):
    return math.e**x / (1 + math.e**x)


@makes("sigmoid", "overflow")
def one_minus(x):
    return 1 - torch.exp(-x) / (1 + torch.exp(-x))


@makes("sigmoid", "overflow")
def python_floats(x):
    return one_by_one(lambda v: v * 0 + 1 / (1 + math.exp(-v)), x)


@makes("sigmoid", "sign_wrong")
def no_minus(x):
    return 1 / (1 + torch.exp(x))


@makes("sigmoid", "sign_wrong")
def minus_for_plus(x):
    return 1 / (1 - torch.exp(-x))


@makes("sigmoid", "sign_wrong")
def minus_in_both(x):
    return torch.exp(-x) / (1 + torch.exp(-x))


@makes("sigmoid", "part_forgotten")
def no_one(x):
    return 1 / torch.exp(-x)


@makes("sigmoid", "part_forgotten")
def no_brackets(x):
    return 1 / 1 + torch.exp(-x)


@makes("sigmoid", "part_forgotten")
def no_exp(x):
    return 1 / (1 - x)


@makes("sigmoid", "derivative_returned")
def slope(x):
    s = 1 / (1 + torch.exp(-x))
    return s * (1 - s)


@makes("sigmoid", "derivative_returned")
def slope_of_the_result(x):
    return x * (1 - x)


@makes("sigmoid", "branch_wrong")
def absolute_in_the_exponent(x):
    return 1 / (1 + torch.exp(-torch.abs(x)))


@makes("sigmoid", "range_wrong")
def centred(x):
    return 2 / (1 + torch.exp(-x)) - 1


@makes("sigmoid", "elements_mixed")
def softmax(x):
    e = torch.exp(x - x.amax(-1, keepdim=True))
    return e / e.sum(-1, keepdim=True)


@makes("sigmoid", "elements_mixed")
def shifted_by_the_largest(x):
    x = x - x.max()
    return torch.exp(x) / (1 + torch.exp(x))


@makes("sigmoid", "exponent_wrong")
def power_of_two(x):
    return 1 / (1 + 2 ** (-x))


@makes("sigmoid", "exponent_wrong")
def by_tanh_of_x(x):
    return 0.5 * (1 + torch.tanh(x))


@makes("sigmoid", "exponent_wrong")
def squared(x):
    return 1 / (1 + torch.exp(-(x**2)))


@makes("sigmoid", "applied_twice")
def sigmoid_of_sigmoid(x):
    return torch.sigmoid(textbook(x))


@makes("sigmoid", "log_returned")
def logarithm(x):
    return F.logsigmoid(x)


@makes("sigmoid", "log_returned")
def inverse(x):
    return torch.log(x / (1 - x))


@makes("sigmoid", "hard_sigmoid")
def straight_lines(x):
    return torch.clamp(0.2 * x + 0.5, min=0, max=1)


@makes("sigmoid", "other_function")
def tanh_instead(x):
    return (torch.exp(2 * x.clamp(max=40)) - 1) / (torch.exp(2 * x.clamp(max=40)) + 1)


@makes("sigmoid", "other_function")
def threshold(x):
    return (x > 0).to(x.dtype)


@makes("sigmoid", "wrong_type")
def list_of_numbers(x):
    return [1 / (1 + math.exp(max(-v, -50.0))) for v in x.flatten().tolist() if v > -50]


@makes("sigmoid", "gradient_cut")
def detached(x):
    return torch.sigmoid(x.detach())


@makes("sigmoid", "wrong_gradient")
def numerator_detached(x):
    e = torch.exp(-x.abs())
    return torch.where(x >= 0, 1 / (1 + e.detach()), e / (1 + e))


@makes("sigmoid", "input_modified")
def in_place(x):
    return x.neg_().exp().add(1).reciprocal()


@makes("sigmoid", "wrong_dtype")
def always_double(x):
    return torch.sigmoid(x.double())


@makes("sigmoid", "wrong_shape")
def flat(x):
    return torch.sigmoid(x).flatten()


@makes("sigmoid", "wrong_values")
def three_terms_of_the_series(x):
    return 0.5 + x / 4 - x**3 / 48


@makes("sigmoid", "wrong_values")
def rounded(x):
    return torch.round(torch.sigmoid(x) * 100) / 100


# ---------------------------------------------------------------- all of them


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_every_correct_style_passes(name, answer):
    verdict = getattr(check, name)(answer)
    assert verdict.passed, verdict


@pytest.mark.parametrize(("name", "answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(name, answer, mistake):
    verdict = getattr(check, name)(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


def test_a_wrong_number_is_derived():
    message = check.sigmoid(rounded).message
    s = 1 / (1 + math.exp(-1))
    assert f"output[0] should be 1 / (1 + exp(-1)) = {s:.6g}, yours is {round(s, 2)}" in message
    assert "(of x[0] = 1)" in message


def test_an_operation_is_made_of_a_formula():
    double = elementwise("double", lambda x: 2 * x, lambda x: f"2*{x:g}", ())
    told = double.results[0].derive(double.questions[3].arguments, (1,))
    assert (told.total, told.shown, told.source) == (-4.0, "2*-2", "of x[1] = -2")
