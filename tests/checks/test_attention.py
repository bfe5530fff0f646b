"""Learners write scaled dot-product attention: right in many styles, wrong in more."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.checks import check
from labkit.checks.attention import SCALED_DOT_PRODUCT_ATTENTION
from labkit.ops.attention import (
    chunked_attention,
    scaled_dot_product_attention,
    scaled_dot_product_attention_loops,
)

# The shape checker of the test run would only slow learners down.
pytestmark = pytest.mark.usefixtures("as_learners_run_it")

INFINITY = float("inf")

# ---------------------------------------------------------------- right answers, in many styles


def textbook(q, k, v):
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return torch.softmax(scores, dim=-1) @ v


def returns_shares_too(query, key, value):
    d_k = query.size(-1)
    scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(d_k)
    p_attn = scores.softmax(dim=-1)
    return torch.matmul(p_attn, value), p_attn


def einsum(q, k, v, scale=None):
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    w = torch.einsum("...te,...se->...ts", q, k).mul(scale).softmax(-1)
    return torch.einsum("...ts,...sf->...tf", w, v)


def everything(q, k, v, mask=None, bias=None, causal=False, scale=None):
    T, S, E = q.shape[-2], k.shape[-2], q.shape[-1]
    scores = q @ k.mT * (1 / math.sqrt(E) if scale is None else scale)
    if bias is not None:
        scores = scores + bias
    seen = torch.ones(T, S, dtype=torch.bool)
    if causal:
        seen = seen.tril(diagonal=S - T)
    if mask is not None:
        seen = seen & mask
    weights = scores.masked_fill(~seen, -INFINITY).softmax(-1)
    return weights.masked_fill(~seen.any(-1, keepdim=True), 0) @ v


def smallest_number(q, k, v, mask=None):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(mask == 0, torch.finfo(scores.dtype).min)
    weights = scores.softmax(-1)
    return (weights if mask is None else weights * mask) @ v


def mask_of_zeros_and_ones(Q, K, V, attn_mask=None):
    scores = Q @ K.transpose(-1, -2) / math.sqrt(K.size(-1))
    if attn_mask is not None:
        attn_mask = attn_mask.to(Q.dtype)
        scores = scores + (1 - attn_mask) * torch.finfo(Q.dtype).min
        return (torch.softmax(scores, -1) * attn_mask) @ V
    return torch.softmax(scores, -1) @ V


def nan_to_num(q, k, v, mask=None, causal=False):
    """Right in numbers; gradients are not asked of a query that may look nowhere."""
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if causal:
        future = torch.ones_like(s, dtype=torch.bool).triu(k.shape[-2] - q.shape[-2] + 1)
        s = s.masked_fill(future, -torch.inf)
    if mask is not None:
        s = torch.where(mask, s, -torch.inf)
    return torch.nan_to_num(torch.softmax(s, -1)) @ v


def additive_mask(q, k, v, mask=None):
    looks = q.new_zeros(q.shape[-2], k.shape[-2])
    if mask is not None:
        looks = torch.zeros(mask.shape, dtype=q.dtype).masked_fill(~mask, -INFINITY)
    out = (q @ k.mT / math.sqrt(q.shape[-1]) + looks).softmax(-1) @ v
    return torch.where((looks > -INFINITY).any(-1, keepdim=True), out, out.new_zeros(()))


def torchs_own(q, k, v, mask=None, scale=None):
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale)


def one_query_at_a_time(q, k, v):
    outputs = []
    for t in range(q.shape[-2]):
        scores = (q[..., t : t + 1, :] * k).sum(-1) / math.sqrt(q.shape[-1])
        shares = F.softmax(scores, dim=-1)
        outputs.append((shares.unsqueeze(-1) * v).sum(-2))
    return torch.stack(outputs, dim=-2)


def loops_over_everything(q, k, v, causal=False):
    if q.dim() > 2:
        return torch.stack([loops_over_everything(*x, causal) for x in zip(q, k, v, strict=True)])
    rows = []
    for i in range(len(q)):
        last = i + len(k) - len(q)
        keys = [j for j in range(len(k)) if not causal or j <= last]
        scores = torch.stack([torch.dot(q[i], k[j]) for j in keys]) / len(q[i]) ** 0.5
        weights = torch.softmax(scores, 0)
        rows.append(sum(w * v[j] for w, j in zip(weights, keys, strict=True)))
    return torch.stack(rows)


def softmax_by_hand(q, k, v):
    s = (q / q.shape[-1] ** 0.5) @ k.mT
    e = (s - s.amax(-1, keepdim=True)).exp()
    return e @ v / e.sum(-1, keepdim=True)


def half_of_the_scale_each(q, k, v):
    root = q.shape[-1] ** 0.25
    return ((q / root) @ (k / root).mT).softmax(-1) @ v


def bmm(q, k, v, bias=None):
    batch, (T, E), S = q.shape[:-2], q.shape[-2:], k.shape[-2]
    q, k, v = (x.reshape(-1, *x.shape[-2:]) for x in (q, k, v))
    zero = q.new_zeros(len(q), T, S) if bias is None else bias.reshape(-1, T, S)
    s = torch.baddbmm(zero, q, k.transpose(1, 2), alpha=1 / math.sqrt(E))
    return torch.bmm(s.softmax(2), v).reshape(*batch, T, -1)


def transposed_all_along(q, k, v):
    s = k @ q.mT / math.sqrt(k.size(-1))
    return v.mT.matmul(s.softmax(-2)).mT


def broadcast_and_sum(q, k, v):
    s = (q.unsqueeze(-2) * k.unsqueeze(-3)).sum(-1) / math.sqrt(q.shape[-1])
    return (s.softmax(-1).unsqueeze(-1) * v.unsqueeze(-3)).sum(-2)


def through_logarithms(q, k, v, attention_mask=None, is_causal=False):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    seen = torch.ones_like(s, dtype=torch.bool)
    if is_causal:
        position = torch.arange(q.shape[-2]) + k.shape[-2] - q.shape[-2]
        seen = seen & (torch.arange(k.shape[-2]) <= position[:, None])
    if attention_mask is not None:
        seen = seen & attention_mask
    s = s.masked_fill(~seen, -1e4 if s.dtype == torch.half else -1e30)
    return ((s - s.logsumexp(-1, keepdim=True)).exp() * seen) @ v


def always_causal(q, k, v, causal=True):
    return everything(q, k, v, causal=causal)


def values_before_keys(q, v, k):
    """A parameter is known by its name."""
    return textbook(q, k, v)


class Attention(nn.Module):
    def __init__(self, dropout=0.0):
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def forward(self, query, key, value, mask=None):
        return self.dropout(everything(query, key, value, mask))


RIGHT = [
    textbook, returns_shares_too, einsum, everything, smallest_number, mask_of_zeros_and_ones,
    nan_to_num, additive_mask, torchs_own, one_query_at_a_time, loops_over_everything,
    softmax_by_hand, half_of_the_scale_each, bmm, transposed_all_along, broadcast_and_sum,
    through_logarithms, always_causal, values_before_keys, Attention(),
    F.scaled_dot_product_attention,
    scaled_dot_product_attention, scaled_dot_product_attention_loops, chunked_attention,
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: getattr(f, "__name__", type(f).__name__))
def test_every_correct_style_passes(answer):
    verdict = check.scaled_dot_product_attention(answer)
    assert verdict.passed, verdict


# ---------------------------------------------------------------- wrong answers, each its mistake

WRONG = []


def makes(mistake):
    def keep(function):
        WRONG.append(pytest.param(function, mistake, id=f"{mistake}-{function.__name__}"))
        return function

    return keep


@makes("scale_forgotten")
def no_scale(q, k, v):
    return torch.softmax(q @ k.mT, -1) @ v


@makes("scale_forgotten")
def no_scale_masked(query, key, value, mask=None):
    s = torch.einsum("...qd,...kd->...qk", query, key)
    if mask is not None:
        s = s.masked_fill(mask == 0, -1e9)
    return torch.einsum("...qk,...kd->...qd", F.softmax(s, dim=-1), value)


@makes("wrong_d")
def root_of_length(q, k, v):
    return (q @ k.mT / q.shape[-2] ** 0.5).softmax(-1) @ v


@makes("wrong_d")
def root_of_first_axis(q, k, v):
    d_k = k.size(0)
    return F.softmax(q @ k.transpose(-2, -1) / math.sqrt(d_k), dim=-1) @ v


@makes("wrong_d")
def root_of_len(q, k, v):
    return F.softmax(q @ k.mT / len(q) ** 0.5, dim=-1) @ v


@makes("wrong_d")
def root_of_value_width(q, k, v):
    return F.softmax(q @ k.mT / math.sqrt(v.shape[-1]), dim=-1) @ v


@makes("wrong_d")
def root_of_keys(q, k, v, causal=False):
    s = q @ k.mT / k.shape[-2] ** 0.5
    if causal:
        s = s.masked_fill(torch.ones_like(s).tril() == 0, -INFINITY)
    return s.softmax(-1) @ v


@makes("wrong_d")
def root_of_heads(q, k, v):
    d = q.shape[1] if q.dim() == 4 else q.shape[-1]
    return (q @ k.mT / d**0.5).softmax(-1) @ v


@makes("wrong_d")
def root_of_second_axis(q, k, v):
    return (q @ k.mT / math.sqrt(q.shape[1])).softmax(-1) @ v


@makes("scale_wrong")
def without_root(q, k, v):
    return (q @ k.mT / q.shape[-1]).softmax(-1) @ v


@makes("scale_wrong")
def multiplied(q, k, v, mask=None):
    s = q @ k.mT * math.sqrt(q.shape[-1])
    if mask is not None:
        s = s.masked_fill(~mask, -INFINITY)
    return s.softmax(-1) @ v


@makes("scale_wrong")
def both_divided(q, k, v):
    root = math.sqrt(q.shape[-1])
    return ((q / root) @ (k / root).mT).softmax(-1) @ v


@makes("scale_after_softmax")
def divided_too_late(q, k, v):
    return (q @ k.mT).softmax(-1) / math.sqrt(q.shape[-1]) @ v


@makes("scale_ignored")
def own_scale(q, k, v, scale=None):
    return (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1) @ v


@makes("scale_ignored")
def divides_by_scale(q, k, v, scale=None):
    scale = math.sqrt(q.shape[-1]) if scale is None else scale
    return (q @ k.mT / scale).softmax(-1) @ v


@makes("softmax_axis")
def over_queries(q, k, v):
    return (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-2) @ v


@makes("softmax_axis")
def over_axis_one(q, k, v):
    return F.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=1) @ v


@makes("softmax_axis")
def over_axis_zero(q, k, v):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    e = torch.exp(s - s.amax(0))
    return (e / e.sum(0)) @ v


@makes("softmax_axis")
def over_the_whole_map(q, k, v):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    return s.reshape(*s.shape[:-2], -1).softmax(-1).view_as(s) @ v


@makes("softmax_axis")
def over_queries_masked(q, k, v, mask=None, causal=False):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if causal:
        s = s.masked_fill(torch.tril(torch.ones(s.shape[-2:])) == 0, -INFINITY)
    if mask is not None:
        s = s.masked_fill(mask == 0, -INFINITY)
    return s.softmax(dim=-2) @ v


@makes("softmax_forgotten")
def scores_mix(q, k, v):
    return q @ k.mT / math.sqrt(q.shape[-1]) @ v


@makes("softmax_forgotten")
def only_exp(q, k, v):
    return torch.exp(q @ k.mT / math.sqrt(q.shape[-1])) @ v


@makes("softmax_forgotten")
def sigmoid_gates(q, k, v, mask=None):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    s = s if mask is None else s.masked_fill(~mask, -INFINITY)
    return torch.sigmoid(s) @ v


@makes("softmax_misplaced")
def softmax_of_the_result(q, k, v):
    return (q @ k.mT / math.sqrt(q.shape[-1]) @ v).softmax(-1)


@makes("softmax_misplaced")
def softmax_twice(q, k, v):
    w = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)
    return F.softmax(w, -1) @ v


@makes("mask_inverted")
def fills_where_true(q, k, v, mask=None):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if mask is not None:
        s = s.masked_fill(mask, -INFINITY)
    return s.softmax(-1) @ v


@makes("mask_inverted")
def fills_where_one(q, k, v, mask=None, causal=False):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if causal:
        s = s.masked_fill(torch.triu(torch.ones(s.shape[-2:]), 1) == 1, -1e9)
    if mask is not None:
        s = s.masked_fill(mask == 1, -1e9)
    return s.softmax(-1) @ v


@makes("mask_after_softmax")
def mask_too_late(q, k, v, mask):
    return ((q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1) * mask) @ v


@makes("mask_after_softmax")
def zero_after_softmax(q, k, v, mask=None, is_causal=False):
    w = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)
    if is_causal:
        w = w.tril()
    if mask is not None:
        w = torch.where(mask, w, 0.0)
    return w @ v


@makes("mask_after_softmax")
def infinity_after_softmax(q, k, v, mask=None):
    w = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)
    if mask is not None:
        w = w.masked_fill(~mask, -INFINITY)
    return w @ v


@makes("mask_after_softmax")
def shares_renormalised(q, k, v, mask=None):
    w = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)
    if mask is not None:
        w = w * mask
        w = w / w.sum(-1, keepdim=True)
    return w @ v


@makes("masked_by_zero")
def times_mask(q, k, v, mask=None):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    return (s if mask is None else s * mask).softmax(-1) @ v


@makes("masked_by_zero")
def a_tiny_number(q, k, v, mask=None, causal=False):
    """1e-9 where -1e9 was meant."""
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if causal:
        s = s.masked_fill(torch.ones_like(s).tril() == 0, 1e-9)
    if mask is not None:
        s = s.masked_fill(mask == 0, 1e-9)
    return s.softmax(-1) @ v


@makes("masked_by_zero")
def lower_triangle_of_scores(q, k, v, causal=False):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    return (s.tril() if causal else s).softmax(-1) @ v


@makes("masked_too_little")
def minus_ten(q, k, v, mask=None):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    return (s if mask is None else s.masked_fill(~mask, -10)).softmax(-1) @ v


@makes("masked_too_little")
def minus_hundred(q, k, v, mask=None):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    return (s if mask is None else s.masked_fill(~mask, -100.0)).softmax(-1) @ v


@makes("half_precision")
def minus_billion(q, k, v, mask=None, causal=False):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if causal:
        s = s.masked_fill(torch.ones_like(s).triu(1).bool(), -1e9)
    if mask is not None:
        s = s.masked_fill(mask == 0, -1e9)
    return s.softmax(-1) @ v


@makes("half_precision")
def mask_in_float32(q, k, v, causal=False):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if causal:
        s = s + torch.full(s.shape[-2:], -INFINITY).triu(1)
    return s.softmax(-1) @ v


@makes("half_precision")
def zero_times_infinity(q, k, v, mask=None):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if mask is not None:
        s = s + (~mask).to(s.dtype) * torch.tensor(-1e9).to(s.dtype)
    return s.softmax(-1) @ v


@makes("mask_ignored")
def mask_forgotten(q, k, v, mask=None):
    return textbook(q, k, v)


@makes("mask_ignored")
def masked_copy_thrown_away(q, k, v, mask=None):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if mask is not None:
        s.masked_fill(~mask, -INFINITY)
    return s.softmax(-1) @ v


@makes("mask_ignored")
def causal_forgotten(q, k, v, causal=False):
    return textbook(q, k, v)


@makes("mask_added")
def adds_booleans(q, k, v, mask=None):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    return (s if mask is None else s + mask).softmax(-1) @ v


@makes("mask_type")
def one_minus_mask(q, k, v, mask=None):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    return (s if mask is None else s - 1e9 * (1 - mask)).softmax(-1) @ v


@makes("causal_off_by_one")
def hides_itself(q, k, v, causal=False):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if causal:
        s = s.masked_fill(torch.ones_like(s).triu(0).bool(), -INFINITY)
    return s.softmax(-1) @ v


@makes("causal_off_by_one")
def hides_itself_softly(q, k, v, mask=None, causal=False):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if causal:
        s = s.masked_fill(torch.ones_like(s).triu() == 1, -1e9)
    if mask is not None:
        s = s.masked_fill(mask == 0, -1e9)
    return s.softmax(-1) @ v


@makes("causal_off_by_one")
def sees_tomorrow(q, k, v, causal=False):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if causal:
        s = s.masked_fill(torch.ones_like(s).tril(1) == 0, -INFINITY)
    return s.softmax(-1) @ v


@makes("causal_off_by_one")
def sees_tomorrow_by_range(q, k, v, causal=False):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    i, j = torch.arange(q.shape[-2])[:, None], torch.arange(k.shape[-2])
    return (s.masked_fill(j > i + 1, -INFINITY) if causal else s).softmax(-1) @ v


@makes("causal_upside_down")
def keeps_the_future(q, k, v, causal=False):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if causal:
        s = s.masked_fill(torch.triu(torch.ones_like(s)) == 0, -INFINITY)
    return s.softmax(-1) @ v


@makes("causal_upside_down")
def hides_the_triangle(q, k, v, causal=False):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if causal:
        s = s.masked_fill(torch.tril(torch.ones_like(s)) == 1, -1e9)
    return s.softmax(-1) @ v


@makes("keys_not_transposed")
def not_transposed(q, k, v):
    return (q @ k / math.sqrt(q.shape[-1])).softmax(-1) @ v


@makes("keys_not_transposed")
def reshaped(q, k, v):
    turned = k.reshape(*k.shape[:-2], k.shape[-1], k.shape[-2])
    return (q @ turned / math.sqrt(q.shape[-1])).softmax(-1) @ v


@makes("leading_axes")
def first_two_axes(q, k, v):
    return (q @ k.transpose(0, 1) / math.sqrt(q.shape[-1])).softmax(-1) @ v


@makes("leading_axes")
def for_batches_only(q, k, v):
    return torch.bmm((torch.bmm(q, k.transpose(1, 2)) / math.sqrt(q.shape[-1])).softmax(-1), v)


@makes("leading_axes")
def names_four_axes(q, k, v):
    *_, E = q.shape
    return (q @ k.transpose(2, 3) / math.sqrt(E)).softmax(-1) @ v


@makes("one_length")
def one_length_for_both(q, k, v):
    *batch, T, E = q.shape
    s = (q @ k.mT / math.sqrt(E)).reshape(*batch, T, T)
    return s.softmax(-1) @ v


@makes("roles_swapped")
def mixes_keys(q, k, v):
    return (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1) @ k


@makes("roles_swapped")
def compares_values(q, k, v):
    return (q @ v.mT / math.sqrt(q.shape[-1])).softmax(-1) @ k


@makes("roles_swapped")
def compares_queries(q, k, v):
    return (q @ q.mT / math.sqrt(q.shape[-1])).softmax(-1) @ v


@makes("roles_swapped")
def keys_ask(q, k, v):
    return (k @ q.mT / math.sqrt(q.shape[-1])).softmax(-1) @ v


@makes("weights_returned")
def returns_shares(q, k, v):
    return (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)


@makes("weights_returned")
def shares_first(q, k, v):
    w = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)
    return w, w @ v


@makes("mean_not_mixture")
def plain_mean(q, k, v):
    return v.mean(-2, keepdim=True).expand(*q.shape[:-1], v.shape[-1]) + 0 * q[..., :1]


@makes("mean_not_mixture")
def best_key_only(q, k, v):
    best = (q @ k.mT).argmax(-1)
    return F.one_hot(best, k.shape[-2]).to(v.dtype) @ v


@makes("bias_wrong")
def bias_forgotten(q, k, v, bias=None):
    return textbook(q, k, v)


@makes("bias_wrong")
def bias_scaled(q, k, v, attn_bias=None):
    s = q @ k.mT
    s = s if attn_bias is None else s + attn_bias
    return (s / math.sqrt(q.shape[-1])).softmax(-1) @ v


@makes("bias_wrong")
def bias_after_softmax(q, k, v, bias=None):
    w = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)
    return (w if bias is None else w + bias) @ v


@makes("overflow")
def exp_over_sum(q, k, v):
    e = torch.exp(q @ k.mT / math.sqrt(q.shape[-1]))
    return e / e.sum(-1, keepdim=True) @ v


@makes("overflow")
def one_maximum_for_all(q, k, v):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    e = torch.exp(s - s.max())
    return e / e.sum(-1, keepdim=True) @ v


@makes("batch_one_only")
def first_of_the_batch(q, k, v):
    if q.dim() == 2:
        return textbook(q, k, v)
    return textbook(q[0], k[0], v[0]).expand(*q.shape[:-1], v.shape[-1])


@makes("wrong_d+causal_off_by_one")
def repair_me(q, k, v, causal=False):
    scores = q @ k.mT / q.shape[-2] ** 0.5
    if causal:
        future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(0)
        scores = scores.masked_fill(future, -INFINITY)
    return scores.softmax(-1) @ v


@makes("scale_forgotten+mask_after_softmax")
def no_scale_and_too_late(q, k, v, mask=None):
    w = (q @ k.mT).softmax(-1)
    return (w if mask is None else w * mask) @ v


@makes("scale_wrong+softmax_axis")
def not_root_and_over_queries(q, k, v):
    return (q @ k.mT / q.shape[-1]).softmax(-2) @ v


@makes("mask_inverted+causal_off_by_one")
def both_masks_wrong(q, k, v, mask=None, causal=False):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    hidden = torch.zeros_like(s, dtype=torch.bool)
    if causal:
        hidden = hidden | torch.ones_like(hidden).triu(2)
    if mask is not None:
        hidden = hidden | mask
    return s.masked_fill(hidden, -INFINITY).softmax(-1) @ v


@makes("scale_forgotten+softmax_axis")
def four_at_once(q, k, v, mask=None, causal=False):
    """What is wrong without masks is told first."""
    return (q @ k.mT).softmax(-2) @ v


@makes("scale_wrong")
def three_at_once(q, k, v, mask=None, causal=False, bias=None):
    s = q @ k.mT / q.shape[-1]
    if causal:
        s = s.tril()
    if mask is not None:
        s = s - 3 * mask
    return s.softmax(-1) @ v


@makes("wrong_values")
def an_odd_mask(q, k, v, mask=None):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    return (s if mask is None else s - 3 * mask).softmax(-1) @ v


@makes("wrong_type")
def the_stub(q, k, v, mask=None, causal=False):
    """Nothing is written here yet."""


@makes("wrong_signature")
def asks_for_width(q, k, v, d_k):
    return (q @ k.mT / d_k**0.5).softmax(-1) @ v


@makes("input_modified")
def scales_in_place(q, k, v):
    q /= math.sqrt(q.shape[-1])
    return (q @ k.mT).softmax(-1) @ v


@makes("gradient_cut")
def shares_detached(q, k, v):
    return (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1).detach() @ v


@makes("wrong_dtype")
def always_float(q, k, v):
    return textbook(q.float(), k.float(), v.float())


@makes("wrong_values")
def one_more_in_the_root(q, k, v, causal=False):
    s = q @ k.mT / math.sqrt(q.shape[-1] + 1)
    return (s.masked_fill(torch.ones_like(s).tril() == 0, -INFINITY) if causal else s).softmax(
        -1
    ) @ v


@makes("wrong_values")
def cosine_similarity(q, k, v):
    s = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).mT
    return s.softmax(-1) @ v


@makes("wrong_shape")
def sums_over_queries(q, k, v):
    return textbook(q, k, v).sum(-2)


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(answer, mistake):
    verdict = check.scaled_dot_product_attention(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


# ---------------------------------------------------------------- what is said


def test_a_share_and_the_mixture_are_derived():
    verdict = check.scaled_dot_product_attention(no_scale)
    q, k, v = SCALED_DOT_PRODUCT_ATTENTION.questions[0].arguments.values()
    scores = [float(q[0] @ row) / math.sqrt(4) for row in k]
    powers = [math.exp(score) for score in scores]
    shares = [power / sum(powers) for power in powers]
    written = " + ".join(f"exp({score:g})" for score in scores)
    best = shares.index(max(shares))
    assert (
        f"the share of key {best} is exp({scores[best]:g}) / ({written}) = {shares[best]:.4g}"
        in (verdict.message)
    )
    mixture = sum(share * float(row[0]) for share, row in zip(shares, v, strict=True))
    assert (
        f"output[0, 0] should be {shares[0]:.4g}*{v[0, 0]:g} + {shares[1]:.4g}*" in verdict.message
    )
    assert f" = {mixture:g}, yours is" in verdict.message


def test_hidden_keys_are_named():
    assert "hidden from it: key 2)" in check.scaled_dot_product_attention(mask_forgotten).message


def test_a_query_without_keys_is_not_what_a_wrong_scale_is_told_of():
    """Both functions have NaN there; it comes up when the scale is right."""
    assert check.scaled_dot_product_attention(multiplied).mistake == "scale_wrong"
    told = check.scaled_dot_product_attention(nan_where_nothing)
    assert "zeros" in told.message
    assert "NaN" in told.message


def test_what_a_function_does_not_take_is_not_asked():
    verdict = check.scaled_dot_product_attention(textbook)
    assert "does not take it: mask, bias, causal, scale" in verdict.message
    assert verdict.asked < len(SCALED_DOT_PRODUCT_ATTENTION.questions)


def test_numbers_that_are_nan_already_are_not_said_to_have_wrong_gradients():
    assert check.scaled_dot_product_attention(repair_me).also == ()


def test_the_reference_answers_a_query_without_keys_with_zeros():
    a = next(q for q in SCALED_DOT_PRODUCT_ATTENTION.questions if "nowhere" in q.about).arguments
    answer = SCALED_DOT_PRODUCT_ATTENTION.reference(SCALED_DOT_PRODUCT_ATTENTION.complete(a))
    assert answer[1].tolist() == [0.0] * a.v.shape[-1]
    assert answer[0].abs().min() > 0


# ---------------------------------------------------------------- conventions, told in a note


def from_the_start(q, k, v, causal=False):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if causal:
        seen = torch.ones(q.shape[-2], k.shape[-2]).tril() > 0
        s = s.masked_fill(~seen, -INFINITY)
    return s.softmax(-1) @ v


def square_triangle(q, k, v, causal=False):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if causal:
        s = s.masked_fill(torch.ones(q.shape[-2], q.shape[-2]).tril() == 0, -INFINITY)
    return s.softmax(-1) @ v


def is_causal_of_pytorch(q, k, v, is_causal=False):
    return F.scaled_dot_product_attention(q, k, v, is_causal=is_causal)


def nan_where_nothing(q, k, v, mask=None):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    return (s if mask is None else s.masked_fill(~mask, -INFINITY)).softmax(-1) @ v


def mean_where_nothing(q, k, v, mask=None):
    s = q @ k.mT / math.sqrt(q.shape[-1])
    if mask is not None:
        s = s.masked_fill(~mask, torch.finfo(s.dtype).min)
    return s.softmax(-1) @ v


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (from_the_start, "taken for the first positions"),
        (square_triangle, "Where there are more keys"),
        (is_causal_of_pytorch, "taken for the first positions"),
        (nan_where_nothing, "Yours gives NaN"),
        (mean_where_nothing, "Yours gives the mean of all values"),
    ],
)
def test_a_convention_is_told_and_is_no_mistake(function, words):
    verdict = check.scaled_dot_product_attention(function)
    assert verdict.passed, verdict
    assert words in verdict.notes[-1]


def test_two_conventions_are_both_told():
    def both(q, k, v, mask=None, causal=False):
        s = q @ k.mT / math.sqrt(q.shape[-1])
        if causal:
            s = s.masked_fill(torch.ones_like(s).tril() == 0, -INFINITY)
        return (s if mask is None else s.masked_fill(~mask, -INFINITY)).softmax(-1) @ v

    verdict = check.scaled_dot_product_attention(both)
    assert verdict.passed, verdict
    assert [word in str(verdict.notes) for word in ("NaN", "first positions")] == [True, True]


def test_a_convention_excuses_no_mistake():
    def both(q, k, v, mask=None):
        s = q @ k.mT
        return (s if mask is None else s.masked_fill(~mask, -INFINITY)).softmax(-1) @ v

    assert check.scaled_dot_product_attention(both).mistake == "scale_forgotten"
