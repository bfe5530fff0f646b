"""The explorer of attention in a real JupyterLab, and in an exported page without a kernel."""

import nbformat
import pytest
import torch

from labkit.explorers.attention import AttentionExplorer

from .exported import export, offline, soon
from .frames import press
from .jupyterlab import ask_kernel, close, errors, open_notebook, run_all, wait_for_kernel

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
    truth = wait_for_kernel(page, TRUTH, position=3)
    assert weights(explorer) == pytest.approx(truth["weights"], abs=0.0051)

    explorer.get_by_role("button", name="head 1").click()
    explorer.get_by_role("button", name="causal").click()
    explorer.get_by_role("button", name="÷ √8").click()
    explorer.get_by_role("button", name="larger key", exact=True).click()
    truth = wait_for_kernel(page, TRUTH, head=1, mask="causal", scaled=False, key=1)
    assert truth["weights"][4:] == [0, 0]
    assert weights(explorer) == pytest.approx(truth["weights"], abs=0.0051)

    readout = page.locator(".widget-readout")
    assert readout.inner_text() == "1"
    readout.fill("4")
    readout.press("Enter")
    wait_for_kernel(page, TRUTH, key=4)

    ask_kernel(page, "explorer.temperature = 2.5; explorer.position = 5")
    page.wait_for_function("document.querySelector('.lk-slider').value === '5'")
    truth = wait_for_kernel(page, TRUTH, position=5, temperature=2.5)
    explorer.get_by_text("÷ 2.5").wait_for()
    assert weights(explorer) == pytest.approx(truth["weights"], abs=0.0051)
    explorer.screenshot(path=tmp_path / "attention.png")
    close(page)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return export(tmp_path_factory.mktemp("report"), "attention", SHOW)


def test_in_an_exported_page_it_lives_without_kernel_and_network(exported, browser):
    torch.manual_seed(0)
    numbers = torch.randn(2, 6, 8), torch.randn(2, 6, 8), torch.randn(2, 6, 3)
    expected = AttentionExplorer(*numbers)
    with offline(browser, exported) as page:
        explorer = page.locator(EXPLORER)
        for mask in ("causal", "padding"):
            explorer.get_by_role("button", name=mask, exact=True).click()
            expected.mask = mask
            for head in (0, 1):
                explorer.get_by_role("button", name=f"head {head}").click()
                press(page, explorer, "Home")
                for position in range(6):
                    truth = pytest.approx(expected.weights[head, position].tolist(), abs=0.0051)
                    assert soon(page, lambda: weights(explorer), truth) == truth
                    press(page, explorer, "ArrowRight")
