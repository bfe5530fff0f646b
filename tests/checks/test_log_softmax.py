"""Learners write a log-softmax: right in many styles, wrong in more."""

import math

import pytest
import torch
from torch import nn

from labkit.checks import check
from labkit.checks.log_softmax import LOG_SOFTMAX

pytestmark = pytest.mark.usefixtures("as_learners_run_it")

# ---------------------------------------------------------------- right answers, in many styles


def by_logsumexp(x, dim=-1):
    return x - torch.logsumexp(x, dim, keepdim=True)


def textbook(x, dim=-1):
    shifted = x - x.max(dim=dim, keepdim=True).values
    return shifted - shifted.exp().sum(dim=dim, keepdim=True).log()


def maximum_added_to_the_sum(z, axis=-1):
    largest = z.amax(axis, True)
    return z - (largest + torch.log(torch.exp(z - largest).sum(axis, True)))


def with_unsqueeze(logits, dim):
    return logits - logits.logsumexp(dim).unsqueeze(dim)


def last_axis_only(scores):
    return scores - scores.logsumexp(-1)[..., None]


def logaddexp_one_by_one(x, dim=-1):
    parts = x.unbind(dim)
    total = parts[0]
    for part in parts[1:]:
        total = torch.logaddexp(total, part)
    return torch.stack([part - total for part in parts], dim)


def by_differences(x, dim=-1):
    x = x.movedim(dim, -1)
    return -torch.logsumexp(x.unsqueeze(-2) - x.unsqueeze(-1), -1).movedim(-1, dim)


class AsModule(nn.Module):
    def forward(self, values):
        return nn.functional.log_softmax(values, dim=-1)


RIGHT = [
    by_logsumexp, textbook, maximum_added_to_the_sum, with_unsqueeze, last_axis_only,
    logaddexp_one_by_one, by_differences, AsModule(), torch.nn.functional.log_softmax,
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: getattr(f, "__name__", type(f).__name__))
def test_every_correct_style_passes(answer):
    verdict = check.log_softmax(answer)
    assert verdict.passed, verdict


# ---------------------------------------------------------------- wrong answers, each its mistake

WRONG = []


def makes(mistake):
    def keep(function):
        WRONG.append(pytest.param(function, mistake, id=f"{mistake}-{function.__name__}"))
        return function

    return keep


@makes("underflow")
def log_of_softmax(x, dim=-1):
    return torch.log(torch.softmax(x, dim))


@makes("underflow")
def log_of_stable_shares(x):
    e = torch.exp(x - x.max(-1, keepdim=True).values)
    return torch.log(e / e.sum(-1, keepdim=True))


@makes("underflow")
def with_epsilon(x, dim=-1):
    return torch.log(torch.softmax(x, dim) + 1e-8)


@makes("underflow")
def with_another_epsilon(x, dim=-1):
    return torch.log(torch.softmax(x, dim) + 3e-6)


@makes("underflow")
def clamped_shares(x, dim=-1):
    return torch.softmax(x, dim).clamp(min=1e-6).log()


@makes("overflow")
def formula(x, dim=-1):
    return x - torch.log(torch.exp(x).sum(dim, keepdim=True))


@makes("overflow")
def log_of_formula(x):
    return torch.log(x.exp() / x.exp().sum(-1, keepdim=True))


@makes("overflow")
def python_floats(x):
    if x.dim() == 1:
        return x - math.log(sum(math.exp(v) for v in x))
    return torch.stack([python_floats(row) for row in x])


@makes("wrong_axis")
def always_last(x, dim=-1):
    return by_logsumexp(x)


@makes("wrong_axis")
def first_axis(x):
    return x - x.logsumexp(0)


@makes("wrong_axis")
def over_everything(x, dim=-1):
    return x - x.flatten().logsumexp(0)


@makes("keepdim_forgotten")
def sum_without_axis(x, dim=-1):
    return x - torch.logsumexp(x, dim)


