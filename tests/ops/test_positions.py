"""labkit.ops.positions: counts and tensors of places, frequencies, offsets of keys."""

import math

import numpy as np
import pytest
import torch

from labkit.errors import DTypeError, OptionError
from labkit.ops.positions import (
    angle_dtype,
    as_positions,
    expect_positive,
    frequencies,
    key_offsets,
)


def test_angles_are_float64_except_where_the_device_has_none():
    assert angle_dtype(torch.device("cpu")) is torch.float64
    assert angle_dtype(torch.device("cuda")) is torch.float64
    assert angle_dtype(torch.device("mps")) is torch.float32


def test_a_count_stands_for_the_places_from_0_on():
    assert as_positions(4).tolist() == [0, 1, 2, 3]
    assert as_positions(0).shape == (0,)
    assert as_positions(2, "meta").device.type == "meta"


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize("number", [np.int64(10_000), np.float32(0.5), 3, 0.1])
def test_numpys_numbers_are_numbers(number):
    expect_positive(number, "base")


def test_a_tensor_of_places_stays_as_it_is():
    places = torch.tensor([[0.5, -3.0]])
    assert as_positions(places) is places
    assert as_positions(places, "meta").device.type == "meta"


def test_the_frequencies_of_a_worked_example():
    assert frequencies(4, 100).tolist() == [1.0, 100 ** (-2 / 4)] == [1.0, 0.1]


@pytest.mark.parametrize("width", [1, 2, 5, 8, 64])
@pytest.mark.parametrize("base", [0.5, 10_000, 500_000.0])
def test_frequencies_fall_in_equal_ratios_from_one(width, base):
    found = frequencies(width, base).tolist()
    assert len(found) == math.ceil(width / 2)
    assert found == pytest.approx([base ** (-2 * i / width) for i in range(len(found))])


@pytest.mark.parametrize(("queries", "keys"), [(1, 1), (3, 3), (2, 5), (5, 2), (0, 4), (4, 0)])
def test_the_last_query_stands_at_the_last_key(queries, keys):
    offsets = key_offsets(queries, keys)
    assert offsets.shape == (queries, keys)
    for t in range(queries):
        for s in range(keys):
            assert offsets[t, s] == (queries - 1 - t) - (keys - 1 - s)


def test_as_many_keys_as_queries_unless_told():
    assert torch.equal(key_offsets(4), key_offsets(4, 4))
    assert key_offsets(2, device="meta").device.type == "meta"


WRONG = [
    ("a negative count", lambda: as_positions(-1), OptionError, "positions must be a whole.* >= 0"),
    ("no count", lambda: as_positions(True), OptionError, "got True"),
    ("a float", lambda: as_positions(2.5), OptionError, "positions must be a whole number"),
    ("bool", lambda: as_positions(torch.ones(2, dtype=torch.bool)), DTypeError, "torch.bool; give"),
    ("complex", lambda: as_positions(torch.ones(2) * 1j), DTypeError, "complex64; give the numb"),
    ("width 0", lambda: frequencies(0), OptionError, "width must be a whole number >= 1, got 0"),
    ("base 0", lambda: frequencies(4, 0), OptionError, "base must be a number above 0, got 0"),
    ("infinite", lambda: expect_positive(math.inf, "base"), OptionError, "base must .* got inf"),
    ("NaN", lambda: expect_positive(math.nan, "scale"), OptionError, "scale must .* got nan"),
    ("a word", lambda: expect_positive("10", "scale"), OptionError, "got '10'"),
    ("True", lambda: expect_positive(True, "scale"), OptionError, "got True"),
    ("queries", lambda: key_offsets(-1), OptionError, "query_length must be .* >= 0, got -1"),
    ("keys", lambda: key_offsets(2, 1.0), OptionError, "key_length must be .* got 1.0"),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        call()
