"""labkit.ops.pooling_windows: places counted by hand and as PyTorch counts them, and the edges."""

from itertools import product

import pytest
import torch
from torch.nn import functional

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.ops.pooling_windows import (
    expect_images,
    expect_signals,
    fill_edges,
    place_pools,
    pooled_size,
    seen_along,
)


@pytest.mark.parametrize(
    ("size", "kernel", "options", "expected"),
    [
        (26, 2, {"stride": 2}, 26 // 2),
        (5, 2, {"stride": 2}, (5 - 2) // 2 + 1),
        (5, 2, {"stride": 2, "ceil_mode": True}, 3),
        # Rounded up there would be a third window; it would begin in the padding after the image.
        (3, 2, {"stride": 2, "padding": 1, "ceil_mode": True}, 2),
        (4, 2, {"stride": 3, "padding": 1, "ceil_mode": True}, 2),
        # Smaller than the window, but the one window begins inside.
        (2, 3, {"stride": 2, "ceil_mode": True}, 1),
    ],
)
def test_sizes_by_hand(size, kernel, options, expected):
    assert pooled_size(size, kernel, **options) == expected


@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_sizes_are_those_of_pytorch(kernel, ceil_mode):
    for size, stride, dilation in product(range(1, 12), range(1, 6), range(1, 4)):
        for padding in range(kernel // 2 + 1):
            options = {"stride": stride, "padding": padding, "dilation": dilation}
            try:
                x = torch.zeros(1, 1, size)
                theirs = functional.max_pool1d(x, kernel, ceil_mode=ceil_mode, **options).shape[-1]
            except RuntimeError:
                with pytest.raises(ShapeError, match="does not fit"):
                    pooled_size(size, kernel, ceil_mode=ceil_mode, **options)
            else:
                assert pooled_size(size, kernel, ceil_mode=ceil_mode, **options) == theirs


def test_a_window_over_the_edge_has_room():
    x = torch.ones(1, 5, 4)
    windows = place_pools(x, (2, 3), padding=(0, 1), ceil_mode=True)
    assert windows.places == (3, 2)
    assert windows.zeros == ((0, 1), (1, 1))
    assert fill_edges(x, windows, 7.0)[0].tolist() == 5 * [[7, 1, 1, 1, 1, 7]] + [6 * [7]]


def test_nothing_is_copied_where_nothing_is_added():
    x = torch.ones(1, 4, 4)
    assert fill_edges(x, place_pools(x, 2), 7.0) is x


def test_each_tap_sees_one_pixel_for_each_place():
    x = torch.arange(12.0).reshape(1, 3, 4)
    windows = place_pools(x, (2, 2), stride=(1, 2))
    top, bottom = seen_along(x, windows, axis=0)
    assert (top[0].tolist(), bottom[0].tolist()) == (x[0, :2].tolist(), x[0, 1:].tolist())
    left, right = seen_along(x, windows, axis=1)
    assert (left[0, 0].tolist(), right[0, 0].tolist()) == ([0, 2], [1, 3])


WRONG = [
    (
        "too much padding",
        lambda x: place_pools(x, 2, padding=2),
        OptionError,
        r"use padding <= \(1",
    ),
    ("on one axis", lambda x: place_pools(x, (4, 1), padding=1), OptionError, r"<= \(2, 0\)"),
    ("stride 0", lambda x: place_pools(x, 2, stride=0), OptionError, "stride must be .* got 0"),
    ("kernel 0", lambda x: place_pools(x, 0), OptionError, "kernel_size must be"),
    ("kernel too large", lambda x: place_pools(x, 5), ShapeError, "kernel of 5 .* 4 pixels"),
    ("dilated", lambda x: place_pools(x, 3, dilation=2), ShapeError, "spreads over 5"),
    ("no batch, no channel", lambda x: expect_images(x[0]), ShapeError, r"x must be \(batch, ch"),
    ("no pixels", lambda x: expect_images(x[:, :0]), ShapeError, r"nothing to pool.*\(2, 0, 4\)"),
    ("no signal", lambda x: expect_signals(x[0, 0]), ShapeError, r"\(channels, length\), got \(4,"),
    ("integers", lambda x: expect_images(x.int()), DTypeError, r"int32; use x.float\(\)"),
]


@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        call(torch.zeros(2, 4, 4))
