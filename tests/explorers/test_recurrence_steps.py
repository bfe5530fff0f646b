"""What the browser computes, against torch: every kind, every step, every unit, every change."""

import itertools

import pytest
import torch
from torch import nn

from labkit.explorers.explorer import es_module
from labkit.explorers.recurrence import RecurrenceExplorer

pytestmark = pytest.mark.browser

CLASSES = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
SIZES = [(1, 1, 1), (2, 3, 1), (5, 1, 3), (12, 4, 8), (64, 16, 16)]  # steps, width, units
CLOSE = {"rtol": 1e-9, "atol": 1e-12}

STEPS = """
({ kind, kinds, width, numbers, inputs, changes }) => {
    inputs = Float32Array.from(inputs);
    const layer = window.steps.unpack(kinds, width, Float32Array.from(numbers))[kind];
    const trace = window.steps.run(layer, inputs);
    const norms = window.steps.gradientNorms(layer, trace);
    const rows = (arrays) => arrays.map((array) => [...array]);
    return {
        states: rows(trace.states.slice(1)),
        cells: rows(trace.cells.slice(1)),
        gates: trace.steps.map((units) => units.map(({ gates }) => gates.map((gate) => gate.value))),
        sums: trace.steps.map((units) => units.map(({ gates }) => gates.map((gate) => gate.sum))),
        read: trace.steps.map((units) => units.map(({ gates }) => gates.map((gate) => gate.fromInput))),
        recalled: trace.steps.map((units) => units.map(({ gates }) => gates.map((gate) => gate.fromState))),
        toState: [...norms.state],
        toCell: [...norms.cell],
        changes: changes.map((change) => {
            const { differences, sizes, states } = window.steps.perturb(layer, inputs, trace, change);
            return { differences: rows(differences), sizes: [...sizes], states: rows(states), reach: window.steps.reach(sizes, change) };
        }),
    };
}
"""  # noqa: E501 (JavaScript)


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    page.evaluate(
        """async (esm) => {
            const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
            window.steps = await import(url);
        }""",
        es_module("recurrence"),
    )
    yield page
    page.close()


def double(values):
    return torch.tensor(values, dtype=torch.float64)


def close(found, expected):
    torch.testing.assert_close(double(found), expected.detach(), **CLOSE)


def computed(page, explorer, changes=()):
    """Ask the browser for everything that it can work out of an explorer's state."""
    names = ("perturbed", "feature", "amount", "threshold")
    return page.evaluate(
        STEPS,
        {
            "kind": explorer.kind,
            "kinds": explorer.kinds,
            "width": explorer.shape[1],
            "numbers": torch.frombuffer(
                bytearray(explorer.parameters), dtype=torch.float32
            ).tolist(),
            "inputs": explorer.inputs.flatten().tolist(),
            "changes": [dict(zip(names, change, strict=True)) for change in changes],
        },
    )


def step_by_step(module, inputs):
    """Run torch's own cell; return the state and the cell of each step, with their graph."""
    cell_class = getattr(nn, f"{type(module).__name__}Cell")
    cell = cell_class(module.input_size, module.hidden_size, bias=module.bias).double()
    cell.load_state_dict({n.removesuffix("_l0"): w for n, w in module.state_dict().items()})
    state, states, cells = None, [], []
    for x in inputs:
        state = cell(x[None], state)  # a batch of one: else torch hands out a view of c, not c
        h, c = state if isinstance(state, tuple) else (state, torch.zeros_like(state))
        states.append(h)
        cells.append(c)
    return states, cells  # each (1, units)


