"""Learners write a step of gradient descent with momentum: right in many styles, wrong in more."""

import pytest
import torch

from labkit.checks import check
from labkit.checks.gradient_descent import SGD

pytestmark = pytest.mark.usefixtures("as_learners_run_it")

# ---------------------------------------------------------------- right answers, in many styles


def plain(parameter, gradient, velocity, lr, momentum):
    velocity = momentum * velocity + gradient
    return parameter - lr * velocity, velocity


def with_everything(
    p, g, v, lr, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0
):  # fmt: skip
    g = g + weight_decay * p
    v = v * momentum + g * (1 - dampening)
    return [p - lr * (g + momentum * v if nesterov else v), v]


def number_by_number(w, dw, v, learning_rate, beta):
    new_v = torch.empty_like(v)
    new_w = torch.empty_like(w)
    for i in range(w.numel()):
        new_v.view(-1)[i] = beta * v.reshape(-1)[i] + dw.reshape(-1)[i]
        new_w.view(-1)[i] = w.reshape(-1)[i] - learning_rate * new_v.view(-1)[i]
    return new_w, new_v


def by_torch(param, grad, velocity, lr, momentum, *, nesterov=False, weight_decay=0.0):
    leaf = param.clone().requires_grad_()
    leaf.grad = grad.clone()
    options = {"weight_decay": weight_decay, "nesterov": nesterov and momentum > 0}
    optimiser = torch.optim.SGD([leaf], lr=lr, momentum=momentum, **options)
    optimiser.state[leaf]["momentum_buffer"] = velocity.clone()
    optimiser.step()
    kept = optimiser.state[leaf]["momentum_buffer"]
    return leaf.detach(), kept if momentum else grad + weight_decay * param


@torch.no_grad()
def on_copies(p, grad, buf, lr, mu):
    p, buf = p.clone(), buf.clone()
    buf.mul_(mu).add_(grad)
    p.sub_(lr * buf)
    return p, buf


def nesterov_looking_ahead(theta, g, v, lr, mu, nesterov=False):
    new = mu * v + g
    if nesterov:
        return theta - lr * mu**2 * v - lr * (1 + mu) * g, new
    return theta - lr * new, new


def by_lerp(parameters, gradients, velocity, eta, momentum):
    new = torch.add(gradients, velocity, alpha=momentum)
    return torch.sub(parameters, new, alpha=eta), new


class Step:
    def __call__(self, params, grads, vel, *, lr, momentum, dampening=0.0):
        vel = momentum * vel + (1 - dampening) * grads
        return params - lr * vel, vel


RIGHT = [
    plain, with_everything, number_by_number, by_torch, on_copies, nesterov_looking_ahead, by_lerp,
    Step(),
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: getattr(f, "__name__", type(f).__name__))
def test_every_correct_style_passes(answer):
    verdict = check.sgd(answer)
    assert verdict.passed, verdict


@pytest.mark.parametrize("question", SGD.questions, ids=lambda q: q.about)
def test_the_reference_is_that_of_pytorch(question):
    a = SGD.complete(question.arguments)
    if a.momentum == 0:
        return  # PyTorch keeps no velocity then
    leaf = a.parameter.clone().requires_grad_()
    leaf.grad = a.gradient.clone()
    names = ("lr", "momentum", "dampening", "nesterov", "weight_decay")
    optimiser = torch.optim.SGD([leaf], **{name: a[name] for name in names})
    optimiser.state[leaf]["momentum_buffer"] = a.velocity.clone()
    optimiser.step()
    moved, velocity = SGD.reference(a)
    torch.testing.assert_close(moved, leaf.detach())
    torch.testing.assert_close(velocity, optimiser.state[leaf]["momentum_buffer"])


# ---------------------------------------------------------------- wrong answers, each its mistake

WRONG = []


def makes(mistake):
    def keep(function):
        WRONG.append(pytest.param(function, mistake, id=f"{mistake}-{function.__name__}"))
        return function

    return keep


@makes("sign_wrong")
def uphill(p, g, v, lr, momentum):
    v = momentum * v + g
    return p + lr * v, v


@makes("sign_wrong")
def uphill_with_everything(p, g, v, lr, momentum, nesterov=False, weight_decay=0.0):
    new, v = with_everything(p, g, v, lr, momentum, 0.0, nesterov, weight_decay)
    return p + (p - new), v


@makes("momentum_wrong")
def no_momentum(p, g, v, lr, momentum):
    return p - lr * g, g


@makes("momentum_wrong")
def moving_mean(p, g, v, lr, momentum):
    v = momentum * v + (1 - momentum) * g
    return p - lr * v, v


@makes("momentum_wrong")
def never_fades(p, g, v, lr, momentum):
    v = v + g
    return p - lr * v, v


@makes("momentum_wrong")
def fades_the_gradient(p, g, v, lr, momentum):
    v = v + momentum * g
    return p - lr * v, v


@makes("momentum_wrong")
def one_minus_momentum(p, g, v, lr, momentum):
    v = (1 - momentum) * v + g
    return p - lr * v, v


@makes("old_velocity")
def moves_first(p, g, v, lr, momentum):
    p = p - lr * v
    v = momentum * v + g
    return p, v


@makes("old_velocity")
def forgets_to_store(p, g, v, lr, momentum):
    return p - lr * (momentum * v + g), v


@makes("old_velocity")
def moves_by_gradient(p, g, v, lr, momentum):
    v = momentum * v + g
    return p - lr * g, v


@makes("lr_in_velocity")
def classical(p, g, v, lr, momentum):
    v = momentum * v + lr * g
    return p - v, v


