import math

import pytest
import torch

from labkit.checks.banks import gru as bank
from labkit.checks.gated_recurrence import GRU_UPDATE
from labkit.checks.question import Arguments


def sigmoid(v):
    return 1 / (1 + math.exp(-v))


# One unit: x = 1, h = 2; each gate's weights and biases differ.
X, H = (0.1, 0.2, 0.3), (0.4, -0.5, 0.6)
B, C = (0.05, -0.1, 0.2), (0.3, 0.1, -0.25)
ASKED = Arguments(
    x=torch.ones(1, 1),
    h=torch.full((1, 1), 2.0),
    weight_ih=torch.tensor(X)[:, None],
    weight_hh=torch.tensor(H)[:, None],
    bias_ih=torch.tensor(B),
    bias_hh=torch.tensor(C),
)
(XR, XZ, XN), (HR, HZ, HN) = (
    [w + b for w, b in zip(X, B, strict=True)],
    [2 * u + c for u, c in zip(H, C, strict=True)],
)
R, Z = sigmoid(XR + HR), sigmoid(XZ + HZ)
N = math.tanh(XN + R * HN)

WORKED = {
    ("UPDATE_GATE_INVERTED", ""): Z * N + (1 - Z) * 2,
    ("UPDATE_WRONG", "Yours returns the candidate."): N,
    ("UPDATE_WRONG", "Yours uses z for both."): Z * N + Z * 2,
    ("UPDATE_WRONG", "Yours mixes by the reset gate."): (1 - R) * N + R * 2,
    ("UPDATE_WRONG", "Yours takes tanh of the mixture once more."): math.tanh((1 - Z) * N + Z * 2),
    ("CANDIDATE_ACTIVATION", "Yours uses it as it is."): (1 - Z) * (XN + R * HN) + Z * 2,
}


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_the_new_state_is_as_the_words_say(mistake, particular):
    made = getattr(bank, mistake).variants[particular](GRU_UPDATE.reference, ASKED)
    assert float(made) == pytest.approx(WORKED[mistake, particular], abs=1e-6)


def test_a_z_of_the_candidate_forgets_the_old_state():
    words = "Your z is made of the new candidate, not of the old state."
    z = sigmoid(XZ + N * -0.5 + 0.1)
    made = bank.UPDATE_WRONG.variants[words](GRU_UPDATE.reference, ASKED)
    assert float(made) == pytest.approx((1 - z) * N + z * 2, abs=1e-6)


def test_a_wrong_candidate_can_be_mixed_wrongly():
    bare = bank.CANDIDATE_ACTIVATION.variants["Yours uses it as it is."]
    made = bank.UPDATE_GATE_INVERTED.variants[""](lambda a: bare(GRU_UPDATE.reference, a), ASKED)
    assert float(made) == pytest.approx(Z * (XN + R * HN) + (1 - Z) * 2, abs=1e-6)
