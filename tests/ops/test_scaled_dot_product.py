"""labkit.ops.scaled_dot_product: worked numbers, loops, PyTorch over a grid, gradients, edges."""

import math
from itertools import product

import pytest
import torch
from torch.nn import functional

from labkit.errors import DeviceError, DTypeError, OptionError, ShapeError
from labkit.ops.attention_loops import (
    attention_weights_loops,
    scaled_dot_product_attention_loops,
)
from labkit.ops.attention_masks import causal_mask
from labkit.ops.scaled_dot_product import attention_weights, scaled_dot_product_attention

FORMS = [scaled_dot_product_attention, scaled_dot_product_attention_loops]
# heads of the queries and of the keys, lengths of both, width of a value
SHAPES = [(4, 4, 5, 5, 3), (4, 2, 3, 6, 8), (4, 1, 6, 3, 1), (1, 1, 1, 7, 4)]
MASKS = ["none", "boolean", "padding", "additive", "bias"]
GRID = [
    {"shape": s, "mask": m, "causal": c, "scale": x}
    for s, m, c, x in product(SHAPES, MASKS, [False, True], [None, 0.3])
]


def numbers(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def problem(shape=(4, 2, 3, 6, 8), dtype=torch.float64):
    """Two sequences: queries, keys and values."""
    heads, key_heads, queries, keys, width = shape
    return (
        numbers(2, heads, queries, 8, dtype=dtype),
        numbers(2, key_heads, keys, 8, seed=1, dtype=dtype),
        numbers(2, key_heads, keys, width, seed=2, dtype=dtype),
    )


def masks(kind, shape):
    """One mask of a kind, as an option of ours; the second query may look nowhere."""
    heads, _, queries, keys, _ = shape
    allowed = numbers(2, 1, queries, keys, seed=3) > -0.3
    allowed[..., -1] = True
    allowed[:, :, 1:2] = False
    added = numbers(heads, queries, keys, seed=4)
    return {
        "none": {},
        "boolean": {"mask": allowed},
        "padding": {"mask": torch.arange(keys).expand(2, 1, 1, -1) < keys - 1},
        "additive": {"mask": added.masked_fill(~allowed, -math.inf)},
        "bias": {"mask": allowed, "bias": added},
    }[kind]


def as_torch_has_it(q, k, *, causal, mask=None, bias=None):
    """Write our options as the one mask that PyTorch takes, which then counts from the end."""
    whole = torch.zeros(q.shape[-2], k.shape[-2], dtype=q.dtype)
    if causal:
        whole = whole.masked_fill(~causal_mask(*whole.shape), -math.inf)
    if mask is not None and mask.dtype is torch.bool:
        mask = torch.zeros(mask.shape, dtype=q.dtype).masked_fill(~mask, -math.inf)
    return whole + (0 if mask is None else mask) + (0 if bias is None else bias)


@pytest.mark.parametrize("attend", FORMS)
def test_the_worked_example(attend):
    q = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    k = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    v = torch.tensor([[1.0], [2.0], [4.0]])
    e = math.exp(1 / math.sqrt(2))  # the scores of the first query are 1, 0 and 1, over √2
    first = (e * 1 + 1 * 2 + e * 4) / (e + 1 + e)
    e = math.exp(2 / math.sqrt(2))
    second = (1 * 1 + e * 2 + e * 4) / (1 + e + e)
    assert attend(q, k, v).flatten().tolist() == pytest.approx([first, second])
    assert [first, second] == pytest.approx([2.401, 2.783], abs=1e-3)


@pytest.mark.parametrize("weigh", [attention_weights, attention_weights_loops])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"causal": True}, [[1 / 3, 1 / 3, 1 / 3, 0], [1 / 4, 1 / 4, 1 / 4, 1 / 4]]),
        ({"causal": True, "window": 2}, [[0, 1 / 2, 1 / 2, 0], [0, 0, 1 / 2, 1 / 2]]),
        ({"window": 2}, [[0, 1 / 3, 1 / 3, 1 / 3], [0, 0, 1 / 2, 1 / 2]]),
    ],
    ids=str,
)
def test_two_queries_at_the_end_of_four_keys(weigh, options, expected):
    """All scores are 0, so each query shares its attention equally among the keys it sees."""
    shares = weigh(torch.zeros(2, 1), torch.zeros(4, 1), **options)
    torch.testing.assert_close(shares, torch.tensor(expected))


