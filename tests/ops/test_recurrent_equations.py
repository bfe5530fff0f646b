"""labkit.ops.recurrent_equations: the gates one by one, at numbers that can be done by head."""

from math import log, tanh

import pytest
import torch

from labkit.errors import OptionError
from labkit.ops.recurrent_equations import activation, gated_output_state, gru_state, lstm_state

OPEN, SHUT = 1000.0, -1000.0
THIRD = -log(2)  # sigmoid(-log 2) = 1 / (1 + 2)


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def test_the_two_nonlinearities():
    assert activation("tanh")(tensor(0.5)).item() == pytest.approx(tanh(0.5))
    assert activation("relu")(tensor(-1, 2)).tolist() == [0, 2]


@pytest.mark.usefixtures("as_learners_run_it")
def test_there_is_no_third():
    with pytest.raises(OptionError, match="must be 'tanh' or 'relu', got 'gelu'"):
        activation("gelu")


def test_the_gates_of_an_lstm_stand_in_the_order_i_f_g_o():
    h, c = lstm_state(tensor(THIRD, 0, 2, THIRD), tensor(4.0))
    assert c.item() == pytest.approx(1 / 2 * 4 + 1 / 3 * tanh(2))
    assert h.item() == pytest.approx(1 / 3 * tanh(1 / 2 * 4 + 1 / 3 * tanh(2)))


@pytest.mark.parametrize(
    ("i", "f", "cell"), [(OPEN, OPEN, 4 + 1), (SHUT, OPEN, 4), (OPEN, SHUT, 1), (SHUT, SHUT, 0)]
)
def test_an_lstm_remembers_overwrites_adds_and_clears(i, f, cell):
    h, c = lstm_state(tensor(i, f, OPEN, SHUT), tensor(4.0))
    assert (h.item(), c.item()) == (0, cell)


def test_the_gates_of_a_gru_stand_in_the_order_r_z_n():
    h = gru_state(tensor(0, THIRD, 1), tensor(0, 0, 4), tensor(5.0))
    assert h.item() == pytest.approx(2 / 3 * tanh(1 + 1 / 2 * 4) + 1 / 3 * 5)


def test_a_gru_resets_what_it_sees_of_the_state_but_not_what_it_keeps():
    assert gru_state(tensor(SHUT, SHUT, 1), tensor(0, 0, 4), tensor(5.0)) == tanh(1)
    assert gru_state(tensor(SHUT, OPEN, 1), tensor(0, 0, 4), tensor(5.0)) == 5


def test_the_output_gate_comes_second():
    assert gated_output_state(tensor(2, THIRD)).item() == pytest.approx(1 / 3 * tanh(2))


def test_units_stand_side_by_side_within_each_gate():
    sums, c = torch.randn(3, 20, dtype=torch.float64), torch.randn(3, 5, dtype=torch.float64)
    h, _ = lstm_state(sums, c)
    alone, _ = lstm_state(sums[:, 2::5], c[:, 2:3])
    torch.testing.assert_close(h[:, 2:3], alone)
