"""`labkit export`: one notebook as one HTML file."""

import argparse
import tempfile
from pathlib import Path

from labkit.cli.progress import said
from labkit.execution import documents, running
from labkit.execution.outcomes import Outcome
from labkit.reports.page import page

__all__ = ["main"]

EXECUTED = {"labkit", "papermill"}
"""What programs that execute notebooks leave in the metadata of one."""


def main(options: argparse.Namespace) -> int:
    """Write the page of a notebook; return the exit code.

    A lesson stores no widget state, which its explorers need to live without a kernel: it is run
    first. A notebook that has been executed by ``labkit run`` is taken as it is.
    """
    path = Path(options.notebook)
    target = Path(options.out or path.with_suffix(".html").name)
    notebook, outcome = documents.read(path), None
    if EXECUTED.isdisjoint(notebook["metadata"]):
        notebook, outcome = _executed(path, options.timeout)
        print(said(outcome))
    text = page(notebook, name=path.stem, folder=path.parent, outcome=outcome)
    documents.write_text(text, target)
    print(f"Page: {target}")
    return 0 if outcome is None or outcome.passed else 1


def _executed(path: Path, timeout: int) -> tuple[documents.Notebook, Outcome]:
    with tempfile.TemporaryDirectory(prefix="labkit-") as folder:
        output = Path(folder, path.name)
        outcome = running.run(path, output=output, timeout=timeout)
        return documents.read(output), outcome
