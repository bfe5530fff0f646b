"""labkit.ops.multi_head_attention: a worked example, nn.MultiheadAttention over a grid, edges."""

import math
from itertools import product

import pytest
import torch
from torch import nn

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.ops.attention_masks import causal_mask
from labkit.ops.multi_head_attention import multi_head_attention, multi_head_attention_loops
from labkit.ops.scaled_dot_product import scaled_dot_product_attention

FORMS = [multi_head_attention, multi_head_attention_loops]
D_MODEL, HEADS, QUERIES, KEYS = 6, 3, 4, 5
MASKS = ["none", "causal", "padding", "per head", "additive"]
GRID = list(product([True, False], [None, (5, 7)], [True, False], MASKS))


def numbers(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def layer(*, bias=True, widths=None, batch_first=True, num_heads=HEADS, dtype=torch.float64):
    """A layer of PyTorch whose biases are not the zeros it starts with."""
    kdim, vdim = widths or (None, None)
    made = nn.MultiheadAttention(
        D_MODEL, num_heads, bias=bias, kdim=kdim, vdim=vdim, batch_first=batch_first, dtype=dtype
    )
    with torch.no_grad():
        for seed, parameter in enumerate(made.parameters(), start=10):
            parameter.copy_(numbers(*parameter.shape, seed=seed, dtype=dtype) / 2)
    return made


def sequences(widths=None, dtype=torch.float64):
    kdim, vdim = widths or (D_MODEL, D_MODEL)
    return (
        numbers(2, QUERIES, D_MODEL, dtype=dtype),
        numbers(2, KEYS, kdim, seed=1, dtype=dtype),
        numbers(2, KEYS, vdim, seed=2, dtype=dtype),
    )


def masks(kind):
    """The options of ours and those of PyTorch, whose masks are the other way round."""
    keep = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    allowed = numbers(2, HEADS, QUERIES, KEYS, seed=3) > -0.5
    allowed[..., 0] = True  # PyTorch has NaN for a query that may look nowhere
    added = numbers(QUERIES, KEYS, seed=4)
    return {
        "none": ({}, {}),
        "causal": ({"causal": True}, {"attn_mask": ~causal_mask(QUERIES, KEYS)}),
        "padding": ({"mask": keep[:, None, None, :]}, {"key_padding_mask": ~keep}),
        "per head": ({"mask": allowed}, {"attn_mask": ~allowed.flatten(0, 1)}),
        "additive": ({"bias": added}, {"attn_mask": added}),
    }[kind]


@pytest.mark.parametrize("attend", FORMS)
def test_two_heads_of_width_one_and_what_each_gives_the_output(attend):
    x = torch.tensor([[[0.0, 1.0], [math.log(3), 2.0]]])
    weights = {
        # Two rows, of head 0 and head 1, for q, then for k, then for v. Head 0 matches by the first
        # number and answers with the second; head 1 matches by nothing, and answers with ten times
        # the mean.
        "in_proj_weight": torch.tensor(
            [[1.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [0.0, 10.0]]
        ),
        "in_proj_bias": torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0, 0.0]),
        "out_proj.weight": torch.tensor([[1.0, 100.0], [0.0, 1.0]]),
        "out_proj.bias": torch.tensor([0.5, 0.0]),
    }
    # Query 0 is 0, so both heads take the mean of the values 1 and 2, and of 10 and 20.
    first = [1.5 + 100 * 15 + 0.5, 15.0]
    # Query 1 is log 3; the keys are 0 + 1 and log 3 + 1.
    low, high = math.exp(math.log(3) * 1), math.exp(math.log(3) * (math.log(3) + 1))
    second = [(1 * low + 2 * high) / (low + high) + 100 * 15 + 0.5, 15.0]
    output = attend(x, x, x, weights, num_heads=2)
    torch.testing.assert_close(output, torch.tensor([[first, second]]))


@pytest.mark.parametrize(("bias", "widths", "batch_first", "kind"), GRID, ids=str)
def test_agrees_with_pytorch_in_values_and_all_gradients(bias, widths, batch_first, kind):
    theirs = layer(bias=bias, widths=widths, batch_first=batch_first)
    inputs = [x if batch_first else x.transpose(0, 1) for x in sequences(widths)]
    inputs = [x.requires_grad_() for x in inputs]
    our_options, their_options = masks(kind)
    weights = theirs.state_dict(keep_vars=True)
    output, maps = multi_head_attention(
        *inputs, weights, num_heads=HEADS, batch_first=batch_first, need_weights=True, **our_options
    )
    expected, mean_map = theirs(*inputs, **their_options)
    torch.testing.assert_close(output, expected)
    assert maps.shape == (2, HEADS, QUERIES, KEYS)
    torch.testing.assert_close(maps.mean(dim=1), mean_map)
    leaves = [*inputs, *weights.values()]
    direction = numbers(*output.shape, seed=5)
    for mine, its in zip(
        torch.autograd.grad(output, leaves, direction),
        torch.autograd.grad(expected, leaves, direction),
        strict=True,
    ):
        torch.testing.assert_close(mine, its)


