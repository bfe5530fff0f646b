"""labkit.ops.chunked_attention: the same as the map's own answers, without the map."""

import math
from itertools import product

import pytest
import torch

from labkit.errors import OptionError, ShapeError
from labkit.ops.attention_loops import scaled_dot_product_attention_loops
from labkit.ops.chunked_attention import chunked_attention
from labkit.ops.scaled_dot_product import scaled_dot_product_attention

SHAPES = [(4, 2, 7, 7, 3), (2, 2, 3, 8, 8), (2, 1, 8, 3, 1)]  # heads of q and k, T, S, Ev
OPTIONS = [
    {},
    {"causal": True},
    {"window": 3},
    {"causal": True, "window": 2},
    {"causal": True, "softcap": 0.7, "scale": 2.0},
]


def numbers(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def problem(shape, dtype=torch.float64):
    """Two sequences, a mask whose second query looks nowhere, and a bias."""
    heads, key_heads, queries, keys, width = shape
    allowed = numbers(2, 1, queries, keys, seed=3) > -0.5
    allowed[:, :, 1] = False
    return (
        numbers(2, heads, queries, 4, dtype=dtype).requires_grad_(),
        numbers(2, key_heads, keys, 4, seed=1, dtype=dtype).requires_grad_(),
        numbers(2, key_heads, keys, width, seed=2, dtype=dtype).requires_grad_(),
        numbers(heads, queries, keys, seed=4, dtype=dtype).requires_grad_(),
        allowed,
    )


def test_a_larger_score_in_a_later_chunk_shrinks_what_came_before():
    q, k = torch.ones(1, 1), torch.tensor([[0.0], [2.0]])
    answer = chunked_attention(q, k, torch.tensor([[10.0], [20.0]]), chunk_size=1)
    # After the first key: largest 0, total 1, answer 10. The second has the score 2.
    shrink = math.exp(0 - 2)
    assert answer.item() == pytest.approx((10 * shrink + 20 * 1) / (1 * shrink + 1))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_agrees_with_the_loops(options):
    q, k, v, bias, allowed = problem((2, 1, 4, 5, 3))
    options = options | {"mask": allowed, "bias": bias}
    torch.testing.assert_close(
        chunked_attention(q, k, v, chunk_size=2, **options),
        scaled_dot_product_attention_loops(q, k, v, **options),
    )


@pytest.mark.parametrize(
    ("shape", "options", "masked", "biased"),
    list(product(SHAPES, OPTIONS, [False, True], [False, True])),
    ids=str,
)
def test_agrees_with_the_whole_map_in_values_and_all_gradients(shape, options, masked, biased):
    q, k, v, bias, allowed = problem(shape)
    leaves = [q, k, v, bias] if biased else [q, k, v]
    options = options | ({"mask": allowed} if masked else {}) | ({"bias": bias} if biased else {})
    theirs = scaled_dot_product_attention(q, k, v, **options)
    direction = numbers(*theirs.shape, seed=5)
    expected = torch.autograd.grad(theirs, leaves, direction)
    for chunk_size in (1, 3, 100):
        ours = chunked_attention(q, k, v, chunk_size=chunk_size, **options)
        torch.testing.assert_close(ours, theirs)
        for mine, its in zip(torch.autograd.grad(ours, leaves, direction), expected, strict=True):
            torch.testing.assert_close(mine, its)


def test_gradcheck():
    q, k, v, bias, allowed = problem((2, 1, 3, 4, 2))
    leaves = tuple(x[..., :2].detach().clone().requires_grad_() for x in (q[:1], k[:1], v[:1]))
    bias = bias.detach()[:, :, :1].clone().requires_grad_()  # one number for each query
    assert torch.autograd.gradcheck(
        lambda q, k, v, bias: chunked_attention(
            q, k, v, chunk_size=2, mask=allowed[:1], bias=bias * q[..., :1], causal=True, softcap=1
        ),
        (*leaves, bias),
    )


def test_gradients_of_gradients_are_refused_not_wrong():
    q, k, v, _, _ = problem((2, 1, 3, 4, 2))
    answers = chunked_attention(q, k, v)
    with pytest.raises(OptionError, match="use scaled_dot_product_attention"):
        torch.autograd.grad(answers.sum(), q, create_graph=True)


class LargestTensor(torch.overrides.TorchFunctionMode):
    """Remember how many numbers the largest result of any call holds."""

    def __init__(self):
        super().__init__()
        self.numbers = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.numbers = max(self.numbers, result.numel())
        return result


def test_neither_way_holds_more_than_one_square_and_the_inputs():
    q, k, v = (numbers(256, 4, seed=s).requires_grad_() for s in range(3))
    for attend, largest in ((chunked_attention, 256 * 4), (scaled_dot_product_attention, 256**2)):
        options = {"chunk_size": 32} if attend is chunked_attention else {}
        with LargestTensor() as seen:
            attend(q, k, v, causal=True, **options).sum().backward()
        assert seen.numbers == largest


def test_nothing_of_the_map_is_kept_for_the_way_back():
    kept = []
    q, k, v = (numbers(64, 4, seed=s).requires_grad_() for s in range(3))
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x.numel()) or x, id):
        chunked_attention(q, k, v, chunk_size=8)
    assert max(kept) == 64 * 4


