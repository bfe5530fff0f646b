import gzip

import numpy as np
import pytest
import torch

from labkit.datasets.idx import parse_idx, read_idx
from labkit.errors import DataError


@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4)])
def test_what_was_written_is_read(idx, shape):
    array = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert torch.equal(parse_idx(idx(array)), torch.tensor(array))


def test_plain_and_packed_files_are_the_same(idx, tmp_path):
    (tmp_path / "plain").write_bytes(idx([[1, 2], [3, 255]]))
    (tmp_path / "packed.gz").write_bytes(gzip.compress(idx([[1, 2], [3, 255]])))
    expected = torch.tensor([[1, 2], [3, 255]], dtype=torch.uint8)
    assert torch.equal(read_idx(tmp_path / "plain"), expected)
    assert torch.equal(read_idx(tmp_path / "packed.gz"), expected)


def test_the_tensor_may_be_written_to(idx):
    tensor = parse_idx(idx([1, 2]))
    tensor += 1
    assert tensor.tolist() == [2, 3]


DAMAGE = {
    "empty": lambda whole: b"",
    "cut in the header": lambda whole: whole[:6],
    "cut in the pixels": lambda whole: whole[:-1],
    "too long": lambda whole: whole + b"\0",
    "an error page": lambda whole: b"<!DOCTYPE html><title>404 Not Found</title>",
    "of 32-bit numbers": lambda whole: whole[:2] + b"\x0c" + whole[3:],
    "without elements": lambda whole: whole[:4] + bytes(8),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_refused(idx, tmp_path, damage):
    path = tmp_path / "images-idx2-ubyte"
    path.write_bytes(DAMAGE[damage](idx([[1, 2], [3, 4]])))
    with pytest.raises(DataError, match=r"images-idx2-ubyte cannot be read: .*(expected|promises)"):
        read_idx(path)


def test_a_packed_file_that_breaks_off_is_refused(idx, tmp_path):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(idx(np.arange(200)))[:-20])
    with pytest.raises(DataError, match=r"images\.gz cannot be read"):
        read_idx(path)
