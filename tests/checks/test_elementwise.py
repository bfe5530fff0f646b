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


# ---------------------------------------------------------------- tanh, right


@right("tanh")
def by_sigmoid(x):
    return 2 * torch.sigmoid(2 * x) - 1


@right("tanh")
def one_exponential(x):
    return 2 / (1 + torch.exp(-2 * x)) - 1


@right("tanh")
def sign_and_absolute(z):
    e = torch.exp(-2 * z.abs())
    return torch.where(z >= 0, 1 - e, e - 1) / (1 + e)


@right("tanh")
def textbook_clamped(x):
    x = x.clamp(-20, 20)
    return (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x))


@right("tanh")
def loop_of_tanh(x):
    return one_by_one(lambda v: 1 - 2 / (torch.exp(2 * v) + 1), x)


right("tanh")(nn.Tanh())
right("tanh")(torch.tanh)

# ---------------------------------------------------------------- tanh, wrong


@makes("tanh", "overflow")
def textbook_tanh(x):
    return (torch.exp(x) - torch.exp(-x)) / (torch.exp(x) + torch.exp(-x))


@makes("tanh", "overflow")
def sinh_over_cosh(x):
    return torch.sinh(x) / torch.cosh(x)


@makes("tanh", "overflow")
def exp_of_twice(x):
    return (torch.exp(2 * x) - 1) / (torch.exp(2 * x) + 1)


@makes("tanh", "overflow")
def exp_of_minus_twice(x):
    return (1 - torch.exp(-2 * x)) / (1 + torch.exp(-2 * x))


@makes("tanh", "sign_wrong")
def falls(x):
    return 2 * torch.sigmoid(-2 * x) - 1


@makes("tanh", "scale_wrong")
def no_two_inside(x):
    return 2 * torch.sigmoid(x) - 1


@makes("tanh", "scale_wrong")
def no_two_outside(x):
    return torch.sigmoid(2 * x) - 1


@makes("tanh", "scale_wrong")
def no_one_taken_off(x):
    return 2 * torch.sigmoid(2 * x)


@makes("tanh", "fraction_wrong")
def upside_down(x):
    return 1 / torch.tanh(x)


@makes("tanh", "fraction_wrong")
def no_brackets_at_all(x):
    return torch.exp(x) - torch.exp(-x) / torch.exp(x) + torch.exp(-x)


@makes("tanh", "fraction_wrong")
def numerator_alone(x):
    return torch.exp(x) - torch.exp(-x)


@makes("tanh", "derivative_returned")
def slope_of_tanh(x):
    return 1 - torch.tanh(x).square()


@makes("tanh", "derivative_returned")
def slope_of_its_result(x):
    return 1 - x * x


@makes("tanh", "elements_mixed")
def over_the_sum(x):
    return torch.tanh(x) / torch.tanh(x).sum()


@makes("tanh", "applied_twice")
def tanh_of_tanh(x):
    return x.tanh().tanh()


@makes("tanh", "other_function")
def sigmoid_instead(x):
    return 1 / (1 + torch.exp(-x))


@makes("tanh", "other_function")
def tangent(x):
    return torch.sin(x) / torch.cos(x)


@makes("tanh", "other_function")
def hard(x):
    return torch.clamp(x, -1, 1)


@makes("tanh", "gradient_cut")
def from_python(x):
    numbers = [math.tanh(v) for v in x.flatten().tolist()]
    return torch.tensor(numbers, dtype=x.dtype).reshape(x.shape)


@makes("tanh", "wrong_values")
def steeper(x):
    return torch.tanh(1.2 * x)


# ---------------------------------------------------------------- relu, right


@right("relu")
def clamped(x):
    return x.clamp(min=0)


@right("relu")
def masked(z):
    return z * (z > 0)


@right("relu")
def maximum(x):
    return torch.maximum(x, torch.zeros_like(x))


@right("relu")
def half_of_both(x):
    return (x + x.abs()) / 2


@right("relu")
def copied_first(x):
    out = x.clone()
    out[out < 0] = 0
    return out


@right("relu")
def python_max(x):
    return one_by_one(lambda v: max(v, 0 * v), x)


right("relu")(nn.ReLU())
right("relu")(F.relu)

# ---------------------------------------------------------------- relu, wrong


@makes("relu", "sign_wrong")
def smaller(x):
    return torch.minimum(x, torch.zeros_like(x))


@makes("relu", "sign_wrong")
def of_minus_x(x):
    return torch.relu(-x)


@makes("relu", "sign_wrong")
def mask_turned_round(x):
    return x * (x < 0)


@makes("relu", "derivative_returned")
def step(x):
    return (x > 0).to(x.dtype)


@makes("relu", "leaky")
def leaky_relu(x):
    return torch.where(x > 0, x, 0.01 * x)


@makes("relu", "leaky")
def absolute(x):
    return x.abs()


@makes("relu", "leaky")
def minus_infinity(x):
    return x.masked_fill(x < 0, float("-inf"))


@makes("relu", "bound_wrong")
def at_least_one(x):
    return x.clamp(1)


@makes("relu", "bound_wrong")
def at_most_one(x):
    return x.clamp(0, 1)


@makes("relu", "bound_wrong")
def at_most_six(x):
    return x.clamp(0, 6)


@makes("relu", "maximum_of_all")
def largest(x):
    return torch.clamp(torch.max(x), min=0)


@makes("relu", "dropped")
def positive_only(x):
    return x[x > 0]


@makes("relu", "squared")
def relu_squared(x):
    return F.relu(x) ** 2


@makes("relu", "other_function")
def softplus(x):
    return torch.logaddexp(x, torch.zeros_like(x))


@makes("relu", "other_function")
def identity(x):
    return x.clone()


@makes("relu", "other_function")
def elu(x):
    return torch.where(x > 0, x, torch.exp(x) - 1)


@makes("relu", "input_modified")
def written_in_place(x):
    x[x < 0] = 0
    return x


@makes("relu", "raises")
def one_truth_for_all(x):
    return x if x > 0 else torch.zeros_like(x)


@makes("relu", "gradient_cut")
def through_data(x):
    return x.detach().clamp(min=0)


@makes("relu", "wrong_values")
def a_third_below(x):
    return torch.where(x > 0, x, x / 3)


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