@makes("lr_in_velocity")
def of_the_paper(p, g, v, lr, momentum):
    v = momentum * v - lr * g
    return p + v, v


@makes("lr_in_velocity")
def rate_in_both_lines(p, g, v, lr, momentum):
    v = momentum * v + lr * g
    return p - lr * v, v


@makes("lr_in_velocity")
def rate_in_both_lines_of_the_paper(p, g, v, lr, momentum):
    v = momentum * v - lr * g
    return p + lr * v, v


@makes("momentum_wrong")
def momentum_at_the_gradient(p, g, v, lr, momentum):
    v = (1 - momentum) * v + momentum * g
    return p - lr * v, v


@makes("nesterov_wrong")
def nesterov_unasked(p, g, v, lr, momentum):
    v = momentum * v + g
    return p - lr * (g + momentum * v), v


@makes("dampening_wrong")
def dampening_for_its_complement(p, g, v, lr, momentum, dampening=0.0):
    v = momentum * v + dampening * g
    return p - lr * v, v


@makes("velocity_sign")
def downhill_velocity(p, g, v, lr, momentum):
    v = momentum * v - g
    return p + lr * v, v


@makes("velocity_sign")
def minus_twice(p, g, v, lr, momentum):
    v = momentum * v - g
    return p - lr * v, v


@makes("velocity_sign")
def stored_with_minus(p, g, v, lr, momentum):
    v = momentum * v + g
    return p - lr * v, -v


@makes("lr_wrong")
def no_rate(p, g, v, lr, momentum):
    v = momentum * v + g
    return p - v, v


@makes("lr_wrong")
def divides_by_rate(p, g, v, lr, momentum):
    v = momentum * v + g
    return p - v / lr, v


@makes("lr_wrong")
def rate_twice(p, g, v, lr, momentum):
    v = momentum * v + g
    step = lr * v
    return p - lr * step, v


@makes("update_returned")
def step_alone(p, g, v, lr, momentum):
    v = momentum * v + g
    return lr * v, v


@makes("update_returned")
def negative_step_alone(p, g, v, lr, momentum):
    v = momentum * v + g
    return -lr * v, v


@makes("update_returned")
def unmoved(p, g, v, lr, momentum):
    return p.clone(), momentum * v + g


@makes("nesterov_wrong")
def nesterov_unused(p, g, v, lr, momentum, nesterov=False):
    return plain(p, g, v, lr, momentum)


@makes("nesterov_wrong")
def nesterov_with_whole_velocity(p, g, v, lr, momentum, nesterov=False):
    v = momentum * v + g
    return p - lr * (g + v if nesterov else v), v


@makes("nesterov_wrong")
def nesterov_stored(p, g, v, lr, momentum, nesterov=False):
    v = momentum * v + g
    if nesterov:
        v = g + momentum * v
    return p - lr * v, v


@makes("decay_wrong")
def decay_unused(p, g, v, lr, momentum, weight_decay=0.0):
    return plain(p, g, v, lr, momentum)


@makes("decay_wrong")
def decay_grows(p, g, v, lr, momentum, weight_decay=0.0):
    return plain(p, g - weight_decay * p, v, lr, momentum)


@makes("decay_wrong")
def decay_apart(p, g, v, lr, momentum, weight_decay=0.0):
    new, v = plain(p, g, v, lr, momentum)
    return new - lr * weight_decay * p, v


@makes("decay_wrong")
def decay_with_the_two(p, g, v, lr, momentum, weight_decay=0.0):
    return plain(p, g + 2 * weight_decay * p, v, lr, momentum)


@makes("dampening_wrong")
def dampening_unused(p, g, v, lr, momentum, dampening=0.0):
    return plain(p, g, v, lr, momentum)


@makes("dampening_wrong")
def dampens_all(p, g, v, lr, momentum, dampening=0.0):
    v = (1 - dampening) * (momentum * v + g)
    return p - lr * v, v


@makes("results_swapped")
def velocity_first(p, g, v, lr, momentum):
    v = momentum * v + g
    return v, p - lr * v


@makes("sign_wrong+decay_wrong")
def two_mistakes(p, g, v, lr, momentum, weight_decay=0.0):
    v = momentum * v + g
    return p + lr * v, v


@makes("input_modified")
def in_place(p, g, v, lr, momentum):
    v.mul_(momentum).add_(g)
    p.sub_(lr * v)
    return p, v


@makes("wrong_type")
def parameter_alone(p, g, v, lr, momentum):
    return p - lr * (momentum * v + g)


@makes("wrong_dtype")
def in_float32(p, g, v, lr, momentum):
    p, v = plain(p, g, v, lr, momentum)
    return p.float(), v.float()


@makes("wrong_values")
def signs_only(p, g, v, lr, momentum):
    v = momentum * v + g
    return p - lr * v.sign(), v


@makes("wrong_values")
def clipped(p, g, v, lr, momentum):
    v = momentum * v + g.clamp(-1, 1)
    return p - lr * v, v


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(answer, mistake):
    verdict = check.sgd(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


def test_a_wrong_number_is_derived_in_its_own_result():
    a = SGD.questions[0].arguments
    p, g, v = (float(a[name][0]) for name in ("parameter", "gradient", "velocity"))
    message = check.sgd(signs_only).message
    assert "parameter[0] should be " in message
    assert f" = {p - 0.25 * (0.75 * v + g):g}, yours is " in message
    assert "velocity[0] should be 0.75*" in check.sgd(forgets_to_store).message


def test_no_gradients_are_asked_of_an_optimiser():
    assert check.sgd(on_copies).passed
    assert "gradient" not in check.sgd(on_copies).also
