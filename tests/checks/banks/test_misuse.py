import pytest
import torch

from labkit.checks.banks.misuse import by_axis, raises_unless, with_arguments, with_result
from labkit.checks.question import Arguments

tripled = with_arguments(lambda a: {"factor": 3 * a.factor})
one_more = with_result(lambda out: out + 1)


def times(a):
    return a.x * a.factor


@pytest.fixture
def arguments():
    return Arguments(x=torch.tensor([1.0, 2.0]), factor=2)


def test_other_arguments_reach_the_operation_and_the_callers_stay(arguments):
    assert tripled(times, arguments).tolist() == [1 * 6, 2 * 6]
    assert arguments.factor == 2


def test_the_result_is_changed_after_the_operation(arguments):
    assert one_more(times, arguments).tolist() == [1 * 2 + 1, 2 * 2 + 1]


def test_variants_compose_from_the_inside_out(arguments):
    doubled = with_result(lambda out: 2 * out)
    assert doubled(lambda a: one_more(times, a), arguments).tolist() == [2 * (2 + 1), 2 * (4 + 1)]
    assert one_more(lambda a: doubled(times, a), arguments).tolist() == [2 * 2 + 1, 2 * 4 + 1]


def test_what_raises_elsewhere_is_right_where_it_holds(arguments):
    even_only = raises_unless(lambda a: a.factor % 2 == 0)
    assert torch.equal(even_only(times, arguments), times(arguments))
    with pytest.raises(ValueError, match=r"^$"):
        even_only(times, arguments.but(factor=3))


def test_an_option_that_was_split_stays_split():
    assert by_axis(3) == (3, 3)
    assert by_axis((3, 1)) == by_axis(by_axis((3, 1))) == (3, 1)
