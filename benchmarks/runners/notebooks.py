"""The notebooks that everybody executes, and the proof that they were executed to their end."""

import json
from collections.abc import Iterable
from pathlib import Path

import nbformat

__all__ = ["CELLS", "NAMES", "WITNESS", "arrived", "outputs_of", "write"]

NAMES = [f"notebook_{number}.ipynb" for number in range(1, 7)]

WITNESS = "LABKIT_BENCHMARK_WITNESS"
"""Environment variable: the file in which each notebook writes, with its last cell, that it ran."""

# The first line tells a process that was forked from one with PyTorch from a fresh one.
CELLS = (
    "import os, sys\n"
    "forked = 'torch' in sys.modules\n"
    "import torch\n"
    "import torchvision\n"
    "from torchvision.transforms.v2 import functional as transforms",
    "import matplotlib.pyplot as plt",
    "torch.manual_seed({number})\n"
    "images = transforms.resize(torch.rand(32, 1, 56, 56), [28, 28])\n"
    "labels = torch.randint(10, (32,))\n"
    "print(tuple(images.shape), torchvision.__name__)",
    "convolution = torch.nn.Conv2d(1, 8, kernel_size=3)\n"
    "features = convolution(images)\n"
    "print(tuple(features.shape), f'{{features.mean():.4f}}')",
    "network = torch.nn.Sequential(\n"
    "    convolution, torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8 * 26 * 26, 10)\n"
    ")\n"
    "sum(weights.numel() for weights in network.parameters())",
    "optimizer = torch.optim.SGD(network.parameters(), lr=0.05)\n"
    "losses = []\n"
    "for step in range(10):\n"
    "    optimizer.zero_grad()\n"
    "    loss = torch.nn.functional.cross_entropy(network(images), labels)\n"
    "    loss.backward()\n"
    "    optimizer.step()\n"
    "    losses.append(loss.item())",
    "print(*(f'{{loss:.3f}}' for loss in losses))",
    "plt.plot(losses)\nplt.xlabel('step')\nplt.ylabel('loss')\nplt.show()",
    "with open(os.environ['" + WITNESS + "'], 'a') as witness:\n"
    "    print({number}, f'{{losses[-1]:.3f}}', forked, file=witness)\n"
    "f'{{losses[0] - losses[-1]:.3f}} lower'",
)


def write(folder: Path) -> None:
    """Write the notebooks, without outputs."""
    for number, name in enumerate(NAMES, 1):
        cells = [nbformat.v4.new_code_cell(cell.format(number=number)) for cell in CELLS]
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, folder / name)


def arrived(witness: Path) -> tuple[dict[str, str], set[bool]]:
    """Return what the notebooks wrote: number → last loss, and whether their kernels were forked.

    Raises
    ------
    RuntimeError
        When one is missing, or came twice.
    """
    lines = witness.read_text().split("\n")[:-1] if witness.exists() else []
    rows = [line.split() for line in lines]
    expected = [str(number) for number in range(1, len(NAMES) + 1)]
    if sorted(number for number, *_ in rows) != expected:
        raise RuntimeError(
            f"expected each of {len(NAMES)} notebooks to come to its end once, got {rows}"
        )
    return {number: loss for number, loss, _ in rows}, {word == "True" for *_, word in rows}


def outputs_of(paths: Iterable[Path]) -> list[int]:
    """Return the number of outputs in each notebook, smallest first.

    Raises
    ------
    RuntimeError
        When a cell was not executed, or failed.
    """
    counts = []
    for path in paths:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        outputs = [output for cell in code for output in cell["outputs"]]
        failed = any(output["output_type"] == "error" for output in outputs)
        if len(code) < len(CELLS) or failed or not all(cell["execution_count"] for cell in code):
            raise RuntimeError(f"{path} was not executed to its end")
        counts.append(len(outputs))
    return sorted(counts)
