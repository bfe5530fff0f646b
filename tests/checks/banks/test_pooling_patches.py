import pytest
import torch
import torch.nn.functional as F

from labkit.checks.banks.pooling_patches import divides, in_loops, padded, reaches, steps
from labkit.checks.pooling import MAX_POOL2D
from labkit.checks.question import Arguments

OPTIONS = [
    {},
    {"stride": 1},
    {"stride": 3, "padding": 1},
    {"dilation": 2, "stride": 2},
    {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)},
    {"ceil_mode": True},
]


def arguments(size=(7, 8), **options):
    x = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    return MAX_POOL2D.complete(Arguments(x=x, kernel_size=3, **options))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_right_reduction_in_loops_is_right(options):
    a = arguments(**options)
    in_order = in_loops(lambda patch: patch.amax((-2, -1)), edge=-torch.inf)
    assert torch.equal(in_order(MAX_POOL2D.reference, a), MAX_POOL2D.reference(a))


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_window_has_more_pixels_or_fewer(more):
    count = in_loops(lambda patch: patch.new_full(patch.shape[:2], patch[0, 0].numel()), more=more)
    assert count(MAX_POOL2D.reference, arguments())[0, 0, 0, 0] == (3 + more) ** 2


def test_a_window_that_begins_late_has_another_corner():
    corner = in_loops(lambda patch: patch[..., 0, 0], start=1)
    a = arguments()
    assert torch.equal(corner(MAX_POOL2D.reference, a), a.x[:, :, 1:7:3, 1:7:3])


def test_the_padding_is_what_it_is_told_to_be():
    a = arguments(padding=1)
    assert torch.equal(padded(a, 5.0), F.pad(a.x, (1, 1, 1, 1), value=5.0))


def test_a_window_moves_by_its_own_size_unless_told():
    assert steps(arguments()) == (3, 3)
    assert steps(arguments(stride=(2, 1))) == (2, 1)
    assert reaches(arguments(dilation=(1, 2)), more=1) == [(4, 1), (7, 2)]


@pytest.mark.parametrize(
    ("size", "options", "expected"),
    [((6, 9), {}, True), ((6, 8), {}, False), ((7, 7), {"stride": 2}, True),
     ((4, 7), {"padding": 1}, True), ((5, 5), {"dilation": 2}, True)],
)  # fmt: skip
def test_windows_divide_an_image_with_its_padding(size, options, expected):
    # (4 + 2) / 3 and (7 + 2) / 3 leave nothing; a window dilated by 2 spans 5 pixels.
    assert divides(arguments(size, **options)) is expected
