import pytest
import torch

from labkit.checks.comparison import agree, alike, differs, parts, plain


def test_rounding_agrees_and_a_sixteenth_does_not():
    """Questions hold quarters, and a sixteenth is the least that a product of two can be off."""
    right = torch.tensor([100.0, -3.0], dtype=torch.float64)
    for off in (1e-5, -1e-5, 9e-4):
        assert agree(right, right + off)
        assert agree(right + off, right)
    for off in (2e-3, -2e-3, 1 / 16):
        assert not agree(right, right + off)
        assert not agree(right + off, right)


def test_one_wrong_number_is_enough():
    right = torch.zeros(10, 10)
    wrong = right.clone()
    wrong[3, 4] = 1
    assert not agree(right, wrong)
    assert differs(right, wrong).nonzero().tolist() == [[3, 4]]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_differs_from_everything_itself_included(number):
    odd = torch.tensor([number, 1.0])
    assert differs(odd, odd).tolist() == [True, False]
    assert differs(odd, torch.ones(2)).tolist() == [True, False]
    assert not agree(odd, odd)


def test_numbers_are_not_broadcast():
    assert not agree(torch.zeros(1, 2), torch.zeros(2, 2))
    assert not agree(torch.zeros(2), torch.zeros(1, 2))


@pytest.mark.parametrize("nothing", [None, torch.zeros(0), torch.zeros(2, 0)])
def test_no_answer_agrees_with_no_numbers_and_with_nothing_else(nothing):
    assert agree(nothing, None)
    assert agree(None, nothing)
    assert agree(nothing, torch.zeros(0, 3))
    assert not agree(nothing, torch.zeros(1))
    assert not agree(torch.zeros(1), nothing)


# ---------------------------------------------------------------- plain numbers


class Labelled(torch.Tensor):
    """A subclass, as libraries make them."""


def test_plain_numbers_are_a_copy_without_gradient():
    leaf = torch.tensor([1.5, -2.0]).as_subclass(Labelled).requires_grad_()
    numbers = plain(leaf)
    assert type(numbers) is torch.Tensor
    assert numbers.dtype == torch.float64
    assert not numbers.requires_grad
    numbers += 1
    assert leaf.tolist() == [1.5, -2.0]


def test_plain_copies_what_is_plain_already():
    already = torch.zeros(2, dtype=torch.float64)
    plain(already).add_(1)
    assert already.tolist() == [0, 0]


@pytest.mark.parametrize("dtype", [torch.bool, torch.int8, torch.bfloat16, torch.complex64])
def test_every_dtype_has_plain_numbers(dtype):
    assert plain(torch.ones(2, dtype=dtype)).tolist() == [1, 1]


# ---------------------------------------------------------------- wrong answers, several results


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_two_wrong_answers_are_alike_where_both_are_no_number(number):
    odd = torch.tensor([number, 1.0])
    assert alike(odd, odd)
    assert not alike(odd, torch.tensor([0.0, 1.0]))
    assert not alike(odd, torch.tensor([number, 2.0]))
    assert not alike(odd, -odd)


def test_the_tolerance_is_the_questions():
    right = torch.ones(2)
    for same in (agree, alike):
        assert not same(right, right + 0.01)
        assert same(right, right + 0.01, 0.02)


def test_several_results_agree_one_by_one():
    h, c = torch.ones(2), torch.zeros(3)
    assert agree((h, c), (h, c))
    assert not agree((h, c), (h, c + 1))
    assert not agree((h + 1, c), (h, c))
    assert not agree((h, c), (c, h))
    assert not agree((h, c), h)
    assert not agree((h, c), (h, c, c))
    assert not agree((h, c), None)
    assert agree((h[:0], c[:0]), None)


def test_the_parts_of_one_tensor_are_itself():
    one = torch.ones(2)
    assert parts(one) == (one,)
    assert parts((one, one)) == (one, one)
    assert parts(None) == ()


def test_several_results_have_plain_numbers_in_the_same_arrangement():
    numbers = plain([torch.ones(1, dtype=torch.float16), torch.tensor([2])])
    assert isinstance(numbers, tuple)
    assert [(n.dtype, n.tolist()) for n in numbers] == [
        (torch.float64, [1]),
        (torch.float64, [2]),
    ]
