"""Time the explorers in a real JupyterLab: from a key press to painted pixels.

Run ``python benchmarks/explorers.py``; needs a Chromium on PATH and the test extras. An arrow key
is held down for 90 steps, 30 a second, as a keyboard repeats it. A step is measured from the time
the browser stamped on the key event to the first task after the frame in which the canvas was
drawn; a frame counts as painted when it shows a position that no frame before it showed.
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from measure import machine, save, table
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.browser import chromium, jupyterlab  # it drives JupyterLab as the tests do

BARS = {"median_ms": 17, "p90_ms": 33, "painted": 85}
STEPS = 90
PACE_MS = 33
# What the cell imports and shows, and after how many steps the cursor turns round: less than there
# are positions.
CASES = {
    "convolution, 8² image, 3 × 3": ("convolution", "torch.rand(8, 8), padding=1", 30),
    "convolution, 28² image, 3 × 3": ("convolution", "torch.rand(28, 28)", 30),
    "convolution, 28² image, 7 × 7": ("convolution", "torch.rand(28, 28), torch.randn(7, 7)", 30),
    "convolution, 128² image, 3 × 3": ("convolution", "torch.rand(128, 128), padding=1", 30),
    "pooling, 28² image, 2 × 2": ("pooling", "torch.rand(28, 28)", 30),
    "recurrence, 32 steps, 8 units": ("recurrence", "torch.randn(32, 8), kind='lstm'", 30),
    "attention, 32 × 32, width 16": ("attention", "torch.randn(32, 16), torch.randn(32, 16)", 30),
    "positions, 32 × 16": ("positional_encoding", "length=32, d_model=16", 30),
    "network, 2-2-1": (
        "neural_network",
        "init_layers([2, 2, 1]), torch.tensor([2.0, 1.0]), torch.tensor([1.0])",
        8,
    ),
}
CLASSES = {
    "convolution": "ConvolutionExplorer",
    "pooling": "PoolingExplorer",
    "recurrence": "RecurrenceExplorer",
    "attention": "AttentionExplorer",
    "positional_encoding": "PositionalEncodingExplorer",
    "neural_network": "NeuralNetworkExplorer",
}

# Watches one explorer. drawImage on its canvas is the moment of drawing; a message sent from the
# frame after it arrives when that frame has been handed over for painting.
WATCH = """
() => {
    const canvas = document.querySelector("[data-labkit-explorer] canvas.lk-canvas");
    const seen = { latencies: [], painted: 0, pressed: null, last: null };
    const drawing = CanvasRenderingContext2D.prototype.drawImage;
    CanvasRenderingContext2D.prototype.drawImage = function (...given) {
        if (this.canvas === canvas && !seen.drawn) {
            seen.drawn = true;
            const channel = new MessageChannel();
            channel.port1.onmessage = () => {
                seen.drawn = false;
                const label = canvas.getAttribute("aria-label");
                if (label !== seen.last) seen.painted += 1;
                seen.last = label;
                if (seen.pressed !== null) seen.latencies.push(performance.now() - seen.pressed);
                seen.pressed = null;
            };
            channel.port2.postMessage(null);
        }
        return drawing.apply(this, given);
    };
    document.addEventListener("keydown", (event) => { seen.pressed ??= event.timeStamp; }, true);
    window.seen = seen;
}
"""


def write_notebook(path: Path, module: str, arguments: str) -> None:
    """Write a notebook that shows one explorer."""
    import nbformat

    source = (
        "import torch\n"
        "from labkit.ops.backpropagation import init_layers\n"
        f"from labkit.explorers.{module} import {CLASSES[module]}\n"
        f"explorer = {CLASSES[module]}({arguments})\n"
        "explorer"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, path)


def hold_key(page: Any, turn: int) -> dict[str, Any]:
    """Hold an arrow key for 90 steps; return what they took and how many were painted."""
    page.keyboard.press("Home")
    page.wait_for_timeout(200)
    client = page.context.new_cdp_session(page)
    page.evaluate("() => Object.assign(seen, { latencies: [], painted: 0, pressed: null })")
    for step in range(STEPS):
        name, number = ("ArrowRight", 39) if step % (2 * turn) < turn else ("ArrowLeft", 37)
        key = {"key": name, "code": name, "windowsVirtualKeyCode": number, "autoRepeat": True}
        client.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **key})
        page.wait_for_timeout(PACE_MS)
    page.wait_for_timeout(200)
    client.detach()
    return page.evaluate("({ latencies: seen.latencies, painted: seen.painted })")


def measure(browser: Any, address: Any, name: str, rounds: int, turn: int) -> dict[str, Any]:
    """Open a notebook, run it and hold a key, after one round to warm up."""
    page = jupyterlab.open_notebook(browser, address, name)
    jupyterlab.run_all(page)
    page.locator("[data-labkit-explorer] .lk-transport .lk-slider").focus()
    page.evaluate(WATCH)
    drags = [hold_key(page, turn) for _ in range(rounds + 1)][1:]
    jupyterlab.close(page)
    latencies = [latency for drag in drags for latency in drag["latencies"]]
    return {
        "median_ms": round(statistics.median(latencies), 1),
        "p90_ms": round(statistics.quantiles(latencies, n=10)[-1], 1),
        "painted": round(statistics.median(drag["painted"] for drag in drags)),
        "steps": STEPS,
        "rounds": rounds,
    }


def meets_bars(result: dict[str, Any]) -> bool:
    """Say whether it feels instant: two frames at most, and hardly one left out."""
    quick = result["median_ms"] <= BARS["median_ms"] and result["p90_ms"] <= BARS["p90_ms"]
    return quick and result["painted"] >= BARS["painted"]


def main() -> int:
    """Measure every case, print a table and keep it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="drags of 90 steps for each case")
    rounds = parser.parse_args().rounds
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with chromium.open_chromium() as browser, jupyterlab.running_jupyterlab(folder) as address:
            browser_version = browser.version
            for number, case in enumerate(tqdm(CASES, unit="explorer")):
                module, arguments, turn = CASES[case]
                write_notebook(folder / f"{number}.ipynb", module, arguments)
                results[case] = measure(browser, address, f"{number}.ipynb", rounds, turn)
    print(report(results))
    # Unlike the operations, frames are timed by the clock: other programs on the machine count.
    load = [round(part, 1) for part in os.getloadavg()] if hasattr(os, "getloadavg") else None
    where = machine() | {"browser": browser_version, "load": load}
    print(save("explorers-cpu", {"machine": where, "bars": BARS, "results": results}))
    return 0 if all(map(meets_bars, results.values())) else 1


def report(results: dict[str, dict[str, Any]]) -> str:
    """Lay the results out as a table."""
    header = ["explorer", "median ms", "90 % ms", f"painted of {STEPS}", "bars met"]
    keys = ("median_ms", "p90_ms", "painted")
    return table(
        header,
        [
            [case, *(str(result[key]) for key in keys), "yes" if meets_bars(result) else "no"]
            for case, result in results.items()
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
