"""The exported page in a real browser: alive from the disk, with no kernel and no network."""

import re

import pytest
import torch
import torch.nn.functional as F

from labkit.execution import documents
from labkit.execution.running import run
from labkit.reports import report

from .frames import painted, press

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

TITLE = r"""#md # An explorer in a page

The sum is $y = \sum_i w_i x_i$, and

$$\frac{a}{b}$$

![remote](https://example.org/remote.png)
"""
EXPLORERS = """\
import torch
from labkit.explorers.convolution import ConvolutionExplorer
image = torch.arange(30.0).reshape(6, 5).sin()
kernel = torch.tensor([[1.0, -2.0], [0.5, 3.0]])
explorer = ConvolutionExplorer(image, kernel)
explorer"""
LINKED = """\
import ipywidgets
follower = ConvolutionExplorer(image.T, kernel)
ipywidgets.jslink((explorer, "position"), (follower, "position"))
display(ipywidgets.VBox([follower]))"""
BROKEN = """\
import anywidget
class Broken(anywidget.AnyWidget):
    _esm = "export default { render() { throw new Error('put in by a test'); } }"
    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
        return {**data, "text/plain": "a poster", "image/png": pixel}, metadata
Broken()"""  # noqa: E501 (a picture)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Run two notebooks and write their report; give its folder."""
    folder = tmp_path_factory.mktemp("a report")
    notebooks = {
        "alive": [TITLE, EXPLORERS, LINKED],
        "broken": ["#md # Broken", BROKEN, "raise ValueError('too large')"],
    }
    outcomes = []
    for name, cells in notebooks.items():
        path = folder / f"{name}.ipynb"
        documents.write(notebook(cells), path)
        outcomes.append(run(path, output=folder / report.EXECUTED / path.name))
    assert [o.status for o in outcomes] == ["passed", "failed"]
    report.write(folder, outcomes)
    return folder


def notebook(sources):
    cells = []
    for i, source in enumerate(sources):
        if source.startswith("#md "):
            kind = {"cell_type": "markdown", "source": source[4:]}
        else:
            kind = {"cell_type": "code", "source": source, "outputs": [], "execution_count": None}
        cells.append({"id": f"c{i}", "metadata": {}, **kind})
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def visit(browser):
    """Give ``visit(path, **context)``: a page opened with the network off, which it must not miss.

    Requests and console messages are collected in ``page.asked`` and ``page.said``.
    """
    contexts = []

    def open_page(path, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_offline(True)
        page = context.new_page()
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.route(re.compile("^https?:"), lambda route: route.abort())
        page.goto(path.resolve().as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


def alive(page):
    page.locator(".explorer[data-ready=true]").nth(1).wait_for()
    return page.locator(".explorer").all()


def total(explorer):
    return float(explorer.locator(".lk-total").inner_text().replace("−", "-"))


def truths():
    """Return what torch says each explorer shows, by position."""
    image = torch.arange(30.0).reshape(6, 5).sin()
    kernel = torch.tensor([[1.0, -2.0], [0.5, 3.0]])
    return [
        F.conv2d(x[None, None], kernel[None, None]).flatten().tolist() for x in (image, image.T)
    ]


def test_explorers_live_without_kernel_and_network_and_agree_with_torch(pages, visit):
    page = visit(pages / "pages" / "alive.html")
    explorer, follower = alive(page)
    first, second = truths()
    assert total(explorer) == pytest.approx(first[0], abs=0.0051)
    press(page, explorer, "Home", "ArrowRight", "ArrowDown")
    assert total(explorer) == pytest.approx(first[5], abs=0.0051)
    assert total(follower) == pytest.approx(second[5], abs=0.0051), "links keep them in step"
    press(page, follower, "Home", "ArrowRight")
    assert total(explorer) == pytest.approx(first[1], abs=0.0051), "in both directions"
    explorer.get_by_role("button", name="blur").click()
    painted(page)
    assert total(explorer) != pytest.approx(first[1], abs=0.0051)
    assert page.said == []
    assert [url for url in page.asked if not url.startswith(("file:", "blob:", "data:"))] == []


def test_equal_modules_are_in_the_page_once(pages):
    html = (pages / "pages" / "alive.html").read_text(encoding="utf-8")
    assert html.count("class ConvolutionView extends") == 1
    assert html.count('class="explorer"') == 2


def test_formulas_are_drawn(pages, visit):
    page = visit(pages / "pages" / "alive.html")
    heights = page.locator("math").evaluate_all(
        "(all) => all.map((m) => m.getBoundingClientRect().height)"
    )
    assert len(heights) == 2
    assert heights[1] > heights[0] > 10, "a fraction on its own line is higher than text"


def test_without_scripts_the_poster_is_there(pages, visit):
    page = visit(pages / "pages" / "alive.html", java_script_enabled=False)
    poster = page.locator(".explorer img").first
    assert poster.bounding_box()["width"] > 300
    assert "ConvolutionExplorer" in poster.get_attribute("alt")


def test_an_explorer_that_cannot_start_leaves_its_poster(pages, visit):
    page = visit(pages / "pages" / "broken.html")
    place = page.locator(".explorer[data-failed=true]")
    place.wait_for()
    assert place.locator("img").get_attribute("alt") == "a poster"
    assert any("put in by a test" in text for text in page.said)


@pytest.mark.parametrize("place", [".problems", "tr.remarks"])
def test_a_failure_is_one_click_away(pages, visit, place):
    page = visit(pages / "index.html")
    page.locator(place).get_by_role("link", name="cell 2").click()
    page.wait_for_url("**/broken.html#cell-id=2")
    cell = page.locator('[id="cell-id=2"]')
    assert cell.evaluate("(c) => c.getBoundingClientRect().top") < 720
    assert "too large" in cell.inner_text()
    page.get_by_role("link", name="All notebooks").click()
    page.wait_for_url("**/index.html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("name", ["index", "pages/alive", "pages/broken"])
def test_pages_fit_the_screen_and_follow_its_colours(pages, visit, name, width, scheme):
    size = {"width": width, "height": 900}
    page = visit(pages / f"{name}.html", viewport=size, color_scheme=scheme)
    if name == "pages/alive":
        alive(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", paper)[:3])) / 3
    assert (brightness > 200) == (scheme == "light")


def test_a_page_prints(pages, visit, tmp_path):
    page = visit(pages / "pages" / "alive.html")
    alive(page)
    page.emulate_media(media="print", color_scheme="dark")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    assert page.pdf().startswith(b"%PDF")
