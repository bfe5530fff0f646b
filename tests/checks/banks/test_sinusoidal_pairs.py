import pytest
import torch

from labkit.checks.banks.sinusoidal_pairs import angles_of, pairs_of, table_of
from labkit.checks.question import Arguments
from labkit.ops.positional_encoding import sinusoidal_encoding


def right(a):
    return sinusoidal_encoding(a.positions, a.d_model, base=a.base, dtype=torch.float64)


@pytest.mark.parametrize("d_model", [1, 2, 5, 6])
@pytest.mark.parametrize("base", [50, 10_000])
def test_pairs_hold_the_sine_and_the_cosine_of_each_angle(d_model, base):
    a = Arguments(positions=7, d_model=d_model, base=base)
    angles = angles_of(a)
    assert angles.shape == (7, (d_model + 1) // 2)
    pairs = pairs_of(right, a)
    torch.testing.assert_close(pairs, torch.stack((angles.sin(), angles.cos()), dim=-1))
    torch.testing.assert_close(table_of(pairs, a), right(a))


def test_pairs_come_from_the_operation_that_is_given():
    a = Arguments(positions=2, d_model=3, base=10_000)
    doubled = pairs_of(lambda a: 2 * right(a), a)
    torch.testing.assert_close(doubled, 2 * pairs_of(right, a))