# Edge contracts


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("chunk_size", [2, 100])
def test_a_fully_masked_row_gives_zeros_and_zero_gradients(dtype, chunk_size):
    q, k, v, bias, allowed = problem(SHAPES[0], dtype)
    answers = chunked_attention(q, k, v, mask=allowed, bias=bias, chunk_size=chunk_size)
    assert (answers[:, :, 1] == 0).all()
    gradients = torch.autograd.grad(answers.sum(), (q, k, v, bias))
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert (gradients[0][:, :, 1] == 0).all()
    assert (gradients[3][:, 1] == 0).all()


@pytest.mark.parametrize("causal", [False, True])
def test_empty_batch_and_empty_sequences(causal):
    q, k, v, _, _ = problem(SHAPES[1])
    none = chunked_attention(q[:, :, :0], k, v, causal=causal)
    assert none.shape == (2, 2, 0, 8)
    assert torch.autograd.grad(none.sum(), k)[0].tolist() == torch.zeros_like(k).tolist()
    assert chunked_attention(q[:0], k[:0], v[:0], causal=causal).shape == (0, 2, 3, 8)
    zeros = chunked_attention(q, k[:, :, :0], v[:, :, :0], causal=causal)
    assert zeros.tolist() == torch.zeros(2, 2, 3, 8).tolist()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_is_kept_and_sums_are_not_rounded_chunk_by_chunk(dtype):
    q, k, v = (numbers(1, 48, 4, seed=s, dtype=dtype).requires_grad_() for s in range(3))
    answers = chunked_attention(q, k, v, chunk_size=2)
    assert answers.dtype is dtype
    gradients = torch.autograd.grad(answers.sum(), (q, k, v))
    assert all(gradient.dtype is dtype for gradient in gradients)
    exact = scaled_dot_product_attention(*(x.detach().double() for x in (q, k, v)))
    torch.testing.assert_close(answers.double(), exact, rtol=0, atol=4 * torch.finfo(dtype).eps)


def test_the_sum_that_the_way_back_starts_from_is_not_rounded_to_half_precision():
    q = k = torch.zeros(100, 4, dtype=torch.bfloat16)
    v = torch.ones(100, 1, dtype=torch.bfloat16).requires_grad_()
    chunked_attention(q[:1], k, v).sum().backward()
    # log 100 = 4.605 would be 4.594 in bfloat16, and each share 1.1 % too large.
    assert torch.equal(v.grad, torch.full_like(v, 1 / 100))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_rounded_once(dtype):
    q, k, v = (numbers(1, 48, 4, seed=s, dtype=dtype).mul(4).requires_grad_() for s in range(3))
    exact = [x.detach().double().requires_grad_() for x in (q, k, v)]
    mine, its = chunked_attention(q, k, v, chunk_size=7), scaled_dot_product_attention(*exact)
    last_digit = {"rtol": torch.finfo(dtype).eps, "atol": 1e-4}
    torch.testing.assert_close(mine.double(), its, **last_digit)
    for ours, truth in zip(
        torch.autograd.grad(mine.sum(), (q, k, v)),
        torch.autograd.grad(its.sum(), exact),
        strict=True,
    ):
        torch.testing.assert_close(ours.double(), truth, **last_digit)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_very_large_scores_stay_finite(dtype):
    q = torch.tensor([[100.0] * 64, [-100.0] * 64], dtype=dtype).requires_grad_()
    v = torch.tensor([[1.0], [2.0]], dtype=dtype)
    answers = chunked_attention(q, q, v, chunk_size=1)  # scores of 80,000, infinite in float16
    assert answers.flatten().tolist() == [1, 2]
    assert torch.autograd.grad(answers.sum(), q)[0].isfinite().all()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_lies_in_the_padding_matters_to_nobody(bad):
    q, k, v, _, _ = problem(SHAPES[0])
    spoilt = [x.detach().clone() for x in (k, v)]
    for x in spoilt:
        x[..., 5:, :] = bad
    leaves = [q, *(x.requires_grad_() for x in spoilt)]
    answers = chunked_attention(*leaves, mask=torch.arange(7)[None] < 5, chunk_size=2)
    torch.testing.assert_close(
        answers, scaled_dot_product_attention(q, k[..., :5, :], v[..., :5, :])
    )
    assert all(g.isfinite().all() for g in torch.autograd.grad(answers.sum(), leaves))


