"""labkit.explorers.network_layers: a few small layers, one example and its target."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.explorers.network_layers import layer_sizes, layer_tensors, network_numbers, row
from labkit.ops.backpropagation import Layer

WEIGHT, BIAS = [[0.1, -2.0], [3.0, 0.25]], [0.7, -0.0]


@pytest.mark.parametrize(
    "layer",
    [
        (WEIGHT, BIAS),
        [np.array(WEIGHT), np.array(BIAS)],
        (np.array(WEIGHT, dtype="f4"), np.array(BIAS, dtype="f4")),
        Layer(torch.tensor(WEIGHT), torch.tensor(BIAS)),
        Layer(torch.tensor(WEIGHT, requires_grad=True), torch.tensor(BIAS, dtype=torch.float64)),
    ],
)
def test_every_way_to_write_a_layer_gives_the_numbers_that_were_meant(layer):
    """0.1 in float32 is 0.10000000149; and a negative zero is zero."""
    ((weight, bias),) = network_numbers([layer])
    assert (weight, bias) == ([[0.1, -2.0], [3.0, 0.25]], [0.7, 0.0])
    assert str(bias[1]) == "0.0"


def test_the_parameters_of_torchs_layers_are_layers():
    modules = [nn.Linear(3, 4), nn.Linear(4, 2)]
    parameters = network_numbers([tuple(module.parameters()) for module in modules])
    assert layer_sizes(parameters) == [3, 4, 2]
    for module, layer in zip(modules, layer_tensors(parameters), strict=True):
        torch.testing.assert_close(layer.weight.float(), module.weight.detach())
        assert layer.bias.dtype == torch.float64


def zeros(*sizes):
    return [(torch.zeros(out, into), torch.zeros(out)) for into, out in pairwise(sizes)]


@pytest.mark.parametrize(
    ("network", "error", "way_out"),
    [
        ([], ShapeError, "0 layers; expected a list of 1 to 3"),
        (zeros(1, 1, 1, 1, 1), ShapeError, "4 layers"),
        ([(WEIGHT,)], ShapeError, r"1 parts; expected Layer\(weight, bias\)"),
        ([(WEIGHT, [0.0])], ShapeError, r"weight \(2, 2\) and bias \(1,\); expected \(out, in\)"),
        ([(BIAS, BIAS)], ShapeError, r"weight \(2,\)"),
        ([([[1.0], [1.0, 2.0]], BIAS)], ShapeError, "unequal length"),
        (zeros(7, 1), ShapeError, "7 → 1 neurons; expected 1 to 6"),
        (zeros(0, 1), ShapeError, "0 → 1 neurons"),
        (zeros(1, 0), ShapeError, "0 neurons"),
        (zeros(2, 3)[:1] + zeros(2, 1), ShapeError, r"takes 2 numbers, but network\[0\] gives 3"),
        ([([[float("nan")]], [0.0])], OptionError, r"network\[0\].weight holds NaN"),
        ([([[2e6]], [0.0])], OptionError, "beyond 1,000,000"),
        ([(torch.zeros(1, 1, dtype=torch.complex64), [0.0])], DTypeError, "complex"),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_what_is_no_small_network_is_refused_with_a_way_out(network, error, way_out):
    with pytest.raises(error, match=way_out):
        network_numbers(network)


def test_an_example_has_as_many_numbers_as_the_network_has_inputs():
    assert row(torch.tensor([2, 1]), "x", 2, "inputs") == [2.0, 1.0]
    with pytest.raises(ShapeError, match=r"x has shape \(1, 2\) .* 2 inputs; .* such as x\[0\]"):
        row(torch.zeros(1, 2), "x", 2, "inputs")
    with pytest.raises(ShapeError, match=r"target has shape \(2,\) for a network of 1 outputs"):
        row([1.0, 2.0], "target", 1, "outputs")
