"""Learners write a softmax: right in many styles, wrong in more."""

import math

import pytest
import torch
from torch import nn

from labkit.checks import check
from labkit.checks.activations import SOFTMAX

pytestmark = pytest.mark.usefixtures("as_learners_run_it")

# ---------------------------------------------------------------- right answers, in many styles


def textbook(x, dim=-1):
    e = torch.exp(x - x.max(dim=dim, keepdim=True).values)
    return e / e.sum(dim=dim, keepdim=True)


def numpy_words(z, axis=-1):
    z = z - z.amax(axis, True)
    return z.exp() / z.exp().sum(axis, True)


def through_logarithms(logits, dim=-1):
    return (logits - torch.logsumexp(logits, dim, keepdim=True)).exp()


def with_unsqueeze(scores, dim):
    largest = scores.max(dim)[0].unsqueeze(dim)
    powers = (scores - largest).exp()
    return powers.div(powers.sum(dim).unsqueeze(dim))


def last_axis_only(x):
    x = x - x.max()  # enough for rows that lie close together, repaired below
    return torch.log_softmax(x, -1).exp()


def by_differences(x, dim=-1):
    """One over the sum of exp(x_j - x_i): no maximum is needed, and inf is right."""
    x = x.movedim(dim, -1)
    shares = 1 / torch.exp((x.unsqueeze(-2) - x.unsqueeze(-1)).clamp(max=80)).sum(-1)
    return shares.movedim(-1, dim)


def numbers_in_a_loop(x, dim=-1):
    rows = x.movedim(dim, -1).reshape(-1, x.shape[dim])
    out = []
    for row in rows:
        largest = max(row.tolist())
        powers = [torch.exp(v - largest) for v in row]
        total = sum(powers)
        out.append(torch.stack([p / total for p in powers]))
    return torch.stack(out).reshape(x.movedim(dim, -1).shape).movedim(-1, dim)


class AsModule(nn.Module):
    def forward(self, values):
        return nn.functional.softmax(values, dim=-1)


RIGHT = [
    textbook, numpy_words, through_logarithms, with_unsqueeze, last_axis_only, by_differences,
    numbers_in_a_loop, AsModule(), torch.nn.functional.softmax,
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: getattr(f, "__name__", type(f).__name__))
def test_every_correct_style_passes(answer):
    verdict = check.softmax(answer)
    assert verdict.passed, verdict


# ---------------------------------------------------------------- wrong answers, each its mistake

WRONG = []


def makes(mistake):
    def keep(function):
        WRONG.append(pytest.param(function, mistake, id=f"{mistake}-{function.__name__}"))
        return function

    return keep


@makes("overflow")
def formula(x, dim=-1):
    return x.exp() / x.exp().sum(dim, keepdim=True)


@makes("overflow")
def formula_by_einsum(x):
    e = torch.pow(math.e, x)
    return torch.einsum("...i,...->...i", e, 1 / e.sum(-1))


@makes("overflow")
def maximum_of_all(x, dim=-1):
    e = torch.exp(x - x.max())
    return e / e.sum(dim, keepdim=True)


@makes("overflow")
def subtracts_mean(x):
    e = torch.exp(x - x.mean(-1, keepdim=True))
    return e / e.sum(-1, keepdim=True)


@makes("overflow")
def python_floats(x):
    if x.dim() == 1:
        powers = [math.exp(v) for v in x]
        return torch.stack([x[i] * 0 + p / sum(powers) for i, p in enumerate(powers)])
    return torch.stack([python_floats(row) for row in x])


@makes("overflow")
def clamped(x, dim=-1):
    e = x.clamp(max=80).exp()
    return e / e.sum(dim, keepdim=True)


@makes("wrong_axis")
def always_last(x, dim=-1):
    return textbook(x)


@makes("wrong_axis")
def always_first(x, dim=-1):
    return textbook(x, 0)


@makes("wrong_axis")
def first_axis(x):
    e = torch.exp(x - x.max(0).values)
    return e / e.sum(0)


@makes("wrong_axis")
def over_everything(x, dim=-1):
    e = torch.exp(x - x.max())
    return e / e.sum()


@makes("wrong_axis")
def second_axis(x, dim=-1):
    return torch.softmax(x, 1 if x.dim() > 1 else 0)


@makes("keepdim_forgotten")
def sum_without_axis(x, dim=-1):
    e = torch.exp(x - x.max(dim, keepdim=True).values)
    return e / e.sum(dim)


