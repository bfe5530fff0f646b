"""labkit.figures.network_plan: lines are as thick as their weights, and numbers lie apart."""

from math import dist

import pytest
import torch
from matplotlib.figure import Figure

from labkit.figures.cells import new_pen
from labkit.figures.network_plan import Plan, draw_badge, draw_lines, draw_numbers, written
from labkit.figures.style import ACCENT
from labkit.ops.backpropagation import Layer

LAYER = Layer(torch.tensor([[0.5, 1.0], [1.0, -1.5]]), torch.tensor([0.25, 0.75]))
GRADIENT = Layer(torch.tensor([[2.0, torch.nan], [-3.0, 4.0]]), torch.tensor([torch.nan, 7.0]))


@pytest.fixture
def pen():
    return new_pen(400.0, Figure().add_axes((0, 0, 1, 1)))


def words(pen):
    return [text.get_text() for text in pen.ax.texts]


@pytest.mark.parametrize("sizes", [(1, 1), (2, 2, 1), (6, 6, 6, 6), (1, 6, 2)])
def test_neurons_neither_touch_nor_leave_the_picture(sizes):
    plan = Plan(sizes)
    nodes = [plan.node(k, i) for k, size in enumerate((*sizes, 1)) for i in range(size)]
    for i, one in enumerate(nodes):
        assert plan.radius < one[0] < 700
        assert plan.radius < one[1] < plan.height - plan.radius
        assert all(dist(one, other) > 2 * plan.radius + 20 for other in nodes[:i])


def test_a_line_is_as_thick_as_its_weight_and_dashed_where_that_is_negative(pen):
    draw_lines(pen, Plan((2, 2)), [LAYER])
    lines = pen.ax.lines[:4]
    thick = [line.get_linewidth() for line in lines]
    assert thick[3] > thick[1] == thick[2] > thick[0]
    assert [line.is_dashed() for line in lines] == [False, False, False, True]
    assert len({line.get_color() for line in lines}) == 3


def test_a_gradient_stands_where_it_is_known_else_the_weight(pen):
    draw_numbers(pen, Plan((2, 2)), 0, LAYER, GRADIENT, (0, 0))
    assert words(pen) == ["2", "1", "b 0.25", "−3", "4", "b 7"]
    edges = [text.get_bbox_patch().get_edgecolor() for text in pen.ax.texts]
    assert len(set(edges)) == 2
    assert edges.count(edges[0]) == 1
    assert words(pen)[0] == "2"


def test_numbers_lie_apart_and_a_crowd_of_them_is_left_out(pen):
    plan = Plan((3, 3))
    many = Layer(torch.ones(3, 3), torch.zeros(3))
    draw_numbers(pen, plan, 0, many, None, None)
    places = [text.get_position() for text in pen.ax.texts if text.get_text() == "1"]
    assert len(places) == len(set(places)) == 9
    crowd = new_pen(400.0, Figure().add_axes((0, 0, 1, 1)))
    draw_numbers(crowd, Plan((4, 4)), 0, Layer(torch.ones(4, 4), torch.zeros(4)), None, (3, 2))
    assert words(crowd) == ["b 0"] * 3 + ["1", "b 0"]


def test_names_and_numbers(pen):
    plan = Plan((2, 3, 1))
    assert [plan.name(0, 1), plan.name(1, 2), plan.name(2, 0)] == ["x₂", "h₃", "y"]
    assert [written(0.0), written(-0.5), written(1.5384, 4)] == ["0", "−0.5", "1.538"]
    draw_badge(pen, (10.0, 10.0), "t", "white", current=True)
    assert written(pen.ax.texts[0].get_bbox_patch().get_linewidth()) != "0"
    assert ACCENT.startswith("#")
