"""labkit.ops.packed_sequences: PyTorch's own packing, there and back, and what ends when."""

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from labkit.errors import OptionError, ShapeError
from labkit.ops.packed_sequences import last_states, plan_packing, read_lengths, still_running

PADDED = torch.arange(1.0, 13.0).reshape(4, 3, 1)  # row t of sequence b holds 3t + b + 1


def test_rows_are_packed_as_pytorch_packs_them():
    packing = plan_packing(PADDED, [2, 4, 1])
    theirs = pack_padded_sequence(PADDED, [2, 4, 1], enforce_sorted=False)
    assert torch.equal(packing.pack(PADDED), theirs.data)
    assert packing.counts == theirs.batch_sizes.tolist()
    assert packing.order.tolist() == theirs.sorted_indices.tolist()


def test_in_reverse_each_sequence_starts_at_its_own_end():
    packing = plan_packing(PADDED, [2, 4, 1], reverse=True)
    # Sequence 1 ends at t = 3, sequence 0 at t = 1, sequence 2 at t = 0.
    assert packing.pack(PADDED).flatten().tolist() == [11, 4, 3, 8, 1, 5, 2]
    whole = plan_packing(PADDED, reverse=True)
    assert torch.equal(whole.pack(PADDED), PADDED.flip(0).flatten(0, 1))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", [None, [2, 1, 4], [0, 3, 0], [0, 0, 0]], ids=str)
def test_there_and_back(lengths, reverse):
    packing = plan_packing(PADDED, lengths, reverse=reverse)
    inside = torch.arange(4)[:, None] < torch.tensor(lengths or [4] * 3)
    assert torch.equal(packing.unpack(packing.pack(PADDED)), PADDED * inside[..., None])
    states = torch.arange(3.0)[:, None]
    assert torch.equal(packing.unsort(packing.sort(states)), states)
    assert sum(packing.counts) == inside.sum()


def test_nothing_is_moved_where_nothing_need_be():
    assert plan_packing(PADDED).pack(PADDED).data_ptr() == PADDED.data_ptr()
    state = torch.zeros(3, 2)
    assert still_running(state, 3) is state
    assert still_running(state, 1).shape == (1, 2)


def test_the_last_states_are_each_sequences_own():
    steps = [torch.full((count, 1), float(t)) for t, count in enumerate([3, 3, 1], start=1)]
    assert last_states(torch.zeros(5, 1), steps).flatten().tolist() == [3, 2, 2, 0, 0]
    assert last_states(torch.zeros(3, 1), steps[:2]).flatten().tolist() == [2, 2, 2]
    assert last_states(torch.ones(2, 1), []).flatten().tolist() == [1, 1]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (None, None),
        ([3, 0], [3, 0]),
        ((1, 4), [1, 4]),
        (torch.tensor([2, 2], dtype=torch.int32), [2, 2]),
    ],
)
def test_lengths_that_fit(given, read):
    assert read_lengths(given, time=4, batch=2) == read


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ([1, 5], OptionError, r"lengths\[1\] = 5, but x has 4 steps: use 0 to 4"),
        ([-1, 2], OptionError, r"lengths\[0\] = -1"),
        ([1.0, 2.0], OptionError, r"whole numbers of steps, one a sequence; got \[1.0, 2.0\]"),
        ([True, False], OptionError, "whole numbers"),
        ([1, 2, 3], ShapeError, r"each of 2 sequences, got \[1, 2, 3\]"),
        ([], ShapeError, r"each of 2 sequences, got \[\]"),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_lengths_that_do_not(given, error, says):
    with pytest.raises(error, match=says):
        read_lengths(given, time=4, batch=2)
