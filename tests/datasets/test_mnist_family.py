import gzip

import pytest
import torch

from labkit.datasets.idx import parse_idx
from labkit.datasets.mnist_family import read_mnist_family
from labkit.errors import DataError


@pytest.fixture
def raw(data):
    """The folder where MNIST's files are looked for."""
    folder = data / "MNIST/raw"
    folder.mkdir(parents=True)
    return folder


def lay_out(folder, files):
    for name, body in files.items():
        (folder / name).write_bytes(body)


def test_unpacked_files_are_read_and_not_called_the_originals(raw, mnist_files):
    lay_out(raw, mnist_files)
    images, labels, source = read_mnist_family("MNIST", "train", download=False)
    assert torch.equal(images, parse_idx(mnist_files["train-images-idx3-ubyte"]))
    assert labels.tolist() == [n % 10 for n in range(30)]
    assert source == "MNIST train (NOT the original 60,000 images: 30 were found)"
    images, labels, source = read_mnist_family("MNIST", "test", download=False)
    assert len(images) == len(labels) == 10
    assert "NOT the original 10,000 images: 10 were found" in source


def test_as_many_files_as_the_originals_without_checksum_are_not_called_verified(raw, idx):
    lay_out(
        raw,
        {
            "t10k-images-idx3-ubyte": idx(torch.zeros(10_000, 28, 28)),
            "t10k-labels-idx1-ubyte": idx(torch.zeros(10_000)),
        },
    )
    source = read_mnist_family("MNIST", "test", download=False)[2]
    assert source == "MNIST test (unpacked files, without a checksum)"


def test_the_packed_originals_come_before_other_files(raw, mnist_files, originals, idx):
    lay_out(raw, {name: idx([0]) for name in mnist_files})
    lay_out(raw, originals)
    images, _, source = read_mnist_family("MNIST", "test", download=False)
    assert torch.equal(images, parse_idx(mnist_files["t10k-images-idx3-ubyte"]))
    assert source == "MNIST test (the original files, checksums verified)"


def test_a_packed_file_with_another_checksum_is_never_read(raw, mnist_files, originals):
    lay_out(raw, originals)
    other = gzip.compress(mnist_files["train-images-idx3-ubyte"], mtime=1)
    lay_out(raw, mnist_files | {"train-images-idx3-ubyte.gz": other})
    with pytest.raises(DataError, match="is not the original: expected MD5") as caught:
        read_mnist_family("MNIST", "train", download=False)
    assert "mnist(download=True)" in str(caught.value)


def test_nothing_there(data):
    with pytest.raises(DataError, match=r"MNIST needs train-images-idx3-ubyte\.gz") as caught:
        read_mnist_family("MNIST", "train", download=False)
    for part in (str(data), "mnist(download=True)", "digits()", "LABKIT_DATA"):
        assert part in str(caught.value)


MISFITS = {
    "a label too few": ("labels-idx1", lambda idx: idx([0] * 29), "expected 30 labels"),
    "a label of no class": ("labels-idx1", lambda idx: idx([10] * 30), "labels 0…9, got 10"),
    "images of another size": ("images-idx3", lambda idx: idx([[[0]]] * 30), "28×28"),
    "labels for images": ("images-idx3", lambda idx: idx([0] * 30), "28×28"),
    "an error page": ("images-idx3", lambda idx: b"<html>404</html>", "expected an IDX header"),
    "a file cut short": ("images-idx3", lambda idx: idx([[[0]]])[:-1], "promises"),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_files_that_do_not_belong_together_are_refused(raw, mnist_files, idx, misfit):
    name, body, message = MISFITS[misfit]
    lay_out(raw, mnist_files | {f"train-{name}-ubyte": body(idx)})
    with pytest.raises(DataError, match=message):
        read_mnist_family("MNIST", "train", download=False)


def test_a_download_brings_both_splits_and_happens_once(data, originals, web, mnist_files):
    images, _, source = read_mnist_family("MNIST", "train", download=True)
    assert torch.equal(images, parse_idx(mnist_files["train-images-idx3-ubyte"]))
    assert "the original files" in source
    assert {path.name for path in (data / "MNIST/raw").iterdir()} == set(originals)

    web.asked.clear()
    assert len(read_mnist_family("MNIST", "test", download=True)[0]) == 10
    assert web.asked == []


def test_a_download_replaces_what_is_damaged(raw, originals, web):
    lay_out(raw, originals | {"t10k-images-idx3-ubyte.gz": b"<html>"})
    read_mnist_family("MNIST", "test", download=True)
    assert {path.split("/")[-1] for path in web.asked} == {"t10k-images-idx3-ubyte.gz"}


def test_a_download_does_not_mix_originals_with_other_files(raw, originals, mnist_files):
    lay_out(raw, {name: body for name, body in mnist_files.items() if "t10k" in name})
    read_mnist_family("MNIST", "train", download=True)
    assert "the original files" in read_mnist_family("MNIST", "test", download=False)[2]


def test_a_failed_download_names_the_offline_default(data, originals, web):
    web.files.clear()
    with pytest.raises(DataError, match="could not be downloaded") as caught:
        read_mnist_family("MNIST", "train", download=True)
    assert "404" in str(caught.value)
    assert "digits()" in str(caught.value)
    assert list((data / "MNIST/raw").iterdir()) == []
