"""labkit.ops.backpropagation_through_time: worked gradients, autograd, norms over time, errors."""

import pytest
import torch

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.ops.backpropagation_through_time import gradient_norms, rnn_backward
from labkit.ops.recurrence import lstm_update, rnn, rnn_update


def numbers(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def problem(*, bias=True, time=7, batch=3):
    """Two features, five units: weights, input, start."""
    shapes = {"weight_ih_l0": (5, 2), "weight_hh_l0": (5, 5)}
    shapes |= {"bias_ih_l0": (5,), "bias_hh_l0": (5,)} if bias else {}
    weights = {
        name: (0.5 * numbers(*shape, seed=seed)).requires_grad_()
        for seed, (name, shape) in enumerate(shapes.items())
    }
    x, start = numbers(time, batch, 2, seed=5), numbers(1, batch, 5, seed=6)
    return x.requires_grad_(), weights, start.requires_grad_()


def test_two_steps_worked_out():
    """One unit, h = relu(3 x + 2 h), and a loss that is the last state."""
    weights = {"weight_ih_l0": torch.tensor([[3.0]]), "weight_hh_l0": torch.tensor([[2.0]])}
    x, output = torch.tensor([[[1.0]], [[-1.0]]]), torch.tensor([[[3.0]], [[-3.0 + 2 * 3]]])
    last = torch.tensor([[[0.0]], [[1.0]]])
    found = rnn_backward(x, weights, output, last, nonlinearity="relu")
    assert found.states.flatten().tolist() == [2, 1]
    assert found.x.flatten().tolist() == [2 * 3, 1 * 3]
    assert found.weights["weight_ih_l0"].item() == 2 * 1 + 1 * -1
    assert found.weights["weight_hh_l0"].item() == 2 * 0 + 1 * 3
    assert found.initial_state.item() == 2 * 2


def test_a_unit_that_is_off_stops_the_gradient():
    weights = {"weight_ih_l0": torch.tensor([[3.0]]), "weight_hh_l0": torch.tensor([[2.0]])}
    x, last = torch.tensor([[[-1.0]], [[1.0]]]), torch.tensor([[[0.0]], [[1.0]]])
    output, _ = rnn(x, weights, nonlinearity="relu")
    found = rnn_backward(x, weights, output, last, nonlinearity="relu")
    assert output.flatten().tolist() == [0, 3]
    assert found.x.flatten().tolist() == [0, 3]


@pytest.mark.parametrize("started", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_agrees_with_autograd_to_rounding(nonlinearity, bias, started):
    x, weights, start = problem(bias=bias)
    options = {"nonlinearity": nonlinearity, "initial_state": start if started else None}
    output, _ = rnn(x, weights, **options)
    gradient = numbers(*output.shape, seed=7)
    found = rnn_backward(x, weights, output, gradient, **options)
    mine = [found.x, *found.weights.values(), *([found.initial_state] if started else [])]
    leaves = [x, *weights.values(), *([start] if started else [])]
    its = list(torch.autograd.grad(output, leaves, gradient))
    torch.testing.assert_close(mine, its, rtol=0, atol=1e-12)
    assert list(found.weights) == list(weights)
    assert not found.x.requires_grad


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_a_nan_goes_where_autograd_lets_it_go(nonlinearity):
    x, weights, _ = problem()
    with torch.no_grad():
        x[3, 1, 0] = torch.nan
    output, _ = rnn(x, weights, nonlinearity=nonlinearity)
    gradient = numbers(*output.shape, seed=7)
    found = rnn_backward(x, weights, output, gradient, nonlinearity=nonlinearity)
    its = list(torch.autograd.grad(output, [x, *weights.values()], gradient))
    torch.testing.assert_close([found.x, *found.weights.values()], its, equal_nan=True)


def test_agrees_with_pytorchs_layer():
    module = torch.nn.RNN(2, 5).double()
    x = numbers(7, 3, 2)
    output, _ = module(x)
    loss = (output - numbers(7, 3, 5, seed=1)).square().mean()
    loss.backward(inputs=list(module.parameters()), retain_graph=True)
    (gradient,) = torch.autograd.grad(loss, output)
    found = rnn_backward(x, module.state_dict(), output, gradient)
    for name, parameter in module.named_parameters():
        torch.testing.assert_close(found.weights[name], parameter.grad, rtol=0, atol=1e-12)


def test_the_gradient_at_the_states_is_the_one_whose_norm_is_measured():
    x, weights, start = problem()
    states = stepped(x, weights, start[0])
    loss = states[-1].sin().sum()
    output = torch.stack(states)
    direct = torch.zeros_like(output)
    direct[-1] = states[-1].cos()
    found = rnn_backward(x, weights, output, direct, initial_state=start)
    norms = gradient_norms(loss, states)
    torch.testing.assert_close(norms, found.states.flatten(1).norm(dim=1).detach())


@pytest.mark.parametrize(("time", "batch"), [(0, 3), (1, 3), (4, 0)])
def test_empty_and_short(time, batch):
    x, weights, start = problem(time=time, batch=batch)
    output, _ = rnn(x, weights, initial_state=start)
    found = rnn_backward(x, weights, output, torch.ones_like(output), initial_state=start)
    its = torch.autograd.grad(output.sum(), [x, *weights.values(), start], allow_unused=True)
    for mine, theirs in zip(
        [found.x, *found.weights.values(), found.initial_state], its, strict=True
    ):
        expected = torch.zeros_like(mine) if theirs is None else theirs
        torch.testing.assert_close(mine, expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_is_kept(dtype):
    x, weights, _ = problem()
    low = {name: w.detach().to(dtype) for name, w in weights.items()}
    output, _ = rnn(x, weights)
    ones = torch.ones_like(output)
    found = rnn_backward(x.detach().to(dtype), low, output.detach().to(dtype), ones.to(dtype))
    exact = rnn_backward(x, weights, output, ones)
    assert {t.dtype for t in (found.x, found.states, *found.weights.values())} == {dtype}
    error = (found.states.double() - exact.states).norm() / exact.states.norm()
    assert error < 10 * torch.finfo(dtype).eps


def stepped(x, weights, h):
    states = []
    for x_t in x:
        h = rnn_update(x_t, h, *weights.values())
        states.append(h)
    return states


def test_norms_worked_out():
    h = torch.tensor([3.0, 4.0], requires_grad=True)
    states = [h, (second := 2 * h), 3 * second]
    norms = gradient_norms(states[2] @ torch.tensor([3.0, 4.0]), states)
    assert norms.tolist() == [6 * 5, 3 * 5, 5]


def test_a_plain_rnn_forgets_and_a_cell_remembers():
    x, weights, start = problem(time=30)
    plain = gradient_norms((states := stepped(x, weights, start[0]))[-1].sum(), states)
    gates = torch.tensor([0.0, 5.0, 0.0, 0.0], dtype=torch.float64).repeat_interleave(5)
    four = [numbers(20, 2, seed=1) * 0.1, (numbers(20, 5, seed=2) * 0.1).requires_grad_(), gates]
    state, cells = (start[0], start[0]), []
    for x_t in x:
        state = lstm_update(x_t, state, *four)
        cells.append(state[1])
    remembered = gradient_norms(cells[-1].sum(), cells)
    assert plain[0] / plain[-1] < 0.01
    assert remembered[0] / remembered[-1] > 0.5


def test_the_graph_is_kept_and_what_the_loss_does_not_see_is_0():
    x, weights, start = problem()
    states = stepped(x, weights, start[0])
    loss = states[3].sum()
    norms = gradient_norms(loss, states)
    assert norms[:4].all()
    assert norms[4:].tolist() == [0, 0, 0]
    loss.backward()
    assert weights["weight_hh_l0"].grad.any()
    assert gradient_norms(loss, []).shape == (0,)


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"output": numbers(7, 3, 4)}, ShapeError, r"output must have shape \(7, 3, 5\)"),
        ({"gradient": numbers(3, 5)}, ShapeError, r"gradient must have .* got \(3, 5\)"),
        ({"initial_state": numbers(3, 5)}, ShapeError, r"initial_state must .*\(1, 3, 5\)"),
        ({"x": numbers(7, 2)}, ShapeError, r"x must be \(time, batch, features\)"),
        ({"x": numbers(7, 3, 2).float()}, DTypeError, r"use output.to\(x.dtype\)"),
        ({"weights": {}}, OptionError, "lacks 'weight_ih_l0'"),
        ({"nonlinearity": "gelu"}, OptionError, "must be 'tanh' or 'relu'"),
        (
            {"weights": torch.nn.RNN(2, 5, num_layers=2).double().state_dict()},
            OptionError,
            "one layer in one direction; walk each",
        ),
    ],
    ids=["output", "gradient", "start", "rank", "dtype", "weights", "nonlinearity", "layers"],
)
def test_bad_input_says_what_to_do(change, error, says):
    x, weights, _ = problem()
    arguments = {"x": x, "weights": weights, "output": numbers(7, 3, 5)}
    arguments |= {"gradient": numbers(7, 3, 5)} | change
    with pytest.raises(error, match=says):
        rnn_backward(**arguments)


@pytest.mark.usefixtures("as_learners_run_it")
def test_norms_of_what_is_no_list_of_states():
    x, weights, start = problem()
    states = stepped(x, weights, start[0])
    with pytest.raises(ShapeError, match="a stacked tensor"):
        gradient_norms(states[-1].sum(), torch.stack(states))
    with pytest.raises(ShapeError, match="loss must be a single number"):
        gradient_norms(states[-1], states)
    with pytest.raises(OptionError, match=r"states\[1\] has no gradient"):
        gradient_norms(states[-1].sum(), [states[0], states[1].detach()])
    with pytest.raises(OptionError, match="loss has no gradient"):
        gradient_norms(torch.ones(()), states)
