"""labkit.ops.alibi: the paper's slopes, distances, what is out of sight, edges."""

import pytest
import torch

from labkit.errors import OptionError
from labkit.ops.alibi import alibi_bias, alibi_bias_loops, alibi_slopes

BOTH = pytest.mark.parametrize("bias_of", [alibi_bias, alibi_bias_loops])
FAR = -torch.inf


def test_the_slopes_of_the_paper():
    assert alibi_slopes(8).tolist() == [
        1 / 2,
        1 / 4,
        1 / 8,
        1 / 16,
        1 / 32,
        1 / 64,
        1 / 128,
        1 / 256,
    ]
    sixteen = [2 ** (-(h + 1) / 2) for h in range(16)]
    torch.testing.assert_close(alibi_slopes(16), torch.tensor(sixteen))
    assert alibi_slopes(1).tolist() == [1 / 256]


def test_the_slopes_of_head_counts_between_two_powers_of_two():
    # As in the paper's own code: those of 8 heads, then every second one of 16.
    expected = [2.0 ** -(h + 1) for h in range(8)] + [2**-0.5, 2**-1.5, 2**-2.5, 2**-3.5]
    torch.testing.assert_close(alibi_slopes(12), torch.tensor(expected))
    assert alibi_slopes(3).tolist() == [2**-4, 2**-8, 2**-2]


@pytest.mark.parametrize("num_heads", range(1, 34))
def test_slopes_are_distinct_and_between_0_and_1(num_heads):
    slopes = alibi_slopes(num_heads)
    assert slopes.shape == (num_heads,)
    assert len(set(slopes.tolist())) == num_heads
    assert 0 < slopes.min() <= slopes.max() < 1


@BOTH
def test_the_worked_example(bias_of):
    expected = [[0, FAR, FAR], [-1 / 16, 0, FAR], [-2 / 16, -1 / 16, 0]]
    assert bias_of(2, 3)[0].tolist() == expected
    expected = [[0, -1 / 256, -2 / 256], [-1 / 256, 0, -1 / 256], [-2 / 256, -1 / 256, 0]]
    assert bias_of(2, 3, causal=False)[1].tolist() == expected


@BOTH
def test_one_query_after_many_keys_stands_at_the_end(bias_of):
    assert bias_of(2, 1, 4)[0].tolist() == [[-3 / 16, -2 / 16, -1 / 16, 0]]
    assert bias_of(2, 3, 2)[0].tolist() == [[FAR, FAR], [0, FAR], [-1 / 16, 0]]


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("lengths", [(4,), (2, 5), (5, 2), (1, 1), (0, 3), (3, 0)], ids=str)
@pytest.mark.parametrize("num_heads", [1, 3, 4])
def test_agrees_with_the_loops(num_heads, lengths, causal):
    ours = alibi_bias(num_heads, *lengths, causal=causal)
    assert ours.shape == (num_heads, lengths[0], lengths[-1])
    torch.testing.assert_close(ours, alibi_bias_loops(num_heads, *lengths, causal=causal))


def test_without_causal_it_is_symmetric():
    bias = alibi_bias(5, 7, causal=False)
    assert torch.equal(bias, bias.mT)


def test_a_longer_sequence_holds_the_shorter_one():
    assert torch.equal(alibi_bias(4, 9)[:, :5, :5], alibi_bias(4, 5))


@BOTH
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_dtype_is_the_one_asked_for(bias_of, dtype):
    bias = bias_of(4, 3, dtype=dtype)
    assert bias.dtype is dtype
    assert torch.equal(bias.float(), bias_of(4, 3))  # powers of two have no rounding


@BOTH
def test_the_device_is_the_one_asked_for(bias_of):
    assert bias_of(2, 3, device="meta").device.type == "meta"
    assert alibi_slopes(3, device="meta").device.type == "meta"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_gives_the_same():
    there = alibi_bias(6, 4, 9, device="cuda")
    assert there.device.type == "cuda"
    assert torch.equal(there.cpu(), alibi_bias(6, 4, 9))


def test_distances_in_half_precision_are_not_rounded_before_the_slope():
    far = alibi_bias(1, 1, 4_100, dtype=torch.float16)[0, 0]
    exact = torch.arange(-4_099.0, 1) / 256
    torch.testing.assert_close(far.float(), exact, rtol=2**-11, atol=0)


WRONG = [
    ("no heads", lambda: alibi_slopes(0), "num_heads must be a whole number >= 1, got 0"),
    ("half a head", lambda: alibi_bias(2.5, 3), "num_heads must be a whole number >= 1, got 2.5"),
    ("queries", lambda: alibi_bias(2, -3), "query_length must be a whole number >= 0, got -3"),
    ("keys", lambda: alibi_bias_loops(2, 3, -1), "key_length must be a whole number >= 0, got -1"),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(("call", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_bad_input_says_what_to_do(call, says):
    with pytest.raises(OptionError, match=says):
        call()
