"""labkit.ops.neural_network: the way forward on paper, the loops, torch's layers, a good start."""

import numpy as np
import pytest
import torch

from labkit.errors import DeviceError, DTypeError, OptionError, ShapeError
from labkit.ops.neural_network import Layer, forward, forward_loops, init_layers

ACTIVATIONS = ["tanh", "relu", "sigmoid", "identity"]
SIZES = [(3, 2), (3, 5, 2), (3, 4, 5, 2)]


def network(sizes=(3, 5, 2), *, batch=4, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    layers = [
        Layer(weight.to(dtype), torch.randn(len(weight), generator=generator).to(dtype))
        for weight, _ in init_layers(sizes, generator=generator)
    ]
    return torch.randn(batch, sizes[0], generator=generator).to(dtype), layers


def in_pytorch(layers, activation):
    """Build the same network of torch.nn's modules."""
    between = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid}
    modules = []
    for weight, bias in layers:
        linear = torch.nn.Linear(*reversed(weight.shape), dtype=weight.dtype)
        linear.load_state_dict({"weight": weight, "bias": bias})
        modules += [linear, between.get(activation, torch.nn.Identity)()]
    return torch.nn.Sequential(*modules[:-1])


@pytest.mark.parametrize("send", [forward, forward_loops])
def test_the_network_on_paper(send):
    hidden = Layer(torch.tensor([[1.0, 2.0], [-1.0, 0.5]]), torch.tensor([0.5, -1.0]))
    last = Layer(torch.tensor([[10.0, 100.0]]), torch.tensor([7.0]))
    trace = send(torch.tensor([[2.0, 1.0]]), [hidden, last], activation="relu")
    sums = [1 * 2 + 2 * 1 + 0.5, -1 * 2 + 0.5 * 1 - 1]
    assert trace.sums[0].tolist() == [sums] == [[4.5, -2.5]]
    assert trace.inputs[1].tolist() == [[4.5, 0]]
    assert trace.output.tolist() == [[10 * 4.5 + 100 * 0 + 7]]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_agrees_with_the_loops_and_with_pytorch(sizes, activation):
    x, layers = network(sizes)
    trace = forward(x, layers, activation=activation)
    slow = forward_loops(x, layers, activation=activation)
    torch.testing.assert_close(tuple(trace), tuple(slow))
    torch.testing.assert_close(trace.output, in_pytorch(layers, activation)(x).detach())


def test_the_trace_holds_what_came_into_each_layer_and_its_sums():
    x, layers = network((3, 4, 5, 2))
    trace = forward(x, layers)
    assert trace.inputs[0] is x
    assert trace.output is trace.sums[-1]
    for a, z in zip(trace.inputs[1:], trace.sums[:-1], strict=True):
        torch.testing.assert_close(a, z.tanh())


def test_without_an_activation_it_is_one_matrix():
    x, layers = network((3, 4, 5, 2))
    product = layers[2].weight @ layers[1].weight @ layers[0].weight
    moved = (
        forward(x, layers, activation="identity").output
        - forward(0 * x, layers, activation="identity").output
    )
    torch.testing.assert_close(moved, x @ product.T)


@pytest.mark.parametrize("send", [forward, forward_loops])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradcheck(send, activation):
    x, layers = network(batch=2)
    numbers = [x, *(tensor for layer in layers for tensor in layer)]

    def output(x, *rest):
        pairs = [Layer(*rest[i : i + 2]) for i in range(0, len(rest), 2)]
        return send(x, pairs, activation=activation).output

    assert torch.autograd.gradcheck(output, [tensor.requires_grad_() for tensor in numbers])


@pytest.mark.parametrize("send", [forward, forward_loops])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_and_the_device_are_kept(send, dtype):
    x, layers = network(dtype=dtype)
    output = send(x, layers).output
    assert output.dtype is dtype
    exact = forward(x.double(), [Layer(w.double(), b.double()) for w, b in layers]).output
    torch.testing.assert_close(output.double(), exact, rtol=0, atol=20 * torch.finfo(dtype).eps)
    elsewhere = [Layer(w.to("meta"), b.to("meta")) for w, b in layers]
    assert send(x.to("meta"), elsewhere).output.device.type == "meta"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_gives_the_same():
    x, layers = network()
    there = forward(x.cuda(), [Layer(w.cuda(), b.cuda()) for w, b in layers]).output
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), forward(x, layers).output)


