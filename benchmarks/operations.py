"""Time the readable operations against PyTorch's own kernels and against what courses teach.

Run ``python benchmarks/operations.py``, or with ``--only attention rnn`` a part of it. One thread,
processor time, interleaved; the ratio is theirs or ours ÷ PyTorch's, median of many rounds with its
quartiles; f is forward, fb forward and backward. Other formulations stand beside ours, written here
from their formulas (`benchmarks/forms`); every one is first compared with PyTorch's result. Freed
memory stays with the process unless ``--fresh-memory`` is given, which shows what mapping it anew
costs.
"""

import argparse
import os
from itertools import product

import torch
from forms import attention, convolution, losses, pooling, positional_encoding, recurrence
from forms.case import Case
from measure import keep_memory, machine, peak_megabytes, picture, ratio, save, table
from torch import Tensor
from tqdm import tqdm

ROOMS = (losses, convolution, pooling, recurrence, attention, positional_encoding)
CASES = [case for room in ROOMS for case in room.CASES]


def measure(case: Case, name: str, backward: bool, rounds: int) -> dict[str, float]:
    """Compare one form with PyTorch's on one size."""
    arguments = [tensor.requires_grad_(backward) for tensor in case.arguments()]
    if name not in case.parts and not backward:
        torch.testing.assert_close(
            case.forms[name](*arguments), case.reference(*arguments), rtol=1e-3, atol=case.tolerance
        )

    def run(form: object) -> None:
        result = form(*arguments)
        if backward:
            for tensor in arguments:
                tensor.grad = None
            result.backward(torch.ones_like(result))

    return ratio(lambda: run(case.forms[name]), lambda: run(case.reference), rounds=rounds)


def peaks(length: int = 4096) -> dict[str, float]:
    """Measure the memory at its peak, forward and backward, of causal attention in megabytes."""
    (case,) = (c for c in attention.CASES if f"×{length}×" in c.size)

    def both(form: object) -> None:
        q, k, v = (tensor.requires_grad_() for tensor in case.arguments())
        result: Tensor = form(q, k, v)
        result.sum().backward()

    forms = {"PyTorch": case.reference, **case.forms}
    return {name: peak_megabytes(lambda: both(form)) for name, form in forms.items()}  # noqa: B023


def lines(case: Case, found: dict) -> list[list[str]]:
    """Make the lines of one case for the table, ours first."""

    def cell(figure: dict[str, float]) -> str:
        return f"{figure['median']:.2f} ({figure['low']:.2f}–{figure['high']:.2f})"

    bar = " / ".join(map(str, case.bars)) if case.bars else ""
    return [
        [
            case.name if name == "labkit" else "",
            name,
            *(cell(found[case.name, name, backward]) for backward in (False, True)),
            bar if name == "labkit" else "",
        ]
        for name in case.forms
    ]


def main() -> None:
    """Measure, print a table, keep the JSON and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="rounds for each figure")
    parser.add_argument("--only", nargs="*", default=[], help="operations whose name has one of")
    parser.add_argument(
        "--fresh-memory", action="store_true", help="leave freed memory to the C library"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    cases = [c for c in CASES if not options.only or any(w in c.operation for w in options.only)]
    # Before anything else: a process that has grown already does not show its peak.
    memory = peaks() if attention.CASES[-1] in cases and hasattr(os, "fork") else {}
    if not options.fresh_memory:
        keep_memory()
    jobs = [(c, form, b) for c in cases for form, b in product(c.forms, (False, True))]
    found = {(c.name, form, b): measure(c, form, b, options.rounds) for c, form, b in tqdm(jobs)}
    head = ["operation", "form", "f ÷ PyTorch", "fb ÷ PyTorch", "bar f / fb"]
    print(table(head, [line for case in cases for line in lines(case, found)]))
    for form, megabytes in memory.items():
        print(
            f"causal attention, 1×4096×64, peak of forward and backward: {form} {megabytes:.0f} MB"
        )
    figures = [
        {"case": c.name, "form": form, "backward": b, "bars": c.bars, **found[c.name, form, b]}
        for c, form, b in jobs
    ]
    if not options.only:
        name = "operations-cpu" + ("-fresh-memory" if options.fresh_memory else "")
        kept = save(name, {"machine": machine(), "figures": figures, "peak_megabytes": memory})
        print("kept in", kept.name, "and", picture(name, figures).name)


if __name__ == "__main__":
    main()
