"""Learners write a step of Adam: right in many styles, wrong in more."""

import math

import pytest
import torch

from labkit.checks import check
from labkit.checks.adam import ADAM

pytestmark = pytest.mark.usefixtures("as_learners_run_it")

# ---------------------------------------------------------------- right answers, in many styles


def plain(parameter, gradient, mean, square, step, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    mean = beta1 * mean + (1 - beta1) * gradient
    square = beta2 * square + (1 - beta2) * gradient**2
    m_hat = mean / (1 - beta1**step)
    v_hat = square / (1 - beta2**step)
    return parameter - lr * m_hat / (torch.sqrt(v_hat) + eps), mean, square


def with_betas(p, g, m, v, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    return plain(p, g + weight_decay * p, m, v, t, lr, *betas, eps)


def moments_together(p, grad, state, t, lr):
    m, v = state
    new, m, v = plain(p, grad, m, v, t, lr)
    return new, (m, v)


def correction_in_the_rate(p, g, m, v, t, lr, epsilon=1e-8):
    m = m + 0.1 * (g - m)
    v = v + 0.001 * (g * g - v)
    rate = lr * math.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return p - rate * m / (v.sqrt() + epsilon * math.sqrt(1 - 0.999**t)), m, v


def by_torch(param, grad, exp_avg, exp_avg_sq, step, lr, betas=(0.9, 0.999), weight_decay=0.0):
    leaf = param.clone().requires_grad_()
    leaf.grad = grad.clone()
    optimiser = torch.optim.Adam([leaf], lr=lr, betas=betas, weight_decay=weight_decay)
    optimiser.state[leaf] = {
        "step": torch.tensor(float(step - 1)),
        "exp_avg": exp_avg.clone(),
        "exp_avg_sq": exp_avg_sq.clone(),
    }
    optimiser.step()
    state = optimiser.state[leaf]
    return leaf.detach(), state["exp_avg"], state["exp_avg_sq"]


@torch.no_grad()
def on_copies(w, dw, m, v, i, learning_rate):
    w, m, v = w.clone(), m.clone(), v.clone()
    m.mul_(0.9).add_(dw, alpha=0.1)
    v.mul_(0.999).addcmul_(dw, dw, value=0.001)
    w.addcdiv_(m / (1 - 0.9**i), (v / (1 - 0.999**i)).sqrt().add_(1e-8), value=-learning_rate)
    return [w, m, v]


def number_by_number(p, g, m, v, step, lr):
    triples = [
        plain(*numbers, step, lr)
        for numbers in zip(p.flatten(), g.flatten(), m.flatten(), v.flatten(), strict=True)
    ]
    return tuple(torch.stack(one).reshape(p.shape) for one in zip(*triples, strict=True))


class Step:
    def __call__(self, params, grads, first_moment, second_moment, *, step, lr, eps=1e-8):
        return plain(params, grads, first_moment, second_moment, step, lr, eps=eps)


RIGHT = [
    plain, with_betas, moments_together, correction_in_the_rate, by_torch, on_copies,
    number_by_number, Step(),
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: getattr(f, "__name__", type(f).__name__))
def test_every_correct_style_passes(answer):
    verdict = check.adam(answer)
    assert verdict.passed, verdict


@pytest.mark.parametrize("question", ADAM.questions, ids=lambda q: q.about)
def test_the_reference_is_that_of_pytorch(question):
    a = ADAM.complete(question.arguments)
    leaf = a.parameter.clone().requires_grad_()
    leaf.grad = a.gradient.clone()
    options = {"betas": (a.beta1, a.beta2), "eps": a.eps, "weight_decay": a.weight_decay}
    optimiser = torch.optim.Adam([leaf], lr=a.lr, **options)
    optimiser.state[leaf] = {
        "step": torch.tensor(float(a.step - 1)),
        "exp_avg": a.mean.clone(),
        "exp_avg_sq": a.square.clone(),
    }
    optimiser.step()
    state = optimiser.state[leaf]
    right = leaf.detach(), state["exp_avg"], state["exp_avg_sq"]
    torch.testing.assert_close(ADAM.reference(a), right)


# ---------------------------------------------------------------- wrong answers, each its mistake

WRONG = []


def makes(mistake):
    def keep(function):
        WRONG.append(pytest.param(function, mistake, id=f"{mistake}-{function.__name__}"))
        return function

    return keep


def moments(g, m, v):
    return 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2


@makes("sign_wrong")
def uphill(p, g, m, v, t, lr):
    m, v = moments(g, m, v)
    return p + lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8), m, v


@makes("correction_wrong")
def uncorrected(p, g, m, v, t, lr):
    m, v = moments(g, m, v)
    return p - lr * m / (v.sqrt() + 1e-8), m, v


@makes("correction_wrong")
def only_the_mean(p, g, m, v, t, lr):
    m, v = moments(g, m, v)
    return p - lr * m / (1 - 0.9**t) / (v.sqrt() + 1e-8), m, v


@makes("correction_wrong")
def only_the_square(p, g, m, v, t, lr):
    m, v = moments(g, m, v)
    return p - lr * m / ((v / (1 - 0.999**t)).sqrt() + 1e-8), m, v


@makes("correction_wrong")
def without_power(p, g, m, v, t, lr, beta1=0.9, beta2=0.999):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return p - lr * (m / (1 - beta1)) / ((v / (1 - beta2)).sqrt() + 1e-8), m, v


@makes("correction_wrong")
def times_step(p, g, m, v, t, lr):
    m, v = moments(g, m, v)
    return p - lr * (m / (1 - 0.9 * t)) / ((v / (1 - 0.999 * t)).sqrt() + 1e-8), m, v


@makes("step_off_by_one")
def counts_again(p, g, m, v, step, lr):
    step = step + 1
    return plain(p, g, m, v, step, lr)


@makes("step_off_by_one")
def counts_from_zero(p, g, m, v, step, lr):
    t = torch.tensor(float(step - 1))
    m, v = moments(g, m, v)
    return p - lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8), m, v


