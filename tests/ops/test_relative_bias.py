"""labkit.ops.relative_bias: the buckets of T5 counted one by one, the table, edges."""

import math

import numpy as np
import pytest
import torch

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.ops.relative_bias import (
    relative_position_bias,
    relative_position_bucket,
    relative_position_bucket_loops,
)

BOTH = pytest.mark.parametrize(
    "bucket_of", [relative_position_bucket, relative_position_bucket_loops]
)
OPTIONS = [
    {"bidirectional": both, "num_buckets": n, "max_distance": far}
    for both in (True, False)
    for n, far in [(32, 128), (64, 128), (16, 64), (8, 20), (4, 8), (12, 100)]
]


def as_the_paper_says(offset, *, bidirectional, num_buckets, max_distance):
    """Half of a side's buckets are exact, the others grow logarithmically up to the last.

    Written from the paper's words and its published code, one number at a time: the reference.
    """
    bucket = 0
    if bidirectional:
        num_buckets //= 2
        bucket += num_buckets * (offset > 0)
        offset = abs(offset)
    else:
        offset = -min(offset, 0)
    exact = num_buckets // 2
    if offset < exact:
        return bucket + offset
    growth = math.log(offset / exact) / math.log(max_distance / exact)
    # 1e-9: a logarithm that should be whole is not always so.
    return bucket + min(exact + int(growth * (num_buckets - exact) + 1e-9), num_buckets - 1)


@BOTH
def test_the_worked_example(bucket_of):
    # 32 buckets, 16 a side: 8 exact ones; then 8, 12, 16, 23, 32, 46, 64 and 91 steps begin one.
    offsets = torch.tensor([0, -1, -7, -8, -11, -12, -16, -22, -23, -91, -5_000, 1, 7, 8, 16, 128])
    expected = [0, 1, 7, 8, 8, 9, 10, 10, 11, 15, 15, 17, 23, 24, 26, 31]
    assert bucket_of(offsets).tolist() == expected


@BOTH
def test_a_decoder_has_no_buckets_for_what_comes_later(bucket_of):
    offsets = torch.tensor([3, 1, 0, -1, -15, -16, -128])
    assert bucket_of(offsets, bidirectional=False).tolist() == [0, 0, 0, 1, 15, 16, 31]


@BOTH
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_agrees_with_the_paper(bucket_of, options):
    offsets = torch.arange(-300, 301)
    expected = [as_the_paper_says(n, **options) for n in offsets.tolist()]
    assert bucket_of(offsets, **options).tolist() == expected


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_bucket_is_used_and_they_grow_with_distance(options):
    back = relative_position_bucket(-torch.arange(300), **options)
    assert back.diff().min() >= 0
    side = options["num_buckets"] // (2 if options["bidirectional"] else 1)
    assert set(back.tolist()) == set(range(side))


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("lengths", [(6,), (2, 5), (5, 2), (1, 1), (0, 3), (3, 0)], ids=str)
def test_the_bias_is_the_row_of_the_table(bidirectional, lengths):
    table = torch.randn(16, 3, generator=torch.Generator().manual_seed(0))
    options = {"bidirectional": bidirectional, "max_distance": 20}
    bias = relative_position_bias(table, *lengths, **options)
    queries, keys = lengths[0], lengths[-1]
    assert bias.shape == (3, queries, keys)
    for t in range(queries):
        for s in range(keys):
            offset = s - (t + keys - queries)  # the last query stands at the last key
            row = as_the_paper_says(offset, num_buckets=16, **options)
            assert torch.equal(bias[:, t, s], table[row])


def test_gradcheck():
    table = torch.randn(8, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda t: relative_position_bias(t, 5, max_distance=9), (table,)
    )


