"""What the browser computes, against torch: every option, every position, gradients and shifts."""

import itertools
import json

import pytest
import torch
import torch.nn.functional as F

from labkit.explorers.explorer import es_module
from labkit.explorers.pooling import PoolingExplorer
from labkit.ops.pooling import pooled_size

pytestmark = pytest.mark.browser

HEIGHT, WIDTH = 11, 8
OPTIONS = list(
    itertools.product(
        ["max", "average"], [1, 2, 3, 6, 7], [1, 2, 5], [0, 1, 3], [False, True], [False, True]
    )
)
NAMES = ("kind", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")
STEPS = """
(states) => JSON.stringify(JSON.parse(states).map((state) => {
    state.image = Float32Array.from(state.image);
    const { axes, pool, gradient, windows, step, readers } = window.steps;
    const sides = axes(state);
    if (!sides.every((side) => side.fits)) return null;
    const output = [...pool(state)];
    const positions = output.map((_, position) => step(state, position));
    return {
        sizes: sides.map((side) => side.size),
        reach: sides.map((side) => side.over - side.left),
        output,
        steps: positions.map((step) => step.output),
        cells: positions.map((step) => step.real.map((tap) => [tap.y, tap.x])),
        shares: positions.map((step) => step.real.map((tap) => tap.share)),
        winners: positions.map((step) => step.winner === null ? null : step.taps[step.winner]),
        gradient: [...gradient(state)],
        windows: [...windows(state)],
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
        es_module("pooling"),
    )
    yield page
    page.close()


def state_of(image, options):
    state = {"image": image.flatten().tolist(), "shape": list(image.shape)}
    return state | dict(zip(NAMES, options, strict=True))


def worked_out(page, image, options):
    """Ask the browser; as text, which is many times faster than as objects."""
    states = json.dumps([state_of(image, one) for one in options])
    return json.loads(page.evaluate(STEPS, states))


def pool(image, kind, *options):
    """Pool in float64; for the average, whether padding counts is the last option."""
    *window, ceil_mode, counted = options
    if kind == "max":
        return F.max_pool2d(image[None], *window, ceil_mode=ceil_mode)[0]
    return F.avg_pool2d(image[None], *window, ceil_mode, counted)[0]


def test_the_browser_computes_what_torch_computes(page):
    generator = torch.Generator().manual_seed(0)
    # Few values, so that windows have more than one largest cell.
    image = torch.randint(-3, 4, (HEIGHT, WIDTH), generator=generator).float() / 4
    # For the maximum, padding is never counted.
    allowed = [o for o in OPTIONS if 2 * o[3] <= o[1] and (o[0] == "average" or o[5])]
    compared = 0
    results = worked_out(page, image, allowed)
    for options, result in zip(allowed, results, strict=True):
        _, k, stride, padding, ceil_mode, _ = options
        leaf = image.double().requires_grad_()
        output = pool(leaf, *options)
        (gradient,) = torch.autograd.grad(output.sum(), leaf, retain_graph=True)
        assert result["sizes"] == list(output.shape), options
        more = {"stride": stride, "padding": padding, "ceil_mode": ceil_mode}
        assert result["sizes"] == [pooled_size(n, k, **more) for n in image.shape]
        reach = [(size - 1) * stride + k for size in output.shape]
        assert result["reach"] == [
            r - n - 2 * padding for r, n in zip(reach, image.shape, strict=True)
        ]
        close = {"rtol": 1e-12, "atol": 1e-12}
        for name, value in (("output", output.flatten()), ("gradient", gradient.flatten())):
            given = torch.tensor(result[name], dtype=torch.float64)
            torch.testing.assert_close(given, value.detach(), **close, msg=f"{name} {options}")
        assert result["steps"] == pytest.approx(result["output"], abs=1e-12)
        windows = torch.zeros(HEIGHT, WIDTH)
        collected = torch.zeros(HEIGHT, WIDTH, dtype=torch.float64)
        for cells, shares in zip(result["cells"], result["shares"], strict=True):
            y, x = torch.tensor(cells).T
            windows[y, x] += 1
            collected[y, x] += torch.tensor(shares, dtype=torch.float64)
        assert result["windows"] == windows.flatten().tolist()
        torch.testing.assert_close(collected, gradient, **close)
        compared += output.numel()
    assert compared > 1_500


def test_each_outputs_gradient_goes_where_torch_sends_it(page):
    image = torch.randint(0, 3, (6, 7), generator=torch.Generator().manual_seed(1)).float()
    for options in [
        ("max", 3, 2, 1, True, True),
        ("max", 2, 1, 0, False, True),
        ("average", 3, 2, 1, True, False),
    ]:
        (result,) = worked_out(page, image, [options])
        leaf = image.double().requires_grad_()
        output = pool(leaf, *options).flatten()
        for position, one in enumerate(output):
            (route,) = torch.autograd.grad(one, leaf, retain_graph=True)
            mine = torch.zeros_like(route)
            for (y, x), share in zip(
                result["cells"][position], result["shares"][position], strict=True
            ):
                mine[y, x] = share
            torch.testing.assert_close(mine, route)
            winner = result["winners"][position]
            if winner is not None:
                assert route[winner["y"], winner["x"]] == 1


@pytest.mark.parametrize("options", [(2, 2, 0, False), (3, 1, 1, False), (3, 2, 1, True)])
def test_readers_of_a_cell_are_the_windows_that_hold_it(page, options):
    names = ("kernel_size", "stride", "padding", "ceil_mode")
    explorer = PoolingExplorer(torch.rand(6, 7), **dict(zip(names, options, strict=True)))
    state = state_of(explorer.image, ("max", *options, True))
    steps = [explorer.step(position).cells for position in range(explorer.output.numel())]
    for cell in itertools.product(range(6), range(7)):
        found = page.evaluate("([state, y, x]) => steps.readers(state, y, x)", [state, *cell])
        assert found == [position for position, cells in enumerate(steps) if cell in cells]


@pytest.mark.parametrize("shift", [(0, 1), (-2, 3), (8, 0), (0, 0)])
@pytest.mark.parametrize("kind", ["max", "average"])
def test_a_shift_changes_as_many_outputs_as_torch_says(page, kind, shift):
    image = torch.randint(0, 3, (6, 7), generator=torch.Generator().manual_seed(2)).float() / 3
    explorer = PoolingExplorer(image, kind=kind, stride=1, view="shift", shift=shift)
    state = state_of(image, (kind, 2, 1, 0, False, True)) | {"shift": list(shift)}
    moved, changed = page.evaluate(
        """(state) => {
            const { pool, shifted, differs } = window.steps;
            const image = shifted(state);
            return [[...image], differs(pool({ ...state, image }), pool(state))];
        }""",
        state,
    )
    assert torch.equal(torch.tensor(moved).reshape(6, 7), explorer.shifted)
    close = torch.isclose(explorer.shifted_output, explorer.output)
    assert changed == (~close).flatten().tolist()


@pytest.mark.parametrize("view", ["window", "shift", "gradient"])
@pytest.mark.parametrize("kind", ["max", "average"])
def test_python_and_the_page_write_the_same_code(page, kind, view):
    options = {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}
    explorer = PoolingExplorer(
        torch.rand(9, 8), kind=kind, view=view, shift=(-1, 2), position=6, **options
    )
    names = ("shape", "shift", "view", *NAMES)
    state = {name: getattr(explorer, name) for name in names} | {"image": [0.0] * 72}
    assert page.evaluate("(state) => steps.code(state, 6)", state) == explorer.code