@makes("keepdim_forgotten")
def both_without_axis(x):
    e = torch.exp(x - x.max(-1).values)
    return e / torch.sum(e, -1)


@makes("keepdim_forgotten")
def formula_without_axis(x, dim=-1):
    return x.exp() / x.exp().sum(dim)


@makes("log_returned")
def log_softmax(x, dim=-1):
    return torch.log_softmax(x, dim)


@makes("log_returned")
def log_of_it(x):
    return x - x.logsumexp(-1, keepdim=True)


@makes("not_normalised")
def only_exp(x, dim=-1):
    return torch.exp(x)


@makes("not_normalised")
def only_exp_of_difference(x):
    return torch.exp(x - x.max(-1, keepdim=True).values)


@makes("not_normalised")
def mean_for_sum(x):
    e = torch.exp(x - x.max(-1, keepdim=True).values)
    return e / e.mean(-1, keepdim=True)


@makes("not_normalised")
def sigmoid(x):
    return 1 / (1 + torch.exp(-x))


@makes("not_normalised")
def divides_by_sum_of_x(x, dim=-1):
    return torch.exp(x) / torch.sum(x, dim, keepdim=True)


@makes("not_normalised")
def divides_by_length(x):
    e = torch.exp(x - x.max(-1, keepdim=True).values)
    return e / e.pow(2).sum(-1, keepdim=True).sqrt()


@makes("exp_forgotten")
def shares_of_x(x, dim=-1):
    return x / x.sum(dim, keepdim=True)


@makes("exp_forgotten")
def shares_of_squares(x):
    return x**2 / (x**2).sum(-1, keepdim=True)


@makes("exp_forgotten")
def shares_of_absolute(x, dim=-1):
    return x.abs() / x.abs().sum(dim, keepdim=True)


@makes("sign_wrong")
def soft_minimum(x):
    return torch.softmax(-x, -1)


@makes("sign_wrong")
def turned_round(x, dim=-1):
    e = torch.exp(x.min(dim, keepdim=True).values - x)
    return e / e.sum(dim, keepdim=True)


@makes("softmax_twice")
def twice(x, dim=-1):
    return textbook(textbook(x, dim), dim)


@makes("wrong_base")
def powers_of_two(x):
    e = 2 ** (x - x.max(-1, keepdim=True).values)
    return e / e.sum(-1, keepdim=True)


@makes("hard_maximum")
def winner_takes_all(x):
    return nn.functional.one_hot(x.argmax(-1), x.shape[-1]).to(x.dtype)


@makes("wrong_type")
def list_of_rows(x):
    return [torch.softmax(row, -1) for row in x]


@makes("input_modified")
def in_place(x, dim=-1):
    x -= x.amax(dim, keepdim=True)
    return x.exp() / x.exp().sum(dim, keepdim=True)


@makes("gradient_cut")
def detached(x, dim=-1):
    return torch.softmax(x.detach(), dim)


@makes("wrong_gradient")
def sum_detached(x):
    e = torch.exp(x - x.amax(-1, keepdim=True))
    return e / e.sum(-1, keepdim=True).detach()


@makes("wrong_dtype")
def always_double(x):
    return torch.softmax(x.double(), -1)


@makes("wrong_values")
def tempered(x):
    return torch.softmax(x / 2, -1)


@makes("wrong_values")
def plus_one(x, dim=-1):
    e = torch.exp(x - x.amax(dim, keepdim=True))
    return e / (1 + e.sum(dim, keepdim=True))


@makes("wrong_shape")
def largest_share(x):
    return torch.softmax(x, -1).amax(-1)


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(answer, mistake):
    verdict = check.softmax(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


def test_a_wrong_share_is_derived():
    message = check.softmax(tempered).message
    a = SOFTMAX.questions[0].arguments
    x = [f"{v:g}" for v in a.x[0].tolist()]
    largest = f"{float(a.x.max()):g}"
    assert f"output[0, 0] should be exp({x[0]} - {largest}) / (exp({x[0]} - {largest})" in message


def test_half_precision_is_asked():
    """In float16 exp(12) is too large already."""

    def enough_for_float32(x):
        small = x.abs().amax() < 80
        return formula(x) if small else textbook(x)

    verdict = check.softmax(enough_for_float32)
    assert verdict.mistake == "overflow"
    assert "right where numbers are float32" in verdict.message
