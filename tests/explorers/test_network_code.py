"""labkit.explorers.network_code: the code runs, prints the number of its step, and takes a step."""

import re

import pytest
import torch

from labkit.explorers.network_code import network_code
from labkit.explorers.network_layers import network_numbers
from labkit.explorers.network_steps import steps_of

from .network_by_autograd import FUNCTIONS, both_passes, descended, in_order, network


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("sizes", [(1, 1), (2, 2, 1), (1, 3, 1, 2)], ids=str)
def test_code_prints_the_number_of_each_step_and_takes_a_step(sizes, activation, capsys):
    layers, x, target = network(sizes)
    numbers = in_order(sizes, both_passes(layers, x, target, activation))
    (after, _) = descended(layers, x, target, activation, 0.1, 1)
    options = {"x": x.tolist(), "target": target.tolist(), "activation": activation, "lr": 0.1}
    for step, number in zip(steps_of(sizes), numbers, strict=True):
        names = {}
        exec(network_code(network_numbers(layers), step, **options), names)
        torch.testing.assert_close(names["network"], after, check_dtype=False, rtol=1e-4, atol=1e-5)
        printed = re.search(r"tensor\((\S+?)[,)]", capsys.readouterr().out)[1]
        assert float(printed) == pytest.approx(number, rel=1e-3, abs=1e-3)
