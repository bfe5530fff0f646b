import pytest
import torch

from labkit.checks.banks import recurrence as bank
from labkit.checks.question import Arguments
from labkit.checks.recurrence import RNN_UPDATE

op = RNN_UPDATE.reference


@pytest.fixture
def arguments():
    """Give two rows, two inputs and two units, without an activation so that sums show."""
    return Arguments(
        x=torch.tensor([[1.0, 2.0], [0.0, 1.0]]),
        h=torch.tensor([[3.0, 1.0], [1.0, 0.0]]),
        weight_ih=torch.tensor([[1.0, 10.0], [2.0, 20.0]]),
        weight_hh=torch.tensor([[100.0, 200.0], [300.0, 400.0]]),
        bias_ih=torch.tensor([1000.0, 2000.0]),
        bias_hh=torch.tensor([10_000.0, 20_000.0]),
        nonlinearity="identity",
    )


# For row 0 and unit 0 the sum is 1*1 + 2*10, and 3*100 + 1*200, and 1000 + 10000.
WORKED = {
    ("STATE_IGNORED", ""): 21 + 11_000,
    ("STATE_IGNORED", "Its bias is forgotten with it."): 21 + 1000,
    ("STATE_WITHOUT_WEIGHTS", "Yours adds h inside tanh."): 21 + 3 + 11_000,
    ("STATE_WITHOUT_WEIGHTS", "Yours adds h to the result: a residual connection."): (
        521 + 11_000 + 3
    ),
    ("NOT_ADDED", "Yours subtracts the state's."): 21 - 500 + 11_000,
    ("NOT_ADDED", "Yours subtracts the input's."): 500 - 21 + 11_000,
    ("INPUT_IGNORED", ""): 500 + 11_000,
    ("BIAS_FORGOTTEN", ""): 521,
    ("BIAS_ONCE", "Yours forgets bias_hh."): 521 + 1000,
    ("BIAS_ONCE", "Yours forgets bias_ih."): 521 + 10_000,
    ("BIAS_ONCE", "Yours adds bias_ih twice instead of bias_hh."): 521 + 2 * 1000,
    ("BIAS_TWICE", "Yours adds both twice."): 521 + 2 * 11_000,
    ("BIAS_TWICE", "Yours adds bias_hh twice."): 521 + 1000 + 2 * 10_000,
    ("WEIGHTS_SWAPPED", ""): 1 * 100 + 2 * 200 + 3 * 1 + 1 * 10 + 11_000,
    ("WEIGHT_TRANSPOSED", "Yours computes h @ weight_hh."): 21 + 3 * 100 + 1 * 300 + 11_000,
    ("WEIGHT_TRANSPOSED", "Yours computes x @ weight_ih."): 1 * 1 + 2 * 2 + 500 + 11_000,
}


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_the_sum_is_as_the_words_say(arguments, mistake, particular):
    made = getattr(bank, mistake).variants[particular](op, arguments)
    assert float(made[0, 0]) == WORKED[mistake, particular]


def test_products_are_multiplied_each_with_its_bias(arguments):
    made = bank.NOT_ADDED.variants["Yours multiplies them."](op, arguments.but(nonlinearity="relu"))
    assert float(made[0, 0]) == (21 + 1000) * (500 + 10_000)


def test_what_is_read_in_the_first_row_only_is_right_there(arguments):
    first = bank.BATCH_ONE_ONLY.variants["Yours gives every row the state of the first."]
    made, right = first(op, arguments), op(arguments)
    assert torch.equal(made[0], right[0])
    assert float(made[1, 0]) == 10 + 500 + 11_000


def test_a_matrix_that_is_not_square_cannot_be_transposed(arguments):
    wide = arguments.but(x=torch.ones(2, 3), weight_ih=torch.ones(2, 3))
    with pytest.raises(ValueError, match=r"^$"):
        bank.WEIGHT_TRANSPOSED.variants["Yours computes x @ weight_ih."](op, wide)


def test_each_gates_block_is_transposed_by_itself():
    def stacked(a):
        return a.weight_hh

    a = Arguments(weight_hh=torch.arange(8.0).reshape(4, 2))
    made = bank.WEIGHT_TRANSPOSED.variants["Yours computes h @ weight_hh."](stacked, a)
    assert made.tolist() == [[0, 2], [1, 3], [4, 6], [5, 7]]
