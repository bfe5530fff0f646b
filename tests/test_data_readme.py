"""data/README.md says about each set what is true of it."""

import re
from pathlib import Path

from torchvision.datasets import CIFAR10, MNIST, FashionMNIST

README = (Path(__file__).parents[1] / "data/README.md").read_text(encoding="utf-8")


def test_checksums_are_those_that_downloads_are_verified_with():
    told = dict(re.findall(r"`([^`]+\.gz)` \| `([0-9a-f]{32})`", README))
    checked = {
        f"{kind.__name__}/raw/{name}": md5
        for kind in (MNIST, FashionMNIST)
        for name, md5 in kind.resources
    }
    assert told == checked | {CIFAR10.filename: CIFAR10.tgz_md5}
