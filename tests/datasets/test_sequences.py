import pytest
import torch

from labkit.datasets.sequences import adding_problem, sunspots
from labkit.errors import OptionError


def test_one_number_for_each_year():
    years, numbers = sunspots().years, sunspots().numbers
    assert years.tolist() == list(range(1700, 2009))
    assert numbers.shape == years.shape
    assert numbers.min() == 0


def test_what_is_known_of_the_sun():
    """The years without spots about 1810, the record of 1957, and a cycle of eleven years."""
    record = sunspots()
    by_year = dict(zip(record.years.tolist(), record.numbers.tolist(), strict=True))
    assert by_year[1810] == 0
    assert by_year[1957] == max(by_year.values()) == pytest.approx(190.2)
    centred = record.numbers - record.numbers.mean()
    shared = {lag: (centred[lag:] * centred[:-lag]).mean().item() for lag in range(8, 15)}
    assert max(shared, key=shared.get) in {10, 11}
    assert "1700 to 2008" in repr(record)


def test_two_marks_one_in_each_half_and_their_sum():
    inputs, targets = adding_problem(500, 11, generator=torch.Generator().manual_seed(0))
    numbers, marks = inputs.unbind(-1)
    assert inputs.shape == (500, 11, 2)
    assert set(marks.unique().tolist()) == {0, 1}
    assert (marks[:, :5].sum(1) == 1).all()
    assert (marks[:, 5:].sum(1) == 1).all()
    assert (numbers >= 0).all()
    assert (numbers < 1).all()
    for number, mark, target in zip(numbers, marks, targets, strict=True):
        one, other = number[mark == 1].tolist()
        assert one + other == pytest.approx(target.item())


def test_always_answering_one_is_wrong_by_a_sixth():
    _, targets = adding_problem(20_000, 6, generator=torch.Generator().manual_seed(0))
    assert (targets - 1).square().mean().item() == pytest.approx(1 / 6, abs=0.005)


def test_it_repeats_with_its_generator():
    one, other = (adding_problem(4, 9, generator=torch.Generator().manual_seed(3)) for _ in "ab")
    assert torch.equal(one.inputs, other.inputs)


def test_every_step_may_be_marked():
    marks = adding_problem(400, 2).inputs[..., 1]
    assert (marks == 1).all()
    marked = adding_problem(2_000, 7, generator=torch.Generator().manual_seed(0)).inputs[..., 1]
    assert (marked.sum(0) > 0).all()


def test_a_sequence_without_room_for_two_marks():
    with pytest.raises(OptionError, match="length=1; use at least 2"):
        adding_problem(3, 1)
