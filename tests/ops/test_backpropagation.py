"""labkit.ops.backpropagation: every gradient on paper, its loops, autograd, a net that learns."""

import pytest
import torch
from torch.nn import functional

from labkit.errors import DeviceError, DTypeError, OptionError, ShapeError
from labkit.ops.backpropagation import (
    Layer,
    backward,
    backward_loops,
    cross_entropy_gradient,
    forward,
    init_layers,
    mse_gradient,
)

ACTIVATIONS = ["tanh", "relu", "sigmoid", "identity"]
SIZES = [(3, 2), (3, 5, 2), (3, 4, 5, 2)]


def network(sizes=(3, 5, 2), *, batch=4, dtype=torch.float64):
    """Return a batch, the layers, and a class for each example."""
    generator = torch.Generator().manual_seed(0)
    layers = [
        Layer(weight.to(dtype), torch.randn(len(weight), generator=generator).to(dtype))
        for weight, _ in init_layers(sizes, generator=generator)
    ]
    x = torch.randn(batch, sizes[0], generator=generator).to(dtype)
    return x, layers, torch.arange(batch) % sizes[-1]


def by_hand(x, layers, gradient_of, activation="tanh", back=backward):
    """Return the gradients as one flat list: of x, then of each weight and bias."""
    trace = forward(x, layers, activation=activation)
    gradients, of_x = back(trace, layers, gradient_of(trace.output), activation=activation)
    return [of_x, *(tensor for layer in gradients for tensor in layer)]


def by_autograd(x, layers, loss, activation="tanh"):
    leaves = [tensor.clone().requires_grad_() for tensor in (x, *(t for p in layers for t in p))]
    a, between = leaves[0], getattr(torch, activation, lambda z: z)
    for k in range(1, len(leaves), 2):
        a = functional.linear(a if k == 1 else between(a), leaves[k], leaves[k + 1])
    return torch.autograd.grad(loss(a), leaves)


