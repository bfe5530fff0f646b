import pytest
import torch

from labkit.checks.properties import equals, height_width_swapped, missing, off_by_one, square
from labkit.checks.question import Arguments


@pytest.fixture
def arguments():
    return Arguments(x=torch.ones(2, 3, 3), weight=torch.ones(2, 3), bias=None, stride=2)


def test_options_by_value_and_by_absence(arguments):
    assert equals("stride", 2)(arguments)
    assert not equals("stride", 1)(arguments)
    assert missing("bias")(arguments)
    assert not missing("x")(arguments)


def test_square_looks_at_the_last_two_axes_of_each(arguments):
    assert square("x")(arguments)
    assert not square("weight")(arguments)
    assert not square("x", "weight")(arguments)


@pytest.mark.parametrize(
    ("got", "smaller", "larger"),
    [
        ((1, 2, 3, 4), False, False),
        ((1, 2, 2, 4), True, False),
        ((1, 2, 2, 3), True, False),
        ((1, 2, 3, 5), False, True),
        ((1, 2, 4, 5), False, True),
        ((1, 2, 2, 5), False, False),
        ((1, 2, 1, 4), False, False),
        ((1, 3, 2, 4), False, False),
        ((2, 4), False, False),
    ],
)
def test_one_pixel_too_few_or_too_many(got, smaller, larger):
    expected = (1, 2, 3, 4)
    assert off_by_one(-1)(Arguments(), expected, got) == smaller
    assert off_by_one(+1)(Arguments(), expected, got) == larger


def test_height_and_width_in_each_others_place():
    assert height_width_swapped(Arguments(), (1, 2, 3, 4), (1, 2, 4, 3))
    assert not height_width_swapped(Arguments(), (1, 2, 3, 3), (1, 2, 3, 3))
    assert not height_width_swapped(Arguments(), (1, 2, 3, 4), (1, 2, 3, 4))
