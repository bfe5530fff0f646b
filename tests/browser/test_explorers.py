"""Every explorer where learners meet it: in a real JupyterLab, and in an exported page."""

import inspect

import nbformat
import pytest

from ..explorers.examples import EXAMPLES
from .exported import export, offline
from .frames import press
from .jupyterlab import ask_kernel, close, errors, open_notebook, run_all

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def cells():
    """One cell of a notebook for each explorer, which it leaves in a variable of its name."""
    return [
        f"import torch\n\n\n{inspect.getsource(make)}\n\nshown_{name} = {name}()\nshown_{name}"
        for name, make in EXAMPLES.items()
    ]


def said(explorer):
    return explorer.locator(".lk-transport .lk-slider").get_attribute("aria-valuetext")


def walk(page, name):
    """Take the first step of an explorer by keyboard, and see that all of it follows."""
    explorer = page.locator(f'[data-labkit-explorer="{name}"]')
    explorer.scroll_into_view_if_needed()
    press(page, explorer, "Home")
    first = said(explorer)
    press(page, explorer, "ArrowRight")
    second = said(explorer)
    assert first != second, name
    label = explorer.locator(".lk-canvas").get_attribute("aria-label")
    assert all(part in label for part in second.split(": ", 1)), (name, label, second)
    return explorer


def test_in_jupyterlab_each_moves_by_keyboard_and_the_kernel_follows(lab, browser, tmp_path):
    folder, address = lab
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells()])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "explorers.ipynb")
    page = open_notebook(browser, address, "explorers.ipynb")
    run_all(page)
    assert errors(page) == []
    for name in EXAMPLES:
        explorer = walk(page, name)
        for _ in range(50):
            position = ask_kernel(page, f"print(shown_{name}.position)")
            if position == 1:
                break
            page.wait_for_timeout(50)
        assert position == 1, name
        ask_kernel(page, f"shown_{name}.predict = True")
        explorer.get_by_role("button", name="Predict", pressed=True).wait_for()
        assert "hidden" in said(explorer)
        explorer.screenshot(path=tmp_path / f"{name}.png")
    close(page)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Write the page of a notebook with every explorer."""
    return export(tmp_path_factory.mktemp("report"), "explorers", *cells())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_an_exported_page_each_lives_without_kernel_and_network(exported, browser, scheme):
    with offline(browser, exported, color_scheme=scheme) as page:
        for name, make in EXAMPLES.items():
            page.locator(f'.explorer[data-ready=true] [data-labkit-explorer="{name}"]').wait_for()
            explorer = walk(page, name)
            assert explorer.get_attribute("data-dark") == ("" if scheme == "dark" else None)
            explorer.get_by_text("Python", exact=True).click()
            live = make()
            live.position = 1
            code = explorer.get_by_label("Python code")
            code.wait_for()
            page.wait_for_function("(node) => node.textContent", arg=code.element_handle())
            assert code.inner_text().strip() == live.code.strip()
