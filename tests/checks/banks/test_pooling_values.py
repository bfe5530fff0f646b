import pytest
import torch

from labkit.checks.banks import pooling_values as bank
from labkit.checks.pooling import AVG_POOL2D, MAX_POOL2D
from labkit.checks.question import Arguments

PATCH = torch.tensor([[[[-5.0, 1.0], [2.0, 4.0]]]])


def of_one_window(mistake, operation=MAX_POOL2D, x=PATCH, **options):
    """Return what each way of a mistake makes of one window of four pixels."""
    a = operation.complete(Arguments({"kernel_size": 2} | options, x=x))
    return [float(variant(operation.reference, a)) for variant in mistake.variants.values()]


def test_what_is_taken_for_the_maximum():
    mean = (-5 + 1 + 2 + 4) / 4
    rows, columns = (max(-5, 1) + max(2, 4)) / 2, (max(-5, 2) + max(1, 4)) / 2
    assert of_one_window(bank.AVERAGE_NOT_MAX) == [mean, mean, rows, columns]
    assert of_one_window(bank.MIN_NOT_MAX) == [-5, -5, -5]
    assert of_one_window(bank.SUM_NOT_MAX) == [-5 + 1 + 2 + 4] * 2
    assert of_one_window(bank.ABSOLUTE_VALUE) == [5, -5, 4, 25]
    assert of_one_window(bank.INDEX_NOT_VALUE) == [3, 3]
    assert of_one_window(bank.ONE_PIXEL) == [-5, 4, 4]


def test_what_is_taken_for_the_mean():
    mean_of_rows = max((-5 + 1) / 2, (2 + 4) / 2)
    assert of_one_window(bank.MAX_NOT_AVERAGE, AVG_POOL2D) == [4, 4, mean_of_rows]
    assert of_one_window(bank.SUM_NOT_AVERAGE, AVG_POOL2D) == [2]
    assert of_one_window(bank.MEDIAN_NOT_AVERAGE, AVG_POOL2D) == [1]
    assert of_one_window(bank.ROUNDED, AVG_POOL2D, PATCH - 0.75) == [-1, 0, 0]


def test_what_the_sum_is_divided_by():
    divisors = {
        "Yours divides by kernel_size.": 3,
        "Yours divides by one less than their number.": 3 * 3 - 1,
        "Yours divides by one more than their number.": 3 * 3 + 1,
        "Yours divides twice.": (3 * 3) ** 2,
        "Yours divides by twice kernel_size.": 3 + 3,
    }
    made = of_one_window(bank.WRONG_DIVISOR, AVG_POOL2D, torch.ones(1, 1, 3, 3), kernel_size=3)
    assert dict(zip(bank.WRONG_DIVISOR.variants, made, strict=True)) == pytest.approx(
        {sentence: 9 / divisor for sentence, divisor in divisors.items()}
    )


def test_the_divisor_is_ignored_or_divides_a_mean():
    assert of_one_window(bank.DIVISOR_IGNORED, AVG_POOL2D, divisor_override=8) == [2 / 4, 2 / 4 / 8]


def test_a_window_of_negative_pixels_gives_zero():
    assert of_one_window(bank.STARTS_AT_ZERO, x=PATCH - 10) == [0, -1]
    assert of_one_window(bank.STARTS_AT_ZERO) == [4, 4]


@pytest.mark.parametrize("name", ["AVERAGE_NOT_MAX", "MIN_NOT_MAX", "SUM_NOT_MAX"])
def test_padding_of_minus_infinity_comes_out_where_the_sentence_says_so(name):
    mistake = getattr(bank, name)
    a = MAX_POOL2D.complete(Arguments(x=PATCH, kernel_size=2, padding=1))
    for sentence, variant in mistake.variants.items():
        infinite = bool((variant(MAX_POOL2D.reference, a) == -torch.inf).all())
        said = "With padding it is minus infinity" in sentence
        largest_first = "largest" in sentence  # of a row of padding it is minus infinity too
        assert infinite == (said or largest_first), sentence


def test_the_right_reductions():
    assert bank.maximum(PATCH).tolist() == [[4]]
    assert bank.average(PATCH).tolist() == [[0.5]]
