"""labkit.ops.reduction: the three reductions on paper, the mean over what is counted."""

import pytest
import torch

from labkit.errors import OptionError
from labkit.ops.reduction import reduce_losses

LOSSES = torch.tensor([[1.0, 4.0], [0.0, 7.0]])


def test_the_three_on_paper():
    assert reduce_losses(LOSSES, "none") is LOSSES
    assert reduce_losses(LOSSES, "sum").item() == 1 + 4 + 0 + 7
    assert reduce_losses(LOSSES, "mean").item() == (1 + 4 + 0 + 7) / 4


def test_the_mean_is_over_what_is_counted():
    counted = torch.tensor([[True, True], [False, True]])
    assert reduce_losses(LOSSES, "mean", counted).item() == (1 + 4 + 7) / 3
    assert reduce_losses(LOSSES, "sum", counted).item() == 1 + 4 + 7


@pytest.mark.parametrize("losses", [torch.zeros(0), torch.zeros(2, 0)], ids=["(0,)", "(2, 0)"])
def test_of_nothing_the_sum_is_zero_and_the_mean_nan(losses):
    assert reduce_losses(losses, "sum").item() == 0
    assert reduce_losses(losses, "mean").isnan()
    none_counted = torch.tensor([[False, False]])
    assert reduce_losses(torch.zeros(1, 2), "mean", none_counted).isnan()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_mean_in_half_precision_may_be_of_a_large_sum(dtype):
    mean = reduce_losses(torch.full((1000,), 100.0, dtype=dtype), "mean")
    assert (mean.dtype, mean.item()) == (dtype, 100)


@pytest.mark.usefixtures("as_learners_run_it")
def test_there_are_three():
    with pytest.raises(OptionError, match="one of none, mean, sum; got 'average'"):
        reduce_losses(LOSSES, "average")
