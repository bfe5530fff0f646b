"""IDX, the file format of MNIST and its relatives: a header that gives the shape, then bytes.

A file starts with two zero bytes, the code of the element type (8: unsigned byte) and the number
of axes, then the length of each axis as a big-endian 32-bit integer [1]_.

References
----------
.. [1] LeCun, Cortes and Burges, The MNIST database of handwritten digits.
   http://yann.lecun.com/exdb/mnist/
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import torch
from jaxtyping import UInt8
from torch import Tensor

from labkit.errors import DataError

__all__ = ["parse_idx", "read_idx"]

UNSIGNED_BYTE = 8


def read_idx(path: Path) -> UInt8[Tensor, "..."]:
    """Read an IDX file of unsigned bytes, unpacked or as ``.gz``.

    Raises
    ------
    DataError
        The file is not IDX, is cut short, or is longer than its header says.
    """
    try:
        content = path.read_bytes()
        return parse_idx(gzip.decompress(content) if path.suffix == ".gz" else content)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def parse_idx(content: bytes) -> UInt8[Tensor, "..."]:
    """Turn the bytes of an IDX file into a tensor of the shape its header gives.

    Raises
    ------
    ValueError
        The header is not that of an IDX file, or promises another number of bytes.

    Examples
    --------
    >>> parse_idx(bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9]))
    tensor([[7, 8, 9]], dtype=torch.uint8)
    """
    if len(content) < 4 or content[:3] != bytes([0, 0, UNSIGNED_BYTE]):
        raise ValueError(f"expected an IDX header 00 00 08, got {content[:16]!r}")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError(f"expected a header of {start} bytes, got {len(content)}")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    if (expected := math.prod(shape)) != (found := len(content) - start):
        raise ValueError(f"the header promises {shape} = {expected:,} bytes, got {found:,}")
    if not expected:
        raise ValueError(f"the header promises no elements: {shape}")
    # A bytearray, because torch warns about sharing memory that cannot be written.
    return torch.frombuffer(bytearray(content), dtype=torch.uint8, offset=start).reshape(shape)
