import math

import pytest
import torch

from labkit.checks.banks import gru_gates as bank
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
    ("RESET_BEFORE_PRODUCT", ""): (1 - Z) * math.tanh(XN + R * 2 * 0.6 - 0.25) + Z * 2,
    ("RESET_WRONG", "Yours does not use it."): (1 - Z) * math.tanh(XN + HN) + Z * 2,
    ("RESET_WRONG", "Yours multiplies the candidate."): (1 - Z) * R * math.tanh(XN + HN) + Z * 2,
    ("RESET_WRONG", "Yours uses z, the update gate, in its place."): (
        (1 - Z) * math.tanh(XN + Z * HN) + Z * 2
    ),
    ("GATE_ACTIVATION", "Yours are the bare sums."): (
        (1 - XZ - HZ) * math.tanh(XN + (XR + HR) * HN) + (XZ + HZ) * 2
    ),
    ("GATE_ACTIVATION", "Your r is the bare sum."): (
        (1 - Z) * math.tanh(XN + (XR + HR) * HN) + Z * 2
    ),
    ("GATE_ACTIVATION", "Your z has tanh."): (
        (1 - math.tanh(XZ + HZ)) * N + math.tanh(XZ + HZ) * 2
    ),
    ("GATES_BLIND", "Yours depend on the input alone."): (
        (1 - sigmoid(XZ)) * math.tanh(XN + sigmoid(XR) * HN) + sigmoid(XZ) * 2
    ),
}


@pytest.mark.parametrize(("mistake", "particular"), WORKED)
def test_the_new_state_is_as_the_words_say(mistake, particular):
    made = getattr(bank, mistake).variants[particular](GRU_UPDATE.reference, ASKED)
    assert float(made) == pytest.approx(WORKED[mistake, particular], abs=1e-6)


def test_the_parts_are_the_gates_and_the_candidate():
    sums = bank.sums_of(ASKED)
    assert [float(v) for v in (sums.r, sums.z, sums.n)] == pytest.approx([R, Z, N])


def test_another_candidate_is_mixed_as_the_right_one():
    half = bank.with_candidate(lambda s: s.n / 2)(GRU_UPDATE.reference, ASKED)
    assert float(half) == pytest.approx((1 - Z) * N / 2 + Z * 2)


def test_a_reset_that_is_seen_by_the_update_gate_leaves_the_state_itself():
    words = "Yours uses it for z too, which is made of the old state as it was."
    z = sigmoid(XZ + R * 2 * -0.5 + 0.1)
    made = bank.RESET_WRONG.variants[words](GRU_UPDATE.reference, ASKED)
    assert float(made) == pytest.approx((1 - z) * N + z * 2, abs=1e-6)


def test_a_state_that_is_overwritten_by_the_reset_is_used_in_all():
    words = "Yours overwrites h by r * h, and so uses it for z and for the new state too."
    h = R * 2
    z = sigmoid(XZ + h * -0.5 + 0.1)
    right = (1 - z) * math.tanh(XN + h * 0.6 - 0.25) + z * h
    assert float(
        bank.RESET_BEFORE_PRODUCT.variants[words](GRU_UPDATE.reference, ASKED)
    ) == pytest.approx(right)