@pytest.mark.parametrize("weigh", [attention_weights, attention_weights_loops])
def test_scale_then_cap_then_bias(weigh):
    query, keys = torch.ones(1, 1), torch.tensor([[0.0], [2.0]])
    share = 1 / (1 + math.exp(-1.5 * math.tanh(3 * 2 / 1.5)))
    assert weigh(query, keys, scale=3, softcap=1.5)[0, 1].item() == pytest.approx(share)
    # The cap would have swallowed the bias, had it come after.
    bias = torch.tensor([[50.0, 0.0]])
    assert weigh(query, keys, softcap=1.5, bias=bias)[0, 0].item() == pytest.approx(1)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"causal": True},
        {"window": 2},
        {"window": 2, "causal": True},
        {"softcap": 0.7, "scale": 2.0, "causal": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["none", "bias"])
def test_agrees_with_the_loops(shape, options, kind):
    q, k, v = problem(shape)
    options = options | masks(kind, shape)
    torch.testing.assert_close(
        scaled_dot_product_attention(q, k, v, **options),
        scaled_dot_product_attention_loops(q, k, v, **options),
    )
    torch.testing.assert_close(
        attention_weights(q, k, **options), attention_weights_loops(q, k, **options)
    )


@pytest.mark.parametrize("options", GRID, ids=lambda options: str(list(options.values())))
def test_agrees_with_pytorch_in_values_and_all_gradients(options):
    shape, scale, causal = options["shape"], options["scale"], options["causal"]
    leaves = [tensor.requires_grad_() for tensor in problem(shape)]
    given = masks(options["mask"], shape)
    leaves += [x.requires_grad_() for x in given.values() if x.is_floating_point()]
    mask = as_torch_has_it(*leaves[:2], causal=causal, **given)
    ours = scaled_dot_product_attention(*leaves[:3], causal=causal, scale=scale, **given)
    theirs = functional.scaled_dot_product_attention(
        *leaves[:3], attn_mask=mask, scale=scale, enable_gqa=True
    )
    torch.testing.assert_close(ours, theirs)
    direction = numbers(*ours.shape, seed=5)
    for mine, its in zip(
        torch.autograd.grad(ours, leaves, direction),
        torch.autograd.grad(theirs, leaves, direction),
        strict=True,
    ):
        torch.testing.assert_close(mine, its)


@pytest.mark.parametrize("length", [256, 257, 600])
@pytest.mark.parametrize("window", [None, 30, 400])
def test_more_queries_than_are_answered_at_once(length, window):
    q, k, v = numbers(3, 2, length, 4).unbind()
    torch.testing.assert_close(
        scaled_dot_product_attention(q, k, v, causal=True, window=window),
        functional.scaled_dot_product_attention(
            q, k, v, attn_mask=causal_mask(length, window=window)
        ),
    )


def test_causal_is_pytorchs_for_equal_lengths_and_counts_from_the_end_for_others():
    q, k, v = problem((4, 4, 5, 5, 3))
    theirs = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    torch.testing.assert_close(scaled_dot_product_attention(q, k, v, causal=True), theirs)
    last = scaled_dot_product_attention(q[..., -2:, :], k, v, causal=True)
    torch.testing.assert_close(last, theirs[..., -2:, :])


@pytest.mark.parametrize("attend", FORMS)
@pytest.mark.parametrize("kind", ["boolean", "additive"])
def test_gradcheck(attend, kind):
    shape = (2, 1, 2, 2, 1)
    given = masks(kind, shape)
    leaves = tuple(x[:1, ..., :2].clone().requires_grad_() for x in problem(shape))
    given = {name: mask[:1] for name, mask in given.items()}
    assert torch.autograd.gradcheck(
        lambda *args: attend(*args, causal=True, softcap=2.0, **given), leaves
    )


def test_second_derivatives():
    leaves = tuple(x[:1, :1].clone().requires_grad_() for x in problem((1, 1, 2, 3, 2)))
    assert torch.autograd.gradgradcheck(
        lambda *args: scaled_dot_product_attention(*args, causal=True), leaves
    )


# Edge contracts


