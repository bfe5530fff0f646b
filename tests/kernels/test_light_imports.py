import subprocess
import sys

from labkit.kernels.light_imports import without_grammars

SCRIPT = """
import sys
from labkit.kernels.light_imports import without_grammars
with without_grammars():
    import jsonschema
    import nbformat
print("rfc3987_syntax" in sys.modules, "lark" in sys.modules)
nbformat.validate(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]))
try:
    nbformat.validate({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{}]})
except nbformat.ValidationError:
    print("checked")
"""


def test_notebooks_are_checked_without_the_grammars():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "False False\nchecked\n"


def test_afterwards_they_can_be_imported(monkeypatch):
    monkeypatch.delitem(sys.modules, "rfc3987_syntax", raising=False)
    with without_grammars():
        assert sys.modules["rfc3987_syntax"] is None
    assert "rfc3987_syntax" not in sys.modules


def test_who_has_them_keeps_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "rfc3987_syntax", grammars := object())
    with without_grammars():
        pass
    assert sys.modules["rfc3987_syntax"] is grammars
