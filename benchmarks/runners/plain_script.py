"""The code without any notebook: each one a script, and a Python for each."""

import sys
from collections.abc import Sequence
from pathlib import Path

from runners.contender import Command, Contender

__all__ = ["CONTENDERS"]


def _convert(folder: Path) -> None:
    from nbconvert.exporters import PythonExporter

    for notebook in folder.glob("*.ipynb"):
        source, _ = PythonExporter().from_filename(str(notebook))
        notebook.with_suffix(".py").write_text(source, encoding="utf-8")


def _commands(names: Sequence[str]) -> list[Command]:
    return [[sys.executable, str(Path(name).with_suffix(".py"))] for name in names]


CONTENDERS = (Contender("plain script", _commands, prepare=_convert, needs=("nbconvert",)),)
