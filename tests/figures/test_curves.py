import matplotlib.pyplot as plt
import pytest
import torch

from labkit.errors import OptionError, ShapeError
from labkit.figures.curves import curves


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def test_a_line_goes_through_the_numbers():
    ax = curves({"a": torch.tensor([3.0, 1.0]), "b": [1, 2]}, x=[10, 20])
    assert [line.get_xydata().tolist() for line in ax.lines] == [
        [[10, 3], [20, 1]],
        [[10, 1], [20, 2]],
    ]


def test_lines_are_told_apart_by_colour_and_by_dashes():
    ax = curves({name: [1.0, 2.0] for name in "abcdef"})
    assert len({line.get_color() for line in ax.lines}) == 6
    assert len({str(line.get_linestyle()) + str(line._dash_pattern) for line in ax.lines}) == 6


def test_one_line_needs_no_legend_and_two_do():
    assert curves({"a": [1.0]}).get_legend() is None
    legend = curves({"a": [1.0], "b": [2.0]}).get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]


def test_gradients_and_logarithms():
    ax = curves({"norm": torch.tensor([1.0, 1e-9], requires_grad=True)}, log=True)
    assert ax.get_yscale() == "log"


def test_it_draws_where_it_is_told():
    _, ax = plt.subplots()
    assert curves({"a": [1.0]}, ax=ax, ylabel="loss") is ax
    assert ax.get_ylabel() == "loss"


@pytest.mark.parametrize(
    ("series", "x", "error", "words"),
    [
        ({}, None, OptionError, "expected 1 to 6 series, got 0"),
        ({str(i): [1.0] for i in range(7)}, None, OptionError, "got 7"),
        ({"a": [1.0, 2.0]}, [1], ShapeError, "'a' has 2 numbers for 1 places"),
        ({"a": torch.ones(2, 2)}, None, ShapeError, r"got the shape \(2, 2\)"),
    ],
)
def test_what_cannot_be_drawn_is_said(series, x, error, words):
    with pytest.raises(error, match=words):
        curves(series, x=x)
