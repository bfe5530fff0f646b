import hashlib
import io
import pickle
import tarfile

import numpy as np
import pytest
import torch

from labkit.datasets.cifar import read_cifar10
from labkit.errors import DataError

FOLDER = "cifar-10-batches-py"


class AsIn2009:
    """An array pickled by the numpy of CIFAR-10's time, whose dtype says ``align=0``."""

    def __init__(self, array):
        self.array = array

    def __reduce__(self):
        rebuild, arguments, state = self.array.__reduce__()
        return rebuild, arguments, (*state[:2], OldByte(), *state[3:])


class OldByte:
    def __reduce__(self):
        return np.dtype, ("u1", 0, 1), (3, "|", None, None, None, -1, -1, 0)


@pytest.fixture
def batches(monkeypatch):
    """Ten photos a batch in CIFAR-10's files, whose checksums torchvision is made to expect."""
    from torchvision.datasets import CIFAR10

    random = np.random.default_rng(0)
    names = [name for name, _ in [*CIFAR10.train_list, *CIFAR10.test_list]]
    files = {
        name: {
            "data": AsIn2009(random.integers(0, 256, (10, 3072), dtype=np.uint8)),
            "labels": list(range(10)),
        }
        for name in names
    }
    files["batches.meta"] = {"label_names": [f"class {n}" for n in range(10)]}
    files = {name: pickle.dumps(content, protocol=2) for name, content in files.items()}
    md5 = {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
    monkeypatch.setattr(CIFAR10, "train_list", [[name, md5[name]] for name in names[:5]])
    monkeypatch.setattr(CIFAR10, "test_list", [[names[5], md5[names[5]]]])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": md5["batches.meta"]})
    return files


@pytest.fixture
def archive(monkeypatch, batches, web):
    """The batches as an archive on the server."""
    from torchvision.datasets import CIFAR10

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in batches.items():
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    content = buffer.getvalue()
    web.files["/cifar.tar.gz"] = content
    monkeypatch.setattr(CIFAR10, "url", f"{web.url}cifar.tar.gz")
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(content).hexdigest())
    return content


def test_a_download_is_unpacked_verified_and_happens_once(data, archive, batches, web):
    images, labels, classes, source = read_cifar10("train", download=True)
    assert images.shape == (50, 3, 32, 32)
    assert images.dtype == torch.uint8
    assert labels.tolist() == 5 * list(range(10))
    assert classes[3] == "class 3"
    assert source == "CIFAR-10 train (the original files, checksums verified)"
    assert {path.name for path in (data / FOLDER).iterdir()} == set(batches)
    assert [path.name for path in data.iterdir()] == [FOLDER], "archive and temporary files gone"

    assert len(read_cifar10("test", download=True)[0]) == 10
    assert web.asked == ["/cifar.tar.gz"]


def test_channels_come_first(data, archive, batches):
    images = read_cifar10("test", download=True)[0]
    flat = np.random.default_rng(0).integers(0, 256, (60, 3072), dtype=np.uint8)[50]
    assert torch.equal(images[0], torch.tensor(flat).reshape(3, 32, 32))


def test_an_archive_that_lies_there_needs_no_network(data, archive, web):
    (data / "cifar.tar.gz").write_bytes(archive)
    web.files.clear()
    assert len(read_cifar10("test", download=True)[0]) == 10
    assert web.asked == []


def test_nothing_there(data):
    with pytest.raises(DataError, match="which is not there") as caught:
        read_cifar10("train", download=False)
    for part in (str(data), "cifar10(download=True)", "171 MB", "digits()"):
        assert part in str(caught.value)


def test_a_damaged_batch_is_refused_and_a_download_mends_it(data, archive):
    read_cifar10("train", download=True)
    (data / FOLDER / "data_batch_2").write_bytes(b"<html>404</html>")
    with pytest.raises(DataError, match="incomplete or damaged"):
        read_cifar10("train", download=False)
    assert len(read_cifar10("train", download=True)[0]) == 50


@pytest.mark.parametrize("answer", [404, b"<html>Sign in</html>", (b"half", 1000)])
def test_a_failed_download_leaves_nothing_and_names_the_offline_default(data, archive, web, answer):
    web.files["/cifar.tar.gz"] = answer
    with pytest.raises(DataError, match="could not be downloaded") as caught:
        read_cifar10("train", download=True)
    assert "digits()" in str(caught.value)
    assert list(data.iterdir()) == []