def largest_difference(ours, theirs):
    return max((a - b).abs().max().item() for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("back", [backward, backward_loops])
def test_the_network_on_paper(back):
    hidden = Layer(torch.tensor([[1.0, 2.0], [-1.0, 0.5]]), torch.tensor([0.5, -1.0]))
    last = Layer(torch.tensor([[10.0, 100.0]]), torch.tensor([7.0]))
    x = torch.tensor([[2.0, 1.0]])
    # z = (4.5, -2.5), so a = (4.5, 0), and the second unit's slope is 0.
    of_x, weight_1, bias_1, weight_2, bias_2 = by_hand(
        x, [hidden, last], lambda output: torch.tensor([[3.0]]), "relu", back
    )
    assert bias_2.tolist() == [3]
    assert weight_2.tolist() == [[3 * 4.5, 3 * 0]]
    assert bias_1.tolist() == [3 * 10 * 1, 3 * 100 * 0]
    assert weight_1.tolist() == [[30 * 2, 30 * 1], [0, 0]]
    assert of_x.tolist() == [[30 * 1 + 0 * -1, 30 * 2 + 0 * 0.5]]


def test_the_slopes_on_paper():
    one = Layer(torch.ones(1, 1), torch.zeros(1))
    for activation, slope in {
        "tanh": 1 - 0**2,
        "sigmoid": 0.5 * 0.5,
        "relu": 0,
        "identity": 1,
    }.items():
        of_x, *_ = by_hand(torch.zeros(1, 1), [one, one], torch.ones_like, activation)
        assert of_x.item() == slope, activation


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_agrees_with_the_loops_and_with_autograd_to_1e12(sizes, activation):
    x, layers, target = network(sizes)
    ours = by_hand(x, layers, lambda z: cross_entropy_gradient(z, target), activation)
    slow = by_hand(
        x, layers, lambda z: cross_entropy_gradient(z, target), activation, backward_loops
    )
    theirs = by_autograd(x, layers, lambda z: functional.cross_entropy(z, target), activation)
    assert largest_difference(ours, slow) < 1e-12
    assert largest_difference(ours, theirs) < 1e-12


def test_the_squared_error_goes_the_same_way():
    x, layers, _ = network()
    wanted = torch.linspace(-1, 1, 8, dtype=torch.float64).reshape(4, 2)
    ours = by_hand(x, layers, lambda output: mse_gradient(output, wanted))
    theirs = by_autograd(x, layers, lambda output: functional.mse_loss(output, wanted))
    assert largest_difference(ours, theirs) < 1e-12


def test_the_loss_gradients_on_paper():
    sure_and_wrong = torch.tensor([[-torch.inf, 0.0]])
    assert cross_entropy_gradient(sure_and_wrong, torch.tensor([0])).tolist() == [[0 - 1, 1 - 0]]
    halves = cross_entropy_gradient(torch.zeros(2, 2), torch.tensor([0, 1]))
    assert halves.tolist() == [[(0.5 - 1) / 2, 0.5 / 2], [0.5 / 2, (0.5 - 1) / 2]]
    error = mse_gradient(torch.tensor([[3.0, 1.0]]), torch.tensor([[1.0, 2.0]]))
    assert error.tolist() == [[2 * (3 - 1) / 2, 2 * (1 - 2) / 2]]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_very_large_logits(dtype):
    logits = torch.tensor([[1e4, -1e4], [1e4, -1e4]], dtype=dtype)
    gradient = cross_entropy_gradient(logits, torch.tensor([0, 1]))
    assert gradient.dtype is dtype
    assert gradient.tolist() == [[0, 0], [0.5, -0.5]]


def test_gradients_of_gradients():
    """The way back is made of differentiable arithmetic too."""
    x, layers, target = network(batch=2)

    def of_x(x):
        return by_hand(x, layers, lambda z: cross_entropy_gradient(z, target))[0]

    assert torch.autograd.gradcheck(of_x, [x.requires_grad_()])


def test_a_network_learns_what_no_line_can_part():
    corners = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    either, right = torch.tensor([0, 1, 1, 0]), {}
    for activation in ("tanh", "identity"):
        layers = init_layers((2, 8, 2), generator=torch.Generator().manual_seed(0))
        for _ in range(300):
            trace = forward(corners, layers, activation=activation)
            slope = cross_entropy_gradient(trace.output, either)
            gradients, _ = backward(trace, layers, slope, activation=activation)
            layers = [
                Layer(*(number - 0.5 * step for number, step in zip(layer, gradient, strict=True)))
                for layer, gradient in zip(layers, gradients, strict=True)
            ]
        output = forward(corners, layers, activation=activation).output
        right[activation] = (output.argmax(dim=1) == either).sum().item()
    assert right["tanh"] == 4
    assert right["identity"] < 4


@pytest.mark.parametrize("back", [backward, backward_loops])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_is_kept(back, dtype):
    x, layers, target = network(dtype=dtype)
    ours = by_hand(x, layers, lambda z: cross_entropy_gradient(z, target), back=back)
    exact = by_hand(
        x.double(),
        [Layer(w.double(), b.double()) for w, b in layers],
        lambda z: cross_entropy_gradient(z, target),
    )
    assert {tensor.dtype for tensor in ours} == {dtype}
    assert largest_difference(ours, exact) < 10 * torch.finfo(dtype).eps


@pytest.mark.parametrize("back", [backward, backward_loops])
def test_the_device_is_kept(back):
    x, layers, target = network(batch=1)
    there = [Layer(w.to("meta"), b.to("meta")) for w, b in layers]
    ours = by_hand(
        x.to("meta"), there, lambda z: cross_entropy_gradient(z, target.to("meta")), back=back
    )
    assert {tensor.device.type for tensor in ours} == {"meta"}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_gives_the_same():
    x, layers, target = network()
    there = by_hand(
        x.cuda(),
        [Layer(w.cuda(), b.cuda()) for w, b in layers],
        lambda z: cross_entropy_gradient(z, target.cuda()),
    )
    assert {tensor.device.type for tensor in there} == {"cuda"}
    here = by_hand(x, layers, lambda z: cross_entropy_gradient(z, target))
    torch.testing.assert_close([tensor.cpu() for tensor in there], here)


@pytest.mark.parametrize("back", [backward, backward_loops])
def test_an_empty_batch_gives_gradients_of_zero(back):
    x, layers, target = network(batch=0)
    ours = by_hand(x, layers, lambda z: cross_entropy_gradient(z, target), back=back)
    assert [tensor.shape for tensor in ours] == [
        x.shape,
        *(t.shape for pair in layers for t in pair),
    ]
    assert not any(tensor.any() for tensor in ours)


def test_views_that_are_not_contiguous():
    x, layers, target = network()
    crossed = [Layer(w.T.contiguous().T, b) for w, b in layers]
    same = x[:1].expand(4, -1)
    ours = by_hand(same, crossed, lambda z: cross_entropy_gradient(z, target))
    again = by_hand(same.clone(), layers, lambda z: cross_entropy_gradient(z, target))
    assert largest_difference(ours, again) < 1e-12


def test_nothing_given_is_modified():
    x, layers, target = network()
    trace = forward(x, layers)
    gradient = cross_entropy_gradient(trace.output, target)
    given = [gradient, *trace.inputs, *trace.sums, *(t for pair in layers for t in pair)]
    before = [tensor.clone() for tensor in given]
    backward(trace, layers, gradient)
    assert all(torch.equal(a, b) for a, b in zip(given, before, strict=True))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_nan_goes_where_autograd_lets_it_go(activation):
    x, layers, target = network()
    x[1, 0] = torch.nan
    ours = by_hand(x, layers, lambda z: cross_entropy_gradient(z, target), activation)
    theirs = by_autograd(x, layers, lambda z: functional.cross_entropy(z, target), activation)
    for mine, its in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, its, equal_nan=True)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "identity"])
