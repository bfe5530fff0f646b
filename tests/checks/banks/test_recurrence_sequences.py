import math

import pytest
import torch

from labkit.checks.banks import recurrence_sequences as bank
from labkit.checks.question import Arguments
from labkit.checks.sequences import RNN

op = RNN.reference


@pytest.fixture
def sums():
    """Give two rows of three steps whose state is the running sum of the inputs."""
    return Arguments(
        x=torch.tensor([[[1.0], [10.0]], [[2.0], [20.0]], [[4.0], [40.0]]]),
        h=torch.tensor([[100.0], [1000.0]]),
        weight_ih=torch.ones(1, 1),
        weight_hh=torch.ones(1, 1),
        bias_ih=None,
        bias_hh=None,
        nonlinearity="identity",
        batch_first=False,
        lengths=None,
    )


def made(mistake, a, particular=""):
    output, h_n = mistake.variants[particular](op, a)
    return output[..., 0].T.tolist(), h_n[..., 0].tolist()


def test_without_a_mistake_the_state_is_the_running_sum(sums):
    output, h_n = op(sums)
    assert output[..., 0].T.tolist() == [[101, 103, 107], [1010, 1030, 1070]]
    assert h_n[:, 0].tolist() == [107, 1070]


def test_a_state_that_is_not_carried_begins_anew_in_each_step(sums):
    assert made(bank.STATE_NOT_CARRIED, sums) == (
        [[101, 102, 104], [1010, 1020, 1040]], [104, 1040],
    )  # fmt: skip
    assert made(bank.INITIAL_STATE_IGNORED, sums)[0] == [[1, 3, 7], [10, 30, 70]]


def test_a_bare_state_that_is_carried_is_squashed_afterwards(sums):
    small = sums.but(x=sums.x / 100, h=sums.h / 100, nonlinearity="tanh")
    assert made(bank.BARE_STATE_CARRIED, small)[0][0] == pytest.approx(
        [math.tanh(1.01), math.tanh(1.03), math.tanh(1.07)]
    )


def test_chained_rows_begin_where_the_row_before_ended(sums):
    assert made(bank.ROWS_CHAINED, sums)[0] == [[101, 103, 107], [117, 137, 177]]


def test_time_may_run_backwards_or_stand_still(sums):
    assert made(bank.TIME_REVERSED, sums)[0][0] == [104, 106, 107]
    ordered = "Its output is in the order of time all the same."
    assert made(bank.TIME_REVERSED, sums, ordered)[0][0] == [107, 106, 104]
    assert made(bank.INPUT_REPEATED, sums, "Yours reads the first.")[0][0] == [101, 102, 103]
    assert made(bank.INPUT_REPEATED, sums, "Yours reads the last.")[0][0] == [104, 108, 112]


def test_padding_is_counted_in_many_ways(sums):
    padded = sums.but(lengths=torch.tensor([1, 3]))
    first_row = {p: (made(bank.LENGTHS_IGNORED, padded, p)) for p in bank.LENGTHS_IGNORED.variants}
    outputs = {p: output[0] for p, (output, _) in first_row.items()}
    lasts = {p: last[0] for p, (_, last) in first_row.items()}
    assert outputs[""] == [101, 103, 107]
    assert lasts[""] == 107
    assert outputs["Your output repeats the last state there, instead of zeros."] == [101, 101, 101]
    last = "Your last state is output[-1], which is zero for a row that ended before."
    assert (outputs[last], lasts[last]) == ([101, 0, 0], 0)
    picked = "Your last state is output[lengths]; the last step of row n is lengths[n] - 1."
    assert (outputs[picked], lasts[picked]) == ([101, 0, 0], 103)
    idle = "Your padding reads zeros, but goes on updating the state."
    assert (outputs[idle], lasts[idle]) == ([101, 101, 101], 101)
    shortest = "Yours ends for all when the shortest ends."
    second = made(bank.LENGTHS_IGNORED, padded, shortest)
    assert (second[0][1], second[1][1]) == ([1010, 0, 0], 1010)
    assert lasts["Yours goes one step too far."] == 103
    assert lasts["Yours ends one step too early."] == 100


def test_the_variants_see_time_first_and_answer_as_asked(sums):
    turned = sums.but(x=sums.x.transpose(0, 1), batch_first=True)
    output, h_n = bank.STATE_NOT_CARRIED.variants[""](op, turned)
    assert output[..., 0].tolist() == [[101, 102, 104], [1010, 1020, 1040]]
    assert h_n[:, 0].tolist() == [104, 1040]


def test_a_mistake_of_the_update_is_made_in_every_step(sums):
    forgotten = next(m for m in bank.MISTAKES if m.name == "state_ignored")
    assert made(forgotten, sums)[0][0] == [1, 2, 4]
