"""labkit.ops.recurrent_weights: every name and shape of PyTorch's layers, and no other."""

from itertools import product

import pytest
import torch

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.ops.recurrent_weights import GATES, LayerWeights, expect_fitting, read_weights

KINDS = ["RNN", "GRU", "LSTM"]


def state(kind="GRU", **options):
    return getattr(torch.nn, kind)(3, 4, **options).state_dict()


@pytest.mark.parametrize(
    ("kind", "layers", "both", "bias"),
    list(product(KINDS, [1, 3, 11], [False, True], [False, True])),
)
def test_layers_directions_and_bias_are_read_from_the_names(kind, layers, both, bias):
    weights = state(kind, num_layers=layers, bidirectional=both, bias=bias)
    stack = read_weights(weights, kind, 3, num_layers=layers, bidirectional=both)
    read = [w for layer in stack for own in layer for w in own if w is not None]
    assert [len(layer) for layer in stack] == [1 + both] * layers
    # PyTorch lists them in the same order: layer, direction, then the four parts.
    assert all(mine is its for mine, its in zip(read, weights.values(), strict=True))


def test_the_order_of_the_names_does_not_matter():
    weights = state(num_layers=2, bidirectional=True)
    backwards = dict(reversed(weights.items()))
    stack = read_weights(backwards, "GRU", 3)
    read = [w for layer in stack for own in layer for w in own if w is not None]
    assert all(mine is its for mine, its in zip(read, weights.values(), strict=True))


def without(name, **options):
    return {key: value for key, value in state(**options).items() if key != name}


WRONG = [
    ("empty", {}, r"lacks 'weight_ih_l0': 1 layer\(s\) in 1 direction\(s\) without bias need"),
    ("missing", without("weight_hh_l0"), "lacks 'weight_hh_l0': .* need weight_ih_l0, weight_hh"),
    ("missing bias", without("bias_hh_l0"), "lacks 'bias_hh_l0': .* with bias"),
    ("missing layer", without("weight_ih_l1", num_layers=3), "lacks 'weight_ih_l1': 3 layer"),
    ("half", without("bias_ih_l0_reverse", bidirectional=True), "'bias_ih_l0_reverse'.*2 direct"),
    ("prefix", {f"rnn.{k}": v for k, v in state().items()}, "holds 'rnn.weight_ih_l0', which is"),
    ("other", state() | {"weight": torch.ones(1)}, r"nn.GRU\(...\).state_dict\(\), such as 'weig"),
    ("projected", state("LSTM", proj_size=2), "weight_hr_l0 projects the state: proj_size is not"),
    ("a module", torch.nn.GRU(3, 4), r"mapping .*, got GRU; .*module.state_dict\(\)"),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(("weights", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_wrong_names(weights, says):
    with pytest.raises(OptionError, match=says):
        read_weights(weights, "GRU", 3)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"num_layers": 1}, "num_layers=1, but the weights are those of 2"),
        ({"bidirectional": False}, "bidirectional=False, but .* 2 directions; the second one's"),
    ],
)
def test_weights_of_another_network_than_expected(options, says):
    with pytest.raises(OptionError, match=says):
        read_weights(state(num_layers=2, bidirectional=True), "GRU", 3, **options)


@pytest.mark.parametrize(
    ("name", "shape", "says"),
    [
        ("weight_ih_l0", (12, 5), r"\(12, 3\), got \(12, 5\).*each of 3 features of its input"),
        ("weight_hh_l1", (12, 5), r"\(12, 4\), got \(12, 5\): 3 × 4 rows .*each of 4 units"),
        ("weight_ih_l1", (12, 4), r"weight_ih_l1 must have shape \(12, 8\).*8 features"),
        ("bias_ih_l1_reverse", (4,), r"\(12,\), got \(4,\).*hidden size 4\); 4 rows are those of"),
        ("bias_hh_l0", (12, 1), r"\(12,\), got \(12, 1\)"),
    ],
)
def test_wrong_shapes_are_named(name, shape, says):
    weights = state(num_layers=2, bidirectional=True) | {name: torch.ones(shape)}
    with pytest.raises(ShapeError, match=f"{name} must.*" if "must" not in says else says) as info:
        read_weights(weights, "GRU", 3)
    assert info.match(says)


@pytest.mark.parametrize(("given", "read"), [(a, b) for a in KINDS for b in KINDS if a != b])
def test_weights_of_another_kind_are_recognised(given, read):
    with pytest.raises(ShapeError, match=f"{GATES[given] * 4} rows are those of nn.{given}$"):
        read_weights(state(given), read, 3)


def test_fitting_weights_of_one_layer():
    layer = LayerWeights(torch.ones(16, 3), torch.ones(16, 4), peepholes=torch.ones(3, 4))
    expect_fitting(layer, "LSTM", 3, 4)
    with pytest.raises(ShapeError, match=r"peepholes must have shape \(3, 4\), got \(4, 3\)"):
        expect_fitting(layer._replace(peepholes=torch.ones(4, 3)), "LSTM", 3, 4)
    with pytest.raises(DTypeError, match=r"use weight_hh.to\(weight_ih.dtype\)"):
        expect_fitting(layer._replace(weight_hh=layer.weight_hh.double()), "LSTM", 3, 4)
