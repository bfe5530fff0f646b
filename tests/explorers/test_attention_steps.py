"""What the browser computes, against torch: heads × lengths × temperatures × masks × scale."""

import pytest
import torch
import torch.nn.functional as F

from labkit.explorers.attention import AttentionExplorer
from labkit.explorers.explorer import es_module

pytestmark = pytest.mark.browser

# heads, queries, keys, width of a key, width of a value
SIZES = [(1, 1, 1, 1, 1), (2, 5, 5, 4, 3), (3, 4, 9, 16, 2), (2, 9, 4, 7, 5)]
LARGEST = (8, 32, 32, 64, 64)
TEMPERATURES = [0.01, 0.1, 1.0, 3.5, 100.0]
CLOSE = {"rtol": 1e-9, "atol": 1e-11}

STEPS = """
({ shape, queries, keys, values, allowed, cases }) => {
    const numbers = { shape, queries: Float32Array.from(queries), keys: Float32Array.from(keys),
        values: Float32Array.from(values), allowed: Uint8Array.from(allowed) };
    return cases.map((one) => Array.from({ length: shape[0] }, (_, head) => {
        const state = { ...numbers, ...one, head };
        const raw = window.steps.products(state);
        const rows = raw.map((row, i) => window.steps.attend(state, row, i));
        const all = (name) => rows.map((row) => [...row[name]]);
        return { products: raw.map((row) => [...row]), weights: all("weights"), scores: all("scores"),
            open: all("open"), entropy: rows.map((row) => row.entropy), seen: rows.map((row) => row.seen),
            most: rows.map((row) => row.most),
            outputs: rows.map((row) => [...window.steps.weightedSum(state, row.weights)]) };
    }));
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
        es_module("attention"),
    )
    yield page
    page.close()


def make(size):
    heads, queries, keys, width, value_width = size
    torch.manual_seed(sum(size))
    shapes = ((queries, width), (keys, width), (keys, value_width))
    given = torch.rand(heads, queries, keys) > 0.4
    given[-1, queries // 2] = False
    return AttentionExplorer(*(torch.randn(heads, *shape) for shape in shapes), mask=given)


def close(found, expected):
    found = torch.tensor(found, dtype=torch.float64)
    torch.testing.assert_close(found, expected, **CLOSE)


def torchs(explorer):
    """Weights and outputs in double precision by torch's own function."""
    queries, keys, values = (stack.double() for stack in explorer.heads)
    identity = torch.eye(keys.shape[1], dtype=torch.float64).expand(len(keys), -1, -1)
    options = {"attn_mask": explorer.allowed, "scale": explorer.scale}
    return [F.scaled_dot_product_attention(queries, keys, v, **options) for v in (identity, values)]


@pytest.mark.parametrize("mask", ["none", "causal", "padding", "given"])
@pytest.mark.parametrize("size", [*SIZES, LARGEST], ids=str)
def test_the_browser_computes_what_torch_computes(page, size, mask):
    explorer = make(size)
    paddings = sorted({0, 1, size[2]}) if mask == "padding" else [1]
    cases = [
        {"mask": mask, "padding": padding, "temperature": temperature, "scaled": scaled}
        for padding in paddings
        for temperature in TEMPERATURES
        for scaled in (True, False)
    ]
    if size == LARGEST:  # many numbers for the browser to tell
        cases = cases[3:-1:5]
    arrays = explorer.heads._asdict().items()
    found = page.evaluate(
        STEPS,
        {
            "shape": explorer.shape,
            "cases": cases,
            "allowed": list(explorer.allowed_bytes),
            **{name: stack.flatten().tolist() for name, stack in arrays},
        },
    )
    queries, keys, _ = (stack.double() for stack in explorer.heads)
    for case, shown in zip(cases, found, strict=True):
        for name, value in case.items():
            setattr(explorer, name, value)
        weights, outputs = torchs(explorer)
        products = queries @ keys.mT
        close([head["products"] for head in shown], products)
        close([head["scores"] for head in shown], products * explorer.scale)
        close([head["weights"] for head in shown], weights)
        close([head["outputs"] for head in shown], outputs)
        close([head["entropy"] for head in shown], torch.special.entr(weights).sum(-1))
        assert [head["open"] for head in shown] == explorer.allowed.tolist()
        assert [head["seen"] for head in shown] == explorer.allowed.sum(-1).tolist()
        hidden = products.masked_fill(~explorer.allowed, -torch.inf)
        most = torch.where(explorer.allowed.any(-1), hidden.argmax(-1), -1)
        assert [[-1 if m is None else m for m in head["most"]] for head in shown] == most.tolist()


def test_very_large_scores_neither_overflow_nor_vanish(page):
    softmax = "([scores, open]) => steps.softmaxOver(scores, open)"
    found = page.evaluate(softmax, [[1e6, 1e6, -1e6], [True, True, True]])
    assert found["weights"] == [0.5, 0.5, 0]
    found = page.evaluate(softmax, [[1e6, -1e6, -1e6], [False, True, True]])
    assert found["weights"] == [0, 0.5, 0.5]
    found = page.evaluate(softmax, [[1.0, 2.0], [False, False]])
    assert found["weights"] == [0, 0]


@pytest.mark.parametrize("size", [SIZES[1], SIZES[3], (1, 6, 6, 64, 64)], ids=str)
@pytest.mark.parametrize("mask", ["none", "causal", "padding", "given"])
@pytest.mark.parametrize(("temperature", "scaled"), [(1.0, True), (0.35, False), (0.01, True)])
def test_python_and_the_page_write_the_same_code(page, size, mask, temperature, scaled):
    explorer = make(size)
    values = {"mask": mask, "temperature": temperature, "scaled": scaled, "padding": 2}
    for name, value in {**values, "head": size[0] - 1, "position": size[1] - 1}.items():
        setattr(explorer, name, value)
    names = ("shape", "head", *values)
    state = {name: getattr(explorer, name) for name in names}
    code = page.evaluate("([state, at]) => steps.code(state, at)", [state, explorer.position])
    assert code == explorer.code
