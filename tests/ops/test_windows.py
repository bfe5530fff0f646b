"""labkit.ops.windows: sizes counted by hand, by enumeration, and as PyTorch has them."""

import numpy as np
import pytest
import torch

from labkit.errors import OptionError, ShapeError
from labkit.ops.windows import edge_zeros, output_size, pair, place_windows, span


@pytest.mark.parametrize(
    ("size", "kernel", "options", "expected"),
    [
        (28, 5, {}, 28 - 5 + 1),
        (28, 3, {"stride": 2, "padding": 1}, (28 + 2 - 3) // 2 + 1),
        (7, 3, {"dilation": 2}, 7 - 5 + 1),
        (5, 5, {}, 1),
        (10, 4, {"padding": "same"}, 10),
        (10, 4, {"padding": "valid"}, 7),
    ],
)
def test_sizes_by_hand(size, kernel, options, expected):
    assert output_size(size, kernel, **options) == expected


@pytest.mark.parametrize("size", range(1, 12))
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_sizes_by_listing_every_place(size, kernel):
    for stride in (1, 2, 3):
        for padding in (0, 1, 3):
            for dilation in (1, 2):
                last = size + 2 * padding - span(kernel, dilation)
                places = len(range(0, last + 1, stride))
                options = {"stride": stride, "padding": padding, "dilation": dilation}
                if places:
                    assert output_size(size, kernel, **options) == places
                else:
                    with pytest.raises(ShapeError, match="does not fit"):
                        output_size(size, kernel, **options)


def test_a_kernel_too_large_says_how_much_padding_would_do():
    with pytest.raises(ShapeError, match="padding >= 2"):
        output_size(3, 7)
    assert output_size(3, 7, padding=2) == 1
    with pytest.raises(ShapeError, match=r"dilation 3 spreads over 7, .* padding >= 1"):
        output_size(5, 3, dilation=3)
    assert output_size(5, 3, dilation=3, padding=1) == 1


@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_same_keeps_the_size_with_the_odd_zero_at_the_end(kernel, dilation):
    before, after = edge_zeros(kernel, padding="same", dilation=dilation)
    assert before + after == dilation * (kernel - 1)
    assert after - before in (0, 1)
    assert output_size(9, kernel, padding="same", dilation=dilation) == 9


@pytest.mark.parametrize(("value", "expected"), [(3, (3, 3)), ((1, 2), (1, 2)), ([2, 1], (2, 1))])
def test_a_pair_is_one_number_an_axis(value, expected):
    assert pair(value, "stride") == expected


@pytest.mark.usefixtures("as_learners_run_it")
def test_numpys_whole_numbers_are_whole_numbers():
    two = np.int64(2)
    assert pair(two, "stride") == pair((two, 2), "stride") == (2, 2)
    assert type(pair(two, "stride")[0]) is int
    places = output_size(7, 3, stride=two, padding=np.int32(1))
    assert places == 4
    assert type(places) is int


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(
    "value", [0, -1, 1.5, True, (1,), (1, 2, 3), "11", None, (1, 0), np.int64(0), np.float64(2)]
)
def test_what_is_not_a_pair_is_refused(value):
    with pytest.raises(OptionError, match="stride must be a whole number >= 1 or 2 of them"):
        pair(value, "stride")


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize("options", [{"stride": 0}, {"dilation": 0}, {"padding": -1}])
def test_sizes_refuse_options_that_are_not_counts(options):
    with pytest.raises(OptionError, match=f"{next(iter(options))} must be a whole number"):
        output_size(5, 3, **options)


def test_each_tap_sees_one_pixel_for_each_place():
    windows = place_windows((9, 8), (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 3))
    rows = torch.arange(9 + 2)
    for tap in range(3):
        assert rows[windows.seen_by(tap, 0)].tolist() == [
            2 * i + tap for i in range(windows.places[0])
        ]
    assert torch.arange(8)[windows.seen_by(1, 1)].tolist() == [
        j + 3 for j in range(windows.places[1])
    ]
