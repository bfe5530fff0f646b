"""The explorer in a real JupyterLab: alive, right, at home on the keyboard, else a picture."""

import json
import re
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image

from .frames import painted, press
from .jupyterlab import (
    NOTEBOOK,
    ask_kernel,
    close,
    errors,
    open_notebook,
    run_all,
    wait_for_kernel,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

LESSON = Path(__file__).parents[2] / "notebooks" / "02_convolution.ipynb"
EXPLORER = '[data-labkit-explorer="convolution"]'

# What torch says about the explorer on the screen, asked in the kernel that made it. The position
# is read once: under ipykernel 7 a message from the screen may change it between two lines.
TRUTH = """
import json as _json
from labkit.explorers.convolution import ConvolutionExplorer as _Explorer
_shown = [thing for thing in list(globals().values()) if isinstance(thing, _Explorer)][0]
_position = _shown.position
_step = _shown.step(_position)
print(_json.dumps({
    "position": _position,
    "output": _shown.output.flatten()[_position].item(),
    "patch": _step.patch.flatten().tolist(),
    "products": _step.products.flatten().tolist(),
    "columns": _shown.output.shape[1],
}))
"""

SMALL = """
import torch
from labkit.explorers.convolution import ConvolutionExplorer
torch.manual_seed(0)
explorer = ConvolutionExplorer(torch.rand(9, 7), presets={"learned": torch.randn(3, 3)})
explorer
"""


LINKED = """
import ipywidgets
slider = ipywidgets.IntSlider(max=34)
ipywidgets.jslink((slider, "value"), (explorer, "position"))
slider
"""


def write_notebook(path, *cells):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, path)
    return notebook


@pytest.fixture(scope="module")
def small(lab, browser):
    """A notebook, run: the explorer, the same once more, and a slider linked to it."""
    folder, address = lab
    write_notebook(folder / "small.ipynb", SMALL.strip(), "explorer", LINKED.strip())
    page = open_notebook(browser, address, "small.ipynb")
    run_all(page)
    page.locator(EXPLORER).nth(1).wait_for()
    yield page
    close(page)


def number(text):
    return float(text.replace("−", "-"))


def shown(explorer):
    """What a reader sees: the sum, the patch and the products."""

    def cells(block):
        return [number(text) for text in block.locator(".lk-grid > span").all_inner_texts()]

    blocks = explorer.locator(".lk-block")
    total = explorer.locator(".lk-total").inner_text()
    decimals = len(total.partition(".")[2])
    return number(total), 0.51 * 10**-decimals, cells(blocks.nth(0)), cells(blocks.nth(2))


def agrees_with_torch(explorer, truth):
    total, rounding, patch, products = shown(explorer)
    assert total == pytest.approx(truth["output"], abs=rounding)
    assert patch == pytest.approx(truth["patch"], abs=0.0051)
    assert products == pytest.approx(truth["products"], abs=0.0051 + rounding)


def test_the_lesson_runs_and_its_explorer_moves_with_the_keyboard(lab, browser, tmp_path):
    folder, address = lab
    shutil.copy(LESSON, folder / "lesson.ipynb")
    page = open_notebook(browser, address, "lesson.ipynb")
    run_all(page)
    assert errors(page) == []
    explorer = page.locator(EXPLORER).first
    explorer.scroll_into_view_if_needed()
    before = explorer.locator("canvas").screenshot(path=tmp_path / "before.png")

    start = ask_kernel(page, TRUTH)
    agrees_with_torch(explorer, start)
    press(page, explorer, "Home", "ArrowRight", "ArrowDown", "ArrowDown", "ArrowRight")
    truth = wait_for_kernel(page, TRUTH, position=2 * start["columns"] + 2)
    agrees_with_torch(explorer, truth)

    after = explorer.locator("canvas").screenshot(path=tmp_path / "after.png")
    assert before != after
    explorer.screenshot(path=tmp_path / "explorer.png")
    picture = np.asarray(Image.open(tmp_path / "explorer.png").convert("RGB"))
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50  # drawn, not an empty frame
    close(page)


def test_every_position_reached_by_keys_shows_what_torch_computes(small):
    explorer = small.locator(EXPLORER).first
    press(small, explorer, "Home")
    for position in range(1, 9):
        press(small, explorer, "ArrowRight")
        agrees_with_torch(explorer, wait_for_kernel(small, TRUTH, position=position))
    press(small, explorer, "End")
    agrees_with_torch(explorer, wait_for_kernel(small, TRUTH, position=34))


