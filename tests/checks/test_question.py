import pytest
import torch

from labkit.checks.question import Arguments, Question


@pytest.fixture
def arguments():
    return Arguments(x=torch.ones(2), stride=2)


def test_arguments_are_attributes_and_what_is_missing_is_none(arguments):
    assert arguments.stride == arguments["stride"] == 2
    assert not hasattr(arguments, "padding")
    with pytest.raises(AttributeError, match="padding"):
        _ = arguments.padding


def test_but_changes_a_copy(arguments):
    changed = arguments.but(stride=1, padding=3)
    assert isinstance(changed, Arguments)
    assert (changed.stride, changed.padding) == (1, 3)
    assert changed.x is arguments.x
    assert arguments.stride == 2
    assert "padding" not in arguments


def test_a_copy_shares_no_memory_even_where_nothing_is_converted(arguments):
    copy = arguments.copied(dtype=torch.float32)
    copy.x += 1
    assert arguments.x.tolist() == [1, 1]
    assert copy.x.tolist() == [2, 2]
    assert copy.stride == 2


def test_a_copy_converts_tensors_only(arguments):
    assert arguments.copied(dtype=torch.float64).x.dtype == torch.float64
    assert arguments.copied(device="meta").x.is_meta
    assert arguments.x.dtype == torch.float32


def test_options_are_what_is_no_tensor(arguments):
    assert Question("strided", arguments).options() == {"stride": 2}


def test_an_operation_tells_inputs_from_what_may_be_left_out(linear):
    assert linear.inputs == ("x", "weight")
    assert linear.defaults == {"bias": None, "scale": 1}


def test_what_is_given_goes_before_the_defaults(linear, arguments):
    given = arguments.but(scale=4)
    complete = linear.complete(given)
    assert (complete.scale, complete.bias, complete.stride) == (4, None, 2)
    assert "bias" not in given