@pytest.mark.parametrize(("bias", "widths", "batch_first", "kind"), GRID[::3], ids=str)
def test_agrees_with_the_loops(bias, widths, batch_first, kind):
    weights = layer(bias=bias, widths=widths).state_dict()
    inputs = [x if batch_first else x.transpose(0, 1) for x in sequences(widths)]
    options = {"num_heads": HEADS, "batch_first": batch_first, "need_weights": True}
    ours = multi_head_attention(*inputs, weights, **options, **masks(kind)[0])
    loops = multi_head_attention_loops(*inputs, weights, **options, **masks(kind)[0])
    torch.testing.assert_close(ours, loops)


@pytest.mark.parametrize("attend", FORMS)
@pytest.mark.parametrize("batch_first", [False, True])
def test_one_sequence_needs_no_batch_axis(attend, batch_first):
    theirs = layer(batch_first=batch_first)
    query, key, value = (x[0] for x in sequences())
    expected, mean_map = theirs(query, key, value)
    output, maps = attend(
        query, key, value, theirs.state_dict(), num_heads=HEADS, batch_first=batch_first,
        need_weights=True,
    )  # fmt: skip
    torch.testing.assert_close(output, expected)
    torch.testing.assert_close(maps.mean(dim=0), mean_map)


@pytest.mark.parametrize("attend", FORMS)
def test_without_weights_the_output_comes_alone(attend):
    options = {"weights": layer().state_dict(), "num_heads": HEADS}
    output, _ = attend(*sequences(), **options, need_weights=True)
    torch.testing.assert_close(attend(*sequences(), **options), output)


def test_one_head_is_scaled_dot_product_attention_between_projections():
    weights = layer(num_heads=1).state_dict()
    x = sequences()[0]
    q, k, v = nn.functional.linear(x, weights["in_proj_weight"], weights["in_proj_bias"]).chunk(
        3, dim=-1
    )
    expected = nn.functional.linear(
        scaled_dot_product_attention(q, k, v, causal=True),
        weights["out_proj.weight"],
        weights["out_proj.bias"],
    )
    output = multi_head_attention(x, x, x, weights, num_heads=1, causal=True)
    torch.testing.assert_close(output, expected)


@pytest.mark.parametrize("attend", FORMS)
def test_gradcheck(attend):
    weights = layer().state_dict()
    query, key, value = (x[:1, :2].clone().requires_grad_() for x in sequences())
    matrix = weights["in_proj_weight"].requires_grad_()
    assert torch.autograd.gradcheck(
        lambda *args: attend(
            *args[:3], weights | {"in_proj_weight": args[3]}, num_heads=2, causal=True
        ),
        (query, key, value, matrix),
        fast_mode=True,
    )


# Edge contracts


