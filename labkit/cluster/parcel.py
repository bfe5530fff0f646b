"""Files of one folder that travel to another machine together, and no more of them than fit."""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from labkit.execution import documents

__all__ = ["MOST", "Parcel", "files_in", "link", "pack", "unpack"]

MOST = 64 * 2**20
"""Bytes of files that travel with one notebook, each way."""

State = tuple[int, int]
"""By which a file that was written is told from one that was not: its size and its time."""


@dataclass(frozen=True)
class Parcel:
    """The contents of files, under their paths from a folder, with ``/`` between the parts.

    Parameters
    ----------
    files
        Path → content.
    modes
        Path → permissions.
    left_out
        Path → bytes, of those that would have been too much.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    modes: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)


def pack(folder: Path, paths: Iterable[Path], most: int = MOST) -> Parcel:
    """Read files that lie in ``folder``: small ones first, so that as many as possible fit.

    One that cannot be read is not there for who unpacks the parcel either.
    """
    files: dict[str, bytes] = {}
    modes: dict[str, int] = {}
    left_out: dict[str, int] = {}
    for (size, _), path in sorted((state, path) for path in {*paths} if (state := _state(path))):
        name = path.relative_to(folder).as_posix()
        if size > most:
            left_out[name] = size
            continue
        with suppress(OSError):
            files[name] = path.read_bytes()
            modes[name] = stat.S_IMODE(path.stat().st_mode)
            most -= size
    return Parcel(files, modes, left_out)


def unpack(parcel: Parcel, folder: Path) -> None:
    """Write the files of a parcel into a folder, in the order of their names.

    Raises
    ------
    OSError
        When one cannot be written; those before it have been.
    """
    for name, content in sorted(parcel.files.items()):
        with documents.replacing(folder / name) as partial:
            partial.write_bytes(content)
        if os.name != "nt" and name in parcel.modes:
            (folder / name).chmod(parcel.modes[name])


def link(parcel: Parcel, origin: Path, folder: Path) -> list[str]:
    """Put links in the place of what was left out, where this machine has it too.

    Returns
    -------
    list of str
        The paths of those that it lacks.
    """
    missing = []
    for name, size in parcel.left_out.items():
        try:
            if (origin / name).stat().st_size != size:
                raise FileNotFoundError(name)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).symlink_to(origin / name)
        except OSError:
            missing.append(name)
    return missing


def files_in(folder: Path) -> dict[Path, State]:
    """Return the files in a folder at any depth; hidden ones, links and caches do not count."""
    found = {path: _state(path) for path in _walked(folder) if not path.is_symlink()}
    return {path: state for path, state in found.items() if state}


def _walked(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(filter(_counts, folders))
        yield from (Path(parent, name) for name in sorted(filter(_counts, names)))


def _counts(name: str) -> bool:
    return not name.startswith(".") and name != "__pycache__"


def _state(path: Path) -> State | None:
    with suppress(OSError):
        found = path.stat()
        if stat.S_ISREG(found.st_mode):
            return found.st_size, found.st_mtime_ns
    return None
