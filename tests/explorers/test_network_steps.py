"""labkit.explorers.network_steps: one number after the other, forward and all the way back."""

from itertools import pairwise
from math import isnan

import pytest
import torch

from labkit.explorers.network_steps import (
    Step,
    node_name,
    seen_at,
    steps_of,
    value_of,
    words_of,
    work_out,
)
from labkit.ops.backpropagation import Layer

from .network_by_autograd import FUNCTIONS, SIZES, both_passes, in_order, network

HIDDEN = Layer(torch.tensor([[0.5, 1.0], [1.0, -1.5]]), torch.tensor([0.0, 0.5]))
LAST = Layer(torch.tensor([[1.0, -1.0]]), torch.tensor([0.5]))
LAYERS, X, TARGET = [HIDDEN, LAST], torch.tensor([2.0, 1.0]), torch.tensor([1.0])


def test_the_lessons_network_number_by_number():
    passes = work_out(LAYERS, X, TARGET, "relu")
    h1, h2 = 0.5 * 2 + 1 * 1 + 0, 1 * 2 - 1.5 * 1 + 0.5
    y = 1 * h1 - 1 * h2 + 0.5
    slope = 2 * (y - 1)
    forwards = [h1, h2, y, (y - 1) ** 2]
    last = [slope, slope * h1, slope * h2, slope]
    first = [slope * 1, slope * 2, slope * 1, slope, slope * -1, -slope * 2, -slope * 1, -slope]
    assert [value_of(step, passes) for step in steps_of([2, 2, 1])] == forwards + last + first


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_each_step_is_what_autograd_says(sizes, activation):
    layers, x, target = network(sizes)
    passes = work_out([Layer(*layer) for layer in layers], x, target, activation)
    found = [value_of(step, passes) for step in steps_of(sizes)]
    expected = in_order(sizes, both_passes(layers, x, target, activation))
    torch.testing.assert_close(torch.tensor(found), torch.tensor(expected))


def test_every_number_has_one_step():
    for sizes in SIZES:
        steps = steps_of(sizes)
        neurons = sum(sizes[1:])
        weights = sum((a + 1) * b for a, b in pairwise(sizes))
        assert len(set(steps)) == len(steps) == 2 * neurons + 1 + weights


def test_what_comes_later_is_not_seen():
    passes, sizes = work_out(LAYERS, X, TARGET, "relu"), [2, 2, 1]
    steps = steps_of(sizes)
    for position in range(len(steps)):
        for reveal in (True, False):
            seen = seen_at(position, sizes, passes, reveal=reveal)
            for at, step in enumerate(steps):
                forwards = step.kind in ("sum", "loss")
                known = at < position or (reveal and (at == position or forwards))
                assert isnan(value_of(step, seen)) != known, (position, reveal, step)


def test_names_count_from_one_and_one_alone_has_no_number():
    names = [[node_name([6, 2, 1, 3], k, i) for i in range(n)] for k, n in enumerate([6, 2, 1, 3])]
    assert names == [["x₁", "x₂", "x₃", "x₄", "x₅", "x₆"], ["h₁", "h₂"], ["g"], ["y₁", "y₂", "y₃"]]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step("sum", 0, 1), "h₂ = relu(1 × 2 + (-1.5) × 1 + 0.5) = v"),
        (Step("sum", 1, 0), "y = 1 × 2 + (-1) × 1 + 0.5 = v"),
        (Step("loss"), "loss = sum of (y - t)² = v"),
        (Step("slope", 1, 0), "slope at y = 2 × (y - t) = v"),
        (Step("slope", 0, 1), "slope at h₂ = (1 × (-1)) × the slope of relu at 1 = v"),
        (Step("weight", 0, 1, 0), "gradient of x₁ → h₂ = slope at h₂ × x₁ = (-1) × 2 = v"),
        (Step("weight", 0, 1, 2), "gradient of the bias of h₂ = slope at h₂ × 1 = (-1) × 1 = v"),
    ],
)
def test_words_write_a_step_out(step, words):
    passes = work_out(LAYERS, X, TARGET, "relu")
    assert words_of(step, passes, LAYERS, "relu", "v") == words