def jacobian_norms(last, sources):
    """‖∂ last / ∂ source‖ by autograd, one row of the Jacobian at a time."""
    rows = [
        torch.autograd.grad(unit, sources, retain_graph=True, materialize_grads=True)
        for unit in last[0]
    ]
    return torch.stack([torch.stack(column).norm() for column in zip(*rows, strict=True)])


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_the_browser_computes_what_torch_computes(page, kind, size, bias):
    steps, width, hidden = size
    torch.manual_seed(steps)
    module = CLASSES[kind](width, hidden, bias=bias)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.7)
    explorer = RecurrenceExplorer(torch.randn(steps, width), module.state_dict(), kind=kind)
    module, inputs = module.double(), explorer.inputs.double()
    changes = [
        (0, 0, 1.0, 0.05),
        (steps // 2, width - 1, -0.5, 0.2),
        (steps - 1, width // 2, 3.0, 0.9),
    ]
    found = computed(page, explorer, changes)

    states, cells = step_by_step(module, inputs)
    close(found["states"], module(inputs)[0])
    close(found["states"], torch.cat(states))
    if kind == "lstm":
        close(found["cells"], torch.cat(cells))
        close(found["toCell"], jacobian_norms(states[-1], cells))
    close(found["toState"], jacobian_norms(states[-1], states))

    for (at, feature, amount, threshold), change in zip(changes, found["changes"], strict=True):
        changed = inputs.clone()
        changed[at, feature] += amount
        expected = module(changed)[0] - module(inputs)[0]
        close(change["differences"], expected)
        close(change["sizes"], expected.norm(dim=1))
        close(change["states"], module(changed)[0])
        sizes = expected.norm(dim=1)
        faded = [bool((sizes[t:] < threshold * sizes.max()).all()) for t in range(at, steps)]
        assert change["reach"] == (faded.index(True) if True in faded else None)


@pytest.mark.parametrize("kind", CLASSES)
def test_each_gate_is_the_sum_that_python_says(page, kind):
    torch.manual_seed(1)
    weights = CLASSES[kind](3, 4).state_dict()
    explorer = RecurrenceExplorer(torch.randn(5, 3), weights, kind=kind)
    found = computed(page, explorer)
    for position, unit in itertools.product(range(5), range(4)):
        step = explorer.step(position, unit)
        names = ("read", "recalled", "gates")
        said = [found[name][position][unit] for name in names]
        expected = [gate[1:] for gate in step.gates]
        assert list(zip(*said, strict=True)) == [pytest.approx(e, abs=1e-6) for e in expected]
        assert found["states"][position][unit] == pytest.approx(step.state, abs=1e-6)
        squashed = [
            torch.tanh(double(s)) if name in "hng" else torch.sigmoid(double(s))
            for name, s in zip(
                (gate.name for gate in step.gates), found["sums"][position][unit], strict=True
            )
        ]
        assert found["gates"][position][unit] == pytest.approx([float(s) for s in squashed])


def test_reach_counts_from_the_change_to_where_it_stays_small(page):
    """0.06 at step 4 comes after 0.04 at step 3: the change has not faded before step 5."""
    reach = "([sizes, change]) => steps.reach(sizes, change)"
    change = {"perturbed": 1, "threshold": 0.05}
    assert page.evaluate(reach, [[0, 1, 0.5, 0.04, 0.06, 0.01], change]) == 5 - 1
    assert page.evaluate(reach, [[0, 1, 0.5, 0.04, 0.06, 0.05], change]) is None
    assert page.evaluate(reach, [[0, 1, 0, 0, 0, 0], change]) == 2 - 1
    assert page.evaluate(reach, [[0, 0, 0, 0, 0, 0], change]) == 0


@pytest.mark.parametrize("kind", CLASSES)
def test_layers_of_every_kind_are_unpacked(page, kind):
    given = {"gru": nn.GRU(2, 3).state_dict(), "lstm": nn.LSTM(2, 5, bias=False).state_dict()}
    explorer = RecurrenceExplorer(torch.randn(4, 2), given, kind="gru")
    explorer.kind = kind
    close(computed(page, explorer)["states"], explorer.layer.states(explorer.inputs.double()))


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("bias", [True, False])
def test_python_and_the_page_write_the_same_code(page, kind, bias):
    weights = CLASSES[kind](3, 4, bias=bias).state_dict()
    options = {"position": 2, "unit": 3, "perturbed": 1, "feature": 2, "amount": -1e-5}
    explorer = RecurrenceExplorer(torch.randn(5, 3), weights, kind=kind, **options)
    names = ("kind", "shape", "perturbed", "feature", "amount")
    state = {name: getattr(explorer, name) for name in names} | {"hidden": 4, "bias": bias}
    assert page.evaluate("(state) => steps.code(state, 2, 3)", state) == explorer.code
