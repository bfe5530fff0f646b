"""The parameters a notebook declares, and the values that a run gives them.

papermill only logs a parameter that the notebook does not know and goes on, so a typing error runs
the wrong experiment in silence. Here it is refused.
"""

import ast
import difflib
import math
from collections.abc import Mapping
from typing import Any

from labkit.errors import NotebookError, ParameterError
from labkit.execution.documents import Notebook, tags

__all__ = ["INJECTED", "declared", "injected", "resolve"]

INJECTED = "injected-parameters"
"""The tag, known from papermill, of the cell that holds the values of a run."""

UNKNOWN = object()

TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def declared(notebook: Notebook) -> dict[str, Any]:
    """Return the names assigned in the cell tagged ``parameters``, with their literal values.

    Raises
    ------
    NotebookError
        When that cell is not plain Python.
    """
    cell = next((c for c in notebook["cells"] if "parameters" in tags(c)), None)
    if cell is None:
        return {}
    try:
        statements = ast.parse(cell["source"]).body
    except SyntaxError as error:
        raise NotebookError(
            f"expected plain assignments in the cell tagged 'parameters', got on its line "
            f"{error.lineno} {(error.text or '').strip()!r}; keep magics and shell lines elsewhere"
        ) from error
    return {name: _literal(value) for s in statements for name, value in _assignments(s)}


def resolve(notebook: Notebook, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``given`` with text turned into the type that the notebook declares.

    Parameters
    ----------
    notebook
        The notebook about to run.
    given
        Name → value; a value that is not text is taken as it is.

    Raises
    ------
    ParameterError
        When a name is not declared, or its text is not a value of the declared type.
    """
    known = declared(notebook)
    for name in given:
        if name not in known:
            raise ParameterError(_unknown(name, known))
    return {name: _converted(name, value, known[name]) for name, value in given.items()}


def injected(notebook: Notebook, values: Mapping[str, Any]) -> Notebook:
    """Return the notebook with a cell that assigns ``values``, right after those it declares.

    A cell that an earlier run left behind is taken out, as papermill does.
    """
    cells = [cell for cell in notebook["cells"] if INJECTED not in tags(cell)]
    if values:
        tagged = [i for i, cell in enumerate(cells) if "parameters" in tags(cell)]
        cells.insert(tagged[0] + 1 if tagged else 0, _assigning(values))
    return {**notebook, "cells": cells}


def _assigning(values: Mapping[str, Any]) -> dict[str, Any]:
    lines = ["# Parameters", *(f"{name} = {_source(value)}" for name, value in values.items())]
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": INJECTED,
        "metadata": {"tags": [INJECTED]},
        "outputs": [],
        "source": "\n".join(lines),
    }


def _source(value: Any) -> str:
    """Return the Python that makes a value; infinity and NaN have no literal."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    return repr(value)


def _assignments(statement: ast.stmt) -> list[tuple[str, ast.expr]]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return [(name, value)]
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            return [(name, value)]
    return []


def _literal(value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except ValueError:
        return UNKNOWN


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    if not known:
        return (
            f"parameter {name!r} is unknown: this notebook declares none; "
            "add a cell tagged 'parameters' that assigns it"
        )
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"parameter {name!r} is unknown: this notebook declares {', '.join(known)}.{hint}"


def _converted(name: str, value: Any, default: Any) -> Any:
    if not isinstance(value, str) or isinstance(default, str):
        return value
    if isinstance(default, bool):
        converted = TRUTH.get(value.lower(), UNKNOWN)
    elif isinstance(default, float):
        converted = _float(value)
    else:
        converted = _parsed(value)
    if default is UNKNOWN or default is None:
        return value if converted is UNKNOWN else converted
    if type(converted) is not type(default):
        raise ParameterError(_wrong_type(name, value, default))
    return converted


def _float(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return UNKNOWN


def _parsed(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return UNKNOWN


def _wrong_type(name: str, text: str, default: Any) -> str:
    return (
        f"parameter {name!r}: expected {type(default).__name__} as in {name} = {default!r}, "
        f"got {text!r}; write it as it would stand in the notebook"
    )
