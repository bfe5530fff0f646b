"""Learners write multi-head attention: right in many styles and forms, wrong in more."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.checks import check
from labkit.checks.multi_head_attention import MULTI_HEAD_ATTENTION
from labkit.ops.attention import multi_head_attention, multi_head_attention_loops

# The shape checker of the test run would only slow learners down.
pytestmark = pytest.mark.usefixtures("as_learners_run_it")

INFINITY = float("inf")


def attend(q, k, v, mask=None, causal=False):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if causal:
        s = s.masked_fill(torch.ones(s.shape[-2:]).triu(1) == 1, -INFINITY)
    if mask is not None:
        s = s.masked_fill(mask == 0, -INFINITY)
    return s.softmax(-1) @ v


def split(x, heads):
    B, T, D = x.shape
    return x.view(B, T, heads, D // heads).transpose(1, 2)


def merge(x):
    B, H, T, E = x.shape
    return x.transpose(1, 2).reshape(B, T, H * E)


# ---------------------------------------------------------------- right answers, in many styles


def textbook(query, key, value, w_q, w_k, w_v, w_o, num_heads, mask=None, causal=False):
    q, k, v = query @ w_q.T, key @ w_k.T, value @ w_v.T
    out = attend(split(q, num_heads), split(k, num_heads), split(v, num_heads), mask, causal)
    return merge(out) @ w_o.T


def loop_over_heads(Q, K, V, WQ, WK, WV, WO, h):
    width = Q.shape[-1] // h
    heads = []
    for i in range(h):
        rows = slice(i * width, (i + 1) * width)
        heads.append(attend(Q @ WQ[rows].T, K @ WK[rows].T, V @ WV[rows].T))
    return torch.cat(heads, dim=-1) @ WO.T


def with_biases(q, k, v, w_q, w_k, w_v, w_o, num_heads, b_q=None, b_k=None, b_v=None, b_o=None):
    q, k, v = F.linear(q, w_q, b_q), F.linear(k, w_k, b_k), F.linear(v, w_v, b_v)
    B, T, D = q.shape
    q, k, v = (x.view(B, -1, num_heads, D // num_heads).permute(0, 2, 1, 3) for x in (q, k, v))
    o = F.scaled_dot_product_attention(q, k, v).permute(0, 2, 1, 3).contiguous().view(B, T, D)
    return F.linear(o, w_o, b_o)


def einsum(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    H, D = num_heads, query.shape[-1]
    q, k, v = (
        torch.einsum("btd,hed->bhte", x, w.reshape(H, D // H, D))
        for x, w in ((query, w_q), (key, w_k), (value, w_v))
    )
    a = torch.einsum("bhte,bhse->bhts", q, k).div(math.sqrt(D // H)).softmax(-1)
    o = torch.einsum("bhts,bhse->bthe", a, v)
    return torch.einsum("bthe,fhe->btf", o, w_o.reshape(D, H, D // H)), a


def heads_as_batch(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    H, B = num_heads, len(query)
    q, k, v = (
        torch.cat((x @ w.T).chunk(H, dim=-1), dim=0)
        for x, w in ((query, w_q), (key, w_k), (value, w_v))
    )
    o = torch.bmm(torch.softmax(torch.bmm(q, k.transpose(1, 2)) / q.shape[-1] ** 0.5, -1), v)
    return torch.cat(o.split(B), dim=-1) @ w_o.T


def self_attention(x, w_q, w_k, w_v, w_o, num_heads, mask=None):
    return textbook(x, x, x, w_q, w_k, w_v, w_o, num_heads, mask)


def self_attention_stacked(x, in_proj_weight, out_proj_weight, num_heads, in_proj_bias=None):
    q, k, v = F.linear(x, in_proj_weight, in_proj_bias).chunk(3, dim=-1)
    out = attend(split(q, num_heads), split(k, num_heads), split(v, num_heads))
    return merge(out) @ out_proj_weight.T


def stacked(
    query, key, value, num_heads, in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias
):
    sources = zip((query, key, value), in_proj_weight.chunk(3), in_proj_bias.chunk(3), strict=True)
    q, k, v = (split(F.linear(x, w, b), num_heads) for x, w, b in sources)
    return F.linear(merge(attend(q, k, v)), out_proj_weight, out_proj_bias)


def of_a_mapping(query, key, value, weights, *, num_heads, mask=None, causal=False):
    q, k, v = (
        split(F.linear(x, w, b), num_heads)
        for x, w, b in zip(
            (query, key, value),
            weights["in_proj_weight"].chunk(3),
            weights["in_proj_bias"].chunk(3) if "in_proj_bias" in weights else (None,) * 3,
            strict=True,
        )
    )
    out = merge(attend(q, k, v, mask, causal))
    return F.linear(out, weights["out_proj.weight"], weights.get("out_proj.bias"))


def torchs_layer(query, key, value, state_dict, num_heads, mask=None):
    biased = "in_proj_bias" in state_dict
    layer = nn.MultiheadAttention(query.shape[-1], num_heads, bias=biased, batch_first=True)
    options = {"attn_mask": None if mask is None else ~mask}
    return torch.func.functional_call(layer, state_dict, (query, key, value), options)


def torchs_function(
    query, key, value, in_proj_weight, out_proj_weight, num_heads, in_proj_bias=None,
    out_proj_bias=None, mask=None,
):  # fmt: skip
    time_first = (x.transpose(0, 1) for x in (query, key, value))
    out, shares = F.multi_head_attention_forward(
        *time_first, query.shape[-1], num_heads, in_proj_weight, in_proj_bias, None, None, False,
        0.0, out_proj_weight, out_proj_bias, attn_mask=None if mask is None else ~mask,
    )  # fmt: skip
    return out.transpose(0, 1), shares


RIGHT = [
    textbook, loop_over_heads, with_biases, einsum, heads_as_batch, self_attention,
    self_attention_stacked, stacked, of_a_mapping, torchs_layer, torchs_function,
    multi_head_attention, multi_head_attention_loops,
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: f.__name__)
def test_every_correct_style_and_form_passes(answer):
    verdict = check.multi_head_attention(answer)
    assert verdict.passed, verdict


# ---------------------------------------------------------------- wrong answers, each its mistake

WRONG = []


def makes(mistake):
    def keep(function):
        WRONG.append(pytest.param(function, mistake, id=f"{mistake}-{function.__name__}"))
        return function

    return keep


def in_heads(query, key, value, w_q, w_k, w_v, heads):
    return (split(x @ w.T, heads) for x, w in ((query, w_q), (key, w_k), (value, w_v)))


@makes("cut_by_reshape")
def view_alone(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    B, T, D = query.shape
    q, k, v = (
        (x @ w.T).view(B, num_heads, -1, D // num_heads)
        for x, w in ((query, w_q), (key, w_k), (value, w_v))
    )
    return attend(q, k, v).reshape(B, T, D) @ w_o.T


@makes("cut_by_reshape")
def view_then_right_merge(x, w_q, w_k, w_v, w_o, num_heads):
    B, T, _ = x.shape
    q, k, v = ((x @ w.T).reshape(B, num_heads, T, -1) for w in (w_q, w_k, w_v))
    return merge(attend(q, k, v)) @ w_o.T


@makes("joined_without_transpose")
def joined_by_view(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    out = attend(*in_heads(query, key, value, w_q, w_k, w_v, num_heads))
    return out.reshape(query.shape) @ w_o.T


@makes("joined_without_transpose")
def stacked_joined_by_view(x, in_proj_weight, out_proj_weight, num_heads):
    q, k, v = (split(y, num_heads) for y in (x @ in_proj_weight.T).chunk(3, -1))
    return attend(q, k, v).contiguous().view(*x.shape) @ out_proj_weight.T


@makes("heads_interleaved")
def every_hth_feature(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    heads = [
        attend((query @ w_q.T)[..., h::num_heads], (key @ w_k.T)[..., h::num_heads],
               (value @ w_v.T)[..., h::num_heads])
        for h in range(num_heads)
    ]  # fmt: skip
    return torch.cat(heads, -1) @ w_o.T


@makes("heads_interleaved")
def joined_feature_by_feature(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    out = attend(*in_heads(query, key, value, w_q, w_k, w_v, num_heads))
    return out.permute(0, 2, 3, 1).reshape(query.shape) @ w_o.T


@makes("across_heads")
def never_transposed(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    B, T, D = query.shape
    q, k, v = (
        (x @ w.T).view(B, -1, num_heads, D // num_heads)
        for x, w in ((query, w_q), (key, w_k), (value, w_v))
    )
    return attend(q, k, v).reshape(B, T, D) @ w_o.T


@makes("one_head")
def heads_ignored(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    return attend(query @ w_q.T, key @ w_k.T, value @ w_v.T) @ w_o.T


@makes("bias_forgotten+one_head")
def one_head_scaled_as_many(query, key, value, weights, num_heads):
    q, k, v = (
        x @ w.T
        for x, w in zip((query, key, value), weights["in_proj_weight"].chunk(3), strict=True)
    )
    s = q @ k.mT / math.sqrt(q.shape[-1] // num_heads)
    return s.softmax(-1) @ v @ weights["out_proj.weight"].T


@makes("scale_wrong")
def root_of_the_model(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    q, k, v = in_heads(query, key, value, w_q, w_k, w_v, num_heads)
    return merge((q @ k.mT / math.sqrt(query.shape[-1])).softmax(-1) @ v) @ w_o.T


@makes("scale_wrong")
def not_scaled(x, in_proj_weight, out_proj_weight, num_heads):
    q, k, v = (split(y, num_heads) for y in (x @ in_proj_weight.T).chunk(3, -1))
    return merge((q @ k.mT).softmax(-1) @ v) @ out_proj_weight.T


@makes("softmax_axis")
def softmax_over_heads(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    q, k, v = in_heads(query, key, value, w_q, w_k, w_v, num_heads)
    return merge((q @ k.mT / math.sqrt(q.shape[-1])).softmax(1) @ v) @ w_o.T


@makes("softmax_axis")
def softmax_over_queries(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    q, k, v = in_heads(query, key, value, w_q, w_k, w_v, num_heads)
    return merge((q @ k.mT / math.sqrt(q.shape[-1])).softmax(2) @ v) @ w_o.T


@makes("output_not_projected")
def ends_with_the_heads(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    return merge(attend(*in_heads(query, key, value, w_q, w_k, w_v, num_heads)))


@makes("bias_forgotten")
def no_biases(
    query, key, value, w_q, w_k, w_v, w_o, num_heads, b_q=None, b_k=None, b_v=None, b_o=None
):
    return textbook(query, key, value, w_q, w_k, w_v, w_o, num_heads)


@makes("bias_forgotten")
def only_the_last_bias(query, key, value, weights, *, num_heads):
    kept = {name: w for name, w in weights.items() if name != "in_proj_bias"}
    return of_a_mapping(query, key, value, kept, num_heads=num_heads)


@makes("bias_forgotten")
def only_the_first_biases(query, key, value, weights, *, num_heads):
    kept = {name: w for name, w in weights.items() if name != "out_proj.bias"}
    return of_a_mapping(query, key, value, kept, num_heads=num_heads)


@makes("weight_not_transposed")
def times_w(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    return textbook(query, key, value, w_q.T, w_k.T, w_v.T, w_o.T, num_heads)


@makes("weight_not_transposed")
def times_w_at_the_end(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    return merge(attend(*in_heads(query, key, value, w_q, w_k, w_v, num_heads))) @ w_o


@makes("projections_swapped")
def key_first(query, key, value, in_proj_weight, out_proj_weight, num_heads):
    w_k, w_q, w_v = in_proj_weight.chunk(3)
    return textbook(query, key, value, w_q, w_k, w_v, out_proj_weight, num_heads)


@makes("bias_forgotten+projections_swapped")
def value_first(query, key, value, weights, num_heads):
    w_v, w_k, w_q = weights["in_proj_weight"].chunk(3)
    return textbook(query, key, value, w_q, w_k, w_v, weights["out_proj.weight"], num_heads)


@makes("projections_swapped")
def head_by_head(x, in_proj_weight, out_proj_weight, num_heads):
    qkv = (x @ in_proj_weight.T).unflatten(-1, (num_heads, 3, -1)).movedim(3, 0)
    q, k, v = (y.transpose(1, 2) for y in qkv)
    return merge(attend(q, k, v)) @ out_proj_weight.T


@makes("sources_mixed")
def values_of_the_key(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    return textbook(query, key, key, w_q, w_k, w_v, w_o, num_heads)


@makes("sources_mixed")
def always_self_attention(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    return textbook(query, query, query, w_q, w_k, w_v, w_o, num_heads)


@makes("input_not_projected")
def only_cut(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    return merge(attend(*(split(x, num_heads) for x in (query, key, value)))) @ w_o.T


@makes("mask_wrong")
def mask_of_the_layer(query, key, value, w_q, w_k, w_v, w_o, num_heads, mask=None):
    mask = None if mask is None else ~mask
    return textbook(query, key, value, w_q, w_k, w_v, w_o, num_heads, mask)


@makes("mask_wrong")
def mask_passed_on_to_torch(
    query, key, value, in_proj_weight, out_proj_weight, num_heads, mask=None
):
    return torchs_function(
        query, key, value, in_proj_weight, out_proj_weight, num_heads,
        mask=None if mask is None else ~mask,
    )  # fmt: skip


@makes("mask_wrong")
def causal_forgotten(query, key, value, w_q, w_k, w_v, w_o, num_heads, causal=False):
    return textbook(query, key, value, w_q, w_k, w_v, w_o, num_heads)


@makes("heads_summed")
def adds_heads(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    return attend(*in_heads(query, key, value, w_q, w_k, w_v, num_heads)).sum(1)


@makes("one_head")
def adds_heads_and_projects(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    return attend(*in_heads(query, key, value, w_q, w_k, w_v, num_heads)).sum(1) @ w_o.T


@makes("residual_added")
def a_block(x, w_q, w_k, w_v, w_o, num_heads):
    return x + textbook(x, x, x, w_q, w_k, w_v, w_o, num_heads)


@makes("scale_wrong+output_not_projected")
def two_at_once(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    q, k, v = in_heads(query, key, value, w_q, w_k, w_v, num_heads)
    return merge((q @ k.mT).softmax(-1) @ v)


@makes("scale_wrong+joined_without_transpose")
def unscaled_and_badly_joined(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    q, k, v = in_heads(query, key, value, w_q, w_k, w_v, num_heads)
    return ((q @ k.mT).softmax(-1) @ v).reshape(query.shape) @ w_o.T


@makes("wrong_type")
def the_stub(query, key, value, weights, *, num_heads):
    """Nothing is written here yet."""


@makes("wrong_signature")
def no_matrices(query, key, value):
    return attend(query, key, value)


@makes("gradient_cut")
def detached(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    return textbook(query, key, value, w_q.detach(), w_k, w_v, w_o, num_heads)


@makes("wrong_values")
def twice_as_much(query, key, value, w_q, w_k, w_v, w_o, num_heads):
    return 2 * textbook(query, key, value, w_q, w_k, w_v, w_o, num_heads)


@makes("wrong_shape")
def mean_over_positions(x, w_q, w_k, w_v, w_o, num_heads):
    return textbook(x, x, x, w_q, w_k, w_v, w_o, num_heads).mean(1)


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(answer, mistake):
    verdict = check.multi_head_attention(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


# ---------------------------------------------------------------- the reference, and what is said


@pytest.mark.parametrize("asked", MULTI_HEAD_ATTENTION.questions, ids=lambda q: q.about)
def test_the_reference_is_pytorchs_layer(asked):
    a = MULTI_HEAD_ATTENTION.complete(asked.arguments)
    layer = nn.MultiheadAttention(len(a.w_o), a.num_heads, batch_first=True)
    zeros = torch.zeros(len(a.w_o))
    biases = [zeros if a[f"b_{n}"] is None else a[f"b_{n}"] for n in "qkvo"]
    layer.load_state_dict({
        "in_proj_weight": torch.cat([a.w_q, a.w_k, a.w_v]),
        "in_proj_bias": torch.cat(biases[:3]),
        "out_proj.weight": a.w_o,
        "out_proj.bias": biases[3],
    })  # fmt: skip
    hidden = None if a.mask is None else ~a.mask
    if a.causal:
        hidden = torch.ones(a.query.shape[1], a.key.shape[1], dtype=torch.bool).triu(1)
    expected, _ = layer(a.query, a.key, a.value, attn_mask=hidden)
    torch.testing.assert_close(MULTI_HEAD_ATTENTION.reference(a), expected)


def test_the_sum_over_the_heads_is_derived():
    message = check.multi_head_attention(ends_with_the_heads).message
    a = MULTI_HEAD_ATTENTION.questions[0].arguments
    right = float(textbook(**a)[0, 0, 0])
    assert f" = {right:.6g}, yours is" in message
    assert "the heads' answers side by side, times w_o[0]" in message
    assert "in head 0 the first of them is" in message
