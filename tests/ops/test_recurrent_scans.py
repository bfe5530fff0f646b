"""labkit.ops.recurrent_scans: packed steps are the updates one after another."""

from functools import partial

import pytest
import torch

from labkit.ops.recurrent_scans import gru_scan, lstm_scan, rnn_scan
from labkit.ops.recurrent_updates import gru_update, lstm_update, rnn_update
from labkit.ops.recurrent_weights import LayerWeights

COUNTS = [3, 3, 2, 1]  # sequences of 4, 3 and 2 steps


def numbers(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def weights(gates, *, bias=True):
    shapes = [(gates * 4, 2), (gates * 4, 4), (gates * 4,), (gates * 4,)]
    return LayerWeights(*(numbers(*s, seed=n) for n, s in enumerate(shapes[: 4 if bias else 2])))


CASES = {
    "tanh": (1, rnn_scan, rnn_update),
    "relu": (1, partial(rnn_scan, nonlinearity="relu"), partial(rnn_update, nonlinearity="relu")),
    "GRU": (3, gru_scan, gru_update),
}


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_each_step_is_an_update_of_the_sequences_that_still_run(case, bias):
    gates, scan, update = CASES[case]
    layer, rows, start = weights(gates, bias=bias), numbers(sum(COUNTS), 2), numbers(3, 4, seed=8)
    states, (last,) = scan(rows, COUNTS, (start,), layer)
    h, expected = start, []
    for x in rows.split(COUNTS):
        h = update(x, h[: len(x)], *layer[:4])
        expected.append(h)
    torch.testing.assert_close(states, torch.cat(expected))
    torch.testing.assert_close(last, torch.stack([expected[3][0], expected[2][1], expected[1][2]]))


@pytest.mark.parametrize("peepholes", [None, numbers(3, 4, seed=7)], ids=["none", "peepholes"])
@pytest.mark.parametrize("bias", [False, True])
def test_each_step_of_an_lstm_is_an_update(bias, peepholes):
    layer = weights(4, bias=bias)._replace(peepholes=peepholes)
    rows, start = numbers(sum(COUNTS), 2), (numbers(3, 4, seed=8), numbers(3, 4, seed=9))
    states, last = lstm_scan(rows, COUNTS, start, layer)
    state, hs, cs = start, [], []
    for x in rows.split(COUNTS):
        running = tuple(s[: len(x)] for s in state)
        state = lstm_update(x, running, *layer[:4], peepholes=peepholes)
        hs.append(state[0])
        cs.append(state[1])
    torch.testing.assert_close(states, torch.cat(hs))
    for mine, steps in zip(last, (hs, cs), strict=True):
        torch.testing.assert_close(mine, torch.stack([steps[3][0], steps[2][1], steps[1][2]]))


@pytest.mark.parametrize("case", [*CASES, "LSTM"])
def test_no_steps_at_all(case):
    gates, scan, _ = CASES.get(case, (4, lstm_scan, None))
    start = (numbers(3, 4),) * (2 if case == "LSTM" else 1)
    states, last = scan(numbers(0, 2), [], start, weights(gates))
    assert states.shape == (0, 4)
    assert all(torch.equal(a, b) for a, b in zip(last, start, strict=True))