def test_two_views_of_one_explorer_move_together(small):
    first, second = small.locator(EXPLORER).all()
    press(small, first, "Home", "ArrowDown")
    assert second.get_by_role("slider").input_value() == "5"
    assert shown(first) == shown(second)


def test_a_linked_slider_and_the_explorer_move_each_other(small):
    explorer = small.locator(EXPLORER).first
    press(small, explorer, "Home", "ArrowRight", "ArrowRight", "ArrowDown")
    readout = small.locator(".widget-readout")
    assert readout.inner_text() == "7"
    readout.fill("12")
    readout.press("Enter")
    small.wait_for_function("document.querySelector('.lk-slider').value === '12'")
    agrees_with_torch(explorer, wait_for_kernel(small, TRUTH, position=12))


def test_python_changes_what_is_shown(small):
    explorer = small.locator(EXPLORER).first
    ask_kernel(small, "explorer.stride = 2; explorer.padding = 1")
    small.wait_for_function("document.querySelector('.lk-slider').max === '19'")
    assert explorer.get_by_role("spinbutton", name="stride").input_value() == "2"
    press(small, explorer, "End")
    # (9 + 2 − 3) // 2 + 1 = 5 rows, (7 + 2 − 3) // 2 + 1 = 4 columns
    truth = wait_for_kernel(small, TRUTH, position=19)
    agrees_with_torch(explorer, truth)
    ask_kernel(small, "explorer.padding = 0; explorer.stride = 1")
    small.wait_for_function("document.querySelector('.lk-slider').max === '34'")


def test_arrow_keys_and_enter_do_not_reach_the_notebook(small):
    explorer = small.locator(EXPLORER).first
    active = f"[{NOTEBOOK}.content.activeCellIndex, {NOTEBOOK}.content.mode]"
    explorer.get_by_role("slider").click()
    before = small.evaluate(active)
    press(
        small, explorer, "ArrowDown", "ArrowUp", "ArrowRight", "End", "Home", "PageDown", "PageUp"
    )
    explorer.get_by_role("button", name="Step forward").focus()
    small.keyboard.press("Enter")
    painted(small)
    assert small.evaluate(active) == before
    assert explorer.get_by_role("slider").input_value() == "1"


def test_the_explorer_moves_while_the_kernel_is_busy(small, lab):
    done = lab[0] / "done"
    code = f"import os, time\nwhile not os.path.exists({str(done)!r}): time.sleep(0.02)"
    explorer = small.locator(EXPLORER).first
    press(small, explorer, "Home")
    small.evaluate(
        f"""(code) => {{
            const kernel = {NOTEBOOK}.sessionContext.session.kernel;
            const future = kernel.requestExecute({{ code, store_history: false }});
            window.working = true;
            future.done.then(() => {{ window.working = false; }});
        }}""",
        code,
    )
    small.wait_for_function(f"{NOTEBOOK}.sessionContext.session.kernel.status === 'busy'")
    labels = set()
    for _ in range(12):
        press(small, explorer, "ArrowRight")
        labels.add(explorer.locator("canvas").get_attribute("aria-label"))
    # Not the kernel's status: its comms answer beside the running code, and say "idle" then.
    assert small.evaluate("window.working")
    assert len(labels) == 12
    done.touch()
    small.wait_for_function("!window.working")
    agrees_with_torch(explorer, wait_for_kernel(small, TRUTH, position=12))


def test_a_notebook_that_is_not_trusted_yet_shows_the_poster(lab, browser):
    folder, address = lab
    notebook = write_notebook(folder / "fresh.ipynb", SMALL.strip())
    NotebookClient(notebook, resources={"metadata": {"path": str(folder)}}).execute()
    (output,) = notebook.cells[0].outputs
    assert re.match(r"ConvolutionExplorer: 9 × 7 image", output.data["text/plain"])
    (folder / "fresh.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    page = open_notebook(browser, address, "fresh.ipynb")
    poster = page.locator(".jp-OutputArea-output img")
    poster.wait_for()
    assert poster.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 600
    assert page.locator(EXPLORER).count() == 0
    close(page)