@makes("eps_wrong")
def eps_inside(p, g, m, v, t, lr):
    m, v = moments(g, m, v)
    return p - lr * (m / (1 - 0.9**t)) / (v / (1 - 0.999**t) + 1e-8).sqrt(), m, v


@makes("eps_wrong")
def eps_forgotten(p, g, m, v, t, lr):
    m, v = moments(g, m, v)
    return p - lr * (m / (1 - 0.9**t)) / (v / (1 - 0.999**t)).sqrt(), m, v


@makes("eps_wrong")
def eps_option_inside(p, g, m, v, t, lr, eps=1e-8):
    m, v = moments(g, m, v)
    return p - lr * (m / (1 - 0.9**t)) / torch.sqrt(v / (1 - 0.999**t) + eps), m, v


@makes("square_wrong")
def no_square(p, g, m, v, t, lr):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g
    return p - lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8), m, v


@makes("square_wrong")
def square_of_the_mean(p, g, m, v, t, lr):
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * m**2
    return p - lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8), m, v


@makes("root_forgotten")
def divides_by_square(p, g, m, v, t, lr):
    m, v = moments(g, m, v)
    return p - lr * (m / (1 - 0.9**t)) / (v / (1 - 0.999**t) + 1e-8), m, v


@makes("means_wrong")
def betas_exchanged(p, g, m, v, t, lr, beta1=0.9, beta2=0.999):
    m = (1 - beta1) * m + beta1 * g
    v = (1 - beta2) * v + beta2 * g**2
    return p - lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + 1e-8), m, v


@makes("means_wrong")
def whole_gradient(p, g, m, v, t, lr):
    m, v = 0.9 * m + g, 0.999 * v + g**2
    return p - lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8), m, v


@makes("means_wrong")
def whole_gradient_in_m(p, g, m, v, t, lr):
    m, v = 0.9 * m + g, 0.999 * v + 0.001 * g**2
    return p - lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8), m, v


@makes("means_wrong")
def no_memory(p, g, m, v, t, lr):
    return plain(p, g, torch.zeros_like(m), torch.zeros_like(v), t, lr)


@makes("betas_swapped")
def swapped(p, g, m, v, t, lr, beta1=0.9, beta2=0.999):
    return plain(p, g, m, v, t, lr, beta2, beta1)


@makes("betas_swapped")
def swapped_numbers(p, g, m, v, t, lr):
    return plain(p, g, m, v, t, lr, 0.999, 0.9)


