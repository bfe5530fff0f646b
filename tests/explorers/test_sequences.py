"""labkit.explorers.sequences: a sequence of numbers, and labels for its steps."""

import numpy as np
import pytest
import torch

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.explorers.sequences import sequence_numbers, step_labels


@pytest.mark.parametrize(
    "inputs",
    [
        [[0, 1], [2, 3]],
        np.arange(4).reshape(2, 2),
        torch.arange(4.0, dtype=torch.float64, requires_grad=True).reshape(2, 2),
        torch.arange(4.0, dtype=torch.bfloat16).reshape(2, 2).T.contiguous().T,
    ],
)
def test_every_way_to_write_a_sequence_gives_the_same_numbers(inputs):
    numbers = sequence_numbers(inputs)
    assert torch.equal(numbers, torch.tensor([[0.0, 1.0], [2.0, 3.0]]))
    assert numbers.dtype == torch.float32
    assert numbers.is_contiguous()
    assert not numbers.requires_grad


@pytest.mark.parametrize(
    ("inputs", "error", "way_out"),
    [
        (torch.zeros(5, 1, 3), ShapeError, r"\(5, 1, 3\); expected \(steps, width\).*x\[:, 0\]"),
        (torch.zeros(5), ShapeError, r"x\[:, None\]"),
        (torch.zeros(0, 4), ShapeError, r"\(0, 4\)"),
        (torch.zeros(65, 4), ShapeError, "at most 64 steps of 16 numbers; cut it"),
        (torch.zeros(4, 17), ShapeError, "4 steps of 17 numbers"),
        (torch.zeros(2, 2, dtype=torch.complex64), DTypeError, r"\.real"),
        (torch.tensor([[1.0, torch.nan]]), OptionError, "nan_to_num"),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_what_is_no_sequence_is_refused_with_a_way_out(inputs, error, way_out):
    with pytest.raises(error, match=way_out):
        sequence_numbers(inputs)


def test_labels_are_the_letters_of_a_text_or_the_texts_of_a_list():
    assert step_labels("abc", 3) == step_labels(["a", "b", "c"], 3) == ["a", "b", "c"]
    assert step_labels("你好", 2) == ["你", "好"]
    assert step_labels(None, 3) == []


@pytest.mark.parametrize(
    ("tokens", "error", "message"),
    [
        ("ab", ShapeError, "2 labels for 3 steps"),
        ([1, 2, 3], OptionError, r"tokens holds 1; .*str\(number\)"),
        (["a", "b", "c" * 25], OptionError, "at most 24 characters"),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_labels_that_do_not_fit_are_refused(tokens, error, message):
    with pytest.raises(error, match=message):
        step_labels(tokens, 3)
