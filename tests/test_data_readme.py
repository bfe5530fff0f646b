"""data/README.md says about each set what is true of it."""

import hashlib
import re
from pathlib import Path

from torchvision.datasets import CIFAR10, MNIST, FashionMNIST

ROOT = Path(__file__).parents[1]
README = (ROOT / "data/README.md").read_text(encoding="utf-8")


def test_checksums_are_those_that_downloads_are_verified_with():
    told = dict(re.findall(r"`([^`]+\.gz)` \| `([0-9a-f]{32})`", README))
    checked = {
        f"{kind.__name__}/raw/{name}": md5
        for kind in (MNIST, FashionMNIST)
        for name, md5 in kind.resources
    }
    assert told == checked | {CIFAR10.filename: CIFAR10.tgz_md5}


def test_the_files_on_board_are_those_that_are_described():
    (told,) = re.findall(r"`([^`]+\.csv)`, SHA-256 `([0-9a-f]{64})`", README)
    path, checksum = told
    content = (ROOT / path).read_bytes().replace(b"\r\n", b"\n")  # as git keeps it
    assert hashlib.sha256(content).hexdigest() == checksum
