import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from labkit.errors import ShapeError
from labkit.figures.heatmap import heatmap


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def test_the_cells_are_the_numbers():
    matrix = torch.rand(3, 5, requires_grad=True)
    (image,) = heatmap(matrix).images
    assert np.array_equal(image.get_array(), matrix.detach().numpy())


def test_zero_is_white_where_signs_matter():
    (image,) = heatmap(torch.tensor([[-1.0, 4.0]]), signed=True).images
    assert image.get_clim() == (-4, 4)
    assert min(image.to_rgba(np.array([0.0]))[0, :3]) > 0.95


def test_rows_and_columns_carry_their_names():
    ax = heatmap(torch.eye(2), rows=["a", "b"], columns=["c", "d"], xlabel="key", ylabel="query")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["c", "d"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("key", "query")


def test_row_0_is_at_the_top():
    bottom, top = heatmap(torch.rand(3, 2)).get_ylim()
    assert bottom > top


@pytest.mark.parametrize(
    ("names", "words"), [({"rows": ["a"]}, "2 rows, got 1"), ({"columns": []}, "3 columns, got 0")]
)
def test_a_name_for_each_row_and_column(names, words):
    with pytest.raises(ShapeError, match=words):
        heatmap(torch.ones(2, 3), **names)


def test_numbers_stand_in_their_cells_and_need_no_scale():
    ax = heatmap(torch.tensor([[0.0, 12.0], [97.0, 5.0]]), numbers=True)
    assert [(t.get_position(), t.get_text()) for t in ax.texts] == [
        ((0, 0), "0"),
        ((1, 0), "12"),
        ((0, 1), "97"),
        ((1, 1), "5"),
    ]
    assert len(ax.figure.axes) == 1
    dark, bright = ax.texts[0].get_color(), ax.texts[2].get_color()
    assert (dark, bright) == ("white", "#1b1f24")
