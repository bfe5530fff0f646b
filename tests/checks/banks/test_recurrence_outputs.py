import torch

from labkit.checks.banks import recurrence_outputs as bank
from labkit.checks.question import Arguments

OUTPUT, LAST = torch.tensor([[[1.0]], [[2.0]], [[3.0]]]), torch.tensor([[3.0]])
ASKED = Arguments(x=torch.zeros(3, 1, 1), h=torch.tensor([[9.0]]), batch_first=False)


def right(a):
    return OUTPUT, LAST


def made(mistake, particular):
    output, h_n = mistake.variants[particular](right, ASKED)
    return output.flatten().tolist(), h_n.flatten().tolist()


def test_a_shifted_output_has_the_initial_state_or_lacks_one():
    shifted = {p: made(bank.OUTPUT_SHIFTED, p)[0] for p in bank.OUTPUT_SHIFTED.variants}
    assert list(shifted.values())[:3] == [[9, 1, 2], [9, 1, 2, 3], [1, 2]]
    assert shifted["The first step is missing."] == [2, 3]


def test_a_step_that_is_never_made_misses_its_input():
    def inputs(a):
        return a.x, a.x[-1]

    numbered = ASKED.but(x=OUTPUT)
    for which, left in (("last", [1, 2]), ("first", [2, 3])):
        variant = bank.OUTPUT_SHIFTED.variants[f"The {which} step is never made."]
        output, h_n = variant(inputs, numbered)
        assert (output.flatten().tolist(), h_n.tolist()) == (left, [left[-1:]])


def test_an_output_that_was_overwritten_is_the_last_state_everywhere():
    ways = {p: made(bank.OUTPUT_NOT_ALL, p)[0] for p in bank.OUTPUT_NOT_ALL.variants}
    *_, joined, alone, repeated = ways.values()
    assert (joined, alone, repeated) == ([1, 2, 3], [3], [3, 3, 3])


def test_a_wrong_last_state_leaves_the_output_alone():
    ways = {p: made(bank.LAST_STATE_WRONG, p) for p in bank.LAST_STATE_WRONG.variants}
    assert all(output == [1, 2, 3] for output, _ in ways.values())
    assert [last for _, last in ways.values()] == [[1, 2, 3], [1], [9], [3]]


def test_both_results_change_places():
    assert made(bank.RESULTS_SWAPPED, "") == ([3], [1, 2, 3])


def test_time_comes_first_inside_and_where_it_was_outside():
    seen = []

    def look(op, a):
        seen.append((tuple(a.x.shape), a.batch_first))
        return op(a)

    a = Arguments(x=torch.zeros(2, 5, 1), batch_first=True)
    output, _ = bank.time_first(look)(lambda b: (torch.zeros(5, 2, 3), LAST), a)
    assert seen == [((5, 2, 1), False)]
    assert output.shape == (2, 5, 3)
