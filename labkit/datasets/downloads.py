"""Download a file whose checksum is known: all of it, or nothing.

The bytes go to a temporary file in the folder they are meant for. It takes its final name only
after its checksum is right, so an error page, a broken connection or Ctrl-C leaves no trace.
"""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO
from urllib.request import Request, urlopen

from tqdm import tqdm

from labkit.errors import DataError

__all__ = ["fetch", "md5_of"]

CHUNK = 1 << 16  # bytes


def md5_of(path: Path) -> str:
    """Return the MD5 of a file in hexadecimal; it tells damage, not malice."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def fetch(urls: Sequence[str], path: Path, md5: str, *, timeout: float = 30.0) -> None:
    """Download ``path`` from the first of ``urls`` that gives the file with this checksum.

    Parameters
    ----------
    urls
        Mirrors of one file, the preferred one first.
    path
        Where the file goes; folders are made as needed and an older file is replaced.
    md5
        The checksum of the original, in hexadecimal.
    timeout
        Longest silence of a server, in seconds.

    Raises
    ------
    DataError
        No mirror gave the file. The message says what each of them answered instead.
    """
    answers = []
    for url in urls:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _fetch_from(url, path, md5, timeout)
            return
        except (OSError, HTTPException) as error:
            answers.append(f"  {url}: {error or type(error).__name__}")
    raise DataError("\n".join([f"{path.name} could not be downloaded:", *answers]))


def _fetch_from(url: str, path: Path, md5: str, timeout: float) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            _copy(url, file, path.name, timeout)
        if (found := md5_of(part)) != md5:
            size = part.stat().st_size
            raise DataError(f"expected a file with MD5 {md5}, got {size:,} bytes with {found}")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _copy(url: str, file: BinaryIO, name: str, timeout: float) -> None:
    request = Request(url, headers={"User-Agent": "labkit"})
    with (
        urlopen(request, timeout=timeout) as answer,
        tqdm(desc=name, total=answer.length, unit="B", unit_scale=True) as progress,
    ):
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            progress.update(len(chunk))
