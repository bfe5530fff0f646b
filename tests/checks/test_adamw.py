"""Learners write a step of AdamW: right in many styles, wrong in more."""

import math

import pytest
import torch

from labkit.checks import check
from labkit.checks.adamw import ADAMW

pytestmark = pytest.mark.usefixtures("as_learners_run_it")


def moments(g, m, v):
    return 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2


def fraction(m, v, t):
    return (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)


# ---------------------------------------------------------------- right answers, in many styles


def plain(
    parameter, gradient, mean, square, step, lr,
    beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01,
):  # fmt: skip
    mean = beta1 * mean + (1 - beta1) * gradient
    square = beta2 * square + (1 - beta2) * gradient**2
    m_hat, v_hat = mean / (1 - beta1**step), square / (1 - beta2**step)
    shrunk = parameter - lr * weight_decay * parameter
    return shrunk - lr * m_hat / (torch.sqrt(v_hat) + eps), mean, square


def as_in_the_paper(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, wd=1e-2):
    new, m, v = plain(p, g, m, v, t, lr, *betas, eps, 0.0)
    step = (p - new) / lr
    return p - lr * (step + wd * p), m, v


def factor_first(w, grad, m, v, t, lr, weight_decay=0.01):
    m, v = moments(grad, m, v)
    return w * (1 - lr * weight_decay) - lr * fraction(m, v, t), m, v


def decay_fixed(p, g, state, t, lr):
    m, v = moments(g, *state)
    return 0.99 * lr * p + (1 - lr) * p - lr * fraction(m, v, t), (m, v)


def decay_demanded(p, g, m, v, t, lr, weight_decay):
    return plain(p, g, m, v, t, lr, weight_decay=weight_decay)


def by_torch(param, grad, exp_avg, exp_avg_sq, step, lr, betas=(0.9, 0.999), weight_decay=1e-2):
    leaf = param.clone().requires_grad_()
    leaf.grad = grad.clone()
    optimiser = torch.optim.AdamW([leaf], lr=lr, betas=betas, weight_decay=weight_decay)
    optimiser.state[leaf] = {
        "step": torch.tensor(float(step - 1)),
        "exp_avg": exp_avg.clone(),
        "exp_avg_sq": exp_avg_sq.clone(),
    }
    optimiser.step()
    state = optimiser.state[leaf]
    return leaf.detach(), state["exp_avg"], state["exp_avg_sq"]


@torch.no_grad()
def on_copies(w, dw, m, v, i, learning_rate, weight_decay=0.01):
    w, m, v = w.clone(), m.clone(), v.clone()
    w.mul_(1 - learning_rate * weight_decay)
    m.mul_(0.9).add_(dw, alpha=0.1)
    v.mul_(0.999).addcmul_(dw, dw, value=0.001)
    w.addcdiv_(m / (1 - 0.9**i), (v / (1 - 0.999**i)).sqrt().add_(1e-8), value=-learning_rate)
    return [w, m, v]


class Step:
    def __call__(self, params, grads, first_moment, second_moment, *, step, lr, wd=0.01):
        return plain(params, grads, first_moment, second_moment, step, lr, weight_decay=wd)


RIGHT = [
    plain, as_in_the_paper, factor_first, decay_fixed, decay_demanded, by_torch, on_copies, Step(),
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: getattr(f, "__name__", type(f).__name__))
def test_every_correct_style_passes(answer):
    verdict = check.adamw(answer)
    assert verdict.passed, verdict


@pytest.mark.parametrize("question", ADAMW.questions, ids=lambda q: q.about)
def test_the_reference_is_that_of_pytorch(question):
    a = ADAMW.complete(question.arguments)
    leaf = a.parameter.clone().requires_grad_()
    leaf.grad = a.gradient.clone()
    options = {"betas": (a.beta1, a.beta2), "eps": a.eps, "weight_decay": a.weight_decay}
    optimiser = torch.optim.AdamW([leaf], lr=a.lr, **options)
    optimiser.state[leaf] = {
        "step": torch.tensor(float(a.step - 1)),
        "exp_avg": a.mean.clone(),
        "exp_avg_sq": a.square.clone(),
    }
    optimiser.step()
    state = optimiser.state[leaf]
    right = leaf.detach(), state["exp_avg"], state["exp_avg_sq"]
    torch.testing.assert_close(ADAMW.reference(a), right)


