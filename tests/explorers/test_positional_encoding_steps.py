"""What the browser computes, against labkit's operations: every kind, base, position, dimension."""

import itertools
import json

import pytest
import torch

from labkit.explorers.explorer import es_module
from labkit.explorers.positional_encoding import PositionalEncodingExplorer

pytestmark = pytest.mark.browser

KINDS = ["sinusoidal", "rotary", "learned"]
NAMES = ("kind", "length", "d_model", "base", "dimension", "trained")
WORK = """
(states) => JSON.stringify(JSON.parse(states).map((state) => {
    const { encode, similarities, atDistance } = window.steps;
    const { length } = state;
    const encoding = encode(state);
    const alike = similarities(encoding, state.d_model);
    return {
        encoding: [...encoding],
        alike: [...alike],
        distances: Array.from({ length }, (_, d) => atDistance(alike, length, d)),
    };
}))
"""


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    page.evaluate(
        """async (esm) => {
            const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
            window.steps = await import(url);
        }""",
        es_module("positional_encoding"),
    )
    yield page
    page.close()


def state_of(explorer):
    return {name: getattr(explorer, name) for name in NAMES} | {
        "table": explorer.table.flatten().tolist()
    }


def test_the_browser_computes_what_the_operations_compute(page):
    sizes = [(2, 2), (9, 5), (16, 8), (33, 15)]
    options = itertools.product(KINDS, sizes, [2.0, 100.0, 10_000.0, 1e6])
    explorers = [
        PositionalEncodingExplorer(*size, kind=kind, base=base) for kind, size, base in options
    ]
    states = json.dumps([state_of(explorer) for explorer in explorers])
    for explorer, result in zip(explorers, json.loads(page.evaluate(WORK, states)), strict=True):
        # The operations work in float32; angles here reach 32 radians.
        close = {"atol": 2e-5, "rtol": 0}
        encoding = torch.tensor(result["encoding"]).reshape(explorer.encoding.shape)
        torch.testing.assert_close(encoding, explorer.encoding, **close)
        alike = torch.tensor(result["alike"]).reshape(explorer.similarity.shape)
        torch.testing.assert_close(alike, explorer.similarity, **close)
        for distance, found in enumerate(result["distances"]):
            along = explorer.similarity.diagonal(distance)
            assert found == pytest.approx([along.min().item(), along.max().item()], abs=2e-5)


def test_a_row_of_zeros_is_like_no_other(page):
    alike = page.evaluate("() => [...steps.similarities([0, 0, 3, 4, -3, -4], 2)]")
    assert alike == pytest.approx([0, 0, 0, 0, 1, -1, 0, -1, 1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("table", [None, torch.ones(9, 7)])
def test_python_and_the_page_write_the_same_code(page, kind, table):
    explorer = PositionalEncodingExplorer(
        9, 7, kind=kind, base=333.0, table=table, dimension=4, position=6
    )
    written = page.evaluate("(state) => steps.code(state, 6)", state_of(explorer))
    assert written == explorer.code
