import torch

from labkit.checks.banks.gates import interleaved, orders
from labkit.checks.question import Arguments

# Two units; the rows of gate r begin with 1, those of z with 2, those of n with 3.
ROWS = torch.tensor([[10.0], [11.0], [20.0], [21.0], [30.0], [31.0]])
ASKED = Arguments(weight_ih=ROWS, weight_hh=-ROWS, bias_ih=ROWS[:, 0], bias_hh=None)


def rows(variant):
    a = variant(lambda a: a, ASKED)
    assert torch.equal(a.weight_hh, -a.weight_ih)
    assert torch.equal(a.bias_ih, a.weight_ih[:, 0])
    assert a.bias_hh is None
    return a.weight_ih[:, 0].tolist()


def test_every_wrong_order_of_three_gates_is_there():
    made = orders("r", "z", "n")
    assert len(made) == 3 * 2 * 1 - 1
    # Who reads z, r, n finds z's rows where r's are.
    assert rows(made["Yours reads them as z, r, n."]) == [20, 21, 10, 11, 30, 31]
    # Who reads n, r, z takes r from the second block, z from the third, n from the first.
    assert rows(made["Yours reads them as n, r, z."]) == [20, 21, 30, 31, 10, 11]
    assert len(orders("i", "f", "g", "o")) == 4 * 3 * 2 * 1 - 1


def test_who_takes_every_third_row_mixes_the_gates():
    assert rows(interleaved(3)) == [10, 21, 11, 30, 20, 31]
