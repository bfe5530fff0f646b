"""Learners write a mean squared error: right in many styles, wrong in more."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.checks import check

pytestmark = pytest.mark.usefixtures("as_learners_run_it")

# ---------------------------------------------------------------- right answers, in many styles


def textbook(y_true, y_pred):
    return ((y_true - y_pred) ** 2).mean()


def plain(x, target):
    return torch.sum((x - target).square()) / x.numel()


def by_dot_product(prediction, truth):
    error = (prediction - truth).flatten()
    return error @ error / len(error)


def by_norm(y_hat, y):
    return torch.linalg.vector_norm(y_hat - y) ** 2 / y.numel()


def expanded(x, t):
    return (x * x - 2 * x * t + t * t).mean()


def all_reductions(x, target, reduction="mean"):
    losses = torch.pow(x - target, 2)
    return losses if reduction == "none" else getattr(torch, reduction)(losses)


def number_by_number(xs, ts):
    total = 0
    for x, t in zip(xs.flatten(), ts.flatten(), strict=True):
        total = total + (x - t) ** 2
    return total / xs.numel()


def mean_of_means(output, label):
    """Rows are of one length, so the mean of their means is the mean."""
    losses = (output - label) ** 2
    while losses.dim():
        losses = losses.mean(-1)
    return losses


def target_detached(x, t):
    return textbook(x, t.detach())


class AsModule(nn.Module):
    def forward(self, inputs, targets):
        return (inputs - targets).pow(2).mean()


RIGHT = [
    textbook, plain, by_dot_product, by_norm, expanded, all_reductions, number_by_number,
    mean_of_means, target_detached, AsModule(), nn.MSELoss(), F.mse_loss,
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: getattr(f, "__name__", type(f).__name__))
def test_every_correct_style_passes(answer):
    verdict = check.mse(answer)
    assert verdict.passed, verdict


# ---------------------------------------------------------------- wrong answers, each its mistake

WRONG = []


def makes(mistake):
    def keep(function):
        WRONG.append(pytest.param(function, mistake, id=f"{mistake}-{function.__name__}"))
        return function

    return keep


@makes("root_taken")
def root_mean_square(x, t):
    return torch.sqrt(((x - t) ** 2).mean())


@makes("root_taken")
def norm(x, t):
    return (x - t).norm()


@makes("reduction_ignored")
def summed(x, t):
    return ((x - t) ** 2).sum()


@makes("reduction_ignored")
def not_reduced(x, t):
    return (x - t) ** 2


@makes("reduction_ignored")
def always_mean(x, t, reduction="mean"):
    return ((x - t) ** 2).mean()


@makes("reduction_ignored")
def divided_by_batch(x, t):
    return ((x - t) ** 2).sum() / len(x)


@makes("reduction_ignored")
def divided_by_rows(x, t, reduction="mean"):
    losses = (x - t) ** 2
    if reduction == "none":
        return losses
    return losses.sum() / (x.size(0) if reduction == "mean" else 1)


@makes("reduction_ignored")
def mean_of_each_row(x, t):
    return ((x - t) ** 2).mean(dim=-1)


@makes("reduction_ignored")
def mean_of_each_column(x, t):
    return torch.mean((x - t) ** 2, 0)


@makes("halved")
def with_a_half(x, t):
    return 0.5 * ((x - t) ** 2).mean()


@makes("halved")
def with_a_half_and_options(x, t, reduction="mean"):
    losses = (x - t) ** 2 / 2
    return losses if reduction == "none" else getattr(losses, reduction)()


@makes("not_squared")
def absolute(x, t):
    return (x - t).abs().mean()


@makes("not_squared")
def library_of_absolute(x, t):
    return F.l1_loss(x, t)


@makes("not_squared")
def mean_error(x, t):
    return (x - t).mean()


@makes("not_squared")
def times_two(x, t):
    return ((x - t) * 2).mean()


@makes("not_squared")
def squared_again(x, t):
    return (((x - t) ** 2) ** 2).mean()


@makes("squared_late")
def square_of_mean(x, t):
    return (x - t).mean() ** 2


@makes("squared_late")
def mean_of_each_first(x, t):
    return (x.mean() - t.mean()) ** 2


@makes("squared_apart")
def difference_of_squares(x, t):
    return (x**2 - t**2).mean()


@makes("squared_apart")
def no_bracket(x, t):
    return (x - t**2).mean()


@makes("squared_apart")
def plus(x, t):
    return ((x + t) ** 2).mean()


@makes("broadcast")
def prediction_squeezed(x, t):
    return ((x.squeeze(-1) - t) ** 2).mean() if x.dim() == 2 else ((x - t) ** 2).mean()


@makes("broadcast")
def all_pairs(x, t):
    return ((x.flatten()[:, None] - t.flatten()[None]) ** 2).mean()


@makes("sign_wrong")
def negative(x, t):
    return -((x - t) ** 2).mean()


@makes("count_wrong")
def one_less(x, t):
    losses = (x - t) ** 2
    return losses.sum() / torch.tensor(losses.numel() - 1.0)


@makes("count_wrong")
def variance(x, t):
    return (x - t).var(unbiased=False)


@makes("other_loss")
def huber(x, t):
    return F.smooth_l1_loss(x, t)


@makes("other_loss")
def relative(x, t):
    return (((x - t) / t) ** 2).mean()


@makes("root_taken+halved")
def two_mistakes(x, t):
    return (((x - t) ** 2).mean() / 2).sqrt()


@makes("wrong_type")
def python_number(x, t):
    return float(((x - t) ** 2).mean())


@makes("gradient_cut")
def prediction_detached(x, t):
    return ((x.detach() - t) ** 2).mean()


@makes("wrong_gradient")
def half_detached(x, t):
    return ((x - t) * (x - t).detach()).mean()


@makes("input_modified")
def in_place(x, t):
    x -= t
    return (x**2).mean()


@makes("wrong_values")
def regularised(x, t):
    return ((x - t) ** 2).mean() + 0.01 * (x**2).mean()


@makes("wrong_values")
def tripled(x, t):
    return 3 * ((x - t) ** 2).mean()


@makes("wrong_values")
def clipped(x, t):
    return ((x - t) ** 2).clamp(max=10).mean()


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(answer, mistake):
    verdict = check.mse(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


def test_a_wrong_loss_is_derived():
    message = check.mse(tripled).message
    assert "output should be ((3 - 1)**2) / 1 = 4, yours is 12." in message
    message = check.mse(lambda x, t, reduction="mean": 3 * all_reductions(x, t, reduction)).message
    assert "(each (x - target)**2, put together)" in message
