"""labkit.ops.attention: what is true of attention in every form, whatever the numbers are."""

from functools import partial

import pytest
import torch

from labkit.ops import attention
from labkit.ops.attention import (
    KeyValueCache,
    additive_attention,
    attention_weights,
    attention_weights_loops,
    causal_mask,
    chunked_attention,
    scaled_dot_product_attention,
    scaled_dot_product_attention_loops,
)

SCALED = {
    "scaled dot product": scaled_dot_product_attention,
    "loops": scaled_dot_product_attention_loops,
    "chunks of 2": partial(chunked_attention, chunk_size=2),
    "one chunk": chunked_attention,
}
QUERIES, KEYS = 4, 6


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def problem():
    return numbers(2, QUERIES, 5), numbers(2, KEYS, 5, seed=1), numbers(2, KEYS, 3, seed=2)


def additive(q, k, v, *, mask=None):
    return additive_attention(
        q, k, v, numbers(7, 5, seed=3), numbers(7, 5, seed=4), numbers(7, seed=5), mask=mask
    )


every_form = pytest.mark.parametrize(
    "attend", [*SCALED.values(), additive], ids=[*SCALED, "additive"]
)
scaled_forms = pytest.mark.parametrize("attend", SCALED.values(), ids=list(SCALED))


@pytest.mark.parametrize("weigh", [attention_weights, attention_weights_loops])
@pytest.mark.parametrize(
    "options", [{}, {"causal": True}, {"window": 2}, {"softcap": 1.0, "scale": 5.0}], ids=str
)
def test_every_row_of_the_map_sums_to_one(weigh, options):
    q, k, _ = problem()
    maps = weigh(q, k, **options)
    torch.testing.assert_close(maps.sum(dim=-1), torch.ones(2, QUERIES).double())
    assert (maps >= 0).all()


@every_form
def test_the_order_of_keys_with_their_values_changes_nothing(attend):
    q, k, v = problem()
    order = torch.randperm(KEYS, generator=torch.Generator().manual_seed(0))
    assert order.tolist() != list(range(KEYS))
    torch.testing.assert_close(attend(q, k[:, order], v[:, order]), attend(q, k, v))


@every_form
def test_the_order_of_queries_is_the_order_of_answers(attend):
    q, k, v = problem()
    order = [2, 0, 3, 1]
    torch.testing.assert_close(attend(q[:, order], k, v), attend(q, k, v)[:, order])


@every_form
def test_an_answer_lies_between_the_smallest_and_the_largest_value(attend):
    q, k, v = problem()
    answers = attend(q, k, v)
    assert (answers >= v.amin(dim=1, keepdim=True)).all()
    assert (answers <= v.amax(dim=1, keepdim=True)).all()


@every_form
def test_what_a_mask_hides_never_matters(attend):
    q, k, v = problem()
    allowed = numbers(QUERIES, KEYS, seed=6) > 0
    answers = attend(q, k, v, mask=allowed)
    for j in range(KEYS):
        changed = [x.clone() for x in (k, v)]
        for x in changed:
            x[:, j] = 7
        differs = (attend(q, *changed, mask=allowed) != answers).any(dim=-1).any(dim=0)
        assert torch.equal(differs, allowed[:, j])


@scaled_forms
@pytest.mark.parametrize("window", [None, 2])
def test_causal_the_future_never_matters_and_the_past_does(attend, window):
    q, k, v = problem()
    answers = attend(q, k, v, causal=True, window=window)
    for j in range(KEYS):
        changed = [x.clone() for x in (k, v)]
        for x in changed:
            x[:, j] = 7
        now = attend(q, *changed, causal=True, window=window)
        differs = ~torch.isclose(now, answers, rtol=0, atol=1e-12).all(dim=-1).all(dim=0)
        assert torch.equal(differs, causal_mask(QUERIES, KEYS, window=window)[:, j])


@scaled_forms
def test_temperature_to_zero_picks_the_best_key_and_to_infinity_the_mean(attend):
    q, k, v = problem()
    best = (q @ k.mT).argmax(dim=-1)
    picked = v.gather(1, best[..., None].expand(-1, -1, v.shape[-1]))
    torch.testing.assert_close(attend(q, k, v, scale=1e4), picked)
    mean = v.mean(dim=1, keepdim=True).expand(-1, QUERIES, -1)
    torch.testing.assert_close(attend(q, k, v, scale=1e-12), mean)
    torch.testing.assert_close(attend(q, k, v, scale=0), mean)


@scaled_forms
def test_a_number_added_to_a_whole_row_of_scores_changes_nothing(attend):
    q, k, v = problem()
    torch.testing.assert_close(attend(q, k, v, bias=numbers(QUERIES, 1)), attend(q, k, v))


@scaled_forms
def test_turning_queries_and_keys_together_changes_nothing(attend):
    q, k, v = problem()
    turn, _ = torch.linalg.qr(numbers(5, 5, seed=7))
    torch.testing.assert_close(attend(q @ turn, k @ turn, v), attend(q, k, v))


def test_every_scaled_form_gives_the_same():
    q, k, v = numbers(1, 6, 5), *problem()[1:]
    options = {"window": 4, "softcap": 2.0, "scale": 0.7}
    answers = [attend(q, k, v, causal=True, **options) for attend in SCALED.values()]
    cache = KeyValueCache()
    steps = zip(q.expand(2, -1, -1).split(1, 1), k.split(1, 1), v.split(1, 1), strict=True)
    answers.append(torch.cat([cache.attend(*step, **options) for step in steps], dim=1))
    for answer in answers[1:]:
        torch.testing.assert_close(answer, answers[0], rtol=0, atol=1e-12)


def test_one_import_serves_a_lesson():
    loops = {name.removesuffix("_loops") for name in attention.__all__ if name.endswith("_loops")}
    assert loops <= set(attention.__all__)
    assert {"multi_head_attention", "scaled_dot_product_attention", "additive_attention"} <= loops