def test_a_gradient_without_nan_meets_a_nan_as_in_autograd(activation):
    """The loss's own gradient would be NaN there; one that is given need not be."""
    x, layers, _ = network((3, 5, 2))
    x[1, 0] = torch.nan
    given = torch.ones(4, 2, dtype=torch.float64)
    ours = by_hand(x, layers, lambda output: given, activation)
    theirs = by_autograd(x, layers, lambda output: (output * given).sum(), activation)
    for mine, its in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, its, equal_nan=True)


def turned(x, layers, target):
    """Call backward with a gradient of the wrong shape."""
    return backward(forward(x, layers), layers, torch.ones(2, 4, dtype=x.dtype))


def of_other_layers(x, layers, target):
    trace = forward(x, layers)
    return backward(trace, layers[1:], torch.ones_like(trace.output))


def in_other_numbers(x, layers, target):
    trace = forward(x, layers)
    return backward(trace, layers, torch.ones_like(trace.output).float())


WRONG = [
    ("gradient's shape", turned, ShapeError, r"gradient must have the shape of output, \(4, 2\)"),
    ("other layers", of_other_layers, ShapeError, r"\[\(3, 5\), \(5, 2\)\], but these have \[\(5"),
    ("dtype", in_other_numbers, DTypeError, r"use gradient.to\(output.dtype\)"),
    (
        "activation",
        lambda x, n, t: backward(forward(x, n), n, x, activation="gelu"),
        OptionError,
        "got 'gelu'",
    ),
    (
        "soft targets",
        lambda x, n, t: cross_entropy_gradient(x, x),
        ShapeError,
        r"target \(batch,\)",
    ),
    ("a list", lambda x, n, t: cross_entropy_gradient(x, [1]), DTypeError, r"as_tensor\(target\)"),
    (
        "another device",
        lambda x, n, t: cross_entropy_gradient(x, t.to("meta")),
        DeviceError,
        r"use target.to\(logits.device\)",
    ),
    ("floats", lambda x, n, t: cross_entropy_gradient(x, x[:, 0]), DTypeError, r"target.long\(\)"),
    ("class 7", lambda x, n, t: cross_entropy_gradient(x, t + 6), OptionError, "0 to 2, got 6"),
    ("class -1", lambda x, n, t: cross_entropy_gradient(x, t - 1), OptionError, "got -1"),
    ("(N,1) and (N,)", lambda x, n, t: mse_gradient(x[:, :1], x[:, 0]), ShapeError, r"got \(4,\)"),
    ("devices", lambda x, n, t: mse_gradient(x, x.to("meta")), DeviceError, "target is on meta"),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        call(*network())