# ---------------------------------------------------------------- wrong answers, each its mistake

WRONG = []


def makes(mistake):
    def keep(function):
        WRONG.append(pytest.param(function, mistake, id=f"{mistake}-{function.__name__}"))
        return function

    return keep


@makes("decay_coupled")
def as_in_adam(p, g, m, v, t, lr, weight_decay=0.01):
    m, v = moments(g + weight_decay * p, m, v)
    return p - lr * fraction(m, v, t), m, v


@makes("decay_coupled")
def coupled_whatever_is_given(p, g, m, v, t, lr):
    m, v = moments(g + 0.01 * p, m, v)
    return p - lr * fraction(m, v, t), m, v


@makes("decay_coupled")
def both_ways(p, g, m, v, t, lr, weight_decay=0.01):
    return plain(p, g + weight_decay * p, m, v, t, lr, weight_decay=weight_decay)


@makes("decay_coupled")
def inside_the_fraction(p, g, m, v, t, lr, weight_decay=0.01):
    m, v = moments(g, m, v)
    step = (m / (1 - 0.9**t) + weight_decay * p) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
    return p - lr * step, m, v


@makes("decay_wrong")
def none_at_all(p, g, m, v, t, lr):
    m, v = moments(g, m, v)
    return p - lr * fraction(m, v, t), m, v


@makes("decay_wrong")
def decay_unused(p, g, m, v, t, lr, weight_decay=0.01):
    m, v = moments(g, m, v)
    return p - lr * fraction(m, v, t), m, v


@makes("decay_wrong")
def without_the_rate(p, g, m, v, t, lr, weight_decay=0.01):
    m, v = moments(g, m, v)
    return p - lr * fraction(m, v, t) - weight_decay * p, m, v


@makes("decay_wrong")
def after_the_step(p, g, m, v, t, lr, weight_decay=0.01):
    m, v = moments(g, m, v)
    p = p - lr * fraction(m, v, t)
    return p - lr * weight_decay * p, m, v


@makes("decay_wrong")
def grows(p, g, m, v, t, lr, weight_decay=0.01):
    m, v = moments(g, m, v)
    return p - lr * (fraction(m, v, t) - weight_decay * p), m, v


@makes("decay_wrong")
def rate_twice(p, g, m, v, t, lr, weight_decay=0.01):
    m, v = moments(g, m, v)
    return p - lr * (fraction(m, v, t) + lr * weight_decay * p), m, v


@makes("decay_wrong")
def parameter_forgotten(p, g, m, v, t, lr, weight_decay=0.01):
    m, v = moments(g, m, v)
    return p - lr * (fraction(m, v, t) + weight_decay), m, v


@makes("default_wrong")
def default_of_adam(p, g, m, v, t, lr, weight_decay=0.0):
    return plain(p, g, m, v, t, lr, weight_decay=weight_decay)


@makes("default_wrong")
def ten_times_the_default(p, g, m, v, t, lr, weight_decay=0.1):
    return plain(p, g, m, v, t, lr, weight_decay=weight_decay)


@makes("sign_wrong")
def uphill(p, g, m, v, t, lr, weight_decay=0.01):
    m, v = moments(g, m, v)
    return p * (1 - lr * weight_decay) + lr * fraction(m, v, t), m, v


@makes("correction_wrong")
def uncorrected(p, g, m, v, t, lr):
    m, v = moments(g, m, v)
    return p * (1 - 0.01 * lr) - lr * m / (v.sqrt() + 1e-8), m, v


@makes("correction_wrong")
def only_the_mean(p, g, m, v, t, lr, weight_decay=0.01):
    m, v = moments(g, m, v)
    step = m / (1 - 0.9**t) / (v.sqrt() + 1e-8)
    return p * (1 - lr * weight_decay) - lr * step, m, v


