"""What the browser computes, against autograd: every position, activation and size, many steps."""

import itertools

import pytest
import torch

from labkit.explorers.explorer import es_module
from labkit.explorers.network_steps import node_name, steps_of
from labkit.explorers.neural_network import NeuralNetworkExplorer

from .network_by_autograd import FUNCTIONS, SIZES, both_passes, descended, in_order, network

pytestmark = pytest.mark.browser

CLOSE = {"rtol": 1e-9, "atol": 1e-11}
ALL = """
(state) => {
    const { sizesOf, stepsOf, valueOf, workOut, nodeName } = window.steps;
    const sizes = sizesOf(state.parameters), passes = workOut(state);
    return {
        steps: stepsOf(sizes).map(({ kind, layer, unit, source }) => [kind, layer, unit, source]),
        values: stepsOf(sizes).map((step) => valueOf(step, passes)),
        sums: passes.sums, arrived: passes.arrived, away: passes.away,
        names: sizes.map((n, k) => Array.from({ length: n }, (_, i) => nodeName(sizes, k, i))),
    };
}
"""


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    page.evaluate(
        """async (esm) => {
            const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
            window.steps = await import(url);
        }""",
        es_module("neural_network"),
    )
    yield page
    page.close()


def explorer_of(sizes, activation, seed=0, **options):
    layers, x, target = network(sizes, seed)
    return NeuralNetworkExplorer(layers, x, target, activation=activation, **options)


def state_of(explorer):
    names = ("parameters", "x", "target", "activation", "lr", "losses")
    return {name: getattr(explorer, name) for name in names}


def close(found, expected):
    torch.testing.assert_close(torch.tensor(found, dtype=torch.float64), expected, **CLOSE)


def largest(layers):
    return max(torch.as_tensor(part).abs().max().item() for layer in layers for part in layer)


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_the_browser_computes_what_autograd_computes(page, sizes, activation):
    for seed in range(3):
        layers, x, target = network(sizes, seed)
        found = page.evaluate(ALL, state_of(explorer_of(sizes, activation, seed)))
        expected = both_passes(layers, x, target, activation)
        assert [tuple(step) for step in found["steps"]] == [tuple(s) for s in steps_of(sizes)]
        close(found["values"], torch.tensor(in_order(sizes, expected), dtype=torch.float64))
        for z, other in zip(found["sums"], expected["sums"], strict=True):
            close(z, other)
        close(found["away"], expected["values"][-1] - target)
        behind = itertools.pairwise(range(len(layers)))
        for k, after in behind:  # what arrives at a neuron, before its activation
            close(found["arrived"][k], layers[after][0].T @ expected["slopes"][after])
        assert found["names"] == [
            [node_name(sizes, k, i) for i in range(n)] for k, n in enumerate(sizes)
        ]


def test_the_slope_of_relu_at_zero_is_torchs(page):
    state = {"parameters": [[[[1.0]], [0.0]], [[[3.0]], [0.0]]], "x": [0.0], "target": [1.0]}
    found = page.evaluate(ALL, state | {"activation": "relu", "losses": [], "lr": 0.1})
    layers = [(torch.tensor([[1.0]]), torch.zeros(1)), (torch.tensor([[3.0]]), torch.zeros(1))]
    expected = both_passes(layers, torch.zeros(1), torch.ones(1), "relu")
    assert found["values"] == in_order((1, 1, 1), expected)


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("lr", [0.001, 0.03])
def test_steps_of_descent_are_those_of_sgd(page, sizes, activation, lr):
    layers, x, target = network(sizes)
    explorer = explorer_of(sizes, activation, lr=lr)
    found = page.evaluate("(state) => window.steps.descend(state, 12)", state_of(explorer))
    taken = found["taken"]
    if taken < 12:  # the next one would have gone too far
        assert largest(descended(layers, x, target, activation, lr, taken + 1)[0]) > 1e6
    expected, losses = descended(layers, x, target, activation, lr, taken)
    assert taken > 0
    close(found["losses"], torch.tensor(losses, dtype=torch.float64))
    for part, other in zip(found["parameters"], expected, strict=True):
        for one, two in zip(part, other, strict=True):
            close(one, two)


def test_descent_stops_before_the_weights_come_apart(page):
    explorer = explorer_of((2, 2, 2), "identity", lr=1.0)
    found = page.evaluate("(state) => window.steps.descend(state, 100)", state_of(explorer))
    assert 0 < found["taken"] < 100
    assert len(found["losses"]) == found["taken"]
    weights = torch.cat(
        [torch.tensor(part).flatten() for layer in found["parameters"] for part in layer]
    )
    assert weights.abs().max() <= 1e6
    again = page.evaluate("(state) => window.steps.descend(state, 1)", state_of(explorer) | found)
    assert again["taken"] == 0


@pytest.mark.parametrize("activation", FUNCTIONS)
def test_python_and_the_page_write_the_same_code(page, activation):
    explorer = explorer_of((2, 3, 1), activation, lr=1e-5)
    explorer.x = [1e-7, -2.0]
    steps = [step._asdict() for step in steps_of([2, 3, 1])]
    written = page.evaluate(
        "([state, steps]) => steps.map((step) => window.steps.code(state, step))",
        [state_of(explorer), steps],
    )
    for position, code in enumerate(written):
        explorer.position = position
        assert code == explorer.code
