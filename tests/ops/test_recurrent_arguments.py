"""labkit.ops.recurrent_arguments: what fits is let through, what does not is named."""

import pytest
import torch

from labkit.errors import DeviceError, DTypeError, ShapeError
from labkit.ops.recurrent_arguments import expect_pair, expect_peepholes, expect_step
from labkit.ops.recurrent_weights import LayerWeights

LAYER = LayerWeights(torch.ones(8, 3), torch.ones(8, 2))


def test_a_pair_comes_out_as_it_went_in():
    h, c = torch.ones(2), torch.zeros(2)
    assert expect_pair((h, c)) == (h, c)


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize("state", [torch.ones(2, 2), (torch.ones(2),), None])
def test_what_is_no_pair(state):
    with pytest.raises(ShapeError, match="start with zeros for both"):
        expect_pair(state)


@pytest.mark.parametrize("batch", [(), (5,), (0,), (4, 5)])
def test_a_step_that_fits(batch):
    state = torch.zeros(*batch, 2)
    expect_step("LSTM", torch.zeros(*batch, 3), (state, state), LAYER)


@pytest.mark.parametrize(
    ("x", "state", "says"),
    [
        ((5, 3), [(4, 2)] * 2, r"of one batch.*x \(5, 3\), state \[\(4, 2\), \(4, 2\)\]"),
        ((5, 3), [(2,)] * 2, "or both without it"),
        ((), [()] * 2, r"x must be \(batch, features\)"),
        ((5, 3), [(5, 2), (5, 1)], r"h \(5, 2\) and c \(5, 1\) must be alike"),
        ((5, 1), [(5, 2)] * 2, r"weight_ih must have shape \(8, 1\)"),
        ((5, 3), [(5, 4)] * 2, r"weight_ih must have shape \(16, 3\)"),
    ],
)
def test_a_step_that_does_not_fit(x, state, says):
    with pytest.raises(ShapeError, match=says):
        expect_step("LSTM", torch.zeros(x), tuple(map(torch.zeros, state)), LAYER)


def test_a_cell_of_another_kind_is_named():
    h = torch.zeros(2)
    with pytest.raises(DTypeError, match=r"use c.to\(x.dtype\)"):
        expect_step("LSTM", torch.zeros(3), (h, h.double()), LAYER)


def test_peepholes():
    expect_peepholes(torch.zeros(3, 2), torch.zeros(5), (3, 2))
    with pytest.raises(ShapeError, match=r"\(3, 2\), got \(2, 3\): one number.*each of 2 units"):
        expect_peepholes(torch.zeros(2, 3), torch.zeros(5), (3, 2))
    with pytest.raises(DeviceError, match=r"use peepholes.to\(x.device\)"):
        expect_peepholes(torch.zeros(3, 2, device="meta"), torch.zeros(5), (3, 2))
