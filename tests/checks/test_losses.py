"""Learners write a cross-entropy: right in many styles, wrong in more."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.checks import check

pytestmark = pytest.mark.usefixtures("as_learners_run_it")

# ---------------------------------------------------------------- right answers, in many styles


def by_logsumexp(logits, target):
    return (logits.logsumexp(1) - logits[torch.arange(len(target)), target]).mean()


def by_one_hot(x, t):
    log_p = torch.log_softmax(x, dim=-1)
    return -(F.one_hot(t, x.shape[1]) * log_p).sum() / len(t)


def by_gather(logits, labels, reduction="mean"):
    shifted = logits - logits.max(1, keepdim=True).values
    log_p = shifted - shifted.exp().sum(1, keepdim=True).log()
    losses = -log_p.gather(1, labels.unsqueeze(1)).squeeze(1)
    if reduction == "none":
        return losses
    return losses.mean() if reduction == "mean" else losses.sum()


def row_by_row(x, y, *, ignore_index=-100):
    losses = []
    for row, label in zip(x, y, strict=True):
        if label != ignore_index:
            largest = row.max()
            total = sum(torch.exp(v - largest) for v in row)
            losses.append(torch.log(total) + largest - row[label])
    return sum(losses) / len(losses)


def everything(
    logits, target, ignore_index=-100, label_smoothing=0.0, reduction="mean"
):  # fmt: skip
    log_p = logits - torch.logsumexp(logits, 1, keepdim=True)
    keep = target != ignore_index
    label = target.where(keep, 0)
    hard = -log_p.gather(1, label[:, None])[:, 0]
    losses = ((1 - label_smoothing) * hard - label_smoothing * log_p.mean(1)) * keep
    if reduction == "none":
        return losses
    return losses.sum() / (keep.sum() if reduction == "mean" else 1)


def smooth_one_hot(x, t, smoothing=0.0):
    k = x.shape[1]
    shares = F.one_hot(t, k) * (1 - smoothing) + smoothing / k
    return -(shares * x.log_softmax(1)).sum(1).mean()


def by_nll(prediction, truth):
    return F.nll_loss(F.log_softmax(prediction, 1), truth)


class AsModule(nn.Module):
    def forward(self, input, target, reduction="mean"):
        return F.cross_entropy(input, target, reduction=reduction)


def by_diagonal(z, t):
    return -z.log_softmax(1)[:, t].diagonal().mean()


RIGHT = [
    by_logsumexp, by_one_hot, by_gather, row_by_row, everything, smooth_one_hot, by_nll,
    AsModule(), by_diagonal, F.cross_entropy,
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: getattr(f, "__name__", type(f).__name__))
def test_every_correct_style_passes(answer):
    verdict = check.cross_entropy(answer)
    assert verdict.passed, verdict


# ---------------------------------------------------------------- wrong answers, each its mistake

WRONG = []


def makes(mistake):
    def keep(function):
        WRONG.append(pytest.param(function, mistake, id=f"{mistake}-{function.__name__}"))
        return function

    return keep


def picked(p, t):
    return torch.stack([p[n, t[n]] for n in range(len(t))])


@makes("softmax_twice")
def probabilities_given(x, t):
    p = torch.softmax(x, 1)
    return F.cross_entropy(p, t)


@makes("softmax_twice")
def two_softmaxes(x, t, reduction="mean"):
    p = x.softmax(1).softmax(1)
    losses = -picked(p, t).log()
    return {"mean": losses.mean(), "sum": losses.sum(), "none": losses}[reduction]


@makes("sign_wrong")
def no_minus(x, t):
    return picked(x.log_softmax(1), t).mean()


@makes("sign_wrong")
def wrong_way_round(x, t, reduction="mean"):
    losses = picked(x, t) - x.logsumexp(1)
    return {"mean": losses.mean(), "sum": losses.sum(), "none": losses}[reduction]


@makes("reduction_ignored")
def summed(x, t):
    return -picked(x.log_softmax(1), t).sum()


@makes("reduction_ignored")
def not_reduced(x, t):
    return -picked(x.log_softmax(1), t)


@makes("reduction_ignored")
def always_mean(x, t, reduction="mean"):
    return by_logsumexp(x, t)


@makes("overflow")
def textbook(x, t):
    p = x.exp() / x.exp().sum(1, keepdim=True)
    return -torch.log(p[range(len(t)), t]).mean()


@makes("overflow")
def log_of_sum_of_exp(x, t):
    return (x.exp().sum(1).log() - picked(x, t)).mean()


@makes("overflow")
def log_of_softmax(x, t):
    return -picked(torch.softmax(x, 1), t).log().mean()


@makes("overflow")
def with_epsilon(x, t):
    return -(picked(torch.softmax(x, 1), t) + 1e-8).log().mean()


@makes("overflow")
def with_another_epsilon(x, t):
    return -(picked(torch.softmax(x, 1), t) + 3e-7).log().mean()


@makes("overflow")
def clamped(x, t):
    return -picked(torch.softmax(x, 1), t).clamp(min=1e-9).log().mean()


@makes("overflow")
def python_numbers(x, t):
    total = 0
    for row, label in zip(x, t, strict=True):
        powers = [math.exp(v) for v in row.tolist()]
        total = total - math.log(powers[label] / sum(powers)) + 0 * row.sum()
    return total / len(t)


@makes("log_forgotten")
def minus_p(x, t):
    return -picked(torch.softmax(x, 1), t).mean()


@makes("log_forgotten")
def one_minus_p(x, t):
    return (1 - picked(torch.softmax(x, 1), t)).mean()


@makes("mean_over_classes")
def mean_of_everything(x, t):
    return -(F.one_hot(t, x.shape[1]) * x.log_softmax(1)).mean()


@makes("mean_over_classes")
def divided_by_classes(x, t):
    return -picked(x.log_softmax(1), t).sum() / x.size(1)


@makes("wrong_class")
def indexed_without_rows(x, t):
    return -x.log_softmax(1)[:, t].mean()


@makes("wrong_class")
def classes_from_one(x, t):
    return -x.log_softmax(1)[torch.arange(len(t)), t - 1].mean()


@makes("wrong_class")
def predicted_class(x, t):
    return -x.log_softmax(1).max(1).values.mean()


@makes("wrong_class")
def all_classes(x, t):
    return -x.log_softmax(1).sum(1).mean()


@makes("softmax_forgotten")
def minus_logit(x, t):
    return -picked(x, t).mean()


@makes("softmax_forgotten")
def log_of_logit(x, t):
    return -torch.log(picked(x, t)).mean()


@makes("softmax_forgotten")
def nll_of_logits(x, t, reduction="mean"):
    return F.nll_loss(x, t, reduction=reduction)


@makes("wrong_axis")
def down_the_batch(x, t):
    return -picked(x.log_softmax(0), t).mean()


@makes("ignore_index_ignored")
def ignores_nothing(x, t, ignore_index=-100):
    return by_logsumexp(x, t)


@makes("ignore_index_ignored")
def divides_by_all(x, t, ignore_index=-100):
    keep = t != ignore_index
    losses = x.logsumexp(1) - picked(x, t * keep)
    return (losses * keep).mean()


@makes("smoothing_wrong")
def no_smoothing(x, t, label_smoothing=0.0):
    return by_logsumexp(x, t)


@makes("smoothing_wrong")
def shares_of_the_others(x, t, smoothing=0.0):
    k = x.shape[1]
    shares = torch.full_like(x, smoothing / (k - 1))
    shares[torch.arange(len(t)), t] = 1 - smoothing
    return -(shares * x.log_softmax(1)).sum(1).mean()


@makes("smoothing_wrong")
def only_taken_away(x, t, label_smoothing=0.0):
    return (1 - label_smoothing) * by_logsumexp(x, t)


@makes("smoothing_wrong")
def too_much_in_all(x, t, label_smoothing=0.0):
    shares = F.one_hot(t, x.shape[1]).to(x.dtype)
    shares[shares == 0] = label_smoothing / x.shape[1]
    return -(shares * x.log_softmax(1)).sum(1).mean()


@makes("wrong_base")
def in_bits(x, t):
    return by_logsumexp(x, t) / math.log(2)


@makes("other_loss")
def squared_error(x, t):
    return ((torch.softmax(x, 1) - F.one_hot(t, x.shape[1])) ** 2).mean()


@makes("other_loss")
def entropy(x, t):
    return -(x.softmax(1) * x.log_softmax(1)).sum(1).mean()


@makes("other_loss")
def binary_of_all(x, t):
    y = F.one_hot(t, x.shape[1]).to(x.dtype)
    return F.binary_cross_entropy(x.softmax(1), y, reduction="sum") / len(t)


@makes("wrong_type")
def python_number(x, t):
    return by_logsumexp(x, t).item()


@makes("gradient_cut")
def probabilities_detached(x, t):
    return by_logsumexp(x.detach(), t)


@makes("input_modified")
def shifted_in_place(x, t):
    x -= x.max(1, keepdim=True).values
    return by_logsumexp(x, t)


@makes("wrong_values")
def doubled(x, t):
    return 2 * by_logsumexp(x, t)


@makes("wrong_values")
def focal(x, t):
    log_p = picked(x.log_softmax(1), t)
    return -((1 - log_p.exp()) ** 2 * log_p).mean()


@makes("wrong_values")
def regularised(x, t):
    return by_logsumexp(x, t) + 0.01 * (x**2).mean()


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(answer, mistake):
    verdict = check.cross_entropy(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


def test_a_wrong_loss_is_derived():
    message = check.cross_entropy(doubled).message
    assert "target = [1]" in message
    assert "output should be " in message
    assert "(the loss of row 0 is log(exp(" in message
    shown = message.partition("is log(")[2].partition(" = ")[0]
    value = eval("log(" + shown, {"log": math.log, "exp": math.exp})
    assert f"= {value:.4f}" in message.replace(message.partition("(the loss")[0], "")
