"""MNIST and the sets that share its files: two IDX files, images and labels, for each split.

They lie in ``<root>/<name>/raw``, where torchvision looks for them too; addresses and checksums
are torchvision's. Its checksums are those of the packed originals (``.gz``), so these are what
a download keeps. Unpacked files are read as well, a smaller set in MNIST's format for example:
they have no checksum to meet, so their structure is checked, and ``source`` says what was found.
"""

from pathlib import Path
from typing import Literal

from jaxtyping import UInt8
from torch import Tensor

from labkit.datasets.downloads import fetch, md5_of
from labkit.datasets.idx import read_idx
from labkit.datasets.root import OFFLINE, find, ways_out
from labkit.errors import DataError

__all__ = ["read_mnist_family"]

Name = Literal["MNIST", "FashionMNIST"]
SIDE = 28  # pixels
CLASSES = 10
FULL_SIZE = {"train": 60_000, "test": 10_000}
DOWNLOAD = {
    "MNIST": ("mnist(download=True)", "12 MB"),
    "FashionMNIST": ("fashion_mnist(download=True)", "31 MB"),
}


def read_mnist_family(
    name: Name, split: Literal["train", "test"], *, download: bool
) -> tuple[UInt8[Tensor, "N 28 28"], UInt8[Tensor, " N"], str]:
    """Return pixels in 0…255, class numbers, and a sentence on where they came from.

    Raises
    ------
    DataError
        The files are missing, damaged or do not belong together, or the download failed.
    """
    # torchvision takes a second to import, which the offline sets need not pay.
    from torchvision import datasets

    kind = getattr(datasets, name)
    folder = find(f"{name}/raw")
    if download:
        _download(kind.mirrors, kind.resources, folder)
    prefix = "train" if split == "train" else "t10k"
    resources = [resource for resource in kind.resources if resource[0].startswith(prefix)]
    paths = [_readable(name, folder / archive, md5) for archive, md5 in resources]
    images, labels = (read_idx(path) for path in paths)
    _belong_together(paths, images, labels)
    verified = all(path.suffix == ".gz" for path in paths)
    return images, labels, _source(name, split, len(images), verified)


def _download(mirrors: list[str], resources: list[tuple[str, str]], folder: Path) -> None:
    # All four files, as a test split must never come from other files than its training split.
    for archive, md5 in resources:
        path = folder / archive
        if path.exists() and md5_of(path) == md5:
            continue
        try:
            fetch([mirror + archive for mirror in mirrors], path, md5)
        except DataError as error:
            raise DataError(f"{error}\n{OFFLINE}") from error


def _readable(name: Name, archive: Path, md5: str) -> Path:
    """Return the original where it is, else the unpacked file beside it."""
    call, size = DOWNLOAD[name]
    if archive.exists():
        if (found := md5_of(archive)) == md5:
            return archive
        raise DataError(
            f"{archive} is not the original: expected MD5 {md5}, got {found}. "
            f"Delete it, or let {call} replace it. {OFFLINE}"
        )
    unpacked = archive.with_suffix("")
    if not unpacked.exists():
        raise DataError(
            f"{name} needs {archive.name} or {unpacked.name} in {archive.parent}, "
            f"and neither is there. {ways_out(call, size)}"
        )
    return unpacked


def _belong_together(paths: list[Path], images: Tensor, labels: Tensor) -> None:
    images_name, labels_name = (path.name for path in paths)
    place = f"in {paths[0].parent}"
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise DataError(
            f"{images_name} {place}: expected images of {SIDE}×{SIDE} pixels, "
            f"got the shape {tuple(images.shape)}"
        )
    if labels.shape != images.shape[:1]:
        raise DataError(
            f"{labels_name} {place}: expected {len(images):,} labels, one for each image, "
            f"got the shape {tuple(labels.shape)}"
        )
    if (largest := int(labels.max())) >= CLASSES:
        raise DataError(f"{labels_name} {place}: expected labels 0…{CLASSES - 1}, got {largest}")


def _source(name: Name, split: str, found: int, verified: bool) -> str:
    if verified:
        return f"{name} {split} (the original files, checksums verified)"
    if found == FULL_SIZE[split]:
        return f"{name} {split} (unpacked files, without a checksum)"
    return f"{name} {split} (NOT the original {FULL_SIZE[split]:,} images: {found:,} were found)"