def test_every_use_of_a_row_adds_to_its_gradient():
    table = torch.zeros(32, 1, requires_grad=True)
    relative_position_bias(table, 4).sum().backward()
    used = {0: 4, 1: 3, 2: 2, 3: 1, 17: 3, 18: 2, 19: 1}  # diagonals of a 4 × 4 square
    assert table.grad.flatten().tolist() == [used.get(row, 0) for row in range(32)]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_dtype_and_the_device_are_kept(dtype):
    assert relative_position_bias(torch.zeros(8, 2, dtype=dtype), 3).dtype is dtype
    there = torch.zeros(8, 2, dtype=dtype, device="meta")
    assert relative_position_bias(there, 3).device.type == "meta"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("bidirectional", [True, False])
def test_a_gpu_gives_the_same(bidirectional):
    table = torch.randn(32, 2)
    there = relative_position_bias(table.cuda(), 200, bidirectional=bidirectional)
    assert there.device.type == "cuda"
    assert torch.equal(there.cpu(), relative_position_bias(table, 200, bidirectional=bidirectional))


@BOTH
def test_shapes_views_and_small_integers(bucket_of):
    offsets = torch.arange(-6, 6).reshape(3, 4)
    plain = bucket_of(offsets)
    assert torch.equal(bucket_of(offsets.T), plain.T)
    assert torch.equal(bucket_of(offsets[:1].expand(2, 4)), plain[:1].expand(2, 4))
    assert torch.equal(bucket_of(offsets.to(torch.int8)), plain)
    assert bucket_of(torch.tensor([-128], dtype=torch.int8)).tolist() == [15]
    assert bucket_of(torch.tensor(3)).shape == ()
    assert bucket_of(torch.zeros(0, 2, dtype=torch.long)).shape == (0, 2)


@pytest.mark.usefixtures("as_learners_run_it")
@BOTH
def test_options_may_be_numpys_whole_numbers(bucket_of):
    offsets, far = torch.arange(-100, 100), 1000  # far to the power of 8 is beyond int64
    options = {"num_buckets": np.int64(32), "max_distance": np.int64(far)}
    expected = bucket_of(offsets, num_buckets=32, max_distance=far)
    assert torch.equal(bucket_of(offsets, **options), expected)


def test_the_table_is_not_modified_and_may_be_a_view():
    table = torch.arange(64.0).reshape(2, 32)
    bias = relative_position_bias(table.T, 3)
    assert torch.equal(bias, relative_position_bias(table.T.contiguous(), 3))
    assert torch.equal(table, torch.arange(64.0).reshape(2, 32))


def test_a_nan_stays_in_its_bucket():
    table = torch.zeros(32, 2)
    table[1, 0] = torch.nan
    found = relative_position_bias(table, 3).isnan().nonzero().tolist()
    assert found == [[0, 1, 0], [0, 2, 1]]


STEPS, TABLE = torch.arange(3), torch.zeros(32, 2)
WRONG = [
    (
        "floats",
        lambda: relative_position_bucket(STEPS.float()),
        DTypeError,
        r"float32; use relative_position.long\(\)",
    ),
    (
        "odd",
        lambda: relative_position_bucket(STEPS, num_buckets=30),
        OptionError,
        "by 4, .*; got 30; use 28",
    ),
    (
        "odd side",
        lambda: relative_position_bucket(STEPS, num_buckets=5, bidirectional=False),
        OptionError,
        "by 2, .*; got 5; use 4",
    ),
    (
        "few",
        lambda: relative_position_bucket_loops(STEPS, num_buckets=2),
        OptionError,
        "num_buckets must be a whole number >= 4, got 2",
    ),
    (
        "near",
        lambda: relative_position_bucket(STEPS, max_distance=8),
        OptionError,
        "max_distance must be a whole number >= 9, got 8",
    ),
    (
        "a list of numbers",
        lambda: relative_position_bias(TABLE[:, 0], 3),
        ShapeError,
        r"\(buckets, num_heads\), got shape \(32,\)",
    ),
    (
        "integers",
        lambda: relative_position_bias(TABLE.long(), 3),
        DTypeError,
        r"table must hold floating-point numbers, got torch.int64",
    ),
]  # fmt: skip


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        call()
