"""What usually lies behind an error: one line for those who see it for the first time.

A wrong explanation costs more than none. An error that has no usual cause gets no line, and what
can be looked up in the notebook is looked up instead of guessed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from labkit.execution.documents import Notebook
from labkit.execution.outcomes import Failure
from labkit.reports import definitions

__all__ = ["usual_cause"]

# Packages that are installed under another name than they are imported by.
INSTALLED_AS = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


@dataclass(frozen=True)
class _Cause:
    """Errors whose class and message match have this usual cause; ``{0}`` is the first group."""

    name: str
    message: str
    says: str | Callable[[re.Match[str], Failure, Notebook], str]


def usual_cause(failure: Failure, notebook: Notebook) -> str:
    """Say in a line what usually causes an error, and what to do; empty where nothing is likely.

    Parameters
    ----------
    failure
        Why the notebook did not pass.
    notebook
        The executed notebook.

    Examples
    --------
    >>> missing = Failure("ModuleNotFoundError", "No module named 'sklearn.svm'")
    >>> usual_cause(missing, {"cells": []})
    "The kernel's environment has no sklearn: pip install scikit-learn there."
    >>> usual_cause(Failure("ValueError", "negative"), {"cells": []})
    ''
    """
    for cause in CAUSES:
        found = re.search(cause.message, failure.message, re.IGNORECASE)
        if found and re.fullmatch(cause.name, failure.name):
            if isinstance(cause.says, str):
                return cause.says.format(*found.groups())
            return cause.says(found, failure, notebook)
    return ""


def _not_installed(found: re.Match[str], failure: Failure, notebook: Notebook) -> str:
    name = found[1].partition(".")[0]
    if name.startswith("labkit"):
        return "Another version of labkit is installed in the kernel's environment than here."
    if name in INSTALLED_AS:
        return f"The kernel's environment has no {name}: pip install {INSTALLED_AS[name]} there."
    return (
        f"The kernel's environment has no {name}: pip install {name} there, unless it is a file "
        "that should lie beside the notebook."
    )


def _no_file(found: re.Match[str], failure: Failure, notebook: Notebook) -> str:
    if re.match(r"[/~]|[A-Za-z]:", found[1]):
        return "A path that begins at the root of one machine is seldom there on another."
    return "The working directory is the notebook's own folder: relative paths begin there."


def _undefined(found: re.Match[str], failure: Failure, notebook: Notebook) -> str:
    """Look for the cell that defines a name; a name that none defines came from a past session."""
    cells = definitions.defining(found[1], notebook)
    if cells and failure.cell is not None and cells[0] > failure.cell:
        return f"Only cell {cells[0]}, further down, defines it: the cells are out of order."
    if cells or not definitions.is_certain(notebook):
        return ""
    return (
        "No cell of this notebook defines it: the name is misspelt, or the cell that defined "
        "it was deleted while its value lived on in the kernel."
    )


def _overdue(found: re.Match[str], failure: Failure, notebook: Notebook) -> str:
    if not failure.traceback:
        return "It did not even answer an interrupt: mostly a call into compiled code that waits."
    return "The traceback ends where it stood: a loop without an end, or a wait for something."


CUDA = "RuntimeError|AcceleratorError|AssertionError"
CAUSES = (
    _Cause("ModuleNotFoundError", r"No module named '([\w.]+)'", _not_installed),
    _Cause(
        "ImportError",
        r"cannot import name '(\w+)' from '([\w.]+)'",
        "{1} is installed, but has no {0}: mostly another version than the notebook was written "
        "for, or a file of that name beside the notebook.",
    ),
    _Cause("NameError", r"name '(\w+)' is not defined", _undefined),
    _Cause("FileNotFoundError", r"No such file or directory: '([^']+)'", _no_file),
    _Cause("OSError", "No space left on device", "The disk is full."),
    _Cause(
        "PermissionError",
        "denied|not permitted",
        "The user who runs the notebook may not read or write there.",
    ),
    _Cause(
        "OutOfMemoryError|RuntimeError",
        "CUDA out of memory|MPS backend out of memory",
        "The GPU's memory is full: take a smaller batch or model, or end what else is using it "
        "(nvidia-smi lists it).",
    ),
    _Cause(
        CUDA,
        "not compiled with CUDA|No CUDA GPUs|Found no NVIDIA driver|CUDA is not available"
        "|CUDA driver version is insufficient",
        "The notebook asks for a GPU that this PyTorch or this machine does not have: "
        "--device cpu runs it without.",
    ),
    _Cause(
        CUDA,
        "device-side assert",
        "Mostly an index that is out of range, such as a label above the number of classes. The "
        "GPU tells it late: with --device cpu the traceback names the line.",
    ),
    _Cause(
        "RuntimeError",
        "on the same device",
        "The model and its input lie on two devices: move both with .to(device).",
    ),
    _Cause(
        "RuntimeError",
        r"shapes cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)",
        "The last axis of the input holds {0} numbers, the layer's weights expect {1}: flatten the "
        "input, transpose it, or change the layer.",
    ),
    _Cause(
        "MemoryError|RuntimeError|OSError",
        "Unable to allocate|can.t allocate memory|Cannot allocate memory",
        "The machine has no memory left for it: take less data at once.",
    ),
    _Cause(
        "DeadKernelError",
        r"signal 9\b|SIGKILL|Killed",
        "Mostly memory: when it runs out, Linux kills the process that holds most. Take less data "
        "at once, or fewer --workers.",
    ),
    _Cause(
        "DeadKernelError",
        r"signal (?:4|6|7|8|11)\b|SIGSEGV|SIGABRT|SIGBUS|SIGILL|SIGFPE|segmentation",
        "Compiled code crashed, not Python: mostly packages whose versions do not belong together.",
    ),
    _Cause("TimeoutError", "longer than", _overdue),
    _Cause(
        "StdinNotImplementedError",
        "",
        "input() waits for a reader, and nobody sits before an automatic run: make it a parameter.",
    ),
    _Cause("KeyboardInterrupt", "", "It was interrupted from outside; the code is not to blame."),
    _Cause(
        "URLError|ConnectionError|gaierror|ConnectTimeout|MaxRetryError|NewConnectionError",
        "",
        "The network is not there, or the other side does not answer: a notebook is safest with "
        "its data beside it.",
    ),
    _Cause(
        "AssertionError",
        "",
        "The notebook claims something that did not hold in this run. Look at the values: a claim "
        "that holds by a hair can fail with another seed, budget, device or version.",
    ),
)