def test_a_nan_in_a_query_stays_in_its_row():
    q, k, v, _, _ = problem((1, 1, 4, 5, 3))
    with torch.no_grad():
        q[0, 0, 2, 1] = math.nan
    answers = chunked_attention(q, k, v, chunk_size=2)
    assert answers.isnan().any(-1).nonzero().tolist() == [[0, 0, 2]]


def test_views_that_are_not_contiguous_and_axes_that_are_broadcast():
    q, k, v, _, _ = problem(SHAPES[1])
    turned = q.transpose(1, 2).contiguous().transpose(1, 2)
    ours = chunked_attention(turned, k[:1], v[:1, :1], chunk_size=2)
    theirs = scaled_dot_product_attention(q, k[:1], v[:1, :1])
    torch.testing.assert_close(ours, theirs)
    for mine, its in zip(
        torch.autograd.grad(ours.sin().sum(), (q, k, v)),
        torch.autograd.grad(theirs.sin().sum(), (q, k, v)),
        strict=True,
    ):
        torch.testing.assert_close(mine, its)


def test_the_device_is_kept():
    q, k, v = (x.detach().to("meta") for x in problem(SHAPES[0])[:3])
    assert chunked_attention(q, k, v, causal=True).device.type == "meta"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_gpu_gives_the_same(options):
    q, k, v, bias, allowed = problem(SHAPES[0])
    here = chunked_attention(q, k, v, bias=bias, mask=allowed, chunk_size=2, **options)
    there = chunked_attention(
        q.cuda(), k.cuda(), v.cuda(), bias=bias.cuda(), mask=allowed.cuda(), chunk_size=2, **options
    )
    torch.testing.assert_close(there.cpu(), here)
    for mine, its in zip(
        torch.autograd.grad(there.sum(), (q, k, v, bias)),
        torch.autograd.grad(here.sum(), (q, k, v, bias)),
        strict=True,
    ):
        torch.testing.assert_close(mine, its)


def test_autocast_computes_in_half_precision_on_both_ways():
    q, k, v, _, _ = problem(SHAPES[0], torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        answers = chunked_attention(q, k, v, chunk_size=3)
    assert answers.dtype is torch.bfloat16
    exact = scaled_dot_product_attention(q, k, v)
    torch.testing.assert_close(answers.float(), exact, rtol=0.05, atol=0.05)
    for mine, its in zip(
        torch.autograd.grad(answers.float().sum(), (q, k, v)),
        torch.autograd.grad(exact.sum(), (q, k, v)),
        strict=True,
    ):
        torch.testing.assert_close(mine, its, rtol=0.05, atol=0.05)


@pytest.mark.usefixtures("as_learners_run_it")
def test_bad_input_says_what_to_do():
    q, k, v, _, _ = problem(SHAPES[0])
    with pytest.raises(OptionError, match="chunk_size must be a whole number >= 1, got 0"):
        chunked_attention(q, k, v, chunk_size=0)
    with pytest.raises(ShapeError, match="one value for each key"):
        chunked_attention(q, k, v[..., :3, :])
