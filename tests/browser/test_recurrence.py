"""The explorer of recurrence in a real JupyterLab, and in an exported page without a kernel."""

import re

import nbformat
import pytest
import torch
from torch import nn

from .exported import export, offline, soon
from .frames import press
from .jupyterlab import ask_kernel, close, errors, open_notebook, run_all, wait_for_kernel

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

EXPLORER = '[data-labkit-explorer="recurrence"]'
SHOW = """\
import torch
from torch import nn
from labkit.explorers.recurrence import RecurrenceExplorer
torch.manual_seed(0)
layers = {"rnn": nn.RNN(3, 4), "lstm": nn.LSTM(3, 4)}
inputs = torch.randn(6, 3)
weights = {kind: layer.state_dict() for kind, layer in layers.items()}
explorer = RecurrenceExplorer(inputs, weights, kind="lstm", tokens="我们学深度习", amount=0.5)
explorer"""
LINKED = """\
import ipywidgets
slider = ipywidgets.IntSlider(max=3)
ipywidgets.jslink((slider, "value"), (explorer, "unit"))
slider"""
TRUTH = """
import json as _json
print(_json.dumps({
    "position": explorer.position, "unit": explorer.unit, "kind": explorer.kind,
    "perturbed": explorer.perturbed, "reach": explorer.reach,
    "state": layers[explorer.kind](inputs)[0][explorer.position, explorer.unit].item(),
}))
"""


def number(text):
    return float(text.replace("−", "-"))


def total(explorer):
    return number(explorer.locator(".lk-total").inner_text())


def test_in_jupyterlab_keys_python_and_a_linked_slider_move_it(lab, browser, tmp_path):
    folder, address = lab
    cells = [nbformat.v4.new_code_cell(source) for source in (SHOW, LINKED)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "recurrence.ipynb")
    page = open_notebook(browser, address, "recurrence.ipynb")
    run_all(page)
    assert errors(page) == []
    explorer = page.locator(EXPLORER)
    explorer.wait_for()

    press(page, explorer, "Home", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown")
    truth = wait_for_kernel(page, TRUTH, position=2, unit=2)
    assert total(explorer) == pytest.approx(truth["state"], abs=0.0051)
    readout = page.locator(".widget-readout")
    assert readout.inner_text() == "2"

    readout.fill("1")
    readout.press("Enter")
    truth = wait_for_kernel(page, TRUTH, position=2, unit=1)
    assert total(explorer) == pytest.approx(truth["state"], abs=0.0051)

    explorer.get_by_role("button", name="RNN", exact=True).click()
    explorer.get_by_role("button", name="larger step of the change").click()
    truth = wait_for_kernel(page, TRUTH, kind="rnn", perturbed=1)
    assert total(explorer) == pytest.approx(truth["state"], abs=0.0051)
    said = explorer.locator(".lk-formula").inner_text()
    reached = re.search(r"after (\d+) step", said)
    assert truth["reach"] == (int(reached[1]) if reached else None)

    ask_kernel(page, "explorer.position = 5; explorer.unit = 3")
    explorer.get_by_text("unit 3", exact=False).first.wait_for()
    page.wait_for_function("document.querySelector('.lk-slider').value === '5'")
    truth = wait_for_kernel(page, TRUTH, position=5, unit=3)
    assert total(explorer) == pytest.approx(truth["state"], abs=0.0051)
    explorer.screenshot(path=tmp_path / "recurrence.png")
    close(page)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return export(tmp_path_factory.mktemp("report"), "recurrence", SHOW)


def test_in_an_exported_page_it_lives_without_kernel_and_network(exported, browser):
    torch.manual_seed(0)
    layers = {"rnn": nn.RNN(3, 4), "lstm": nn.LSTM(3, 4)}
    inputs = torch.randn(6, 3)
    with offline(browser, exported) as page:
        explorer = page.locator(EXPLORER)
        for kind, layer in layers.items():
            explorer.get_by_role("button", name=kind.upper(), exact=True).click()
            press(page, explorer, "Home", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown")
            for position in range(6):
                truth = pytest.approx(layer(inputs)[0][position, 1].item(), abs=0.0051)
                assert soon(page, lambda: total(explorer), truth) == truth
                press(page, explorer, "ArrowRight")
