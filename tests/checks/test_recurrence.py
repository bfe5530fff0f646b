"""Learners write one update of a recurrent state: right in many styles, wrong in more."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.checks import check
from labkit.checks.recurrence import RNN_UPDATE

pytestmark = pytest.mark.usefixtures("as_learners_run_it")

# ---------------------------------------------------------------- right answers, in many styles


def plain(x, h, weight_ih, weight_hh, bias_ih=None, bias_hh=None):
    total = x @ weight_ih.T + h @ weight_hh.T
    if bias_ih is not None:
        total = total + bias_ih
    if bias_hh is not None:
        total = total + bias_hh
    return torch.tanh(total)


def by_torch(input, hx, w_ih, w_hh, b_ih=None, b_hh=None, nonlinearity="tanh"):
    cell = torch.rnn_tanh_cell if nonlinearity == "tanh" else torch.rnn_relu_cell
    return cell(input, hx, w_ih, w_hh, b_ih, b_hh)


def every_loop(x, h, weight_ih, weight_hh, bias_ih, bias_hh, nonlinearity):
    new = torch.zeros_like(h)
    for n in range(h.shape[0]):
        for j in range(h.shape[1]):
            total = bias_ih[j] + bias_hh[j]
            for i in range(x.shape[1]):
                total = total + weight_ih[j, i] * x[n, i]
            for k in range(h.shape[1]):
                total = total + weight_hh[j, k] * h[n, k]
            new[n, j] = torch.tanh(total) if nonlinearity == "tanh" else total.clamp(min=0)
    return new


def concatenated(x, state, w_xh, w_hh):
    return torch.tanh(torch.cat([x, state], 1) @ torch.cat([w_xh, w_hh], 1).T)


def letters(x, h, U, V):
    return (F.linear(x, U) + F.linear(h, V)).tanh()


def state_first(h_prev, x_t, W, U):
    return torch.tanh(torch.einsum("hi,ni->nh", W, x_t) + torch.einsum("hk,nk->nh", U, h_prev))


def one_bias(x, h, w_ih, w_hh, b):
    z = w_ih @ x.T + w_hh @ h.T + b[:, None]
    return (2 * torch.sigmoid(2 * z) - 1).T


def biases_named_after_their_states(x, h, W_x, W_h, b_x, b_h):
    return torch.tanh(x @ W_x.T + b_x + h @ W_h.T + b_h)


def biases_named_the_other_way_round(x, h, Wh, Wx, bh, bx):
    return torch.tanh(x @ Wx.T + bx + h @ Wh.T + bh)


def with_a_function(x, h, w_ih, w_hh, activation=torch.tanh):
    return activation(x @ w_ih.T + h @ w_hh.T)


def letters_in_order(x, h, W, U, b=None, c=None):
    total = x @ W.T + h @ U.T
    return torch.tanh(total if b is None else total + b + c)


def by_exponentials(X, H, W_xh, W_hh, b_h=0):
    z = torch.matmul(X, W_xh.t()) + torch.matmul(H, W_hh.t()) + b_h
    return (z.exp() - (-z).exp()) / (z.exp() + (-z).exp())


class AsModule(nn.Module):
    def forward(self, x, hidden, weight_ih, weight_hh, *, activation="tanh"):
        return getattr(torch, activation)(hidden @ weight_hh.mT + x @ weight_ih.mT)


def rows_in_list(*args, **kwargs):
    x, h, w, u = args
    biases = sum(b for b in kwargs.values() if isinstance(b, torch.Tensor))
    rows = [torch.tanh(w @ x[n] + u @ h[n] + biases) for n in range(len(x))]
    return torch.stack(rows)


RIGHT = [
    plain, by_torch, every_loop, concatenated, letters, state_first, one_bias,
    biases_named_after_their_states, biases_named_the_other_way_round, letters_in_order,
    with_a_function,
    by_exponentials,
    AsModule(),
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: getattr(f, "__name__", type(f).__name__))
def test_every_correct_style_passes(answer):
    verdict = check.rnn_update(answer)
    assert verdict.passed, verdict


def test_the_reference_is_that_of_pytorch():
    for question in RNN_UPDATE.questions:
        a = RNN_UPDATE.complete(question.arguments)
        right = by_torch(a.x, a.h, a.weight_ih, a.weight_hh, a.bias_ih, a.bias_hh, a.nonlinearity)
        torch.testing.assert_close(RNN_UPDATE.reference(a), right)


# ---------------------------------------------------------------- wrong answers, each its mistake

WRONG = []


def makes(mistake):
    def keep(function):
        WRONG.append(pytest.param(function, mistake, id=f"{mistake}-{function.__name__}"))
        return function

    return keep


@makes("tanh_forgotten")
def linear(x, h, weight_ih, weight_hh, bias_ih=None, bias_hh=None):
    return F.linear(x, weight_ih, bias_ih) + F.linear(h, weight_hh, bias_hh)


@makes("tanh_forgotten")
def linear_loops(x, h, w_ih, w_hh):
    out = []
    for x_row, h_row in zip(x, h, strict=True):
        out.append((w_ih * x_row).sum(1) + (w_hh * h_row).sum(1))
    return torch.stack(out)


@makes("other_activation")
def sigmoid(x, h, w_ih, w_hh, b_ih=0, b_hh=0):
    return torch.sigmoid(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh)


@makes("other_activation")
def relu(x, h, w_ih, w_hh):
    return (x @ w_ih.T + h @ w_hh.T).clamp(min=0)


@makes("tanh_twice")
def tanh_twice(x, h, w_ih, w_hh, b_ih=0, b_hh=0):
    return plain(x, h, w_ih, w_hh, b_ih, b_hh).tanh()


@makes("tanh_too_early")
def tanh_of_each(x, h, w_ih, w_hh):
    return torch.tanh(x @ w_ih.T) + torch.tanh(h @ w_hh.T)


@makes("tanh_too_early")
def closing_bracket(x, h, w_ih, w_hh, b_ih, b_hh):
    return torch.tanh(x @ w_ih.T + b_ih) + h @ w_hh.T + b_hh


@makes("tanh_too_early")
def input_added_later(x, h, w_ih, w_hh):
    return x @ w_ih.T + torch.tanh(h @ w_hh.T)


@makes("tanh_too_early")
def bias_added_later(x, h, w_ih, w_hh, b_ih=0, b_hh=0):
    return torch.tanh(x @ w_ih.T + h @ w_hh.T) + b_ih + b_hh


@makes("other_activation")
def shares_of_units(x, h, w_ih, w_hh):
    return F.softmax(F.linear(x, w_ih) + F.linear(h, w_hh), dim=1)


@makes("other_activation")
def exponentials_without_the_two(x, h, w_ih, w_hh):
    e = torch.exp(-(x @ w_ih.T + h @ w_hh.T))
    return (1 - e) / (1 + e)


@makes("state_without_weights")
def state_as_it_is(x, h, w_ih, w_hh, b_ih=0, b_hh=0):
    return torch.tanh(x @ w_ih.T + b_ih + h + b_hh)


@makes("state_without_weights")
def residual(x, h, w_ih, w_hh):
    return h + torch.tanh(x @ w_ih.T + h @ w_hh.T)


@makes("state_ignored")
def feed_forward(x, h, w_ih, w_hh, b_ih=0, b_hh=0):
    return torch.tanh(x @ w_ih.T + b_ih + b_hh)


@makes("state_ignored")
def fresh_state(x, h, w_ih, w_hh):
    h = torch.zeros(x.shape[0], w_hh.shape[0])
    return torch.tanh(x @ w_ih.T + h @ w_hh.T)


@makes("state_ignored")
def one_layer(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    return torch.tanh(F.linear(x, w_ih, b_ih))


@makes("input_ignored")
def echo(x, h, w_ih, w_hh):
    return torch.tanh(h @ w_hh.T)


@makes("input_ignored")
def echo_with_bias(x, h, w_ih, w_hh, b_ih=0, b_hh=0):
    return torch.tanh(b_ih + F.linear(h, w_hh) + b_hh)


@makes("bias_forgotten")
def no_bias(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    return torch.tanh(torch.einsum("ni,hi->nh", x, w_ih) + torch.einsum("nk,hk->nh", h, w_hh))


@makes("bias_once")
def input_bias_only(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    return torch.tanh(F.linear(x, w_ih, b_ih) + F.linear(h, w_hh))


@makes("bias_once")
def state_bias_only(x, h, weight_ih, weight_hh, bias_ih=0, bias_hh=0):
    return torch.tanh(x @ weight_ih.T + h @ weight_hh.T + bias_hh)


@makes("bias_once")
def copied_line(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    return torch.tanh(F.linear(x, w_ih, b_ih) + F.linear(h, w_hh, b_ih))


@makes("bias_twice")
def both_biases_to_both(x, h, w_ih, w_hh, b_ih=0, b_hh=0):
    from_x = x @ w_ih.T + b_ih + b_hh
    from_h = h @ w_hh.T + b_ih + b_hh
    return torch.tanh(from_x + from_h)


@makes("bias_twice")
def bias_and_linear(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    total = F.linear(x, w_ih, b_ih) + F.linear(h, w_hh, b_hh)
    if b_hh is not None:
        total += b_hh
    return torch.tanh(total)


@makes("bias_wrong_axis")
def bias_as_column(x, h, w_ih, w_hh, b_ih, b_hh):
    return torch.tanh(x @ w_ih.T + h @ w_hh.T + (b_ih + b_hh).unsqueeze(1))


@makes("weight_transposed")
def state_times_matrix(x, h, w_ih, w_hh, b_ih=0, b_hh=0):
    return torch.tanh(x @ w_ih.T + b_ih + h @ w_hh + b_hh)


@makes("weight_transposed")
def no_transposition(x, h, w_ih, w_hh):
    return torch.tanh(x @ w_ih + h @ w_hh)


@makes("weight_transposed")
def input_times_matrix(x, h, w_ih, w_hh):
    return torch.tanh(torch.mm(x, w_ih) + torch.mm(h, w_hh.T))


@makes("weight_transposed")
def view_to_fit(x, h, w_ih, w_hh):
    return torch.tanh(x @ w_ih.view(x.shape[1], -1) + h @ w_hh.T)


@makes("weights_swapped")
def swapped(x, h, w_ih, w_hh, b_ih=0, b_hh=0):
    return torch.tanh(x @ w_hh.T + b_hh + h @ w_ih.T + b_ih)


@makes("weights_swapped")
def arguments_swapped(x, h, w_ih, w_hh):
    x, h = h, x
    return torch.tanh(x @ w_ih.T + h @ w_hh.T)


@makes("nonlinearity_ignored")
def always_tanh(x, h, w_ih, w_hh, nonlinearity="tanh"):
    return plain(x, h, w_ih, w_hh)


@makes("batch_one_only")
def first_state(x, h, w_ih, w_hh):
    return torch.tanh(x @ w_ih.T + w_hh @ h[0])


@makes("batch_one_only")
def vectors_only(x, h, w_ih, w_hh):
    return torch.tanh(w_ih @ x.squeeze(0) + w_hh @ h.squeeze(0)).unsqueeze(0)


@makes("tanh_forgotten+bias_forgotten")
def two_mistakes(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    return x @ w_ih.T + h @ w_hh.T


@makes("wrong_type")
def no_return(x, h, w_ih, w_hh):
    h = torch.tanh(x @ w_ih.T + h @ w_hh.T)


@makes("wrong_type")
def output_and_state(x, h, w_ih, w_hh):
    h = torch.tanh(x @ w_ih.T + h @ w_hh.T)
    return h, h


@makes("input_modified")
def state_in_place(x, h, w_ih, w_hh):
    h.copy_(torch.tanh(x @ w_ih.T + h @ w_hh.T))
    return h


@makes("gradient_cut")
def state_detached(x, h, w_ih, w_hh):
    return torch.tanh(x @ w_ih.T + h.detach() @ w_hh.T)


@makes("gradient_cut")
def by_numpy(x, h, w_ih, w_hh):
    return torch.from_numpy(np.tanh(x.numpy() @ w_ih.numpy().T + h.numpy() @ w_hh.numpy().T))


# ---------------------------------------------------------------- beyond the bank


@makes("other_activation")
def averaged(x, h, w_ih, w_hh, b_ih=0, b_hh=0):
    return torch.tanh((x @ w_ih.T + b_ih + h @ w_hh.T + b_hh) / 2)


@makes("not_added")
def multiplied(x, h, w_ih, w_hh):
    return torch.tanh((x @ w_ih.T) * (h @ w_hh.T))


@makes("not_added")
def subtracted(x, h, w_ih, w_hh):
    return torch.tanh(x @ w_ih.T - h @ w_hh.T)


@makes("wrong_values")
def leaky(x, h, w_ih, w_hh):
    return 0.9 * h + 0.1 * torch.tanh(x @ w_ih.T + h @ w_hh.T)


@makes("wrong_shape")
def summed_over_rows(x, h, w_ih, w_hh):
    return torch.tanh(x @ w_ih.T + h @ w_hh.T).sum(0)


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(answer, mistake):
    verdict = check.rnn_update(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


def test_a_wrong_number_is_derived():
    verdict = check.rnn_update(multiplied)
    evidence = verdict.evidence
    assert "h[0, 0] should be tanh(" in verdict.message
    shown = evidence.derivation.shown
    inside = shown.partition("tanh(")[2].partition(") = tanh(")[0]
    right = float(torch.tensor(eval(inside)).tanh())
    assert right == pytest.approx(float(evidence.expected[evidence.index]), abs=1e-6)
    assert "(row 0, unit 0: tanh of the sum of x[0] * weight_ih[0] + h[0] * weight_hh[0])" in (
        verdict.message
    )
