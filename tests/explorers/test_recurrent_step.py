"""labkit.explorers.recurrent_step: one unit at one step, as torch's cell works it out."""

import pytest
import torch
from torch import nn

from labkit.explorers.recurrent_layer import RecurrentLayer
from labkit.explorers.recurrent_step import update_of_unit, update_words

CLASSES = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def made(kind, position, unit):
    torch.manual_seed(3)
    module, inputs = CLASSES[kind](3, 4), torch.randn(5, 3)
    layer = RecurrentLayer.of(kind, module.state_dict(), 3)
    return update_of_unit(layer, inputs, position, unit), module, inputs


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("position", [0, 4])
def test_state_and_cell_are_torchs(kind, position):
    for unit in range(4):
        step, module, inputs = made(kind, position, unit)
        output, last = module(inputs[: position + 1])
        assert (step.position, step.unit) == (position, unit)
        assert step.state == pytest.approx(output[position, unit].item(), abs=1e-6)
        before = output[position - 1, unit].item() if position else 0.0
        assert step.before == pytest.approx(before, abs=1e-6)
        cell = last[1][0, unit].item() if kind == "lstm" else 0.0
        assert step.cell == pytest.approx(cell, abs=1e-6)


def test_each_kind_makes_its_state_of_its_gates():
    (h,) = made("rnn", 3, 2)[0].gates
    assert h.value == pytest.approx(torch.tensor(h.from_input + h.from_state).tanh().item())
    step = made("gru", 3, 2)[0]
    r, z, n = step.gates
    assert n.value == pytest.approx(
        torch.tensor(n.from_input + r.value * n.from_state).tanh().item(), abs=1e-6
    )
    assert step.state == pytest.approx((1 - z.value) * n.value + z.value * step.before, abs=1e-6)
    step = made("lstm", 3, 2)[0]
    *_, o = step.gates
    assert step.state == pytest.approx(o.value * torch.tensor(step.cell).tanh().item(), abs=1e-6)


@pytest.mark.parametrize("kind", CLASSES)
def test_words_keep_the_answer_back(kind):
    step = made(kind, 2, 1)[0]
    told, kept = update_words(step), update_words(step, reveal=False)
    assert told.endswith(f"= {step.state:.4g}")
    assert kept.endswith("= ?")
    assert f"{step.state:.4g}" not in kept
    assert kind != "lstm" or f"{step.cell:.4g}" not in kept
    for gate in step.gates[: 0 if kind == "rnn" else None]:
        assert f"{gate.name} = {gate.value:.4g}" in kept
