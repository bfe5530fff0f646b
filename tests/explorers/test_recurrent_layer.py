"""labkit.explorers.recurrent_layer: the same numbers as torch's own layers, gate by gate."""

import pytest
import torch
from torch import nn

from labkit.errors import OptionError, ShapeError
from labkit.explorers.recurrent_layer import GATES, RecurrentLayer, layers_by_kind

CLASSES = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


@pytest.fixture(params=CLASSES)
def kind(request):
    return request.param


def test_a_plain_update_by_hand():
    weights = {
        "weight_ih_l0": torch.tensor([[1.0, 2.0]]),
        "weight_hh_l0": torch.tensor([[-0.5]]),
        "bias_ih_l0": torch.tensor([0.25]),
        "bias_hh_l0": torch.tensor([0.5]),
    }
    layer = RecurrentLayer.of("rnn", weights, width=2)
    made = layer.update(torch.tensor([3.0, -1.0]), torch.tensor([0.5]), torch.zeros(1))
    assert made.from_input.item() == 3 * 1 - 1 * 2 + 0.25
    assert made.from_state.item() == 0.5 * -0.5 + 0.5
    assert made.state.item() == torch.tanh(torch.tensor(1.25 + 0.25)).item()


@pytest.mark.parametrize("bias", [True, False])
def test_states_are_torchs(kind, bias):
    torch.manual_seed(0)
    module = CLASSES[kind](3, 5, bias=bias)
    layer, inputs = RecurrentLayer.of(kind, module.state_dict(), 3), torch.randn(9, 3)
    torch.testing.assert_close(layer.states(inputs), module(inputs)[0])
    assert (layer.hidden, layer.biased) == (5, bias)
    if kind == "lstm":
        cell = layer.run(inputs)[-1].cell
        torch.testing.assert_close(cell, module(inputs)[1][1][0])


def test_gates_lie_in_torchs_order(kind):
    """A bias of one block opens that gate alone."""
    module = CLASSES[kind](2, 3)
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    for k, name in enumerate(GATES[kind]):
        nn.init.zeros_(module.bias_ih_l0)
        module.bias_ih_l0.data[3 * k : 3 * k + 3] = 9.0
        layer = RecurrentLayer.of(kind, module.state_dict(), 2)
        gates = layer.run(torch.zeros(1, 2))[0].gates
        assert [other for other, row in zip(GATES[kind], gates, strict=True) if row[0] > 0.9] == [
            name
        ]


def test_gradient_norms_are_those_of_a_loss_for_each_unit(kind):
    torch.manual_seed(2)
    module = CLASSES[kind](3, 4).double()
    inputs = torch.randn(6, 3, dtype=torch.float64)
    layer = RecurrentLayer.of(kind, module.state_dict(), 3)
    norms = layer.gradient_norms(inputs)
    assert norms[-1] == 2.0  # ‖identity of 4‖
    # h_t is what an LSTM hands on beside its cell: hold the cell, move the state.
    for t in range(5):
        start = module(inputs[: t + 1])[1]
        h, rest = (start[0], start[1:]) if kind == "lstm" else (start, ())

        def last(h, rest=rest, t=t):
            return module(inputs[t + 1 :], (h, *rest) if rest else h)[0][-1]

        jacobian = torch.autograd.functional.jacobian(last, h)
        torch.testing.assert_close(norms[t], jacobian.norm(), rtol=1e-6, atol=1e-9)


def test_seeded_layers_are_always_the_same_and_gates_lean_to_keeping(kind):
    one, other = (RecurrentLayer.seeded(kind, 5, 8) for _ in range(2))
    assert one.weights.keys() == other.weights.keys() == CLASSES[kind](5, 8).state_dict().keys()
    for name, weight in CLASSES[kind](5, 8).state_dict().items():
        assert torch.equal(one.weights[name], other.weights[name])
        assert one.weights[name].shape == weight.shape
    if kind != "rnn":  # f of i, f, g, o and z of r, z, n
        gates = one.run(torch.zeros(1, 5))[0].gates
        torch.testing.assert_close(gates[1], torch.tensor(2.0).sigmoid().expand(8))


def test_a_kind_without_weights_gets_seeded_ones_of_the_same_size(kind):
    layers, given = layers_by_kind(CLASSES[kind](3, 5).state_dict(), kind, 3)
    assert given == {kind}
    assert [layer.hidden for layer in layers.values()] == [5, 5, 5]
    assert list(layers) == list(GATES)
    layers, given = layers_by_kind(None, kind, 3)
    assert (given, {layer.hidden for layer in layers.values()}) == (set(), {8})


def test_several_kinds_may_be_given():
    weights = {"rnn": nn.RNN(3, 2).state_dict(), "lstm": nn.LSTM(3, 4).state_dict()}
    layers, given = layers_by_kind(weights, "lstm", 3)
    assert given == {"rnn", "lstm"}
    assert {kind: layer.hidden for kind, layer in layers.items()} == {"rnn": 2, "gru": 2, "lstm": 4}


@pytest.mark.parametrize(
    ("weights", "kind", "error", "message"),
    [
        (nn.LSTM(3, 4), "rnn", ShapeError, "LSTM"),
        (nn.RNN(3, 4, num_layers=2), "rnn", OptionError, "num_layers=1"),
        (nn.RNN(3, 4, bidirectional=True), "rnn", OptionError, "bidirectional=False"),
        (nn.RNN(2, 4), "rnn", ShapeError, "weight_ih"),
        (nn.RNN(3, 17), "rnn", ShapeError, "17 hidden units; expected at most 16"),
        (nn.Linear(3, 4), "rnn", OptionError, "weight"),
        (nn.RNN(3, 4), "elman", OptionError, "kind is 'elman'; expected one of 'rnn', 'gru'"),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_weights_that_are_none_are_refused(weights, kind, error, message):
    with pytest.raises(error, match=message):
        layers_by_kind(weights.state_dict(), kind, 3)


@pytest.mark.usefixtures("as_learners_run_it")
def test_a_kind_that_is_none_is_refused_without_weights_too():
    with pytest.raises(OptionError, match="kind is 'elman'"):
        layers_by_kind(None, "elman", 3)
