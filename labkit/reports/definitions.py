"""Which names the cells of a notebook define, read from their code without running it."""

import ast
import re
import warnings
from collections.abc import Iterator

from labkit.execution.documents import Notebook, code_cells

__all__ = ["defining", "is_certain"]

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

# Code that defines names which cannot be read from it.
HIDDEN = re.compile(r"\bimport\s*\*|\bexec\(|\bglobals\(|^\s*global\s|^\s*%(?!matplotlib)", re.M)
SHELL = re.compile(r"^(\s*)(?:[!%?].*|(.*=\s*)[!%].*)$", re.M)


def defining(name: str, notebook: Notebook) -> list[int]:
    """Return the positions of the cells that define a name, outside of functions.

    Examples
    --------
    >>> sources = ["x = 1", "print(x)", "def f(): x = 2", "from a import b as x"]
    >>> cells = [{"cell_type": "code", "source": source} for source in sources]
    >>> defining("x", {"cells": cells})
    [0, 3]
    """
    return [i for i, cell in code_cells(notebook) if name in _defined(cell["source"])]


def is_certain(notebook: Notebook) -> bool:
    """Tell whether all names that the cells define can be read from them.

    They cannot where a cell imports ``*``, runs another notebook, or is not Python.
    """
    sources = [cell["source"] for _, cell in code_cells(notebook)]
    return not any(HIDDEN.search(source) or _tree(source) is None for source in sources)


def _defined(source: str) -> set[str]:
    tree = _tree(source)
    return set() if tree is None else set(_bound(tree))


def _tree(source: str) -> ast.Module | None:
    """Parse a cell; lines for the shell and for IPython do nothing, and give nothing."""
    python = SHELL.sub(lambda m: f"{m[1]}{m[2] or ''}None", source)
    try:
        with warnings.catch_warnings(action="ignore"):  # the notebook's matter, not the report's
            return ast.parse(python)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _bound(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTIONS):
            yield child.name
        elif isinstance(child, ast.alias):
            yield child.asname or child.name.partition(".")[0]
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        elif isinstance(child, ast.AugAssign):
            yield from _bound(child.value)  # its target has to be there already
        elif not isinstance(child, SCOPES):
            yield from _bound(child)
