"""Learners write a GELU: right in many styles, wrong in more."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.checks import check
from labkit.checks.gelu import GELU

pytestmark = pytest.mark.usefixtures("as_learners_run_it")

ROOT = math.sqrt(2 / math.pi)

# ---------------------------------------------------------------- right answers, in many styles


def by_erf(x):
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


def by_erfc(z):
    return z * torch.erfc(-z / 2**0.5) / 2


def by_ndtr(x):
    return x * torch.special.ndtr(x)


def by_normal(x):
    return x * torch.distributions.Normal(0.0, 1.0).cdf(x)


def both(x, approximate="none"):
    if approximate == "tanh":
        return 0.5 * x * (1 + torch.tanh(ROOT * (x + 0.044715 * torch.pow(x, 3))))
    return by_erf(x)


def tanh_by_sigmoid(x, *, approximate="none"):
    if approximate != "tanh":
        return by_erf(x)
    return x * torch.sigmoid(2 * ROOT * (x + 0.044715 * x * x * x))


def number_by_number(x):
    numbers = [v * (1 + torch.erf(v / 2**0.5)) / 2 for v in x.flatten()]
    return torch.stack(numbers).reshape(x.shape)


class AsModule(nn.Module):
    def forward(self, inputs, approximate="none"):
        return F.gelu(inputs, approximate=approximate)


RIGHT = [
    by_erf, by_erfc, by_ndtr, by_normal, both, tanh_by_sigmoid, number_by_number, AsModule(),
    nn.GELU(), F.gelu,
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: getattr(f, "__name__", type(f).__name__))
def test_every_correct_style_passes(answer):
    verdict = check.gelu(answer)
    assert verdict.passed, verdict


# ---------------------------------------------------------------- wrong answers, each its mistake

WRONG = []


def makes(mistake):
    def keep(function):
        WRONG.append(pytest.param(function, mistake, id=f"{mistake}-{function.__name__}"))
        return function

    return keep


@makes("approximation_wrong")
def as_in_gpt2(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


@makes("approximation_wrong")
def option_ignored(x, approximate="none"):
    return by_erf(x)


@makes("approximation_wrong")
def option_turned_round(x, approximate="none"):
    return as_in_gpt2(x) if approximate == "none" else by_erf(x)


@makes("approximation_wrong")
def by_a_sigmoid(x):
    return x * torch.sigmoid(1.702 * x)


@makes("approximation_wrong")
def rounded_number(x, approximate="none"):
    z = 0.7978845608 * (x + 0.044715 * x**3)
    return 0.5 * x * (1 + torch.tanh(z))


@makes("half_forgotten")
def no_half(x):
    return x * (1 + torch.erf(x / math.sqrt(2)))


@makes("half_forgotten")
def no_half_in_either(x, approximate="none"):
    return 2 * both(x, approximate)


@makes("one_forgotten")
def no_one(x):
    return 0.5 * x * torch.erf(x / math.sqrt(2))


@makes("one_forgotten")
def bracket_lost(x):
    return 0.5 * (1 + x * torch.erf(x / math.sqrt(2)))


@makes("x_forgotten")
def weight_alone(x):
    return 0.5 * (1 + torch.erf(x / math.sqrt(2)))


@makes("x_forgotten")
def distribution_function(x):
    return torch.distributions.Normal(0.0, 1.0).cdf(x)


@makes("erf_wrong")
def no_root(x):
    return 0.5 * x * (1 + torch.erf(x))


@makes("erf_wrong")
def half_for_root(x):
    return 0.5 * x * (1 + torch.erf(x / 2))


@makes("erf_wrong")
def tanh_for_erf(x):
    return 0.5 * x * (1 + torch.tanh(x / math.sqrt(2)))


@makes("cube_wrong")
def coefficient(x, approximate="none"):
    if approximate == "none":
        return by_erf(x)
    return 0.5 * x * (1 + torch.tanh(ROOT * (x + 0.44715 * x**3)))


@makes("cube_wrong")
def cube_after_the_bracket(x, approximate="none"):
    if approximate == "none":
        return by_erf(x)
    return 0.5 * x * (1 + torch.tanh(ROOT * x + 0.044715 * x**3))


@makes("cube_wrong")
def no_square_root(x, approximate="none"):
    if approximate == "none":
        return by_erf(x)
    return 0.5 * x * (1 + torch.tanh(2 / math.pi * (x + 0.044715 * x**3)))


@makes("cube_wrong")
def only_tanh_and_a_square(x):
    return 0.5 * x * (1 + torch.tanh(ROOT * (x + 0.044715 * x**2)))


@makes("density_taken")
def density(x):
    return x * torch.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


@makes("density_taken")
def density_of_torch(x):
    return x * torch.distributions.Normal(0.0, 1.0).log_prob(x).exp()


@makes("sign_wrong")
def minus_erf(x):
    return 0.5 * x * (1 - torch.erf(x / math.sqrt(2)))


@makes("sign_wrong")
def negative(x):
    return -by_erf(x)


@makes("derivative_returned")
def slope(x):
    return torch.special.ndtr(x) + x * torch.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


@makes("applied_twice")
def twice(x):
    return F.gelu(by_erf(x))


@makes("other_function")
def relu(x):
    return torch.clamp(x, min=0)


@makes("other_function")
def silu(x):
    return x / (1 + torch.exp(-x))


@makes("other_function")
def leaky(x):
    return torch.where(x > 0, x, 0.01 * x)


@makes("approximation_wrong+half_forgotten")
def two_mistakes(x):
    return x * (1 + torch.tanh(ROOT * (x + 0.044715 * x**3)))


@makes("wrong_type")
def python_numbers(x):
    return [v * (1 + math.erf(v / 2**0.5)) / 2 for v in x.flatten().tolist()]


@makes("gradient_cut")
def from_floats(x):
    numbers = [v * (1 + math.erf(v / 2**0.5)) / 2 for v in x.flatten().tolist()]
    return torch.tensor(numbers, dtype=x.dtype).reshape(x.shape)


@makes("wrong_gradient")
def weight_detached(x):
    return x * torch.special.ndtr(x).detach()


@makes("input_modified")
def in_place(x):
    return x.mul_(torch.special.ndtr(x))


@makes("wrong_values")
def series(x):
    return x / 2 + x**2 / math.sqrt(2 * math.pi)


@makes("wrong_values")
def nearly(x):
    return x * torch.sigmoid(1.7 * x)


@makes("wrong_values")
def a_little_more(x):
    return by_erf(x) + 1e-4 * torch.sign(x)


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(answer, mistake):
    verdict = check.gelu(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


def test_a_wrong_number_is_derived():
    message = check.gelu(nearly).message
    total = (1 + math.erf(1 / math.sqrt(2))) / 2
    assert f"output[0] should be 0.5*1*(1 + erf(1/sqrt(2))) = {total:.6g}, yours is " in message
    assert "(of x[0] = 1)" in message


def test_the_two_forms_are_told_apart_by_their_smallest_difference():
    asked = [GELU.complete(q.arguments) for q in GELU.questions if q.tolerance < 1e-3]
    off = max(float((as_in_gpt2(a.x) - by_erf(a.x)).abs().max()) for a in asked)
    assert 1e-5 < off < 1e-3
