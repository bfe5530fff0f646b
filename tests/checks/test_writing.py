import torch

from labkit.checks.writing import factor, number, products, terms


def test_numbers_have_six_digits_and_no_zeros_at_the_end():
    assert [number(v) for v in (2.0, 1 / 3, -0.25, 1234567.0)] == [
        "2", "0.333333", "-0.25", "1.23457e+06",
    ]  # fmt: skip
    assert number(torch.tensor(0.5)) == "0.5"


def test_only_negative_factors_have_brackets():
    assert [factor(v) for v in (2, 0.0, -2)] == ["2", "0", "(-2)"]


def test_what_is_written_is_the_sum():
    a, b = torch.tensor([[1.0, -2.0], [0.5, 3.0]]), torch.tensor([[4.0, 0.25], [-1.0, -2.0]])
    assert products(a, b) == "1*4 + (-2)*0.25 + 0.5*(-1) + 3*(-2)"
    assert eval(products(a, b)) == float((a * b).sum())
    assert eval(terms(a.flatten())) == float(a.sum())
