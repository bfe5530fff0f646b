"""labkit.ops.attention_masks: each block of the rule is what the rule says, place by place."""

from itertools import product

import pytest
import torch

from labkit.errors import OptionError
from labkit.ops.attention_masks import AttentionMask, causal_mask, chunks

LENGTHS = [(6, 6), (3, 7), (7, 3), (1, 4), (0, 3), (3, 0)]
RULES = list(product(LENGTHS, [False, True], [None, 1, 3, 20]))


def may_look(i, j, lengths, causal, window):
    position = i + lengths[1] - lengths[0]
    return (not causal or j <= position) and (window is None or abs(position - j) < window)


def whole(lengths, causal, window):
    places = [[may_look(i, j, lengths, causal, window) for j in range(lengths[1])]
              for i in range(lengths[0])]  # fmt: skip
    return torch.tensor(places, dtype=torch.bool).reshape(lengths)


def test_the_causal_mask_of_three():
    assert causal_mask(3).tolist() == [[True, False, False], [True, True, False], [True] * 3]


def test_queries_stand_at_the_end_of_the_keys():
    assert causal_mask(2, 4).int().tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]
    assert causal_mask(3, 1).int().tolist() == [[0], [0], [1]]


def test_a_window_counts_the_querys_own_key():
    assert causal_mask(4, window=1).int().tolist() == torch.eye(4).int().tolist()
    assert causal_mask(4, window=2).sum(-1).tolist() == [1, 2, 2, 2]


@pytest.mark.parametrize(("lengths", "causal", "window"), RULES, ids=str)
def test_near_is_the_rule_place_by_place(lengths, causal, window):
    looks = AttentionMask(*lengths, causal=causal, window=window)
    near = looks.near(slice(0, lengths[0]), slice(0, lengths[1]))
    assert torch.equal(near, whole(lengths, causal, window))


@pytest.mark.parametrize(("lengths", "causal", "window"), RULES, ids=str)
def test_blocks_put_together_are_the_whole_and_nothing_beyond_reach_is_seen(
    lengths, causal, window
):
    looks = AttentionMask(*lengths, causal=causal, window=window)
    expected = whole(lengths, causal, window)
    seen = torch.zeros_like(expected)
    for rows in chunks(slice(0, lengths[0]), 2):
        for keys in chunks(looks.within_reach(rows), 2):
            block = looks.block(rows, keys)
            seen[rows, keys] = True if block is None else block
    assert torch.equal(seen, expected)


@pytest.mark.parametrize(("causal", "saved"), [(True, 12), (False, 0)])
def test_keys_in_everyones_future_are_out_of_reach(causal, saved):
    looks = AttentionMask(6, 6, causal=causal)
    reach = [looks.within_reach(rows) for rows in chunks(slice(0, 6), 2)]
    assert sum(2 * (6 - (keys.stop - keys.start)) for keys in reach) == saved


def test_a_block_without_anything_hidden_needs_no_mask():
    looks = AttentionMask(8, 8, causal=True, window=5)
    assert looks.block(slice(4, 6), slice(0, 4)) is not None  # key 0 is 5 behind query 5
    assert looks.block(slice(4, 6), slice(1, 5)) is None
    assert looks.block(slice(4, 6), slice(2, 6)) is not None


def test_a_given_mask_is_cut_and_joined_with_the_rule():
    given = torch.rand(2, 5, 5, generator=torch.Generator().manual_seed(0)) > 0.5
    looks = AttentionMask(5, 5, given, causal=True)
    rows, keys = slice(1, 4), slice(0, 5)
    assert torch.equal(looks.block(rows, keys), given[:, rows, keys] & causal_mask(5)[rows, keys])
    assert torch.equal(AttentionMask(5, 5, given).block(rows, keys), given[:, rows, keys])


@pytest.mark.parametrize(("lengths", "causal", "window"), RULES, ids=str)
def test_a_row_that_sees_nothing_is_announced(lengths, causal, window):
    looks = AttentionMask(*lengths, causal=causal, window=window)
    empty_rows = lengths[1] > 0 and not whole(lengths, causal, window).any(-1).all()
    assert looks.may_hide_all or not empty_rows


@pytest.mark.parametrize(
    ("span", "size", "pieces"),
    [((0, 6), 3, [(0, 3), (3, 6)]), ((2, 7), 4, [(2, 6), (6, 7)]), ((3, 3), 2, [])],
)
def test_chunks_cover_a_range_without_overlap(span, size, pieces):
    assert chunks(slice(*span), size) == [slice(*piece) for piece in pieces]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize("window", [0, -1, 2.5, True])
def test_a_window_is_a_count(window):
    with pytest.raises(OptionError, match="window must be a whole number >= 1, got"):
        AttentionMask(2, 2, window=window)