@makes("eps_wrong")
def eps_inside(p, g, m, v, t, lr, eps=1e-8, weight_decay=0.01):
    m, v = moments(g, m, v)
    step = (m / (1 - 0.9**t)) / (v / (1 - 0.999**t) + eps).sqrt()
    return p * (1 - lr * weight_decay) - lr * step, m, v


@makes("square_wrong")
def no_square(p, g, m, v, t, lr):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g
    return p * (1 - 0.01 * lr) - lr * fraction(m, v, t), m, v


@makes("root_forgotten")
def divides_by_square(p, g, m, v, t, lr, weight_decay=0.01):
    m, v = moments(g, m, v)
    step = (m / (1 - 0.9**t)) / (v / (1 - 0.999**t) + 1e-8)
    return p * (1 - lr * weight_decay) - lr * step, m, v


@makes("betas_swapped")
def swapped(p, g, m, v, t, lr, beta1=0.9, beta2=0.999, weight_decay=0.01):
    return plain(p, g, m, v, t, lr, beta2, beta1, weight_decay=weight_decay)


@makes("step_off_by_one")
def counts_again(p, g, m, v, step, lr, weight_decay=0.01):
    return plain(p, g, m, v, step + 1, lr, weight_decay=weight_decay)


@makes("state_wrong")
def corrected_returned(p, g, m, v, t, lr):
    new, m, v = plain(p, g, m, v, t, lr)
    return new, m / (1 - 0.9**t), v / (1 - 0.999**t)


@makes("state_wrong")
def parameter_last(p, g, m, v, t, lr, weight_decay=0.01):
    new, m, v = plain(p, g, m, v, t, lr, weight_decay=weight_decay)
    return m, v, new


@makes("update_returned")
def step_alone(p, g, m, v, t, lr):
    new, m, v = plain(p, g, m, v, t, lr)
    return p - new, m, v


@makes("decay_coupled+correction_wrong")
def two_mistakes(p, g, m, v, t, lr, weight_decay=0.01):
    m, v = moments(g + weight_decay * p, m, v)
    return p - lr * m / (v.sqrt() + 1e-8), m, v


@makes("input_modified")
def in_place(p, g, m, v, t, lr, weight_decay=0.01):
    p.mul_(1 - lr * weight_decay)
    m, v = moments(g, m, v)
    return p - lr * fraction(m, v, t), m, v


@makes("wrong_type")
def parameter_alone(p, g, m, v, t, lr):
    return plain(p, g, m, v, t, lr)[0]


@makes("decay_wrong")
def decay_of_the_root(p, g, m, v, t, lr, weight_decay=0.01):
    m, v = moments(g, m, v)
    decay = lr * weight_decay * p.sign() * p.abs().sqrt()
    return p - decay - lr * fraction(m, v, t), m, v


@makes("wrong_values")
def amsgrad(p, g, m, v, t, lr, weight_decay=0.01):
    old = v
    m, v = moments(g, m, v)
    return p * (1 - lr * weight_decay) - lr * fraction(m, torch.maximum(old, v), t), m, v


@makes("wrong_values")
def nadam(p, g, m, v, t, lr, weight_decay=0.01):
    m, v = moments(g, m, v)
    ahead = 0.9 * m / (1 - 0.9 ** (t + 1)) + 0.1 * g / (1 - 0.9**t)
    step = ahead / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
    return p * (1 - lr * weight_decay) - lr * step, m, v


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(answer, mistake):
    verdict = check.adamw(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


def test_a_wrong_number_is_derived_with_its_decay():
    message = check.adamw(nadam).message
    a = ADAMW.complete(ADAMW.questions[0].arguments)
    assert (
        "(parameter - lr * weight_decay * parameter - lr * mean / (sqrt(square) + eps)" in message
    )
    shown = message.partition("parameter[0] should be ")[2].partition(" = ")[0]
    assert f"{a.lr}*0.01*" in shown
    value = eval(shown, {"sqrt": math.sqrt})
    assert value == pytest.approx(float(ADAMW.reference(a)[0][0]), abs=1e-4)
