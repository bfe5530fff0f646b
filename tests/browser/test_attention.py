"""The explorer of attention in a real JupyterLab, and in an exported page without a kernel."""

import nbformat
import pytest
import torch

from labkit.execution import documents
from labkit.execution.running import run
from labkit.explorers.attention import AttentionExplorer
from labkit.reports import report

from .jupyterlab import ask_kernel, close, errors, open_notebook, run_all

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

EXPLORER = '[data-labkit-explorer="attention"]'
SHOW = """\
import torch
from labkit.explorers.attention import AttentionExplorer
torch.manual_seed(0)
queries, keys, values = torch.randn(2, 6, 8), torch.randn(2, 6, 8), torch.randn(2, 6, 3)
explorer = AttentionExplorer(queries, keys, values, tokens="注意力是什么")
explorer"""
LINKED = """\
import ipywidgets
slider = ipywidgets.IntSlider(max=5)
ipywidgets.jslink((slider, "value"), (explorer, "key"))
slider"""
TRUTH = """
import json as _json
print(_json.dumps({name: getattr(explorer, name) for name in
    ("position", "key", "head", "mask", "temperature", "scaled")}
    | {"weights": explorer.step().weights.tolist()}))
"""


def number(text):
    return float(text.replace("−", "-"))


def weights(explorer):
    """The last line of the row that is written out."""
    texts = explorer.locator(".lk-ladder > span").all_inner_texts()
    return [number(text) for text in texts[texts.index("weight") + 1 :]]


def press(page, explorer, *keys):
    explorer.get_by_role("slider", name="Query").focus()
    for key in keys:
        page.keyboard.press(key)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


def wait_for_kernel(page, **expected):
    """A change on the screen reaches Python; return what torch says there."""
    for _ in range(50):
        truth = ask_kernel(page, TRUTH)
        if {name: truth[name] for name in expected} == expected:
            return truth
        page.wait_for_timeout(50)
    raise AssertionError(f"the kernel has {truth}, the screen {expected}")


def test_in_jupyterlab_keys_python_and_a_linked_slider_move_it(lab, browser, tmp_path):
    folder, address = lab
    cells = [nbformat.v4.new_code_cell(source) for source in (SHOW, LINKED)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "attention.ipynb")
    page = open_notebook(browser, address, "attention.ipynb")
    run_all(page)
    assert errors(page) == []
    explorer = page.locator(EXPLORER)
    explorer.wait_for()

    press(page, explorer, "Home", "ArrowRight", "ArrowDown", "ArrowRight")
    truth = wait_for_kernel(page, position=3)
    assert weights(explorer) == pytest.approx(truth["weights"], abs=0.0051)

    explorer.get_by_role("button", name="head 1").click()
    explorer.get_by_role("button", name="causal").click()
    explorer.get_by_role("button", name="÷ √8").click()
    explorer.get_by_role("button", name="larger key", exact=True).click()
    truth = wait_for_kernel(page, head=1, mask="causal", scaled=False, key=1)
    assert truth["weights"][4:] == [0, 0]
    assert weights(explorer) == pytest.approx(truth["weights"], abs=0.0051)

    readout = page.locator(".widget-readout")
    assert readout.inner_text() == "1"
    readout.fill("4")
    readout.press("Enter")
    wait_for_kernel(page, key=4)

    ask_kernel(page, "explorer.temperature = 2.5; explorer.position = 5")
    page.wait_for_function("document.querySelector('.lk-slider').value === '5'")
    truth = wait_for_kernel(page, position=5, temperature=2.5)
    explorer.get_by_text("÷ 2.5").wait_for()
    assert weights(explorer) == pytest.approx(truth["weights"], abs=0.0051)
    explorer.screenshot(path=tmp_path / "attention.png")
    close(page)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Run a notebook with the explorer and write its page."""
    folder = tmp_path_factory.mktemp("report")
    cell = {"id": "c0", "metadata": {}, "cell_type": "code", "outputs": []}
    cells = [cell | {"source": SHOW, "execution_count": None}]
    path = folder / "attention.ipynb"
    documents.write({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, path)
    outcome = run(path, output=folder / report.EXECUTED / path.name)
    assert outcome.status == "passed"
    report.write(folder, [outcome])
    return folder / "pages" / "attention.html"


def test_in_an_exported_page_it_lives_without_kernel_and_network(exported, browser):
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    context.set_offline(True)
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(exported.resolve().as_uri())
    page.locator(".explorer[data-ready=true]").wait_for()
    explorer = page.locator(EXPLORER)

    torch.manual_seed(0)
    numbers = torch.randn(2, 6, 8), torch.randn(2, 6, 8), torch.randn(2, 6, 3)
    expected = AttentionExplorer(*numbers)
    for mask in ("causal", "padding"):
        explorer.get_by_role("button", name=mask, exact=True).click()
        expected.mask = mask
        for head in (0, 1):
            explorer.get_by_role("button", name=f"head {head}").click()
            press(page, explorer, "Home")
            for position in range(6):
                truth = expected.weights[head, position].tolist()
                assert weights(explorer) == pytest.approx(truth, abs=0.0051)
                press(page, explorer, "ArrowRight")
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []
    context.close()
