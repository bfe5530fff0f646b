"""What the browser computes, against torch: every size of kernel, every option, every position."""

import itertools
import json
import math
import random
import struct

import pytest
import torch
import torch.nn.functional as F

from labkit.explorers.convolution import ConvolutionExplorer
from labkit.explorers.explorer import es_module

pytestmark = pytest.mark.browser

KERNELS = [(1, 1), (2, 3), (3, 3), (4, 1), (5, 2), (6, 6), (7, 7), (1, 7)]
OPTIONS = list(itertools.product([1, 2, 3, 5], [0, 1, 2, 4], [1, 2, 3]))

STEPS = """
(states) => JSON.stringify(JSON.parse(states).map((state) => {
    state.image = Float32Array.from(state.image);
    const sides = window.steps.axes(state);
    if (!sides.every((side) => side.fits)) return null;
    const output = [...window.steps.convolve(state)];
    const positions = output.map((_, position) => window.steps.step(state, position));
    return {
        sizes: sides.map((side) => side.size),
        left: sides.map((side) => side.left),
        output,
        sums: positions.map((step) => step.sum),
        places: positions.map((step) => [step.row, step.column]),
        patches: positions.map((step) => step.taps.map((tap) => tap.pixel)),
        products: positions.map((step) => step.taps.map((tap) => tap.product)),
        inside: positions.map((step) => step.taps.map((tap) => tap.inside)),
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
        es_module("convolution"),
    )
    yield page
    page.close()


def windows(image, kernel, stride, padding, dilation):
    """Every patch as torch cuts it out: (positions, taps)."""
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    return F.unfold(image[None, None], kernel.shape, **options)[0].T


@pytest.mark.parametrize("shape", KERNELS)
def test_the_browser_computes_what_torch_computes(page, shape):
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(11, 8, generator=generator)
    kernel = torch.randn(shape, generator=generator, dtype=torch.float64)
    states = [
        {
            "image": image.flatten().tolist(),
            "shape": list(image.shape),
            "kernel": kernel.tolist(),
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
        }
        for stride, padding, dilation in OPTIONS
    ]
    compared = 0
    # As text, which is many times faster than as objects.
    results = json.loads(page.evaluate(STEPS, json.dumps(states)))
    for options, result in zip(OPTIONS, results, strict=True):
        stride, padding, dilation = options
        spans = [dilation * (taps - 1) + 1 for taps in shape]
        rooms = [n + 2 * padding - span for n, span in zip(image.shape, spans, strict=True)]
        if min(rooms) < 0:
            assert result is None
            continue
        pixels = image.double()
        expected = F.conv2d(pixels[None, None], kernel[None, None], None, *options)[0, 0]
        patches = windows(pixels, kernel, *options)
        inside = windows(torch.ones_like(pixels), kernel, *options) > 0
        close = {"rtol": 1e-12, "atol": 1e-12}
        double = torch.float64
        assert result["sizes"] == list(expected.shape)
        assert result["left"] == [room % stride for room in rooms]
        assert result["inside"] == inside.tolist()
        assert torch.equal(torch.tensor(result["patches"], dtype=double), patches)
        for name, value in (
            ("output", expected.flatten()),
            ("sums", expected.flatten()),
            ("products", patches * kernel.flatten()),
        ):
            torch.testing.assert_close(torch.tensor(result[name], dtype=double), value, **close)
        assert result["places"] == [
            list(divmod(p, expected.shape[1])) for p in range(expected.numel())
        ]
        compared += expected.numel()
    assert compared > 300


@pytest.mark.parametrize("options", [(1, 0, 1), (2, 1, 1), (3, 2, 2)])
def test_readers_of_a_pixel_are_the_outputs_with_a_gradient_there(page, options):
    image, kernel = torch.zeros(6, 7, requires_grad=True), torch.ones(3, 2)
    output = F.conv2d(image[None, None], kernel[None, None], None, *options).flatten()
    routes = torch.stack([torch.autograd.grad(o, image, retain_graph=True)[0] for o in output])
    names = ("stride", "padding", "dilation")
    state = {"shape": [6, 7], "kernel": kernel.tolist(), **dict(zip(names, options, strict=True))}
    for y, x in itertools.product(range(6), range(7)):
        found = page.evaluate("([state, y, x]) => steps.readers(state, y, x)", [state, y, x])
        assert sorted(found) == routes[:, y, x].nonzero().flatten().tolist()


def test_floats_are_written_as_python_writes_them(page):
    random.seed(0)
    numbers = [struct.unpack("<d", random.randbytes(8))[0] for _ in range(3_000)]
    numbers += [random.uniform(-3, 3) for _ in range(1_000)]
    numbers += [0.0, 1.0, -2.0, 1 / 9, 1e-4, 9.9e-5, 1e-7, 1e15, 1e16, 1e21, 1.5e300, 5e-324]
    numbers = [number for number in numbers if math.isfinite(number)]
    assert page.evaluate("(xs) => xs.map(steps.pythonFloat)", numbers) == list(map(repr, numbers))


def test_python_and_the_page_write_the_same_code(page):
    kernel = torch.randn(3, 2, generator=torch.Generator().manual_seed(1)) * 1e-5
    explorer = ConvolutionExplorer(
        torch.rand(9, 8), kernel, stride=2, padding=1, dilation=2, position=6
    )
    names = ("shape", "kernel", "stride", "padding", "dilation")
    state = {name: getattr(explorer, name) for name in names} | {"image": [0.0] * 72}
    assert page.evaluate("(state) => steps.code(state, 6)", state) == explorer.code


@pytest.mark.parametrize(
    ("text", "value"),
    [("2", 2), ("−0.5", -0.5), (" 1/9 ", 1 / 9), ("-1/4", -0.25), ("0,5", 0.5), ("1e-3", 1e-3)],
)
def test_numbers_are_read_as_learners_write_them(page, text, value):
    assert page.evaluate("(text) => steps.parseNumber(text)", text) == value


@pytest.mark.parametrize("text", ["", "abc", "1/0", "1/2/3", "/2", "1/", "NaN", "Infinity", "--1"])
def test_what_is_no_number_is_not_read_as_one(page, text):
    assert page.evaluate("(text) => Number.isNaN(steps.parseNumber(text))", text)


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [(-2.375, 2, "−2.38"), (-0.001, 2, "0.00"), (7, 0, "7"), (123456, 0, "1.2e5"), (0, 2, "0.00")],
)
def test_numbers_are_written_for_reading(page, value, places, text):
    assert page.evaluate("([v, p]) => steps.write(v, p)", [value, places]) == text


def test_colours_are_matplotlibs(page):
    from matplotlib import colormaps

    for signed, name in ((False, "cividis"), (True, "RdBu_r")):
        values = [i / 10 for i in range(11)]
        given = [2 * v - 1 for v in values] if signed else values
        drawn = page.evaluate(
            "(vs) => { const s = steps.colourScale(vs); return vs.map(s.rgb) }", given
        )
        expected = (torch.tensor(colormaps[name](values))[:, :3] * 255).round()
        assert (torch.tensor(drawn) - expected).abs().max() <= 1
