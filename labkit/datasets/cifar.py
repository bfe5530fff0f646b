"""CIFAR-10: 60,000 photos of 32×32 pixels in ten classes.

torchvision reads ``<root>/cifar-10-batches-py`` and verifies the checksum of each file before it
unpickles it. labkit only brings the archive there, whole or not at all.
"""

import os
import tarfile
import tempfile
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from labkit.datasets.downloads import fetch, md5_of
from labkit.datasets.root import OFFLINE, find, ways_out
from labkit.errors import DataError

__all__ = ["read_cifar10"]

WAYS_OUT = ("cifar10(download=True)", "171 MB")


def read_cifar10(
    split: Literal["train", "test"], *, download: bool
) -> tuple[UInt8[Tensor, "N 3 32 32"], Int64[Tensor, " N"], tuple[str, ...], str]:
    """Return pixels in 0…255, class numbers, class names, and where they came from.

    Raises
    ------
    DataError
        The files are missing or damaged, or the download failed.
    """
    # torchvision takes a second to import, which the offline sets need not pay.
    from torchvision.datasets import CIFAR10

    folder = find(CIFAR10.base_folder)
    if download and not _complete(CIFAR10, folder):
        _download(CIFAR10.url, CIFAR10.tgz_md5, folder)
    try:
        batches = CIFAR10(folder.parent, train=split == "train")
    except RuntimeError as error:
        state = "is incomplete or damaged" if folder.exists() else "is not there"
        raise DataError(
            f"CIFAR-10 was expected in {folder}, which {state}. {ways_out(*WAYS_OUT)}"
        ) from error
    images = torch.from_numpy(batches.data).permute(0, 3, 1, 2)
    source = f"CIFAR-10 {split} (the original files, checksums verified)"
    return images, torch.tensor(batches.targets), tuple(batches.classes), source


def _complete(kind: type, folder: Path) -> bool:
    checksums = dict([*kind.train_list, *kind.test_list])
    checksums[kind.meta["filename"]] = kind.meta["md5"]
    return all(
        (folder / name).exists() and md5_of(folder / name) == md5 for name, md5 in checksums.items()
    )


def _download(url: str, md5: str, folder: Path) -> None:
    archive = folder.parent / Path(url).name
    try:
        # An archive that somebody laid there by hand saves the way through the network.
        if not (archive.exists() and md5_of(archive) == md5):
            fetch([url], archive, md5)
        _unpack(archive, folder)
    except OSError as error:
        raise DataError(f"CIFAR-10: {error}\n{OFFLINE}") from error
    archive.unlink()


def _unpack(archive: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as attic, tarfile.open(archive) as tar:
        tar.extractall(attic, filter="data")
        for file in (Path(attic) / folder.name).iterdir():
            os.replace(file, folder / file.name)