@pytest.mark.parametrize("send", [forward, forward_loops])
@pytest.mark.parametrize("batch", [0, 1])
def test_an_empty_batch_and_a_batch_of_one(send, batch):
    x, layers = network(batch=4)
    assert send(x[:batch], layers).output.shape == (batch, 2)
    torch.testing.assert_close(send(x[:batch], layers).output, forward(x, layers).output[:batch])


def test_views_that_are_not_contiguous():
    x, layers = network(batch=4)
    crossed = [Layer(w.T.contiguous().T, b) for w, b in layers]
    for view in (x[:1].expand(4, -1), x[::2], x.T.contiguous().T):
        torch.testing.assert_close(
            forward(view, crossed).output, forward(view.contiguous(), layers).output
        )


def test_a_nan_spoils_its_own_example_alone():
    x, layers = network(batch=3)
    x[1, 0] = torch.nan
    assert forward(x, layers, activation="relu").output.isnan().any(dim=1).tolist() == [0, 1, 0]


def test_the_input_is_not_modified():
    x, layers = network()
    before = [tensor.clone() for tensor in (x, *layers[0], *layers[1])]
    forward(x, layers)
    for tensor, copy in zip((x, *layers[0], *layers[1]), before, strict=True):
        assert torch.equal(tensor, copy)


def test_a_start_keeps_the_size_of_what_goes_through():
    layers = init_layers((400, 200, 400), generator=torch.Generator().manual_seed(0))
    x = torch.randn(200, 400, generator=torch.Generator().manual_seed(1))
    for z in forward(x, layers, activation="identity").sums:
        assert z.std().item() == pytest.approx(1, abs=0.03)
    assert not any(layer.bias.any() for layer in layers)


def test_a_start_repeats_with_its_generator_and_takes_its_dtype():
    first, again = (
        init_layers((2, 3), generator=torch.Generator().manual_seed(5), dtype=torch.float64)
        for _ in range(2)
    )
    assert torch.equal(first[0].weight, again[0].weight)
    assert first[0].weight.dtype is first[0].bias.dtype is torch.float64
    assert not torch.equal(first[0].weight, init_layers((2, 3), dtype=torch.float64)[0].weight)
    assert init_layers((2, 3), device="meta")[0].bias.device.type == "meta"


def test_the_number_of_classes_may_be_counted_by_numpy():
    labels = np.array([0, 2, 1])
    assert init_layers((4, labels.max() + 1))[0].weight.shape == (3, 4)


WRONG = [
    ("no layer", lambda x, n: forward(x, []), ShapeError, "one layer at least"),
    ("rank", lambda x, n: forward(x[0], n), ShapeError, r"x must be \(batch, features\), got \(3"),
    ("order", lambda x, n: forward(x, n[::-1]), ShapeError, r"3 features come into layers\[0\]"),
    (
        "bias",
        lambda x, n: forward(x, [Layer(n[0].weight, n[1].bias)]),
        ShapeError,
        r"its bias \(out,\); got weight \(5, 3\) and bias \(2,\)",
    ),
    ("integers", lambda x, n: forward(x.long(), n), DTypeError, r"use x.float\(\)"),
    (
        "dtypes",
        lambda x, n: forward(x.float(), n),
        DTypeError,
        r"x is torch.float32 but layers\[0\].weight is torch.float64",
    ),
    (
        "devices",
        lambda x, n: forward(x.to("meta"), n),
        DeviceError,
        r"layers\[0\].weight is on cpu",
    ),
    (
        "activation",
        lambda x, n: forward(x, n, activation="gelu"),
        OptionError,
        "one of tanh, relu, sigmoid, identity; got 'gelu'",
    ),
    ("one size", lambda x, n: init_layers((3,)), OptionError, r"two or more .* got \(3,\)"),
    ("no unit", lambda x, n: init_layers((3, 0)), OptionError, r"above 0.* got \(3, 0\)"),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        call(*network())
