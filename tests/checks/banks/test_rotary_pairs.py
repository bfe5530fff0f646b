import pytest
import torch

from labkit.checks.banks.rotary_pairs import cosines_and_sines, features_of, pairs_of, turned_as
from labkit.checks.question import Arguments
from labkit.checks.rotary_embedding import ROTARY_EMBEDDING

X = torch.arange(16.0).reshape(2, 8)


def arguments(**options):
    return ROTARY_EMBEDDING.complete(Arguments(x=X, **options))


def test_pairs_of_both_layouts():
    assert pairs_of(X, arguments())[0].tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert pairs_of(X, arguments(layout="half"))[0].tolist() == [[0, 4], [1, 5], [2, 6], [3, 7]]
    assert pairs_of(X, arguments(rotary_dim=4))[0].tolist() == [[0, 1], [2, 3]]
    assert pairs_of(X, arguments(rotary_dim=4), "half")[0].tolist() == [[0, 2], [1, 3]]


@pytest.mark.parametrize("layout", ["interleaved", "half"])
@pytest.mark.parametrize("rotary_dim", [None, 4])
def test_pairs_become_the_same_features_again(layout, rotary_dim):
    a = arguments(layout=layout, rotary_dim=rotary_dim)
    assert torch.equal(features_of(pairs_of(X, a), X, a), X)


@pytest.mark.parametrize("layout", ["interleaved", "half"])
def test_cosines_and_sines_are_those_of_the_operation(layout):
    a = arguments(layout=layout, rotary_dim=6, base=100, scale=0.5)
    angles = torch.arange(2)[:, None] * 0.5 / 100 ** (torch.arange(0, 6, 2) / 6)
    cosine, sine = cosines_and_sines(ROTARY_EMBEDDING.reference, a)
    torch.testing.assert_close(cosine, angles.cos())
    torch.testing.assert_close(sine, angles.sin())


@pytest.mark.parametrize("layout", ["interleaved", "half"])
def test_the_right_formula_gives_the_operation_itself(layout):
    variant = turned_as(lambda a, b, c, s: (a * c - b * s, a * s + b * c))
    a = arguments(layout=layout, rotary_dim=6)
    right = ROTARY_EMBEDDING.reference
    torch.testing.assert_close(variant(right, a), right(a))
