"""The files that a notebook takes along to another machine, and where they lie around it."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit.cluster import parcel
from labkit.execution import dependencies, documents
from labkit.execution.jobs import Job

__all__ = ["Belongings", "belongings"]

PICTURE = re.compile(r"""!\[[^\]]*\]\(\s*<?([^)>\s"]+)|<img\b[^>]*?\bsrc=["']([^"']+)""")


@dataclass(frozen=True)
class Belongings:
    """What has to travel with a notebook.

    Parameters
    ----------
    root
        The folder that holds the notebook and everything it names by a relative path.
    notebook
        The notebook itself, absolute and without links.
    files
        What it names, at any depth of ``root``, and the modules beside it.
    elsewhere
        What it names by an absolute path: under this name it can be nowhere else.
    """

    root: Path
    notebook: Path
    files: tuple[Path, ...]
    elsewhere: tuple[str, ...]


def belongings(job: Job) -> Belongings:
    """Find the files and folders that a notebook names, its pictures, and modules beside it."""
    notebook = job.path.resolve()
    folder = notebook.parent
    code, text = _sources(job.path)
    code = f"{code}\n{dict(job.parameters)!r}"
    modules = [path for files in dependencies.modules(code, folder).values() for path in files]
    everything = "\n".join([code, *map(dependencies.source, modules), text])
    named = {os.path.expanduser(name) for name in dependencies.data(everything, folder)}
    elsewhere = sorted(name for name in named if os.path.isabs(name))
    beside = [Path(os.path.normpath(folder / name)) for name in sorted(named - {*elsewhere})]
    return Belongings(
        root=Path(os.path.commonpath([folder, *(path.parent for path in beside)])),
        notebook=notebook,
        files=tuple(dict.fromkeys([*modules, *_files(beside)])),
        elsewhere=tuple(elsewhere),
    )


def _sources(path: Path) -> tuple[str, str]:
    """Return the code of a notebook, and the pictures in its text as strings of code."""
    try:
        cells = documents.read(path)["cells"]
    except Exception:  # whatever is wrong with the file, the run will tell it
        return "", ""
    code = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "code")
    texts = (cell["source"] for cell in cells if cell["cell_type"] == "markdown")
    pictures = (match[1] or match[2] for text in texts for match in PICTURE.finditer(text))
    return code, "\n".join(f'"{picture}"' for picture in pictures)


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from parcel.files_in(path)
        else:
            yield path
