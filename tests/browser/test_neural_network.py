"""The explorer of a network in a real JupyterLab: keys, steps of descent, and Python in between."""

import nbformat
import pytest

from .frames import press
from .jupyterlab import ask_kernel, close, errors, open_notebook, run_all, wait_for_kernel

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SHOW = """\
import torch
from labkit.explorers.neural_network import NeuralNetworkExplorer
from labkit.ops.backpropagation import Layer
hidden = Layer(torch.tensor([[0.5, 1.0], [1.0, -1.5]]), torch.tensor([0.0, 0.5]))
last = Layer(torch.tensor([[1.0, -1.0]]), torch.tensor([0.5]))
x, target = torch.tensor([[2.0, 1.0]]), torch.tensor([[1.0]])
explorer = NeuralNetworkExplorer([hidden, last], x[0], target[0], activation="relu")
seen = []
explorer.observe(lambda change: seen.append(explorer.loss), "parameters")
explorer"""
TRUTH = """
import json as _json
from labkit.explorers.network_steps import value_of as _value_of
print(_json.dumps({
    "position": explorer.position, "steps": len(explorer.losses),
    "x": explorer.x, "lr": explorer.lr,
    "value": _value_of(explorer.step(), explorer.passes), "loss": explorer.loss, "seen": seen,
}))
"""


def number(text):
    return float(text.replace("−", "-"))


def test_in_jupyterlab_keys_steps_and_python_move_it(lab, browser, tmp_path):
    folder, address = lab
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SHOW)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "network.ipynb")
    page = open_notebook(browser, address, "network.ipynb")
    run_all(page)
    assert errors(page) == []
    explorer = page.locator('[data-labkit-explorer="neural_network"]')
    explorer.wait_for()

    press(page, explorer, "End", "ArrowLeft", "ArrowLeft")
    truth = wait_for_kernel(page, TRUTH, position=13)
    assert number(explorer.locator(".lk-total").inner_text()) == truth["value"] == -2

    explorer.get_by_role("button", name="Take a step").press("Enter")
    truth = wait_for_kernel(page, TRUTH, steps=1)
    assert round(truth["loss"], 3) == 0.103
    assert truth["seen"] == [truth["loss"]]
    explorer.get_by_role("button", name="Back to the start").press("Enter")
    explorer.get_by_role("button", name="0.1", exact=True).press("Enter")
    wait_for_kernel(page, TRUTH, steps=0, lr=0.1)

    ask_kernel(page, "explorer.take_step()")
    explorer.locator(".lk-canvas[aria-label*='The loss is 1.538 after 1 step']").wait_for()
    ask_kernel(page, "explorer.layers = [(2 * hidden.weight, hidden.bias), last]")
    explorer.locator(".lk-canvas[aria-label*='after 0 steps']").wait_for()
    explorer.get_by_role("button", name="larger input x₁").press("Enter")
    wait_for_kernel(page, TRUTH, x=[2.5, 1.0], steps=0)
    explorer.screenshot(path=tmp_path / "neural_network.png")
    close(page)
