"""The named results that a lesson leaves behind: recorded in the kernel, read from the notebook.

A result is shown as one line of text and stored beside it under a MIME type of labkit's own, so the
report can tabulate it over lessons, devices and runs without parsing text. Nothing heavy is
imported: recording a number must not slow a lesson down.
"""

import json
import math
import reprlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from labkit.errors import NotebookError, OptionError

__all__ = ["MIME", "Result", "from_notebook", "read", "record", "result", "stored"]

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
    that the stored output stays the same from run to run. A name that is recorded again replaces
    what was recorded before.

    Parameters
    ----------
    name
        What was measured, for example ``"accuracy"``; one line.
    value
        A finite number; a tensor or array with one element will do, on any device.
    unit
        For example ``"ms"``.
    tolerance
        How far the value may differ between devices, in the same unit.

    Raises
    ------
    OptionError
        When the name is empty, the unit is no text, or the value or the tolerance is not one finite
        number.

    Examples
    --------
    >>> record("accuracy", 0.97132, tolerance=0.02)
    accuracy = 0.97 (± 0.02)
    >>> record("one step", 12.34567, unit="ms")
    one step = 12.35 ms
    """
    found = _rounded(name, value, unit, tolerance)
    if _in_notebook():
        from IPython.display import display

        display({"text/plain": str(found), MIME: asdict(found)}, raw=True)
    else:
        print(found)


def read(path: str | PathLike[str]) -> dict[str, Result]:
    """Return the named results of an executed notebook, in the order they were first recorded.

    Raises
    ------
    NotebookError
        When there is no such file, or it is not a notebook.
    """
    try:
        notebook = json.loads(Path(path).read_bytes().decode("utf-8"))
    except OSError as error:
        raise _unread(path, f"a file that cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise _unread(path, f"a file that is not JSON in UTF-8 ({error})") from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise _unread(path, "JSON without cells")
    return from_notebook(notebook)


def from_notebook(notebook: Mapping[str, Any]) -> dict[str, Result]:
    """Return the named results of a notebook already in memory; of two equal names the last.

    An entry that another program has damaged is left out.
    """
    found = (result(entry) for _, entry in stored(notebook, MIME))
    return {each.name: each for each in found if each is not None}


def stored(notebook: Mapping[str, Any], mime: str) -> Iterator[tuple[int, Any]]:
    """Yield position of the cell and content of each output of a MIME type, in order."""
    for position, cell in enumerate(notebook.get("cells") or []):
        for output in cell.get("outputs") or []:
            data = output.get("data") or {}
            if mime in data:
                yield position, data[mime]


def result(entry: Any) -> Result | None:
    """Return the result that a notebook stores as ``entry``; ``None`` where it is damaged."""
    try:
        return _checked(**{key: entry[key] for key in asdict(Result("", 0)) if key in entry})
    except (OptionError, TypeError):
        return None


def _checked(name: str, value: Any, unit: str = "", tolerance: Any = None) -> Result:
    if not isinstance(name, str) or len(name.split("\n")) > 1 or not name.strip():
        expected = "expected a name for the result, one line of text"
        raise OptionError(f"{expected}, got {name!r}; say what was measured")
    if not isinstance(unit, str):
        raise OptionError(
            f"expected text for the unit of {name!r}, got {unit!r}; "
            'a distance between devices is given as "tolerance="'
        )
    if tolerance is not None:
        tolerance = _number(f"the tolerance of {name!r}", tolerance)
        if tolerance < 0:
            raise OptionError(f"the tolerance of {name!r} is {tolerance:g}; give a distance >= 0")
    return Result(name, _number(repr(name), value), unit, tolerance)


def _number(what: str, value: Any) -> int | float:
    try:
        number = _plain(value)
        finite = math.isfinite(number)
    except (TypeError, ValueError, RuntimeError) as error:  # no number, or several
        raise _refused(what, value, "record one number, such as a mean or a share") from error
    except OverflowError:
        finite = False
    if not finite:
        raise _refused(what, value, "look for a division by zero or an overflow before it")
    return number


def _plain(value: Any) -> int | float:
    """Return a number of Python's own; arrays and tensors hand theirs over by ``item``."""
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, bool | str | bytes):  # which int() or float() would take
        raise TypeError(f"{type(number).__name__} is not a number")
    return number if isinstance(number, int) else float(number)


def _refused(what: str, value: Any, advice: str) -> OptionError:
    return OptionError(
        f"expected one finite number for {what}, got {reprlib.repr(value)}; {advice}"
    )


def _rounded(name: str, value: Any, unit: str, tolerance: Any) -> Result:
    exact = _checked(name, value, unit, tolerance)
    return replace(exact, value=_round(exact.value, exact.tolerance))


def _round(value: int | float, tolerance: int | float | None) -> int | float:
    if isinstance(value, int):
        return value
    if tolerance:
        digits = round(value, -math.floor(math.log10(tolerance)))
    else:
        digits = float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    return digits + 0.0  # no minus before a zero


def _unread(path: str | PathLike[str], got: str) -> NotebookError:
    return NotebookError(
        f"{path}: expected a notebook, got {got}; give the path of an executed .ipynb file"
    )


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")
