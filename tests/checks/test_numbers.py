import torch

from labkit.checks.numbers import Numbers


def test_the_same_question_has_the_same_numbers_and_another_has_others():
    one, again, other = (Numbers(about).integers(50) for about in ("a", "a", "b"))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_tensors_of_one_question_differ():
    numbers = Numbers("twice")
    assert not torch.equal(numbers.integers(50), numbers.integers(50))


def test_integers_have_both_signs_and_no_zero():
    drawn = Numbers("many").integers(20, 20)
    assert drawn.dtype == torch.float32
    assert sorted(set(drawn.flatten().tolist())) == [-4, -3, -2, -1, 1, 2, 3, 4]


def test_quarters_and_positive_ones():
    numbers = Numbers("quarters")
    assert set((4 * numbers.quarters(200)).tolist()) == {-4, -3, -2, -1, 1, 2, 3, 4}
    assert set((4 * numbers.positive(200)).tolist()) == {1, 2, 3, 4}


def test_labels_and_coins():
    numbers = Numbers("labels")
    labels, coins = numbers.labels(3, 100), numbers.booleans(100)
    assert labels.dtype == torch.int64
    assert set(labels.tolist()) == {0, 1, 2}
    assert coins.dtype == torch.bool
    assert 20 < int(coins.sum()) < 80


def test_numbers_are_made_on_the_cpu_whatever_the_default_device_is():
    with torch.device("meta"):
        assert Numbers("here").integers(2).device.type == "cpu"
