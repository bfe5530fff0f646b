import math

import pytest
import torch

from labkit.checks.banks import elementwise as bank
from labkit.checks.question import Arguments

# A function of each number by itself that is simple: x + 1.
X = torch.tensor([[1.0, 3.0], [-2.0, 2.0]])


def plus_one(a):
    return a.x + 1


def made(mistake, particular, x=X):
    return mistake.variants[particular](plus_one, Arguments(x=x)).flatten().tolist()


def test_a_sign_before_x_or_before_the_result():
    mistake = bank.sign_wrong("plus_one", "Take the plus.")
    assert made(mistake, "Yours is plus_one(-x).") == [0, -2, 3, -1]
    assert made(mistake, "Yours is -plus_one(x).") == [-2, -4, 1, -3]
    assert list(bank.sign_wrong("tanh", "", odd=True).variants) == ["Yours is tanh(-x)."]


def test_numbers_that_have_to_do_with_each_other():
    mistake = bank.elements_mixed("plus_one")
    assert made(mistake, "Yours subtracts the largest first, as a softmax may.") == [-1, 1, -4, 0]
    assert made(mistake, "Yours subtracts the mean first.") == [1, 3, -2, 2]
    assert made(mistake, "Yours divides by the sum of the results.") == [
        v / 8 for v in (2, 4, -1, 3)
    ]
    rows = torch.tensor([[0.0, math.log(3)], [0.0, 0.0]])
    last = made(mistake, "Yours is the softmax along the last axis.", rows)
    assert last == pytest.approx([1 / 4, 3 / 4, 1 / 2, 1 / 2])
    every = made(mistake, "Yours is the softmax of all numbers.", rows)
    assert every == pytest.approx([1 / 6, 3 / 6, 1 / 6, 1 / 6])


def test_the_slope_and_other_ways_to_it():
    mistake = bank.derivative_returned("half", "1/2", lambda x: 0 * x + 0.5, {"Odd.": torch.sign})
    assert made(mistake, "") == [0.5] * 4
    assert made(mistake, "Odd.") == [1, 1, -1, 1]
    assert mistake.says == "That is the slope of half, 1/2, not half itself."


def test_other_functions_are_all_but_its_own():
    mistake = bank.other_function("relu", "", {"my square": lambda x: x * x}, ["|x|"])
    assert made(mistake, "Yours is my square.") == [1, 9, 4, 4]
    assert made(mistake, "Yours is x as it was.") == [1, 3, -2, 2]
    assert made(mistake, "Yours is softsign, x / (1 + |x|).") == pytest.approx(
        [1 / 2, 3 / 4, -2 / 3, 2 / 3]
    )
    assert {"Yours is relu.", "Yours is |x|."}.isdisjoint(mistake.variants)
    assert bank.computed(torch.square)(None, Arguments(x=X)).tolist() == [[1, 9], [4, 4]]