@pytest.mark.parametrize("attend", FORMS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_a_fully_masked_row_gives_the_output_bias_where_pytorch_gives_nan(attend, dtype):
    theirs = layer(dtype=dtype)
    weights = theirs.state_dict()
    inputs = [x.requires_grad_() for x in sequences(dtype=dtype)]
    mask = torch.ones(QUERIES, KEYS, dtype=torch.bool)
    mask[1] = False
    output = attend(*inputs, weights, num_heads=HEADS, mask=mask)
    assert output.dtype is dtype
    torch.testing.assert_close(output[:, 1], weights["out_proj.bias"].expand(2, -1))
    gradients = torch.autograd.grad(output.sum(), inputs)
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert (gradients[0][:, 1] == 0).all()
    assert theirs(*inputs, attn_mask=~mask)[0][:, 1].isnan().all()


@pytest.mark.parametrize("attend", FORMS)
def test_empty_batch_and_empty_sequences(attend):
    weights = layer().state_dict()
    query, key, value = sequences()
    assert attend(query[:0], key[:0], value[:0], weights, num_heads=3).shape == (0, QUERIES, 6)
    assert attend(query[:, :0], key, value, weights, num_heads=3).shape == (2, 0, 6)
    nothing = attend(query, key[:, :0], value[:, :0], weights, num_heads=3)
    torch.testing.assert_close(nothing, weights["out_proj.bias"].expand(2, QUERIES, -1))


@pytest.mark.parametrize("attend", FORMS)
def test_views_that_are_not_contiguous(attend):
    weights = layer().state_dict()
    x = sequences()[0]
    turned = x.transpose(1, 2).contiguous().transpose(1, 2)
    torch.testing.assert_close(
        attend(turned, turned, turned, weights, num_heads=3),
        multi_head_attention(x, x, x, weights, num_heads=3),
    )


def test_more_leading_axes_and_keys_shared_by_the_batch():
    weights = layer().state_dict()
    query, key, value = sequences()
    output = multi_head_attention(query, key[:1], value[:1], weights, num_heads=3)
    torch.testing.assert_close(
        output[1:], multi_head_attention(query[1:], key[:1], value[:1], weights, num_heads=3)
    )
    many = multi_head_attention(query[None], key[None], value[None], weights, num_heads=3)
    torch.testing.assert_close(
        many[0], multi_head_attention(query, key, value, weights, num_heads=3)
    )


@pytest.mark.parametrize("attend", FORMS)
def test_a_nan_in_a_query_stays_in_its_row(attend):
    query, key, value = sequences()
    query[0, 2, 1] = math.nan
    output = attend(query, key, value, layer().state_dict(), num_heads=3)
    assert output.isnan().any(dim=-1).nonzero().tolist() == [[0, 2]]


@pytest.mark.parametrize("attend", FORMS)
def test_the_input_is_not_modified(attend):
    arguments, weights = sequences(), layer().state_dict()
    before = [x.clone() for x in (*arguments, *weights.values())]
    attend(*arguments, weights, num_heads=3, causal=True)
    after = (*arguments, *weights.values())
    assert all(torch.equal(a, b) for a, b in zip(after, before, strict=True))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_gives_the_same():
    inputs, weights = sequences(), layer().state_dict()
    there = multi_head_attention(
        *(x.cuda() for x in inputs), {n: w.cuda() for n, w in weights.items()}, num_heads=3
    )
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), multi_head_attention(*inputs, weights, num_heads=3))


WRONG = [
    ("heads", lambda a, x, w: a(x, x, x, w, num_heads=4), OptionError, "must divide .* of 6"),
    ("no heads", lambda a, x, w: a(x, x, x, w, num_heads=0), OptionError, "num_heads must be"),
    ("no weights", lambda a, x, w: a(x, x, x, {}, num_heads=3), OptionError,
     "q_proj_weight, k_proj_weight, v_proj_weight, out_proj.weight; got nothing"),
    ("a linear layer's", lambda a, x, w: a(x, x, x, {"weight": x}, num_heads=3), OptionError,
     "state_dict.. of nn.MultiheadAttention.*got weight"),
    ("a module", lambda a, x, w: a(x, x, x, layer(), num_heads=3), OptionError, "state_dict"),
    *((f"the shape of {name}",
       lambda a, x, w, name=name: a(x, x, x, w | {name: w[name][:5]}, num_heads=1), ShapeError,
       f"{name} must have shape") for name in ("in_proj_weight", "in_proj_bias", "out_proj.bias")),
    ("the shape of out_proj.weight",
     lambda a, x, w: a(x, x, x, w | {"out_proj.weight": w["out_proj.weight"][:, 1:]}, num_heads=3),
     ShapeError, r"out_proj.weight must have shape \(6, 6\)"),
    ("the dtype of out_proj.weight",
     lambda a, x, w: a(x, x, x, w | {"out_proj.weight": w["out_proj.weight"].half()}, num_heads=3),
     DTypeError, "out_proj.weight is torch.float16"),
    ("bias_k", lambda a, x, w: a(x, x, x, w | {"bias_k": x}, num_heads=3), OptionError,
     "without add_bias_kv"),
    ("width", lambda a, x, w: a(x, x[..., :5], x, w, num_heads=3), ShapeError,
     r"key must be .* the width 6 .* got \(2, 4, 5\)"),
    ("rank", lambda a, x, w: a(x[0, 0], x, x, w, num_heads=3), ShapeError, "query must be"),
    ("integers", lambda a, x, w: a(x.long(), x, x, w, num_heads=3), DTypeError, "query.float"),
    ("dtype", lambda a, x, w: a(x.float(), x, x, w, num_heads=3), DTypeError, "use key.to"),
    ("mask", lambda a, x, w: a(x, x, x, w, num_heads=3, mask=torch.ones(2, 4) > 0), ShapeError,
     r"keep\[:, None, None, :\]"),
]  # fmt: skip


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize("attend", FORMS)
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(attend, call, error, says):
    with pytest.raises(error, match=says):
        call(attend, sequences()[0], layer().state_dict())
