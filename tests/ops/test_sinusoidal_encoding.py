"""labkit.ops.sinusoidal_encoding: worked numbers, the loops, the property of shifts, edges."""

import math
from itertools import product

import pytest
import torch

from labkit.errors import DTypeError, OptionError
from labkit.ops.sinusoidal_encoding import (
    shift_matrix,
    sinusoidal_encoding,
    sinusoidal_encoding_loops,
)

BOTH = pytest.mark.parametrize("encode", [sinusoidal_encoding, sinusoidal_encoding_loops])
WIDTHS = [1, 2, 3, 4, 7, 16, 33]


@BOTH
def test_the_worked_example(encode):
    expected = [
        [0, 1, 0, 1],
        [math.sin(1), math.cos(1), math.sin(1 / 100), math.cos(1 / 100)],
        [math.sin(2), math.cos(2), math.sin(2 / 100), math.cos(2 / 100)],
    ]
    torch.testing.assert_close(encode(3, 4, base=10_000), torch.tensor(expected))


@BOTH
def test_an_odd_width_ends_in_a_sine(encode):
    half_pair = 10_000 ** (2 / 3)
    expected = [[0, 1, 0], [math.sin(1), math.cos(1), math.sin(1 / half_pair)]]
    torch.testing.assert_close(encode(2, 3), torch.tensor(expected))
    torch.testing.assert_close(encode(2, 1), torch.tensor([[0.0], [math.sin(1)]]))


@pytest.mark.parametrize(("d_model", "base"), [*product(WIDTHS, [2, 100.0, 10_000])])
def test_agrees_with_the_loops(d_model, base):
    asked = {"base": base, "dtype": torch.float64}
    for positions in (9, torch.tensor([3, 0, 3, -2]), torch.tensor([[0.5, 1e3], [2.0, -0.25]])):
        ours = sinusoidal_encoding(positions, d_model, **asked)
        torch.testing.assert_close(ours, sinusoidal_encoding_loops(positions, d_model, **asked))


def torch_formula(length, d_model):
    """Sine and cosine halves written into every second column, as it is often taught."""
    table = torch.zeros(length, d_model)
    angles = torch.arange(length).float().reshape(-1, 1) / torch.pow(
        10000, torch.arange(0, d_model, 2).float() / d_model
    )
    table[:, 0::2], table[:, 1::2] = torch.sin(angles), torch.cos(angles)
    return table


@pytest.mark.parametrize("d_model", [2, 6, 64])
def test_agrees_with_the_usual_formulation(d_model):
    torch.testing.assert_close(
        sinusoidal_encoding(50, d_model), torch_formula(50, d_model), rtol=0, atol=1e-5
    )


@BOTH
def test_gradcheck_of_positions_that_are_learned(encode):
    places = torch.tensor([0.3, 2.0, -1.5], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: encode(p, 5, base=20.0), (places,))


@pytest.mark.parametrize("position", [10.0, 1e3, 1e5, 1e6])
def test_far_positions_are_as_precise_as_promised(position):
    exact = [
        (math.sin if j % 2 == 0 else math.cos)(position / 10_000 ** (j // 2 * 2 / 64))
        for j in range(64)
    ]
    places, exact = torch.tensor([position]), torch.tensor(exact, dtype=torch.float64)
    single = sinusoidal_encoding(places, 64, dtype=torch.float32)[0]
    double = sinusoidal_encoding(places, 64, dtype=torch.float64)[0]
    assert (single - exact).abs().max() <= 1e-7 * position + 1e-6
    assert (double - exact).abs().max() <= 4e-16 * position + 1e-15


def test_every_entry_lies_between_minus_one_and_one_and_pairs_have_length_one():
    pairs = sinusoidal_encoding(200, 32, dtype=torch.float64).unflatten(-1, (-1, 2))
    torch.testing.assert_close(pairs.norm(dim=-1), torch.ones(200, 16, dtype=torch.float64))


def test_similarity_depends_on_the_distance_alone():
    table = sinusoidal_encoding(40, 16, dtype=torch.float64)
    similarity = table @ table.T
    for k in range(40):
        diagonal = similarity.diagonal(k)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal))


@BOTH
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_dtype_is_the_one_asked_for_and_right_to_its_own_precision(encode, dtype):
    table = encode(40, 8, dtype=dtype)
    assert table.dtype is dtype
    exact = encode(40, 8, dtype=torch.float64)
    # 40 radians in float32, where angles of half precision are computed, then one rounding.
    bound = 40e-7 * (dtype is not torch.float64) + torch.finfo(dtype).eps
    torch.testing.assert_close(table.double(), exact, rtol=0, atol=bound)


@BOTH
def test_without_a_dtype_floating_positions_keep_theirs(encode):
    assert encode(2, 4).dtype is torch.float32
    assert encode(torch.arange(2), 4).dtype is torch.float32
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        assert encode(torch.zeros(2, dtype=dtype), 4).dtype is dtype


