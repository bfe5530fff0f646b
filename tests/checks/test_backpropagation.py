"""Learners propagate an error back through two layers: right in many styles, wrong in more."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.checks import check

pytestmark = pytest.mark.usefixtures("as_learners_run_it")

# ---------------------------------------------------------------- right answers, in many styles


def textbook(x, target, weight_1, bias_1, weight_2, bias_2):
    h = torch.tanh(x @ weight_1.T + bias_1)
    p = torch.softmax(h @ weight_2.T + bias_2, dim=1)
    delta_2 = p.clone()
    delta_2[torch.arange(len(x)), target] -= 1
    delta_2 /= len(x)
    delta_1 = (delta_2 @ weight_2) * (1 - h**2)
    return delta_1.T @ x, delta_1.sum(0), delta_2.T @ h, delta_2.sum(0)


def both_activations(x, t, w1, b1, w2, b2, activation="tanh"):
    s = F.linear(x, w1, b1)
    h = s.tanh() if activation == "tanh" else s.relu()
    dz = (F.linear(h, w2, b2).softmax(1) - F.one_hot(t, len(b2))) / len(t)
    ds = dz @ w2
    ds = ds * (1 - h * h) if activation == "tanh" else ds * (s > 0)
    return [ds.T @ x, ds.sum(0), dz.T @ h, dz.sum(0)]


def by_autograd(x, y, w1, b1, w2, b2):
    leaves = [w.clone().requires_grad_() for w in (w1, b1, w2, b2)]
    hidden = torch.tanh(F.linear(x, *leaves[:2]))
    F.cross_entropy(F.linear(hidden, *leaves[2:]), y).backward()
    return tuple(w.grad for w in leaves)


def row_by_row(x, target, weight_1, bias_1, weight_2, bias_2):
    gradients = [torch.zeros_like(p) for p in (weight_1, bias_1, weight_2, bias_2)]
    for row, label in zip(x, target, strict=True):
        h = torch.tanh(weight_1 @ row + bias_1)
        d2 = torch.softmax(weight_2 @ h + bias_2, 0)
        d2[label] -= 1
        d1 = (weight_2.T @ d2) * (1 - h.square())
        gradients[0] += torch.outer(d1, row)
        gradients[1] += d1
        gradients[2] += torch.outer(d2, h)
        gradients[3] += d2
    return tuple(g / len(x) for g in gradients)


def in_columns(X, labels, W1, b1, W2, b2):
    """As mathematicians write it: one column for each example."""
    n = X.shape[0]
    A1 = torch.tanh(W1 @ X.T + b1[:, None])
    Z2 = W2 @ A1 + b2[:, None]
    dZ2 = torch.softmax(Z2, 0) - F.one_hot(labels, len(b2)).T
    dZ1 = W2.T @ dZ2 * (1 - A1**2)
    return dZ1 @ X / n, dZ1.sum(1) / n, dZ2 @ A1.T / n, dZ2.sum(1) / n


def by_einsum(x, target, w_1, b_1, w_2, b_2):
    h = torch.tanh(torch.einsum("ni,hi->nh", x, w_1) + b_1)
    z = torch.einsum("nh,ch->nc", h, w_2) + b_2
    d2 = (z - z.logsumexp(1, keepdim=True)).exp() - torch.eye(len(b_2), device=x.device)[target]
    d2 = d2.to(x.dtype) / len(x)
    d1 = torch.einsum("nc,ch->nh", d2, w_2) * (1 - h.pow(2))
    return (
        torch.einsum("nh,ni->hi", d1, x), torch.einsum("nh->h", d1),
        torch.einsum("nc,nh->ch", d2, h), torch.einsum("nc->c", d2),
    )  # fmt: skip


def slope_of_cosh(x, target, w1, b1, w2, b2):
    s = x @ w1.mT + b1
    h = s.tanh()
    d2 = (torch.softmax(h @ w2.mT + b2, -1) - F.one_hot(target, w2.shape[0])) / x.shape[0]
    d1 = d2 @ w2 / s.cosh() ** 2
    return d1.mT @ x, d1.sum(0), d2.mT @ h, d2.sum(0)


class AsModule(nn.Module):
    def forward(self, x, target, weight1, bias1, weight2, bias2):
        with torch.no_grad():
            return textbook(x, target, weight1, bias1, weight2, bias2)


def nested(x, target, w1, b1, w2, b2):
    dw1, db1, dw2, db2 = textbook(x, target, w1, b1, w2, b2)
    return [(dw1, db1), (dw2, db2)]


RIGHT = [
    textbook, both_activations, by_autograd, row_by_row, in_columns, by_einsum, slope_of_cosh,
    AsModule(), nested,
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: getattr(f, "__name__", type(f).__name__))
def test_every_correct_style_passes(answer):
    verdict = check.backpropagation(answer)
    assert verdict.passed, verdict


# ---------------------------------------------------------------- wrong answers, each its mistake

WRONG = []


def makes(mistake):
    def keep(function):
        WRONG.append(pytest.param(function, mistake, id=f"{mistake}-{function.__name__}"))
        return function

    return keep


def forward(x, target, w1, b1, w2, b2):
    """Return h and the error of the logits, which many get right."""
    h = torch.tanh(x @ w1.T + b1)
    p = torch.softmax(h @ w2.T + b2, 1)
    return h, (p - F.one_hot(target, len(b2))) / len(x)


@makes("slope_forgotten")
def no_slope(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)
    d1 = d2 @ w2
    return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)


@makes("slope_wrong")
def slope_of_the_sum(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)
    s = x @ w1.T + b1
    d1 = d2 @ w2 * (1 - s**2)
    return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)


@makes("slope_wrong")
def slope_at_the_output(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)

    def derivative(v):
        return 1 - torch.tanh(v) ** 2

    d1 = d2 @ w2 * derivative(h)
    return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)


@makes("slope_wrong")
def slope_of_sigmoid(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)
    d1 = d2 @ w2 * h * (1 - h)
    return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)


@makes("slope_wrong")
def slope_without_square(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)
    d1 = d2 @ w2 * (1 - h)
    return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)


@makes("activation_ignored")
def tanh_slope_for_relu(x, t, w1, b1, w2, b2, activation="tanh"):
    h = getattr(torch, activation)(x @ w1.T + b1)
    d2 = (torch.softmax(h @ w2.T + b2, 1) - F.one_hot(t, len(b2))) / len(x)
    d1 = d2 @ w2 * (1 - h**2)
    return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)


@makes("activation_ignored")
def never_relu(x, t, w1, b1, w2, b2, activation="tanh"):
    return textbook(x, t, w1, b1, w2, b2)


@makes("mean_forgotten")
def sum_of_the_batch(x, t, w1, b1, w2, b2):
    return tuple(g * len(x) for g in textbook(x, t, w1, b1, w2, b2))


@makes("mean_forgotten")
def divided_again(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)
    d1 = d2 @ w2 * (1 - h**2)
    return d1.T @ x / len(x), d1.mean(0), d2.T @ h / len(x), d2.mean(0)


@makes("mean_forgotten")
def mean_of_all_numbers(x, t, w1, b1, w2, b2):
    h = torch.tanh(x @ w1.T + b1)
    p = torch.softmax(h @ w2.T + b2, 1)
    d2 = (p - F.one_hot(t, len(b2))) / p.numel()
    d1 = d2 @ w2 * (1 - h**2)
    return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)


@makes("bias_not_summed")
def biases_are_deltas(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)
    d1 = d2 @ w2 * (1 - h**2)
    return d1.T @ x, d1, d2.T @ h, d2


@makes("bias_not_summed")
def biases_averaged(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)
    d1 = d2 @ w2 * (1 - h**2)
    return d1.T @ x, d1.mean(0), d2.T @ h, d2.mean(0)


@makes("bias_not_summed")
def biases_summed_to_one(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)
    d1 = d2 @ w2 * (1 - h**2)
    return d1.T @ x, d1.sum(), d2.T @ h, d2.sum()


@makes("bias_not_summed")
def biases_along_units(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)
    d1 = d2 @ w2 * (1 - h**2)
    return d1.T @ x, d1.sum(1), d2.T @ h, d2.sum(1)


@makes("sign_wrong")
def label_minus_prediction(x, t, w1, b1, w2, b2):
    h = torch.tanh(x @ w1.T + b1)
    d2 = (F.one_hot(t, len(b2)) - torch.softmax(h @ w2.T + b2, 1)) / len(x)
    d1 = d2 @ w2 * (1 - h**2)
    return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)


@makes("error_wrong")
def label_forgotten(x, t, w1, b1, w2, b2):
    h = torch.tanh(x @ w1.T + b1)
    d2 = torch.softmax(h @ w2.T + b2, 1) / len(x)
    d1 = d2 @ w2 * (1 - h**2)
    return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)


@makes("error_wrong")
def softmax_forgotten(x, t, w1, b1, w2, b2):
    h = torch.tanh(x @ w1.T + b1)
    d2 = (h @ w2.T + b2 - F.one_hot(t, len(b2))) / len(x)
    d1 = d2 @ w2 * (1 - h**2)
    return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)


@makes("error_wrong")
def only_of_the_logarithm(x, t, w1, b1, w2, b2):
    h = torch.tanh(x @ w1.T + b1)
    d2 = -F.one_hot(t, len(b2)) / torch.softmax(h @ w2.T + b2, 1) / len(x)
    d1 = d2 @ w2 * (1 - h**2)
    return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)


@makes("error_wrong")
def softmax_like_sigmoid(x, t, w1, b1, w2, b2):
    h = torch.tanh(x @ w1.T + b1)
    p = torch.softmax(h @ w2.T + b2, 1)
    d2 = (p - F.one_hot(t, len(b2))) * p * (1 - p) / len(x)
    d1 = d2 @ w2 * (1 - h**2)
    return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)


@makes("gradient_transposed")
def inputs_times_delta(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)
    d1 = d2 @ w2 * (1 - h**2)
    return x.T @ d1, d1.sum(0), h.T @ d2, d2.sum(0)


@makes("gradient_transposed")
def second_transposed(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)
    d1 = d2 @ w2 * (1 - h**2)
    return d1.T @ x, d1.sum(0), h.T @ d2, d2.sum(0)


@makes("results_disordered")
def last_layer_first(x, t, w1, b1, w2, b2):
    dw1, db1, dw2, db2 = textbook(x, t, w1, b1, w2, b2)
    return dw2, db2, dw1, db1


@makes("results_disordered")
def weights_then_biases(x, t, w1, b1, w2, b2):
    dw1, db1, dw2, db2 = textbook(x, t, w1, b1, w2, b2)
    return dw1, dw2, db1, db2


@makes("way_back_wrong")
def through_the_transposed(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)
    d1 = d2 @ w2.T * (1 - h**2)
    return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)


@makes("way_back_wrong")
def updated_first(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)
    dw2 = d2.T @ h
    w2 = w2 - 0.1 * dw2
    d1 = d2 @ w2 * (1 - h**2)
    return d1.T @ x, d1.sum(0), dw2, d2.sum(0)


@makes("way_back_wrong")
def stops_half_way(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)
    return torch.zeros_like(w1), torch.zeros_like(b1), d2.T @ h, d2.sum(0)


@makes("input_wrong")
def sums_kept(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)
    d1 = d2 @ w2 * (1 - h**2)
    return d1.T @ x, d1.sum(0), d2.T @ (x @ w1.T + b1), d2.sum(0)


@makes("forward_wrong")
def biases_forgotten(x, t, w1, b1, w2, b2):
    return textbook(x, t, w1, torch.zeros_like(b1), w2, torch.zeros_like(b2))


@makes("forward_wrong")
def first_bias_forgotten(x, t, w1, b1, w2, b2):
    h = torch.tanh(x @ w1.T)
    d2 = (torch.softmax(h @ w2.T + b2, 1) - F.one_hot(t, len(b2))) / len(x)
    d1 = d2 @ w2 * (1 - h**2)
    return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)


@makes("slope_forgotten+mean_forgotten")
def two_mistakes(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)
    d2 = d2 * len(x)
    d1 = d2 @ w2
    return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)


@makes("wrong_type")
def a_dictionary(x, t, w1, b1, w2, b2):
    return {"w1": textbook(x, t, w1, b1, w2, b2)[0]}


@makes("wrong_type")
def with_the_loss(x, t, w1, b1, w2, b2):
    return torch.tensor(1.0), *textbook(x, t, w1, b1, w2, b2)


@makes("input_modified")
def steps_in_place(x, t, w1, b1, w2, b2):
    gradients = textbook(x, t, w1, b1, w2, b2)
    for parameter, gradient in zip((w1, b1, w2, b2), gradients, strict=True):
        parameter -= 0.1 * gradient
    return gradients


@makes("wrong_dtype")
def float32_zeros(x, t, w1, b1, w2, b2):
    gradients = [torch.zeros(p.shape) for p in (w1, b1, w2, b2)]
    for total, gradient in zip(gradients, textbook(x, t, w1, b1, w2, b2), strict=True):
        total += gradient
    return gradients


@makes("wrong_values")
def with_decay(x, t, w1, b1, w2, b2):
    dw1, db1, dw2, db2 = textbook(x, t, w1, b1, w2, b2)
    return dw1 + 0.1 * w1, db1, dw2 + 0.1 * w2, db2


@makes("wrong_values")
def clipped(x, t, w1, b1, w2, b2):
    return tuple(g.clamp(-0.05, 0.05) for g in textbook(x, t, w1, b1, w2, b2))


@makes("wrong_values")
def slope_twice(x, t, w1, b1, w2, b2):
    h, d2 = forward(x, t, w1, b1, w2, b2)
    d1 = d2 @ w2 * (1 - h**2) ** 2
    return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(answer, mistake):
    verdict = check.backpropagation(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


def test_a_wrong_number_is_derived_in_its_own_gradient():
    message = check.backpropagation(slope_twice).message
    assert "gradient of weight_1[0, 0] should be " in message
    assert "(unit 0, input 0: delta_1[:, 0] * x[:, 0], with delta_1 = delta_2 @ weight_2" in message


def test_gradients_of_gradients_are_not_asked():
    """By hand nothing needs to be recorded."""
    assert check.backpropagation(AsModule()).passed
