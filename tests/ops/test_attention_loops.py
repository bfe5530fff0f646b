"""labkit.ops.attention_loops: what the loops are made of; the forms prove the loops themselves."""

import math

import pytest
import torch

from labkit.ops.attention_loops import (
    attention_weights_loops,
    flat,
    scaled_dot_product_attention_loops,
    share_out,
)


def test_shares_are_exponentials_over_their_sum():
    shares = share_out({3: torch.tensor(0.0), 5: torch.tensor(math.log(3.0))})
    assert {j: share.item() for j, share in shares.items()} == pytest.approx({3: 1 / 4, 5: 3 / 4})
    assert share_out({}) == {}
    assert share_out({0: torch.tensor(1e30)})[0] == 1


def test_the_answer_is_the_map_times_the_values():
    q, k, v = torch.randn(3, 4, 2, generator=torch.Generator().manual_seed(0)).unbind()
    maps = attention_weights_loops(q, k, window=2)
    torch.testing.assert_close(scaled_dot_product_attention_loops(q, k, v, window=2), maps @ v)


def test_axes_before_the_last_two_become_one():
    x = torch.arange(6.0).reshape(2, 1, 3, 1)
    assert torch.equal(flat(x, (2, 2)), x[:, 0].repeat_interleave(2, dim=0))
    assert flat(x[0, 0], ()).shape == (1, 3, 1)
    assert flat(x[:0], (0, 4)).shape == (0, 3, 1)
