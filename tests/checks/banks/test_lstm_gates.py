import math

import pytest
import torch

from labkit.checks.banks import lstm_gates as bank
from labkit.checks.gated_recurrence import LSTM_UPDATE
from labkit.checks.question import Arguments


def sigmoid(v):
    return 1 / (1 + math.exp(-v))


# One unit whose four sums are 0.5, -0.25, 0.75 and 1: the input is 1, and h does not matter.
SUMS = (0.5, -0.25, 0.75, 1.0)
I, F, G, O = sigmoid(0.5), sigmoid(-0.25), math.tanh(0.75), sigmoid(1.0)  # noqa: E741
C = 2.0
ASKED = Arguments(
    x=torch.ones(1, 1),
    h=torch.full((1, 1), 3.0),
    c=torch.full((1, 1), C),
    weight_ih=torch.tensor(SUMS)[:, None],
    weight_hh=torch.zeros(4, 1),
    bias_ih=None,
    bias_hh=None,
)
CELLS = {
    ("FORGET_GATE_WRONG", "Yours does not use it: nothing is ever forgotten."): C + I * G,
    ("FORGET_GATE_WRONG", "Yours multiplies the sum of both by it."): F * (C + I * G),
    ("FORGET_GATE_WRONG", "Yours multiplies h instead of c."): F * 3 + I * G,
    ("INPUT_GATE_WRONG", "Yours does not use it."): F * C + G,
    ("INPUT_GATE_WRONG", "Yours uses 1 - f in its place."): F * C + (1 - F) * G,
    ("CANDIDATE_ACTIVATION", "Yours uses it as it is."): F * C + I * 0.75,
    ("GATE_ACTIVATION", "Yours are the bare sums."): -0.25 * C + 0.5 * G,
    ("GATE_ACTIVATION", "Your f is the bare sum."): -0.25 * C + I * G,
    ("GATE_ACTIVATION", "Your i has tanh."): F * C + math.tanh(0.5) * G,
    (
        "FORGET_GATE_WRONG",
        "Yours adds 1 to its sum, as some do to the bias that they begin with.",
    ): sigmoid(0.75) * C + I * G,
    (
        "FORGET_GATE_WRONG",
        "Yours multiplies what is kept and what is written, instead of adding them.",
    ): F * C * I * G,
}
SHOWN = {
    ("OUTPUT_GATE_WRONG", "Yours does not use it."): math.tanh(F * C + I * G),
    ("OUTPUT_GATE_WRONG", "Yours is the gate itself."): O,
    ("GATE_ACTIVATION", "Your o is the bare sum."): math.tanh(F * C + I * G),
    ("OUTPUT_GATE_WRONG", "Yours multiplies the candidate, not the cell."): O * G,
    ("OUTPUT_GATE_WRONG", "Yours uses the input gate."): I * math.tanh(F * C + I * G),
}


@pytest.mark.parametrize(("mistake", "particular"), CELLS)
def test_the_cell_is_as_the_words_say(mistake, particular):
    _, c = getattr(bank, mistake).variants[particular](LSTM_UPDATE.reference, ASKED)
    assert float(c) == pytest.approx(CELLS[mistake, particular], abs=1e-6)


@pytest.mark.parametrize(("mistake", "particular"), SHOWN)
def test_what_is_shown_of_the_cell_is_as_the_words_say(mistake, particular):
    h, c = getattr(bank, mistake).variants[particular](LSTM_UPDATE.reference, ASKED)
    assert float(h) == pytest.approx(SHOWN[mistake, particular], abs=1e-6)
    assert float(c) == pytest.approx(F * C + I * G)


def test_a_wrong_cell_can_be_shown_wrongly():
    kept = bank.FORGET_GATE_WRONG.variants["Yours does not use it: nothing is ever forgotten."]
    shown = bank.OUTPUT_GATE_WRONG.variants["Yours does not use it."]
    h, c = shown(lambda a: kept(LSTM_UPDATE.reference, a), ASKED)
    assert [float(h), float(c)] == pytest.approx([math.tanh(C + I * G), C + I * G])


def test_the_parts_are_the_gates_and_the_candidate():
    parts = bank.parts_of(ASKED)
    assert [float(v) for v in (parts.i, parts.f, parts.g, parts.o)] == pytest.approx([I, F, G, O])
    assert float(parts.new_c) == pytest.approx(F * C + I * G)


def test_gates_that_are_blind_for_the_input_have_sums_of_zero_here():
    _, c = bank.GATES_BLIND.variants["Yours depend on the state alone."](
        LSTM_UPDATE.reference, ASKED
    )
    assert float(c) == pytest.approx(0.5 * C + 0.5 * G)
