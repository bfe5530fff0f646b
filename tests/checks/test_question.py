import pytest
import torch

from labkit.checks.question import Arguments, Question, bundle, parameter


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


def test_a_sequence_of_tensors_is_copied_and_converted_whole_and_labels_keep_their_dtype():
    given = Arguments(steps=[torch.ones(1), (torch.zeros(2),)], labels=torch.tensor([1, 2]))
    copy = given.copied(dtype=torch.float64)
    assert [t.dtype for t in copy.tensors().values()] == [
        torch.float64, torch.float64, torch.int64,
    ]  # fmt: skip
    assert isinstance(copy.steps[1], tuple)
    copy.steps[0].add_(1)
    copy.labels.add_(1)
    assert given.steps[0].tolist() == [1]
    assert given.labels.tolist() == [1, 2]
    assert list(given.tensors()) == ["steps[0]", "steps[1][0]", "labels"]


def test_a_sequence_without_tensors_is_an_option():
    question = Question("", Arguments(steps=[torch.ones(1)], size=(2, 3), none=None))
    assert question.options() == {"size": (2, 3), "none": None}


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [(torch.float32, 1e-3), (torch.float64, 1e-3), (torch.float16, 2e-2), (torch.bfloat16, 2e-2)],
)
def test_half_precision_may_be_further_off(dtype, tolerance):
    given = Arguments(labels=torch.tensor([1]), x=torch.ones(1, dtype=dtype))
    assert Question("", given).dtype == dtype
    assert Question("", given).tolerance == tolerance


def test_a_fine_question_tells_an_approximation_from_the_right_number():
    given = Arguments(x=torch.ones(1))
    assert Question("", given, fine=True).tolerance == 1e-5
    assert Question("", given.copied(dtype=torch.float16), fine=True).tolerance == 2e-2


def test_a_question_without_tensors_has_no_dtype():
    assert Question("", Arguments(length=3, labels=torch.tensor([1]))).dtype is None


def test_words_are_written_with_spaces_and_the_name_is_one_of_them():
    declared = parameter("bias", "b offset", default=1)
    assert (declared.words, declared.default) == ({"bias", "b", "offset"}, 1)
    pair = bundle("state", "h c", "hx")
    assert (pair.members, pair.words) == (("h", "c"), {"state", "hx"})
