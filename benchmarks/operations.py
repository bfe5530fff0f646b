"""Time the readable operations against PyTorch's own kernels.

Run ``python benchmarks/operations.py``. One thread, processor time, interleaved; the ratio is
ours ÷ torch, median of many rounds; f is forward, fb forward and backward. Other formulations that
courses teach stand beside ours, written here from their formulas. "products alone" multiplies
patches that lie ready: what ours would take if copying the patches cost nothing. Freed memory stays
with the process unless ``--fresh-memory`` is given, which shows what mapping it anew costs.
"""

import argparse
from unittest.mock import patch

import torch
from measure import keep_memory, machine, ratio, save, table
from torch.nn import functional
from tqdm import tqdm

from labkit.ops import convolution
from labkit.ops.convolution import conv2d

BARS = {"tiny": None, "MNIST": (2.0, 2.3), "middle": (2.0, 2.3), "large": (2.6, 2.6)}
SIZES = {
    "tiny": ((1, 1, 8, 8), (4, 1, 3, 3)),
    "MNIST": ((64, 1, 28, 28), (32, 1, 3, 3)),
    "middle": ((64, 32, 13, 13), (64, 32, 3, 3)),
    "large": ((32, 64, 32, 32), (128, 64, 3, 3)),
}


def all_images_at_once(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Run ours with the patches of all images in one block of memory."""
    with patch.object(convolution, "_NUMBERS_AT_ONCE", 2**40):
        return conv2d(x, weight)


def unfold_and_multiply(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Make columns by F.unfold, then multiply once."""
    sizes = [n - k + 1 for n, k in zip(x.shape[2:], weight.shape[2:], strict=True)]
    return (weight.flatten(1) @ functional.unfold(x, weight.shape[2:])).unflatten(2, sizes)


def windows_and_einsum(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Take a view of all windows and contract it by einsum."""
    windows = x.unfold(2, weight.shape[2], 1).unfold(3, weight.shape[3], 1)
    return torch.einsum("bcijhw,ochw->boij", windows, weight)


def sum_over_taps(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Add up one small product for each tap of the kernel."""
    height, width = (n - k + 1 for n, k in zip(x.shape[2:], weight.shape[2:], strict=True))
    taps = [(u, v) for u in range(weight.shape[2]) for v in range(weight.shape[3])]
    return sum(
        torch.einsum("oc,bchw->bohw", weight[:, :, u, v], x[:, :, u : u + height, v : v + width])
        for u, v in taps
    )


def two_loops(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Loop over output rows and columns, as textbooks do."""
    height, width = (n - k + 1 for n, k in zip(x.shape[2:], weight.shape[2:], strict=True))
    maps = x.new_zeros(len(x), len(weight), height, width)
    for i in range(height):
        for j in range(width):
            patch = x[:, None, :, i : i + weight.shape[2], j : j + weight.shape[3]]
            maps[:, :, i, j] = (patch * weight).sum((2, 3, 4))
    return maps


def products_alone(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Multiply only, as many rows at a time as ours does."""
    sizes = [n - k + 1 for n, k in zip(x.shape[2:], weight.shape[2:], strict=True)]
    rows, taps = len(x) * sizes[0] * sizes[1], weight[0].numel()
    at_once = min(rows, 2**19 // taps)
    patches = PATCHES.setdefault((at_once, taps), torch.randn(at_once, taps))
    patches.requires_grad_(x.requires_grad)
    columns = weight.flatten(1).T.contiguous()
    return torch.cat([patches[:n] @ columns for n in [at_once] * (rows // at_once) if n])


PATCHES: dict = {}
FORMS = {
    "labkit": conv2d,
    "all images at once": all_images_at_once,
    "products alone": products_alone,
    "unfold + product": unfold_and_multiply,
    "windows + einsum": windows_and_einsum,
    "sum over taps": sum_over_taps,
    "two loops": two_loops,
}


def measure(form: str, size: str, backward: bool, rounds: int) -> dict[str, float]:
    """Compare one form with F.conv2d on one size."""
    generator = torch.Generator().manual_seed(0)
    x, weight = (
        torch.randn(shape, generator=generator, requires_grad=backward) for shape in SIZES[size]
    )
    if form != "products alone":
        torch.testing.assert_close(
            FORMS[form](x, weight), functional.conv2d(x, weight), rtol=1e-3, atol=1e-3
        )

    def run(convolve: object) -> None:
        maps = convolve(x, weight)
        if backward:
            x.grad = weight.grad = None
            maps.backward(torch.ones_like(maps))

    return ratio(lambda: run(FORMS[form]), lambda: run(functional.conv2d), rounds=rounds)


def main() -> None:
    """Measure, print a table, keep the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="rounds for each figure")
    parser.add_argument(
        "--fresh-memory", action="store_true", help="leave freed memory to the C library"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if not arguments.fresh_memory:
        keep_memory()
    slow = {("two loops", "large"), ("two loops", "middle")}
    jobs = [
        (form, size, backward)
        for size in SIZES
        for form in FORMS
        for backward in (False, True)
        if (form, size) not in slow
    ]
    found = {job: measure(*job, arguments.rounds) for job in tqdm(jobs, unit="figure")}

    def cell(form: str, size: str) -> str:
        pair = [found.get((form, size, backward)) for backward in (False, True)]
        return " / ".join(f"{r['median']:.2f}" for r in pair) if all(pair) else "–"

    rows = [[form, *(cell(form, size) for size in SIZES)] for form in FORMS]
    bars = [" / ".join(map(str, BARS[size])) if BARS[size] else "–" for size in SIZES]
    print(table(["time ÷ torch, f / fb", *SIZES], [*rows, ["bar", *bars]]))
    figures = [
        {"operation": "conv2d", "form": f, "size": s, "backward": b, **r}
        for (f, s, b), r in found.items()
    ]
    name = "operations-cpu" + ("-fresh-memory" if arguments.fresh_memory else "")
    print("kept in", save(name, {"machine": machine(), "figures": figures}).name)


if __name__ == "__main__":
    main()