@pytest.mark.parametrize("attend", FORMS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("kind", ["boolean", "additive"])
def test_a_fully_masked_row_gives_zeros_and_zero_gradients(attend, dtype, kind):
    leaves = [tensor.requires_grad_() for tensor in problem(dtype=dtype)]
    given = {name: x.to(x.dtype if kind == "boolean" else dtype)
             for name, x in masks(kind, (4, 2, 3, 6, 8)).items()}  # fmt: skip
    answers = attend(*leaves, **given)
    assert (answers[:, :, 1] == 0).all()
    assert (answers[:, :, [0, 2]] != 0).all()
    gradients = torch.autograd.grad(answers.sum(), leaves)
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert (gradients[0][:, :, 1] == 0).all()
    assert (gradients[0][:, :, [0, 2]] != 0).any()


@pytest.mark.parametrize("attend", FORMS)
def test_queries_before_all_keys_see_nothing_when_causal(attend):
    q, k, v = (x.requires_grad_() for x in problem((2, 2, 6, 3, 2)))
    answers = attend(q, k, v, causal=True)
    assert (answers[..., :3, :] == 0).all()
    torch.testing.assert_close(answers[..., 3, :], v[..., 0, :])
    assert all(g.isfinite().all() for g in torch.autograd.grad(answers.sum(), (q, k, v)))


@pytest.mark.parametrize("attend", FORMS)
@pytest.mark.parametrize("causal", [False, True])
def test_empty_batch_and_empty_sequences(attend, causal):
    q, k, v = problem()
    assert attend(q[:0], k[:0], v[:0], causal=causal).shape == (0, 4, 3, 8)
    assert attend(q[:, :, :0], k, v, causal=causal).shape == (2, 4, 0, 8)
    assert (attend(q, k[:, :, :0], v[:, :, :0], causal=causal) == torch.zeros(2, 4, 3, 8)).all()


@pytest.mark.parametrize("attend", FORMS)
def test_one_key_is_answered_with_its_value(attend):
    q, k, v = problem((1, 1, 1, 1, 3))
    torch.testing.assert_close(attend(q, k, v), v)


@pytest.mark.parametrize("attend", FORMS)
def test_no_leading_axes_and_many(attend):
    q, k, v = problem((4, 4, 5, 5, 3))
    alone = attend(q[0, 0], k[0, 0], v[0, 0], causal=True)
    torch.testing.assert_close(alone, attend(q, k, v, causal=True)[0, 0])
    torch.testing.assert_close(attend(q[:, None], k[:, None], v[:, None]), attend(q, k, v)[:, None])


@pytest.mark.parametrize("attend", FORMS)
def test_views_that_are_not_contiguous_and_axes_that_are_broadcast(attend):
    q, k, v = problem((4, 4, 5, 6, 3))
    expected = functional.scaled_dot_product_attention(q, k[:1], v[:1].expand(2, -1, -1, -1))
    torch.testing.assert_close(attend(q, k[:1], v[:1]), expected)
    turned = q.transpose(1, 2).contiguous().transpose(1, 2)
    torch.testing.assert_close(attend(turned, k[:1].expand(2, -1, -1, -1), v[:1]), expected)
    halves = (x.repeat_interleave(2, -2)[..., ::2, :] for x in (k[:1], v[:1]))
    torch.testing.assert_close(attend(q, *halves), expected)


def test_each_key_head_serves_its_neighbouring_query_heads():
    q, k, v = problem((4, 2, 3, 6, 8))
    answers = scaled_dot_product_attention(q, k, v)
    for head in range(4):
        own = scaled_dot_product_attention(q[:, head], k[:, head // 2], v[:, head // 2])
        torch.testing.assert_close(answers[:, head], own)


@pytest.mark.parametrize("attend", FORMS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_is_kept(attend, dtype):
    leaves = [x.requires_grad_() for x in problem(dtype=dtype)]
    added = numbers(3, 6, seed=9)  # of another dtype, as PyTorch allows
    answers = attend(*leaves, bias=added.float(), causal=True)
    assert answers.dtype is dtype
    assert all(g.dtype is dtype for g in torch.autograd.grad(answers.sum(), leaves))
    exact = attend(*(x.double() for x in leaves), bias=added, causal=True)
    torch.testing.assert_close(answers.double(), exact, rtol=0, atol=4 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("attend", FORMS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_scores_of_half_precision_are_rounded_nowhere(attend, dtype):
    q, k, v = (x * size for x, size in zip(problem(dtype=dtype), (10, 10, 1), strict=True))
    exact = attend(q.double(), k.double(), v.double())
    last_digit = {"rtol": torch.finfo(dtype).eps, "atol": 1e-5}
    # Of a score of 256, bfloat16 keeps the whole number alone: shares would be wrong by half.
    torch.testing.assert_close(attend(q, k, v).double(), exact, **last_digit)


@pytest.mark.parametrize("attend", FORMS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_very_large_scores_stay_finite(attend, dtype):
    q = k = torch.tensor([[100.0] * 64, [-100.0] * 64], dtype=dtype).requires_grad_()
    v = torch.tensor([[1.0], [2.0]], dtype=dtype)
    # 64 products of 100 · 100, divided by √64: 80,000, beyond float16's 65,504.
    answers = attend(q, k, v)
    assert answers.flatten().tolist() == [1, 2]
    assert torch.autograd.grad(answers.sum(), q)[0].isfinite().all()


def test_a_row_of_the_lowest_float16_is_a_row_of_equal_bias():
    """As PyTorch has it; added to a score of -60 in float16, it would be minus infinity."""
    q, k = torch.full((1, 4), -3.0).half(), torch.full((2, 4), 10.0).half()
    lowest = torch.full((1, 2), torch.finfo(torch.float16).min).half()
    v = torch.tensor([[1.0], [2.0]]).half()
    assert scaled_dot_product_attention(q, k, v, bias=lowest).item() == 1.5


def test_a_mask_of_minus_1e9_in_half_precision_hides_and_a_row_of_it_is_empty():
    q, k, v = problem(dtype=torch.float16)
    allowed = masks("boolean", (4, 2, 3, 6, 8))["mask"]
    added = torch.zeros(allowed.shape).masked_fill(~allowed, -1e9)
    torch.testing.assert_close(
        scaled_dot_product_attention(q, k, v, mask=added),
        scaled_dot_product_attention(q, k, v, mask=allowed),
    )


@pytest.mark.parametrize("attend", FORMS)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_lies_in_the_padding_matters_to_nobody(attend, bad):
    """Where PyTorch gives NaN everywhere: 0 times NaN is NaN."""
    q, k, v = problem()
    keep = torch.tensor([True] * 4 + [False] * 2)
    spoilt = [x.clone() for x in (k, v)]
    for x in spoilt:
        x[..., 4:, :] = bad
    leaves = [q.requires_grad_(), *(x.requires_grad_() for x in spoilt)]
    answers = attend(*leaves, mask=keep[None])
    torch.testing.assert_close(answers, attend(q, k[..., :4, :], v[..., :4, :]))
    gradients = torch.autograd.grad(answers.sum(), leaves)
    assert all(gradient.isfinite().all() for gradient in gradients)
    theirs = functional.scaled_dot_product_attention(*leaves, attn_mask=keep[None], enable_gqa=True)
    assert theirs.isnan().all()


def test_a_nan_hidden_from_some_queries_only_reaches_them_as_in_pytorch():
    """A product of matrices cannot leave out one pair; the loops can."""
    q, k, v = problem((1, 1, 5, 5, 3))
    v[..., 4, :] = math.nan
    theirs = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    torch.testing.assert_close(
        scaled_dot_product_attention(q, k, v, causal=True), theirs, equal_nan=True
    )
    assert theirs.isnan().all()
    exact = scaled_dot_product_attention_loops(q, k, v, causal=True)
    assert exact.isnan().any(dim=-1).tolist() == [[[False] * 4 + [True]]] * 2


@pytest.mark.parametrize("attend", FORMS)
def test_a_nan_in_a_query_stays_in_its_row_and_one_in_a_value_in_its_column(attend):
    q, k, v = problem((1, 1, 4, 5, 3))
    q[0, 0, 2, 1] = math.nan
    assert attend(q, k, v).isnan().any(-1).nonzero().tolist() == [[0, 0, 2]]
    q, k, v = problem((1, 1, 4, 5, 3))
    v[0, 0, 2, 1] = math.nan
    assert attend(q, k, v).isnan().nonzero().tolist() == [[0, 0, i, 1] for i in range(4)]


@pytest.mark.parametrize("attend", FORMS)
def test_the_input_is_not_modified(attend):
    given = masks("bias", (4, 2, 3, 6, 8))
    arguments = problem()
    before = [x.clone() for x in (*arguments, *given.values())]
    attend(*arguments, causal=True, softcap=1.0, **given)
    after = (*arguments, *given.values())
    assert all(torch.equal(a, b) for a, b in zip(after, before, strict=True))


@pytest.mark.parametrize("attend", FORMS)
def test_the_device_is_kept(attend):
    q, k, v = (x.to("meta") for x in problem((1, 1, 2, 2, 1)))
    assert attend(q, k, v, causal=True).device.type == "meta"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("kind", MASKS)
def test_a_gpu_gives_the_same(kind):
    arguments, given = problem(), masks(kind, (4, 2, 3, 6, 8))
    there = scaled_dot_product_attention(
        *(x.cuda() for x in arguments), causal=True, **{n: x.cuda() for n, x in given.items()}
    )
    assert there.device.type == "cuda"
    torch.testing.assert_close(
        there.cpu(), scaled_dot_product_attention(*arguments, causal=True, **given)
    )


def test_autocast_computes_in_half_precision():
    q, k, v = problem(dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        answers = scaled_dot_product_attention(q, k.bfloat16(), v, causal=True)
    assert answers.dtype is torch.bfloat16
    exact = scaled_dot_product_attention(q, k, v, causal=True)
    torch.testing.assert_close(answers.float(), exact, rtol=0.05, atol=0.05)


WRONG = [
    ("rank 1", lambda a, q, k, v: a(q[0, 0, 0], k, v), ShapeError, r"\(..., length, width\); got"),
    ("width", lambda a, q, k, v: a(q[..., :7], k, v), ShapeError, "equally wide.*q .2, 4, 3, 7"),
    ("values", lambda a, q, k, v: a(q, k, v[..., :5, :]), ShapeError, "one value for each key"),
    ("heads", lambda a, q, k, v: a(q[:, :3], k, v), ShapeError, "heads of q .* may be a multiple"),
    ("batch", lambda a, q, k, v: a(q, k[[0] * 3], v), ShapeError, "must be equal or 1"),
    ("integers", lambda a, q, k, v: a(q.long(), k, v), DTypeError, r"int64; use q.float\(\)"),
    ("two dtypes", lambda a, q, k, v: a(q, k.float(), v), DTypeError, r"use k.to\(q.dtype\)"),
    ("devices", lambda a, q, k, v: a(q, k, v.to("meta")), DeviceError, r"to\(q.device\)"),
    ("0 and 1", lambda a, q, k, v: a(q, k, v, mask=torch.ones(3, 6).long()), DTypeError,
     r"mask must be boolean \(True = may look\).*use mask.bool\(\)"),
    ("a bias of booleans", lambda a, q, k, v: a(q, k, v, bias=torch.ones(3, 6) > 0), DTypeError,
     r"bias must hold floating-point numbers.*use bias.float\(\)"),
    ("a list", lambda a, q, k, v: a(q, k, v, mask=[[True]]), DTypeError, "got list"),
    ("mask's device", lambda a, q, k, v: a(q, k, v, bias=torch.ones(3, 6, device="meta")),
     DeviceError, "bias is on meta"),
    ("padding without its axis", lambda a, q, k, v: a(q, k, v, mask=torch.ones(2, 6) > 0),
     ShapeError, r"here \(..., 3, 6\).*got \(2, 6\).*keep\[:, None, None, :\]"),
    ("mask's batch", lambda a, q, k, v: a(q, k, v, mask=torch.ones(3, 1, 3, 6) > 0), ShapeError,
     r"must be equal or 1.*mask \(3, 1, 3, 6\)"),
    ("softcap", lambda a, q, k, v: a(q, k, v, softcap=0), OptionError, "softcap must be a number"),
    ("window", lambda a, q, k, v: a(q, k, v, window=0), OptionError, "window must be .* got 0"),
]  # fmt: skip


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize("attend", FORMS)
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(attend, call, error, says):
    with pytest.raises(error, match=says):
        call(attend, *problem())
