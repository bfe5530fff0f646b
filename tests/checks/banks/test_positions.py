import pytest
import torch

from labkit.checks.banks.positions import places_of, width_of
from labkit.checks.question import Arguments

X = torch.zeros(2, 3, 8)


@pytest.mark.parametrize(
    ("given", "places"),
    [
        ({"positions": 3}, [0, 1, 2]),
        ({"positions": None, "x": X}, [0, 1, 2]),
        ({"positions": torch.tensor([5, 2]), "x": X}, [5, 2]),
        ({"positions": torch.tensor([[0.5]]), "x": X}, [[0.5]]),
    ],
)
def test_places_are_those_given_or_counted(given, places):
    found = places_of(Arguments(given))
    assert found.dtype is torch.float64
    assert found.tolist() == places


def test_the_width_is_the_one_that_has_the_frequencies():
    assert width_of(Arguments(d_model=5)) == 5
    assert width_of(Arguments(x=X, rotary_dim=None)) == 8
    assert width_of(Arguments(x=X, rotary_dim=6)) == 6
