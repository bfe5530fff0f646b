import itertools

import pytest
import torch

from labkit.explorers.pooling import PoolingExplorer
from labkit.explorers.pooling_code import shift_slices


@pytest.fixture
def image():
    return torch.randn(9, 7, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("options", [{}, {"kernel_size": 3, "padding": 1, "ceil_mode": True}])
def test_code_runs_and_gives_the_output(image, kind, options, capsys):
    explorer = PoolingExplorer(image, kind=kind, position=5, count_include_pad=False, **options)
    names = {"image": image}
    exec(explorer.code, names)
    torch.testing.assert_close(names["output"], explorer.output)
    assert capsys.readouterr().out == f"{explorer.output.flatten()[5]!s}\n"


@pytest.mark.parametrize("shift", [(0, 1), (-2, 3), (0, 0)])
def test_code_of_a_shift_counts_what_changes(image, shift, capsys):
    explorer = PoolingExplorer(image, view="shift", shift=shift)
    names = {"image": image}
    exec(explorer.code, names)
    assert torch.equal(names["shifted"], explorer.shifted)
    changed = (explorer.shifted_output != explorer.output).sum().item()
    assert capsys.readouterr().out.endswith(f"\n{changed} of 12 outputs change\n")
    assert (changed > 0) == any(shift)


def test_code_of_the_gradient_prints_it(image, capsys):
    explorer = PoolingExplorer(image, kind="average", view="gradient", stride=1)
    names = {"image": image}
    exec(explorer.code, names)
    torch.testing.assert_close(names["image"].grad, explorer.gradient)
    assert str(explorer.gradient) in capsys.readouterr().out
    assert not image.requires_grad


def test_slices_say_where_cells_come_from_and_go_to():
    image = torch.arange(12.0).reshape(3, 4)
    for down, right in itertools.product(range(-3, 4), range(-4, 5)):
        there, here = shift_slices((3, 4), (down, right))
        moved = torch.zeros(3, 4)
        moved[there] = image[here]
        for y, x in itertools.product(range(3), range(4)):
            inside = 0 <= y - down < 3 and 0 <= x - right < 4
            assert moved[y, x] == (image[y - down, x - right] if inside else 0)
