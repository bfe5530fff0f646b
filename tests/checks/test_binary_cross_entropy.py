"""Learners write a binary cross-entropy: right in many styles, wrong in more."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.checks import check

pytestmark = pytest.mark.usefixtures("as_learners_run_it")

# ---------------------------------------------------------------- right answers, in many styles


def stable_formula(x, t):
    return (x.clamp(min=0) - x * t + torch.log1p(torch.exp(-x.abs()))).mean()


def by_logsigmoid(logits, target, reduction="mean"):
    losses = -(target * F.logsigmoid(logits) + (1 - target) * F.logsigmoid(-logits))
    return getattr(losses, reduction)() if reduction != "none" else losses


def by_softplus(z, y, pos_weight=None):
    w = 1 if pos_weight is None else pos_weight
    return torch.mean(w * y * F.softplus(-z) + (1 - y) * F.softplus(z))


def by_logaddexp(scores, labels):
    return (torch.logaddexp(scores, torch.zeros_like(scores)) - scores * labels).mean()


def two_classes(x, y):
    """No is class 0, whose logit is 0."""
    log_p = torch.stack([torch.zeros_like(x), x], -1).log_softmax(-1)
    return -((1 - y) * log_p[..., 0] + y * log_p[..., 1]).sum() / x.numel()


def everything(logits, target, pos_weight=None, reduction="mean"):
    weight = torch.ones(1) if pos_weight is None else pos_weight
    factor = 1 + (weight - 1) * target
    missed = torch.log1p(torch.exp(-logits.abs())) + torch.relu(-logits)
    losses = (1 - target) * logits + factor * missed
    if reduction == "sum":
        return losses.sum()
    return losses if reduction == "none" else losses.mean()


def number_by_number(xs, ts):
    losses = []
    for x, t in zip(xs.flatten(), ts.flatten(), strict=True):
        if x > 0:
            losses.append((1 - t) * x + torch.log(1 + torch.exp(-x)))
        else:
            losses.append(-t * x + torch.log(1 + torch.exp(x)))
    return sum(losses) / len(losses)


def target_detached(x, t):
    return stable_formula(x, t.detach())


class AsModule(nn.Module):
    def forward(self, input, target, reduction="mean"):
        return F.binary_cross_entropy_with_logits(input, target, reduction=reduction)


RIGHT = [
    stable_formula, by_logsigmoid, by_softplus, by_logaddexp, two_classes, everything,
    number_by_number, target_detached, AsModule(), F.binary_cross_entropy_with_logits,
    nn.BCEWithLogitsLoss(),
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: getattr(f, "__name__", type(f).__name__))
def test_every_correct_style_passes(answer):
    verdict = check.binary_cross_entropy_with_logits(answer)
    assert verdict.passed, verdict


# ---------------------------------------------------------------- wrong answers, each its mistake

WRONG = []


def makes(mistake):
    def keep(function):
        WRONG.append(pytest.param(function, mistake, id=f"{mistake}-{function.__name__}"))
        return function

    return keep


@makes("overflow")
def textbook(x, t):
    p = 1 / (1 + torch.exp(-x))
    return -(t * torch.log(p) + (1 - t) * torch.log(1 - p)).mean()


@makes("overflow")
def library_on_sigmoid(x, t):
    return F.binary_cross_entropy(torch.sigmoid(x), t)


@makes("overflow")
def exp_of_logits(x, t):
    return (torch.log(1 + torch.exp(x)) - t * x).mean()


@makes("overflow")
def log1p_of_exp(x, t):
    return (torch.log1p(x.exp()) - t * x).mean()


@makes("overflow")
def exp_of_minus_logits(x, t):
    return ((1 - t) * x + torch.log(1 + torch.exp(-x))).mean()


@makes("overflow")
def with_epsilon(x, t, eps=1e-7):
    p = x.sigmoid()
    return -(t * (p + eps).log() + (1 - t) * (1 - p + eps).log()).mean()


@makes("overflow")
def clamped(x, t):
    p = torch.clamp(torch.sigmoid(x), 1e-7, 1 - 1e-7)
    return -(t * p.log() + (1 - t) * (1 - p).log()).mean()


@makes("overflow")
def clamped_coarsely(x, t):
    p = torch.clamp(torch.sigmoid(x), 1e-4, 1 - 1e-4)
    return -(t * p.log() + (1 - t) * (1 - p).log()).mean()


@makes("overflow")
def python_numbers(x, t):
    total = 0 * x.sum()
    for a, b in zip(x.flatten().tolist(), t.flatten().tolist(), strict=True):
        p = 1 / (1 + math.exp(-a))
        total = total - (b * math.log(p) + (1 - b) * math.log(1 - p))
    return total / x.numel()


@makes("sigmoid_twice")
def given_probabilities(x, t):
    return F.binary_cross_entropy_with_logits(torch.sigmoid(x), t)


@makes("sigmoid_twice")
def two_sigmoids(x, t):
    p = torch.sigmoid(torch.sigmoid(x))
    return -(t * torch.log(p) + (1 - t) * torch.log(1 - p)).mean()


@makes("sigmoid_forgotten")
def log_of_logits(x, t):
    return -(t * torch.log(x) + (1 - t) * torch.log(1 - x)).mean()


@makes("sign_wrong")
def no_minus(x, t):
    return (t * F.logsigmoid(x) + (1 - t) * F.logsigmoid(-x)).mean()


@makes("sign_wrong")
def no_bracket(x, t):
    return (-t * F.logsigmoid(x) + (1 - t) * F.logsigmoid(-x)).mean()


@makes("sign_wrong+overflow")
def no_bracket_textbook(x, t):
    p = torch.sigmoid(x)
    return torch.mean(-t * torch.log(p) + (1 - t) * torch.log(1 - p))


@makes("reduction_ignored")
def summed(x, t):
    return F.binary_cross_entropy_with_logits(x, t, reduction="sum")


@makes("reduction_ignored")
def not_reduced(x, t):
    return F.softplus(x) - x * t


@makes("reduction_ignored")
def always_mean(x, t, reduction="mean"):
    return stable_formula(x, t)


@makes("reduction_ignored")
def divided_by_rows(x, t):
    return F.binary_cross_entropy_with_logits(x, t, reduction="sum") / x.shape[0]


@makes("reduction_ignored")
def mean_of_rows(x, t, reduction="mean"):
    losses = F.softplus(x) - x * t
    return losses.mean(-1) if reduction == "mean" else by_logsigmoid(x, t, reduction)


@makes("term_forgotten")
def only_yes(x, t):
    return -(t * F.logsigmoid(x)).mean()


@makes("term_forgotten")
def only_yes_with_options(x, t, pos_weight=None, reduction="mean"):
    losses = -t * F.logsigmoid(x) * (1 if pos_weight is None else pos_weight)
    return {"mean": losses.mean(), "sum": losses.sum(), "none": losses}[reduction]


@makes("target_swapped")
def logs_exchanged(x, t):
    return -(t * F.logsigmoid(-x) + (1 - t) * F.logsigmoid(x)).mean()


@makes("target_swapped")
def exponent_without_minus(x, t):
    log_p = -F.softplus(x)  # log(1 / (1 + exp(x)))
    return -(t * log_p + (1 - t) * (log_p + x)).mean()


@makes("term_wrong")
def log_s_twice(x, t):
    return -(t * F.logsigmoid(x) + (1 - t) * F.logsigmoid(x)).mean()


@makes("term_wrong")
def one_minus_log(x, t):
    log_p = F.logsigmoid(x)
    return -(t * log_p + (1 - t) * (1 - log_p)).mean()


@makes("term_wrong")
def target_twice(x, t):
    return -(t * F.logsigmoid(x) + t * F.logsigmoid(-x)).mean()


@makes("pos_weight_wrong")
def weight_ignored(x, t, pos_weight=None):
    return stable_formula(x, t)


@makes("pos_weight_wrong")
def weight_on_no(x, t, pos_weight=None):
    w = 1 if pos_weight is None else pos_weight
    return -(t * F.logsigmoid(x) + w * (1 - t) * F.logsigmoid(-x)).mean()


@makes("pos_weight_wrong")
def weight_on_both(x, t, pos_weight=None):
    w = 1 if pos_weight is None else pos_weight
    return (w * (F.softplus(x) - x * t)).mean()


@makes("pos_weight_wrong")
def weight_as_share(x, t, pos_weight=None):
    w = torch.ones(1) if pos_weight is None else pos_weight
    losses = F.binary_cross_entropy_with_logits(x, t, pos_weight=w, reduction="none")
    return (
        losses.sum() / torch.where(t > 0, w, 1).sum() if pos_weight is not None else losses.mean()
    )


@makes("log_forgotten")
def minus_probability(x, t):
    p = torch.sigmoid(x)
    return -(t * p + (1 - t) * (1 - p)).mean()


@makes("target_rounded")
def where_yes(x, t):
    return torch.where(t == 1, F.softplus(-x), F.softplus(x)).mean()


@makes("target_rounded")
def where_mostly(x, t, reduction="mean"):
    return by_logsigmoid(x, (t > 0.5).to(x.dtype), reduction)


@makes("wrong_base")
def in_bits(x, t):
    return stable_formula(x, t) / math.log(2)


@makes("other_loss")
def squared_error(x, t):
    return ((torch.sigmoid(x) - t) ** 2).mean()


@makes("other_loss")
def labels_of_both_signs(x, t):
    return F.softplus(-t * x).mean()


@makes("wrong_type")
def python_number(x, t):
    return stable_formula(x, t).item()


@makes("gradient_cut")
def logits_detached(x, t):
    return stable_formula(x.detach(), t)


@makes("wrong_gradient")
def tail_detached(x, t):
    return (x.clamp(min=0) - x * t + torch.log1p(torch.exp(-x.abs().detach()))).mean()


@makes("input_modified")
def clamped_in_place(x, t):
    losses = x.clamp(min=0) - x * t
    x.abs_().neg_()
    return (losses + torch.log1p(x.exp())).mean()


@makes("wrong_values")
def focal(x, t):
    losses = F.softplus(x) - x * t
    return ((1 - torch.exp(-losses)) ** 2 * losses).mean()


@makes("wrong_values")
def doubled(x, t):
    return 2 * stable_formula(x, t)


@makes("wrong_values")
def regularised(x, t, reduction="mean"):
    return by_logsigmoid(x, t, reduction) + 0.01 * x.square().mean()


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(answer, mistake):
    verdict = check.binary_cross_entropy_with_logits(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


def test_a_wrong_loss_is_derived():
    message = check.binary_cross_entropy_with_logits(doubled).message
    right = math.log(1 + math.exp(-0.5))
    assert f"output should be ({right:.6g}) / 1 = {right:.6g}, yours is {2 * right:.6g}" in message
    assert f"the first loss is log(1 + exp(-0.5)) = {right:.6g}" in message
    assert "of logit 0.5 with target 1; log(1 + exp(-x)) is -log(s)" in message