@makes("state_wrong")
def old_moments_returned(p, g, m, v, t, lr):
    new, _, _ = plain(p, g, m, v, t, lr)
    return new, m, v


@makes("state_wrong")
def corrected_in_place(p, g, m, v, t, lr):
    m, v = moments(g, m, v)
    m, v = m / (1 - 0.9**t), v / (1 - 0.999**t)
    return p - lr * m / (v.sqrt() + 1e-8), m, v


@makes("state_wrong")
def square_before_mean(p, g, m, v, t, lr):
    new, m, v = plain(p, g, m, v, t, lr)
    return new, v, m


@makes("state_wrong")
def parameter_last(p, g, m, v, t, lr):
    new, m, v = plain(p, g, m, v, t, lr)
    return m, v, new


@makes("moved_by_other")
def old_moments_used(p, g, m, v, t, lr):
    new = p - lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
    return new, *moments(g, m, v)


@makes("moved_by_other")
def rmsprop(p, g, m, v, t, lr):
    m, v = moments(g, m, v)
    return p - lr * g / ((v / (1 - 0.999**t)).sqrt() + 1e-8), m, v


@makes("moved_by_other")
def only_momentum(p, g, m, v, t, lr):
    m, v = moments(g, m, v)
    return p - lr * m / (1 - 0.9**t), m, v


@makes("lr_wrong")
def no_rate(p, g, m, v, t, lr):
    m, v = moments(g, m, v)
    return p - (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8), m, v


@makes("update_returned")
def step_alone(p, g, m, v, t, lr):
    new, m, v = plain(p, g, m, v, t, lr)
    return p - new, m, v


@makes("decay_wrong")
def decay_unused(p, g, m, v, t, lr, weight_decay=0.0):
    return plain(p, g, m, v, t, lr)


@makes("decay_wrong")
def adamw(p, g, m, v, t, lr, weight_decay=0.0):
    return plain(p * (1 - lr * weight_decay), g, m, v, t, lr)


@makes("sign_wrong+correction_wrong")
def two_mistakes(p, g, m, v, t, lr):
    m, v = moments(g, m, v)
    return p + lr * m / (v.sqrt() + 1e-8), m, v


@makes("input_modified")
def in_place(p, g, m, v, t, lr):
    m.mul_(0.9).add_(0.1 * g)
    v.mul_(0.999).add_(0.001 * g**2)
    return p - lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8), m, v


@makes("wrong_type")
def parameter_alone(p, g, m, v, t, lr):
    return plain(p, g, m, v, t, lr)[0]


@makes("means_wrong")
def mean_the_other_way_round(p, g, m, v, t, lr):
    m, v = 0.1 * m + 0.9 * g, 0.999 * v + 0.001 * g**2
    return p - lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8), m, v


@makes("betas_wrong")
def one_beta(p, g, m, v, t, lr, beta1=0.9, beta2=0.999):
    m, v = beta1 * m + (1 - beta1) * g, beta1 * v + (1 - beta1) * g**2
    return p - lr * (m / (1 - beta1**t)) / ((v / (1 - beta1**t)).sqrt() + 1e-8), m, v


@makes("betas_wrong")
def betas_of_the_paper(p, g, m, v, t, lr, beta1=0.9, beta2=0.999):
    m, v = moments(g, m, v)
    return p - lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8), m, v


@makes("wrong_values")
def amsgrad(p, g, m, v, t, lr):
    old = v
    m, v = moments(g, m, v)
    largest = torch.maximum(old, v)
    return p - lr * (m / (1 - 0.9**t)) / ((largest / (1 - 0.999**t)).sqrt() + 1e-8), m, v


@makes("wrong_values")
def nadam(p, g, m, v, t, lr):
    m, v = moments(g, m, v)
    ahead = 0.9 * m / (1 - 0.9 ** (t + 1)) + 0.1 * g / (1 - 0.9**t)
    return p - lr * ahead / ((v / (1 - 0.999**t)).sqrt() + 1e-8), m, v


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(answer, mistake):
    verdict = check.adam(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


def test_a_wrong_number_is_derived_in_its_own_result():
    message = check.adam(nadam).message
    assert "parameter[0] should be " in message
    assert "the new mean divided by 1 - 0.9**" in message
    assert "mean[0] should be 0.9*" in check.adam(old_moments_returned).message