def test_the_device_is_kept():
    assert sinusoidal_encoding(3, 5, device="meta").device.type == "meta"
    assert sinusoidal_encoding(torch.zeros(3, device="meta"), 5).device.type == "meta"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_gives_the_same():
    there = sinusoidal_encoding(70, 9, device="cuda")
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), sinusoidal_encoding(70, 9), rtol=0, atol=1e-5)
    matrix = shift_matrix(7, 8, device="cuda")
    torch.testing.assert_close(matrix.cpu(), shift_matrix(7, 8))


@BOTH
def test_an_empty_sequence_and_one_of_length_1(encode):
    assert encode(0, 6).shape == (0, 6)
    assert encode(torch.zeros(2, 0), 5).shape == (2, 0, 5)
    assert encode(1, 4).tolist() == [[0, 1, 0, 1]]


@BOTH
def test_a_single_position_gives_a_single_vector(encode):
    torch.testing.assert_close(encode(torch.tensor(7), 5), encode(8, 5)[7])


@BOTH
def test_positions_that_are_expanded_or_not_contiguous(encode):
    places = torch.arange(12.0).reshape(3, 4)
    plain = encode(places.clone(), 6)
    torch.testing.assert_close(encode(places.T, 6), plain.transpose(0, 1))
    torch.testing.assert_close(encode(places[:1].expand(5, 4), 6), plain[:1].expand(5, 4, 6))


@BOTH
def test_positions_are_not_modified(encode):
    places = torch.tensor([3.0, 1.0])
    encode(places, 6)
    assert places.tolist() == [3.0, 1.0]


@BOTH
def test_a_nan_stays_at_its_position(encode):
    table = encode(torch.tensor([0.0, torch.nan, 2.0]), 5)
    assert table.isnan().all(dim=-1).tolist() == [False, True, False]
    assert table.isnan().any(dim=-1).tolist() == [False, True, False]


@pytest.mark.parametrize("d_model", [2, 4, 10, 64])
@pytest.mark.parametrize("offset", [0, 1, 7, -3, 100, 0.5])
@pytest.mark.parametrize("base", [50, 10_000.0])
def test_a_shift_of_positions_is_one_matrix_for_all(offset, d_model, base):
    asked = {"base": base, "dtype": torch.float64}
    places = torch.tensor([0.0, 1, 2, 5, 17, 300, 4_000, -8])
    matrix = shift_matrix(offset, d_model, **asked)
    moved = sinusoidal_encoding(places, d_model, **asked) @ matrix.T
    direct = sinusoidal_encoding(places + offset, d_model, **asked)
    torch.testing.assert_close(moved, direct, rtol=0, atol=1e-11)


def test_shifts_are_rotations_that_add_up():
    there, back = shift_matrix(5, 8, dtype=torch.float64), shift_matrix(-5, 8, dtype=torch.float64)
    one = torch.eye(8, dtype=torch.float64)
    torch.testing.assert_close(there @ back, one)
    torch.testing.assert_close(there.T, back)
    torch.testing.assert_close(there @ there, shift_matrix(10, 8, dtype=torch.float64))
    torch.testing.assert_close(torch.linalg.det(there), torch.ones((), dtype=torch.float64))


def test_the_worked_shift():
    expected = [[math.cos(2), math.sin(2)], [-math.sin(2), math.cos(2)]]
    torch.testing.assert_close(shift_matrix(2, 2), torch.tensor(expected))
    assert shift_matrix(1, 4, dtype=torch.float16, device="meta").dtype is torch.float16


WRONG = [
    ("width", lambda: sinusoidal_encoding(3, 0), OptionError, "d_model must be a whole.*got 0"),
    ("base", lambda: sinusoidal_encoding(3, 4, base=0), OptionError, "base must be a number above"),
    ("count", lambda: sinusoidal_encoding(-3, 4), OptionError, "positions must be .* >= 0, got -3"),
    ("a list", lambda: sinusoidal_encoding([0, 1], 4), OptionError, r"positions must .* \[0, 1\]"),
    ("bool", lambda: sinusoidal_encoding(torch.ones(2) > 0, 4), DTypeError, "got torch.bool; give"),
    (
        "integers",
        lambda: sinusoidal_encoding(3, 4, dtype=torch.long),
        DTypeError,
        "torch.int64 cannot; use dtype=torch.float32",
    ),
    ("odd shift", lambda: shift_matrix(1, 5), OptionError, "d_model=5 .*use an even d_model"),
    ("shift base", lambda: shift_matrix(1, 4, base=-1), OptionError, "base must .* got -1"),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        call()


@pytest.mark.usefixtures("as_learners_run_it")
def test_the_loops_refuse_the_same():
    with pytest.raises(OptionError, match="base must be a number above 0"):
        sinusoidal_encoding_loops(3, 4, base=0)
