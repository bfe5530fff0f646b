"""labkit.ops.pooling: what a lesson imports, and what holds of all poolings together."""

import pytest
import torch

from labkit.ops import adaptive_pooling, average_pooling, max_pooling, pooling
from labkit.ops.pooling import (
    adaptive_avg_pool2d,
    adaptive_max_pool2d,
    avg_pool2d,
    global_avg_pool2d,
    global_max_pool2d,
    max_pool2d,
    pooled_size,
)


def images(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_one_import_gives_every_pooling():
    parts = {*adaptive_pooling.__all__, *average_pooling.__all__, *max_pooling.__all__}
    assert {name for name in parts if "pool" in name} <= set(pooling.__all__)


@pytest.mark.parametrize("pool", [max_pool2d, avg_pool2d])
@pytest.mark.parametrize("options", [{}, {"stride": 1}, {"padding": 1, "ceil_mode": True}])
def test_there_are_as_many_windows_as_the_size_says(pool, options):
    maps = pool(images(2, 3, 10, 9), 3, **options)
    wanted = {"stride": 3} | options
    assert maps.shape == (2, 3, pooled_size(10, 3, **wanted), pooled_size(9, 3, **wanted))


@pytest.mark.parametrize(
    ("adaptive", "pool"), [(adaptive_max_pool2d, max_pool2d), (adaptive_avg_pool2d, avg_pool2d)]
)
def test_adaptive_windows_that_divide_are_ordinary_ones(adaptive, pool):
    x = images(2, 3, 12, 8)
    torch.testing.assert_close(adaptive(x, (4, 2)), pool(x, (3, 4)))


@pytest.mark.parametrize("pool", [global_max_pool2d, global_avg_pool2d])
def test_global_pooling_does_not_see_where_anything_is(pool):
    x = images(2, 3, 6, 5)
    torch.testing.assert_close(pool(x.roll((2, 3), dims=(-2, -1))), pool(x))


def test_a_maximum_is_the_negative_minimum_and_a_mean_lies_between():
    x = images(2, 3, 6, 6)
    highest, mean, lowest = max_pool2d(x, 2), avg_pool2d(x, 2), -max_pool2d(-x, 2)
    assert (lowest < mean).all()
    assert (mean < highest).all()
