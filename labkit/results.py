"""The named results that a lesson leaves behind: recorded in the kernel, read from the notebook.

A result is shown as one line of text and stored beside it under a MIME type of labkit's own, so the
report can tabulate it over lessons, devices and runs without parsing text. Nothing heavy is
imported: recording a number must not slow a lesson down.
"""

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from labkit.errors import NotebookError, OptionError

__all__ = ["MIME", "Result", "from_notebook", "read", "record"]

MIME = "application/vnd.labkit.result+json"

SIGNIFICANT_DIGITS = 4


@dataclass(frozen=True)
class Result:
    """One named number.

    Parameters
    ----------
    name
        What was measured, unique within a notebook.
    value
        The number, rounded to what is shown.
    unit
        Its unit, empty for a plain number.
    tolerance
        How far two devices may differ, in the same unit; ``None`` where nothing is promised.
    """

    name: str
    value: int | float
    unit: str = ""
    tolerance: int | float | None = None

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        within = "" if self.tolerance is None else f" (± {self.tolerance:g})"
        return f"{self.name} = {self.value:.15g}{unit}{within}"


def record(name: str, value: Any, unit: str = "", tolerance: int | float | None = None) -> None:
    """Leave a named number behind in this notebook's output; outside a notebook, print it.

    The number is rounded to four significant digits, or to the first digit of ``tolerance``, so
    that the stored output stays the same from run to run.

    Parameters
    ----------
    name
        What was measured, for example ``"accuracy"``.
    value
        A finite number; a tensor or array with one element will do.
    unit
        For example ``"ms"``.
    tolerance
        How far the value may differ between devices, in the same unit.

    Raises
    ------
    OptionError
        When the name is empty, or the value or the tolerance is not a finite number.

    Examples
    --------
    >>> record("accuracy", 0.97132, tolerance=0.02)
    accuracy = 0.97 (± 0.02)
    >>> record("one step", 12.34567, unit="ms")
    one step = 12.35 ms
    """
    result = _result(name, value, unit, tolerance)
    if _in_notebook():
        from IPython.display import display

        display({"text/plain": str(result), MIME: asdict(result)}, raw=True)
    else:
        print(result)


def read(path: str | PathLike[str]) -> dict[str, Result]:
    """Return the named results of an executed notebook, in the order they were recorded.

    Raises
    ------
    NotebookError
        When the file is not a notebook.
    """
    try:
        notebook = json.loads(Path(path).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise NotebookError(
            f"{path}: expected a notebook, got a file that is not JSON ({error}); "
            "give the path of an executed .ipynb file"
        ) from error
    return from_notebook(notebook)


def from_notebook(notebook: Mapping[str, Any]) -> dict[str, Result]:
    """Return the named results of a notebook already in memory; of two equal names the last."""
    outputs = (o for cell in notebook.get("cells", []) for o in cell.get("outputs", []))
    found = (o.get("data", {}).get(MIME) for o in outputs)
    return {r["name"]: Result(**r) for r in found if r}


def _result(name: str, value: Any, unit: str, tolerance: int | float | None) -> Result:
    if not isinstance(name, str) or not name.strip():
        raise OptionError(f"expected a name for the result, got {name!r}; say what was measured")
    if tolerance is not None:
        tolerance = _number(f"the tolerance of {name!r}", tolerance)
        if tolerance < 0:
            raise OptionError(f"the tolerance of {name!r} is {tolerance:g}; give a distance >= 0")
    return Result(name, _rounded(_number(repr(name), value), tolerance), unit, tolerance)


def _number(what: str, value: Any) -> int | float:
    try:
        number = value.item() if hasattr(value, "item") else value
    except (RuntimeError, ValueError):
        number = None  # a tensor or array of several elements
    if isinstance(number, int | float) and math.isfinite(number):
        return number
    raise OptionError(f"expected one finite number for {what}, got {value!r}")


def _rounded(value: int | float, tolerance: int | float | None) -> int | float:
    if isinstance(value, int) or value == 0:
        return value
    if tolerance:
        return round(value, -math.floor(math.log10(tolerance)))
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")
