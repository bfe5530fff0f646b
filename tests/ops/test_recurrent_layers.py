"""labkit.ops.recurrent_layers: one layout for all inputs, and who reads whose output."""

import pytest
import torch

from labkit.errors import OptionError, ShapeError
from labkit.ops.recurrent_layers import read_stack, run_stack
from labkit.ops.recurrent_scans import gru_scan, lstm_scan


def module(kind="GRU", **options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return getattr(torch.nn, kind)(2, 3, **options)


X = torch.randn(5, 4, 2, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("x", "options", "layout"),
    [
        (X, {}, "time first"),
        (X.transpose(0, 1), {"batch_first": True}, "batch first"),
        (X[:, 0], {}, "unbatched"),
        (X[:, 0], {"batch_first": True}, "unbatched"),
    ],
    ids=["time first", "batch first", "unbatched", "unbatched, batch first"],
)
def test_every_layout_is_brought_into_one_and_back(x, options, layout):
    weights = module().state_dict()
    stack = read_stack("GRU", x, weights, **options)
    assert stack.layout == layout
    assert torch.equal(stack.x, X if x.dim() == 3 else X[:, :1])
    output, (last,) = run_stack(stack, gru_scan)
    theirs, h = module(**options)(x)
    torch.testing.assert_close((output, last), (theirs, h))


def test_states_are_zeros_where_none_are_given_one_for_each_layer_and_direction():
    weights = module("LSTM", num_layers=2, bidirectional=True).state_dict()
    h, c = read_stack("LSTM", X, weights).initial
    assert h.shape == c.shape == (4, 4, 3)
    assert not h.any()
    assert not c.any()


def test_a_layer_reads_both_directions_of_the_one_below():
    weights = module(num_layers=2, bidirectional=True).state_dict()
    below = {name: w for name, w in weights.items() if "l0" in name}
    above = {name.replace("l1", "l0"): w for name, w in weights.items() if "l1" in name}
    middle, (first,) = run_stack(read_stack("GRU", X, below), gru_scan)
    top, (second,) = run_stack(read_stack("GRU", middle, above), gru_scan)
    output, (last,) = run_stack(read_stack("GRU", X, weights), gru_scan)
    torch.testing.assert_close((output, last), (top, torch.cat([first, second])))


def test_peepholes_go_to_their_own_direction():
    weights = module("LSTM", bidirectional=True).state_dict()
    peepholes = torch.zeros(2, 3, 3)
    plain, _ = run_stack(read_stack("LSTM", X, weights), lstm_scan)
    peepholes[1] = 1
    output, _ = run_stack(read_stack("LSTM", X, weights, peepholes=peepholes), lstm_scan)
    assert torch.equal(output[..., :3], plain[..., :3])
    assert not torch.isclose(output[..., 3:], plain[..., 3:]).any()


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(
    ("x", "options", "error", "says"),
    [
        (X[0, 0], {}, ShapeError, r"\(time, batch, features\), or \(time, features\) without"),
        (X[0, 0], {"batch_first": True}, ShapeError, r"\(batch, time, features\)"),
        (X, {"reverse": True}, OptionError, "for one direction"),
        (X, {"initial_state": X}, ShapeError, r"\(2, 4, 3\) \(layers × directions, batch, hidden"),
        (X[:, 0], {"initial_state": X}, ShapeError, r"\(2, 3\) \(layers × directions, hidden\)"),
    ],
)
def test_what_does_not_fit(x, options, error, says):
    with pytest.raises(error, match=says):
        read_stack("GRU", x, module(bidirectional=True).state_dict(), **options)
