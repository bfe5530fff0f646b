"""labkit.ops.key_value_cache: step by step is the same as all at once."""

import pytest
import torch

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.ops.key_value_cache import KeyValueCache
from labkit.ops.scaled_dot_product import scaled_dot_product_attention

LENGTH = 7
EXACT = {"rtol": 0, "atol": 1e-12}
OPTIONS = [{}, {"window": 3}, {"scale": 2.0, "softcap": 0.8}]


def sequences(length=LENGTH, dtype=torch.float64):
    """Four query heads on two key heads, values of a width of their own."""
    generator = torch.Generator().manual_seed(0)
    shapes = [(2, 4, length, 6), (2, 2, length, 6), (2, 2, length, 3)]
    return [torch.randn(s, generator=generator, dtype=torch.float64).to(dtype) for s in shapes]


def in_steps(tensors, sizes):
    return zip(*(x.split(sizes, dim=-2) for x in tensors), strict=True)


def test_the_second_step_sees_the_first():
    cache = KeyValueCache()
    zero = torch.zeros(1, 1)
    assert cache.attend(zero, zero, torch.tensor([[10.0]])).item() == 10
    assert cache.attend(zero, zero, torch.tensor([[20.0]])).item() == (10 + 20) / 2
    assert cache.attend(zero, zero, torch.tensor([[60.0]])).item() == (10 + 20 + 60) / 3
    assert cache.length == 3


@pytest.mark.parametrize("sizes", [[1] * LENGTH, [4, 1, 1, 1], [2, 5], [LENGTH]], ids=str)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_steps_give_the_same_as_the_whole_in_values_and_all_gradients(sizes, options):
    leaves = [x.requires_grad_() for x in sequences()]
    cache = KeyValueCache()
    steps = [cache.attend(*step, **options) for step in in_steps(leaves, sizes)]
    ours = torch.cat(steps, dim=-2)
    whole = scaled_dot_product_attention(*leaves, causal=True, **options)
    torch.testing.assert_close(ours, whole, **EXACT)
    for mine, its in zip(
        torch.autograd.grad(ours.sin().sum(), leaves),
        torch.autograd.grad(whole.sin().sum(), leaves),
        strict=True,
    ):
        torch.testing.assert_close(mine, its, **EXACT)


def test_masks_and_bias_are_over_all_steps_so_far():
    q, k, v = sequences()
    allowed = torch.ones(LENGTH, LENGTH, dtype=torch.bool)
    allowed[:, 1] = False
    bias = torch.randn(LENGTH, LENGTH, generator=torch.Generator().manual_seed(1)).double()
    whole = scaled_dot_product_attention(q, k, v, causal=True, mask=allowed, bias=bias)
    cache, steps = KeyValueCache(), []
    for t, step in enumerate(in_steps((q, k, v), [1] * LENGTH)):
        rows = slice(t, t + 1), slice(0, t + 1)
        steps.append(cache.attend(*step, mask=allowed[rows], bias=bias[rows]))
    torch.testing.assert_close(torch.cat(steps, dim=-2), whole, **EXACT)


def test_keys_may_be_appended_first_and_asked_later():
    q, k, v = sequences()
    cache = KeyValueCache()
    cache.append(k[..., :5, :], v[..., :5, :])
    cache.append(k[..., 5:, :], v[..., 5:, :])
    assert cache.length == LENGTH
    whole = scaled_dot_product_attention(q, k, v, causal=True)
    torch.testing.assert_close(cache.attend(q[..., -2:, :]), whole[..., -2:, :], **EXACT)
    assert torch.equal(cache.keys, k)
    assert torch.equal(cache.values, v)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_is_kept(dtype):
    cache = KeyValueCache()
    answers = [cache.attend(*step) for step in in_steps(sequences(dtype=dtype), [3, 4])]
    assert {answer.dtype for answer in answers} == {cache.keys.dtype} == {dtype}


def test_an_empty_batch_and_a_step_of_no_length():
    q, k, v = sequences()
    cache = KeyValueCache()
    assert cache.attend(q[:0], k[:0], v[:0]).shape == (0, 4, LENGTH, 3)
    cache = KeyValueCache()
    assert cache.attend(*(x[..., :0, :] for x in (q, k, v))).shape == (2, 4, 0, 3)
    assert cache.length == 0
    cache.append(k, v)
    assert cache.length == LENGTH


def test_nothing_that_was_given_or_given_out_changes_later():
    q, k, v = sequences()
    cache = KeyValueCache()
    cache.append(k, v)
    held = cache.keys
    k.zero_()
    assert (cache.keys != 0).all()
    cache.append(k, v)
    assert held.shape[-2] == LENGTH
    assert (q != 0).all()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_gives_the_same():
    tensors = sequences()
    here, there = KeyValueCache(), KeyValueCache()
    for step in in_steps(tensors, [3, 4]):
        answers = there.attend(*(x.cuda() for x in step))
        torch.testing.assert_close(answers.cpu(), here.attend(*step))
    assert there.keys.device.type == "cuda"


WRONG = [
    ("empty", lambda c, q, k, v: KeyValueCache().attend(q), OptionError, "the cache is empty"),
    ("keys alone", lambda c, q, k, v: c.attend(q, k), OptionError, "both k and v, or neither"),
    ("no value for a key", lambda c, q, k, v: c.append(k, v[..., 1:, :]), ShapeError,
     "one value for each key, .* got k"),
    ("vectors", lambda c, q, k, v: KeyValueCache().append(k[0, 0, 0], v[0, 0, 0]), ShapeError,
     r"\(\.\.\., length, width\), got k \(6,\)"),
    ("queries that do not fit", lambda c, q, k, v: c.attend(q[..., :5], k, v), ShapeError,
     "equally wide"),
    ("a mask that does not fit", lambda c, q, k, v: c.attend(q, k, v, mask=torch.ones(7, 7) > 0),
     ShapeError, r"here \(\.\.\., 7, 14\)"),
    ("another batch", lambda c, q, k, v: c.append(k[:1], v[:1]), ShapeError,
     r"k must be like the steps in the cache .* got \(1, 2, 7, 6\) after \(2, 2, 7, 6\)"),
    ("another width", lambda c, q, k, v: c.append(k, v[..., :2]), ShapeError, "v must be like"),
    ("another dtype", lambda c, q, k, v: c.append(k.float(), v.float()), DTypeError,
     "cache is torch.float64 but k is torch.float32"),
    ("integers", lambda c, q, k, v: c.append(k.long(), v), DTypeError, r"use k.float\(\)"),
]  # fmt: skip


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do_and_leaves_the_cache_as_it_was(call, error, says):
    q, k, v = sequences()
    cache = KeyValueCache()
    cache.append(k, v)
    with pytest.raises(error, match=says):
        call(cache, q, k, v)
    assert torch.equal(cache.keys, k)
    assert torch.equal(cache.values, v)
