"""Which notebooks a path means: a glob, never a list kept by hand."""

from collections.abc import Iterable
from pathlib import Path

from labkit.errors import NotebookError

__all__ = ["find", "lessons_folder"]


def find(paths: Iterable[str | Path]) -> list[Path]:
    """Return the notebooks at and under ``paths``: each once, those of a folder sorted by path.

    Hidden folders are left out; there Jupyter keeps its checkpoints.

    Raises
    ------
    NotebookError
        When a path does not exist, is not a notebook, or holds none.
    """
    found = (notebook for path in paths for notebook in _under(Path(path)))
    return list(dict.fromkeys(found))


def lessons_folder() -> Path:
    """Return the folder ``notebooks`` of the current folder, of one above it, or of the checkout.

    Raises
    ------
    NotebookError
        When there is none.
    """
    checkout = Path(__file__).parents[2]
    places = [Path.cwd(), *Path.cwd().parents, checkout]
    folder = next((p / "notebooks" for p in places if (p / "notebooks").is_dir()), None)
    if folder is None:
        raise NotebookError(
            f"expected a folder named notebooks in {Path.cwd()} or above it, found none; "
            "go to a checkout of labkit, or name the notebooks"
        )
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _under(path: Path) -> list[Path]:
    if path.is_dir():
        return _in_folder(path)
    if not path.exists():
        raise NotebookError(
            f"expected a notebook or a folder of notebooks, but {path} does not exist; "
            "check the path, which starts from the current folder"
        )
    if path.suffix != ".ipynb":
        raise NotebookError(
            f"expected a notebook (.ipynb), got {path}; name a notebook or a folder"
        )
    return [path]


def _in_folder(folder: Path) -> list[Path]:
    notebooks = sorted(p for p in folder.rglob("*.ipynb") if not _hidden(p.relative_to(folder)))
    if not notebooks:
        raise NotebookError(
            f"expected notebooks (.ipynb) in {folder}, found none; name another one"
        )
    return notebooks


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
