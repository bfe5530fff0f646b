"""The files that a notebook's code names: data by their paths, modules beside it by import.

The code is searched as text, not parsed: notebooks hold magics and unfinished lines, and this runs
before every notebook. What is found too much costs a run too many; a path that the code puts
together from parts is known by the folder among them.
"""

import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["data", "modules", "source"]

LITERAL = re.compile(r"""(["'])((?:\\.|(?!\1)[^\\\n])*)\1""")
COMMAND = re.compile(r"^[ \t]*[%!](.*)$", re.MULTILINE)
IMPORT = re.compile(
    r"(?:^|[;:])[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([\w., \t]+))", re.MULTILINE
)

PATTERN = re.compile(r"([^{*?[]*/)[^/]*[{*?[]")
"""A path with a place to fill in, as in ``f"data/{name}.csv"``, or with a wildcard."""

LONGEST = 1000
"""Characters of the longest path that is looked for."""

MOST_FILES = 500
"""Files of one package that are looked at."""

NOT_DATA = ("/dev/", "/proc/", "/sys/")


def data(code: str, folder: Path) -> dict[str, Path]:
    """Return the files and folders that exist and are named by a string or by a command's words.

    Parameters
    ----------
    code
        Python with IPython's magics.
    folder
        Where relative paths begin: the folder of the notebook, in which its kernel runs.

    Returns
    -------
    dict
        Path as it is written → file or folder. A folder that holds the notebook itself is none.
    """
    found = {name: _existing(name, folder) for name in sorted(_words(code))}
    return {name: path for name, path in found.items() if path is not None}


def modules(code: str, folder: Path) -> dict[str, list[Path]]:
    """Return the modules in ``folder`` that the code imports, and those that they import.

    Returns
    -------
    dict
        Name of a file or a package → its Python files, sorted.
    """
    found: dict[str, list[Path]] = {}
    waiting = [code]
    while waiting:
        for name in _imported(waiting.pop()):
            if name not in found and (files := _module(name, folder)):
                found[name] = files
                waiting += map(source, files)
    return {name: found[name] for name in sorted(found)}


def source(path: Path) -> str:
    """Return the text of a Python file; none when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _words(code: str) -> set[str]:
    literals = {match[2].replace("\\\\", "\\") for match in LITERAL.finditer(code)}
    words = literals | {word for line in COMMAND.findall(code) for word in line.split()}
    return words | {match[1] for match in map(PATTERN.match, words) if match}


def _existing(name: str, folder: Path) -> Path | None:
    # A path that starts with two strokes may name another machine, which may never answer.
    never = ("//", "\\\\", *NOT_DATA)
    if not name.strip() or len(name) > LONGEST or f"{name}/".startswith(never):
        return None
    try:
        path = folder / os.path.expanduser(name)
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return None
    is_data = stat.S_ISREG(mode) or (stat.S_ISDIR(mode) and _holds_data(path, folder))
    return path if is_data else None


def _holds_data(path: Path, folder: Path) -> bool:
    around = [folder.resolve(), *folder.resolve().parents, Path(tempfile.gettempdir()).resolve()]
    return path.resolve() not in around


def _imported(code: str) -> Iterator[str]:
    """Yield the first part of each module's name; ``labkit`` is counted by itself."""
    for source, names in IMPORT.findall(code):
        for name in [source] if source else names.split(","):
            first = name.strip().partition(" ")[0].partition(".")[0]
            if first and first != "labkit":
                yield first


def _module(name: str, folder: Path) -> list[Path]:
    file, package = folder / f"{name}.py", folder / name
    if package.is_dir():
        return sorted(p for p in package.rglob("*.py") if p.is_file())[:MOST_FILES]
    return [file] if file.is_file() else []