@makes("keepdim_forgotten")
def formula_without_axis(x):
    return x - x.exp().sum(-1).log()


@makes("log_forgotten")
def softmax(x, dim=-1):
    return torch.softmax(x, dim)


@makes("log_forgotten")
def sum_without_log(x):
    return x - x.exp().sum(-1, keepdim=True)


@makes("log_forgotten")
def lowered_sum_without_log(x, dim=-1):
    x = x - x.amax(dim, keepdim=True)
    return x - x.exp().sum(dim, keepdim=True)


@makes("maximum_wrong")
def lowered_in_the_sum_only(x, dim=-1):
    largest = x.amax(dim, keepdim=True)
    return x - torch.log(torch.exp(x - largest).sum(dim, keepdim=True))


@makes("maximum_wrong")
def lowered_outside_only(x, dim=-1):
    largest = x.amax(dim, keepdim=True)
    return x - largest - torch.logsumexp(x, dim, keepdim=True)


@makes("maximum_wrong")
def added_back(x):
    largest = x.amax(-1, keepdim=True)
    return textbook(x - largest) + largest


@makes("maximum_wrong")
def only_lowered(x):
    return x - x.max(-1, keepdim=True).values


@makes("sign_wrong")
def as_a_loss(x, dim=-1):
    return -by_logsumexp(x, dim)


@makes("sign_wrong")
def plus(x):
    return x + x.logsumexp(-1, keepdim=True)


@makes("total_returned")
def total(x, dim=-1):
    return torch.logsumexp(x, dim)


@makes("total_returned")
def total_with_axis(x):
    return x.logsumexp(-1, keepdim=True)


@makes("exp_forgotten")
def log_of_shares_of_x(x, dim=-1):
    return torch.log(x / x.sum(dim, keepdim=True))


@makes("exp_forgotten")
def mean_of_exp(x):
    n = x.shape[-1]
    return x - (x.logsumexp(-1, keepdim=True) - math.log(n))


@makes("wrong_base")
def in_bits(x):
    return by_logsumexp(x) / math.log(2)


@makes("other_function")
def log_of_sigmoid(x):
    return -torch.log1p(torch.exp(-x.abs())) + x.clamp(max=0)


@makes("other_function")
def softmax_first(x, dim=-1):
    return by_logsumexp(torch.softmax(x, dim), dim)


@makes("wrong_type")
def list_of_rows(x):
    return [torch.log_softmax(row, -1) for row in x]


@makes("input_modified")
def in_place(x, dim=-1):
    x -= x.amax(dim, keepdim=True)
    return x - x.exp().sum(dim, keepdim=True).log()


@makes("gradient_cut")
def detached(x, dim=-1):
    return torch.log_softmax(x.detach(), dim)


@makes("wrong_gradient")
def total_detached(x):
    return x - x.logsumexp(-1, keepdim=True).detach()


@makes("wrong_dtype")
def always_double(x):
    return torch.log_softmax(x.double(), -1)


@makes("wrong_values")
def tempered(x):
    return torch.log_softmax(x / 2, -1)


@makes("wrong_values")
def plus_two(x, dim=-1):
    return by_logsumexp(x, dim) + 2


@makes("wrong_shape")
def largest(x):
    return torch.log_softmax(x, -1).amax(-1)


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(answer, mistake):
    verdict = check.log_softmax(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


def test_a_wrong_logarithm_is_derived():
    message = check.log_softmax(plus_two).message
    a = LOG_SOFTMAX.questions[0].arguments
    x = a.x[0].tolist()
    shown = message.partition("output[0, 0] should be ")[2].partition(" = ")[0]
    value = eval(shown, {"log": math.log, "exp": math.exp})
    assert value == pytest.approx(x[0] - math.log(sum(map(math.exp, x))))
    assert f"yours is {value + 2:.6g}" in message
    assert "their maximum, was subtracted first)" in message
