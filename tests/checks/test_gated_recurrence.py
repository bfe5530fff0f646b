"""Learners write one update of a GRU and of an LSTM: right in many styles, wrong in more."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.checks import check
from labkit.checks.gated_recurrence import GRU_UPDATE, LSTM_UPDATE

pytestmark = pytest.mark.usefixtures("as_learners_run_it")

sigmoid, tanh = torch.sigmoid, torch.tanh
WRONG_GRU, WRONG_LSTM = [], []


def makes(mistake):
    def keep(function):
        kept = WRONG_LSTM if "lstm" in function.__name__ else WRONG_GRU
        kept.append(pytest.param(function, mistake, id=f"{mistake}-{function.__name__}"))
        return function

    return keep


def name_of(function):
    return getattr(function, "__name__", type(function).__name__)


# ---------------------------------------------------------------- GRU, right


def gru_plain(x, h, weight_ih, weight_hh, bias_ih=None, bias_hh=None):
    x_r, x_z, x_n = F.linear(x, weight_ih, bias_ih).chunk(3, dim=1)
    h_r, h_z, h_n = F.linear(h, weight_hh, bias_hh).chunk(3, dim=1)
    r = sigmoid(x_r + h_r)
    z = sigmoid(x_z + h_z)
    n = tanh(x_n + r * h_n)
    return (1 - z) * n + z * h


def gru_matrices_apart(x, state, w_ih, w_hh, b_ih=0.0, b_hh=0.0):
    H = state.shape[1]
    b_ih = b_ih + torch.zeros(3 * H, dtype=x.dtype)
    b_hh = b_hh + torch.zeros(3 * H, dtype=x.dtype)
    reset = sigmoid(x @ w_ih[:H].T + b_ih[:H] + state @ w_hh[:H].T + b_hh[:H])
    update = sigmoid(
        x @ w_ih[H : 2 * H].T + b_ih[H : 2 * H] + state @ w_hh[H : 2 * H].T + b_hh[H : 2 * H]
    )
    new = tanh(
        x @ w_ih[2 * H :].T + b_ih[2 * H :] + reset * (state @ w_hh[2 * H :].T + b_hh[2 * H :])
    )
    return new + update * (state - new)  # fmt: skip


def gru_loops(x, h, w_ih, w_hh, b_ih, b_hh):
    N, H = h.shape
    rows = []
    for n in range(N):
        row = []
        for j in range(H):
            s = [w_ih[k * H + j] @ x[n] + b_ih[k * H + j] for k in range(3)]
            t = [w_hh[k * H + j] @ h[n] + b_hh[k * H + j] for k in range(3)]
            r, z = sigmoid(s[0] + t[0]), sigmoid(s[1] + t[1])
            row.append((1 - z) * tanh(s[2] + r * t[2]) + z * h[n, j])
        rows.append(torch.stack(row))
    return torch.stack(rows)


def gru_by_view(X, H, W, U):
    s = torch.einsum("gji,ni->gnj", W.view(3, -1, W.shape[1]), X)
    t = torch.einsum("gjk,nk->gnj", U.view(3, -1, U.shape[1]), H)
    r, z = (s[:2] + t[:2]).sigmoid()
    return torch.lerp((s[2] + r * t[2]).tanh(), H, z)


def gru_by_exponentials(inputs, hx, weight_ih, weight_hh, *, bias_ih=None):
    def sig(v):
        return 1 / (1 + (-v).exp())

    gx, gh = F.linear(inputs, weight_ih, bias_ih), hx @ weight_hh.mT
    size = hx.size(1)
    rz = sig(gx[:, : 2 * size] + gh[:, : 2 * size])
    r, z = rz[:, :size], rz[:, size:]
    new = 2 * sig(2 * (gx[:, 2 * size :] + r * gh[:, 2 * size :])) - 1
    return new - z * new + z * hx


class GruModule(nn.Module):
    def forward(self, x, h_prev, weight_ih, weight_hh, bias_ih, bias_hh):
        return torch.gru_cell(x, h_prev, weight_ih, weight_hh, bias_ih, bias_hh)


def gru_keywords(**given):
    return gru_plain(**given)


def gru_transposed(x, h, w_ih, w_hh):
    """Work with columns instead of rows."""
    r, z, n = (w_ih @ x.T).tensor_split(3)
    r_h, z_h, n_h = (w_hh @ h.T).tensor_split(3)
    z = (z + z_h).sigmoid()
    return ((1 - z) * (n + (r + r_h).sigmoid() * n_h).tanh() + z * h.T).T


RIGHT_GRU = [
    gru_plain, gru_matrices_apart, gru_loops, gru_by_view, gru_by_exponentials, GruModule(),
    gru_transposed, torch.gru_cell,
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT_GRU, ids=name_of)
def test_every_correct_gru_passes(answer):
    verdict = check.gru_update(answer)
    assert verdict.passed, verdict


# ---------------------------------------------------------------- GRU, wrong


@makes("update_gate_inverted")
def gru_z_for_the_new(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    i_r, i_z, i_n = F.linear(x, w_ih, b_ih).chunk(3, 1)
    h_r, h_z, h_n = F.linear(h, w_hh, b_hh).chunk(3, 1)
    z = sigmoid(i_z + h_z)
    n = tanh(i_n + sigmoid(i_r + h_r) * h_n)
    return z * n + (1 - z) * h


@makes("reset_before_product")
def gru_of_the_paper(x, h, w_ih, w_hh):
    w_r, w_z, w_n = w_ih.chunk(3)
    u_r, u_z, u_n = w_hh.chunk(3)
    r = sigmoid(x @ w_r.T + h @ u_r.T)
    z = sigmoid(x @ w_z.T + h @ u_z.T)
    n = tanh(x @ w_n.T + (r * h) @ u_n.T)
    return (1 - z) * n + z * h


@makes("reset_before_product")
def gru_of_the_paper_with_biases(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    if b_ih is None:
        b_ih = b_hh = x.new_zeros(len(w_ih))
    H = h.shape[1]
    gx, gh = x @ w_ih.T + b_ih, h @ w_hh.T + b_hh
    r, z = sigmoid(gx[:, :H] + gh[:, :H]), sigmoid(gx[:, H : 2 * H] + gh[:, H : 2 * H])
    n = tanh(gx[:, 2 * H :] + F.linear(r * h, w_hh[2 * H :], b_hh[2 * H :]))
    return (1 - z) * n + z * h


@makes("reset_before_product")
def gru_state_overwritten(x, h, w_ih, w_hh):
    w_r, w_z, w_n = w_ih.chunk(3)
    u_r, u_z, u_n = w_hh.chunk(3)
    h = sigmoid(x @ w_r.T + h @ u_r.T) * h
    z = sigmoid(x @ w_z.T + h @ u_z.T)
    n = tanh(x @ w_n.T + h @ u_n.T)
    return (1 - z) * n + z * h


@makes("gate_order")
def gru_as_in_keras(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    x_z, x_r, x_n = F.linear(x, w_ih, b_ih).chunk(3, 1)
    h_z, h_r, h_n = F.linear(h, w_hh, b_hh).chunk(3, 1)
    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
    return (1 - z) * tanh(x_n + r * h_n) + z * h


@makes("gate_order")
def gru_candidate_first(x, h, w_ih, w_hh):
    x_n, x_r, x_z = (x @ w_ih.T).chunk(3, 1)
    h_n, h_r, h_z = (h @ w_hh.T).chunk(3, 1)
    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
    return (1 - z) * tanh(x_n + r * h_n) + z * h


@makes("reset_wrong")
def gru_no_reset(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    _, z, n = (F.linear(x, w_ih, b_ih) + F.linear(h, w_hh, b_hh)).chunk(3, 1)
    z = sigmoid(z)
    return (1 - z) * tanh(n) + z * h


@makes("reset_wrong")
def gru_reset_on_everything(x, h, w_ih, w_hh):
    r, z, n = (x @ w_ih.T + h @ w_hh.T).chunk(3, 1)
    r, z = sigmoid(r), sigmoid(z)
    return (1 - z) * tanh(r * n) + z * h


@makes("reset_wrong")
def gru_reset_on_input(x, h, w_ih, w_hh):
    i = (x @ w_ih.T).chunk(3, 1)
    s = (h @ w_hh.T).chunk(3, 1)
    r, z = sigmoid(i[0] + s[0]), sigmoid(i[1] + s[1])
    return (1 - z) * tanh(r * i[2] + s[2]) + z * h


@makes("update_wrong")
def gru_returns_candidate(x, h, w_ih, w_hh):
    i = (x @ w_ih.T).chunk(3, 1)
    s = (h @ w_hh.T).chunk(3, 1)
    return tanh(i[2] + sigmoid(i[0] + s[0]) * s[2])


@makes("update_wrong")
def gru_adds(x, h, w_ih, w_hh):
    i = (x @ w_ih.T).chunk(3, 1)
    s = (h @ w_hh.T).chunk(3, 1)
    z = sigmoid(i[1] + s[1])
    return tanh(i[2] + sigmoid(i[0] + s[0]) * s[2]) + z * h


@makes("update_wrong")
def gru_forgets_old(x, h, w_ih, w_hh):
    i = (x @ w_ih.T).chunk(3, 1)
    s = (h @ w_hh.T).chunk(3, 1)
    n = tanh(i[2] + sigmoid(i[0] + s[0]) * s[2])
    return n - sigmoid(i[1] + s[1]) * n


@makes("candidate_activation")
def gru_linear_candidate(x, h, w_ih, w_hh):
    i_r, i_z, i_n = F.linear(x, w_ih).chunk(3, 1)
    h_r, h_z, h_n = F.linear(h, w_hh).chunk(3, 1)
    z, n = sigmoid(i_z + h_z), i_n + sigmoid(i_r + h_r) * h_n
    return (1 - z) * n + z * h


@makes("candidate_activation")
def gru_sigmoid_everywhere(x, h, w_ih, w_hh):
    i_r, i_z, i_n = F.linear(x, w_ih).chunk(3, 1)
    h_r, h_z, h_n = F.linear(h, w_hh).chunk(3, 1)
    r, z = sigmoid(i_r + h_r), sigmoid(i_z + h_z)
    return (1 - z) * sigmoid(i_n + r * h_n) + z * h


@makes("gate_activation")
def gru_tanh_everywhere(x, h, w_ih, w_hh):
    i_r, i_z, i_n = F.linear(x, w_ih).chunk(3, 1)
    h_r, h_z, h_n = F.linear(h, w_hh).chunk(3, 1)
    r, z = tanh(i_r + h_r), tanh(i_z + h_z)
    return (1 - z) * tanh(i_n + r * h_n) + z * h


@makes("gate_activation")
def gru_bare_gates(x, h, w_ih, w_hh):
    i_r, i_z, i_n = F.linear(x, w_ih).chunk(3, 1)
    h_r, h_z, h_n = F.linear(h, w_hh).chunk(3, 1)
    return (1 - i_z - h_z) * tanh(i_n + (i_r + h_r) * h_n) + (i_z + h_z) * h


@makes("bias_forgotten")
def gru_without_bias(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    return gru_plain(x, h, w_ih, w_hh)


@makes("bias_once")
def gru_with_one_bias(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    return gru_plain(x, h, w_ih, w_hh, b_ih)


@makes("bias_once")
def gru_biases_for_one(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    return gru_plain(x, h, w_ih, w_hh, b_hh, b_hh)


@makes("bias_twice")
def gru_both_biases_twice(x, h, w_ih, w_hh, b_ih=0, b_hh=0):
    return gru_plain(x, h, w_ih, w_hh, 2 * b_ih, 2 * b_hh) if torch.is_tensor(b_ih) else gru_plain(
        x, h, w_ih, w_hh
    )  # fmt: skip


@makes("state_ignored")
def gru_zero_state(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    return gru_plain(x, torch.zeros_like(h), w_ih, w_hh, b_ih, b_hh)


@makes("input_ignored")
def gru_without_input(x, h, w_ih, w_hh):
    r, z, n = (h @ w_hh.T).chunk(3, 1)
    z = sigmoid(z)
    return (1 - z) * tanh(sigmoid(r) * n) + z * h


@makes("weight_transposed")
def gru_blocks_transposed(x, h, w_ih, w_hh):
    u = torch.cat([h @ block for block in w_hh.chunk(3)], 1)
    i_r, i_z, i_n = F.linear(x, w_ih).chunk(3, 1)
    h_r, h_z, h_n = u.chunk(3, 1)
    z = sigmoid(i_z + h_z)
    return (1 - z) * tanh(i_n + sigmoid(i_r + h_r) * h_n) + z * h


@makes("weights_swapped")
def gru_matrices_swapped(x, h, w_ih, w_hh):
    return gru_plain(x, h, w_hh, w_ih)


@makes("gates_interleaved")
def gru_view_of_three(x, h, w_ih, w_hh):
    i = (x @ w_ih.T).view(len(x), -1, 3)
    s = (h @ w_hh.T).view(len(x), -1, 3)
    r, z = sigmoid(i[..., 0] + s[..., 0]), sigmoid(i[..., 1] + s[..., 1])
    return (1 - z) * tanh(i[..., 2] + r * s[..., 2]) + z * h


@makes("gates_blind")
def gru_gates_of_input(x, h, w_ih, w_hh):
    r, z, n = (x @ w_ih.T).chunk(3, 1)
    z = sigmoid(z)
    return (1 - z) * tanh(n + sigmoid(r) * (h @ w_hh.T).chunk(3, 1)[2]) + z * h


@makes("batch_one_only")
def gru_first_state(x, h, w_ih, w_hh):
    return gru_plain(x, h[:1].repeat(len(x), 1), w_ih, w_hh)


def gru_sums(x, h, w_ih, w_hh):
    from_x, from_h = (x @ w_ih.T).chunk(3, 1), (h @ w_hh.T).chunk(3, 1)
    return [a + b for a, b in zip(from_x[:2], from_h[:2], strict=True)], from_x[2], from_h[2]


@makes("gate_activation")
def gru_bare_reset(x, h, w_ih, w_hh):
    (r, z), x_n, h_n = gru_sums(x, h, w_ih, w_hh)
    return torch.lerp(tanh(x_n + r * h_n), h, sigmoid(z))


@makes("gate_activation")
def gru_bare_update(x, h, w_ih, w_hh):
    (r, z), x_n, h_n = gru_sums(x, h, w_ih, w_hh)
    return torch.lerp(tanh(x_n + sigmoid(r) * h_n), h, z)


@makes("reset_wrong")
def gru_one_gate_for_both(x, h, w_ih, w_hh):
    (_, z), x_n, h_n = gru_sums(x, h, w_ih, w_hh)
    return torch.lerp(tanh(x_n + sigmoid(z) * h_n), h, sigmoid(z))


@makes("reset_wrong")
def gru_reset_state_for_the_update_gate(x, h, w_ih, w_hh):
    H = h.shape[1]
    (r, _), x_n, h_n = gru_sums(x, h, w_ih, w_hh)
    z = sigmoid(x @ w_ih[H : 2 * H].T + (sigmoid(r) * h) @ w_hh[H : 2 * H].T)
    return torch.lerp(tanh(x_n + sigmoid(r) * h_n), h, z)


@makes("update_wrong")
def gru_new_state_for_the_update_gate(x, h, w_ih, w_hh):
    H = h.shape[1]
    (r, _), x_n, h_n = gru_sums(x, h, w_ih, w_hh)
    n = tanh(x_n + sigmoid(r) * h_n)
    z = sigmoid(x @ w_ih[H : 2 * H].T + n @ w_hh[H : 2 * H].T)
    return (1 - z) * n + z * h


@makes("update_wrong")
def gru_mixed_by_the_reset_gate(x, h, w_ih, w_hh):
    (r, _), x_n, h_n = gru_sums(x, h, w_ih, w_hh)
    return torch.lerp(tanh(x_n + sigmoid(r) * h_n), h, sigmoid(r))


@makes("update_wrong")
def gru_tanh_of_the_mixture(x, h, w_ih, w_hh):
    return tanh(gru_plain(x, h, w_ih, w_hh))


@makes("update_gate_inverted+candidate_activation")
def gru_inverted_without_tanh(x, h, w_ih, w_hh):
    (r, z), x_n, h_n = gru_sums(x, h, w_ih, w_hh)
    return torch.lerp(h, x_n + sigmoid(r) * h_n, sigmoid(z))


@makes("wrong_values")
def gru_halves(x, h, w_ih, w_hh):
    return (gru_plain(x, h, w_ih, w_hh) + h) / 2


@makes("wrong_values")
def gru_squares(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    return gru_plain(x, h, w_ih, w_hh, b_ih, b_hh) ** 2


@pytest.mark.parametrize(("answer", "mistake"), WRONG_GRU)
def test_each_mistake_in_a_gru_is_called_by_its_name(answer, mistake):
    verdict = check.gru_update(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


def test_a_wrong_number_of_a_gru_is_derived():
    message = check.gru_update(gru_squares).message
    assert "h[0, 0] should be (1 - z)*n + z*h = (1 - 0." in message
    assert "r = sigmoid(" in message


# ---------------------------------------------------------------- LSTM, right


def lstm_plain(x, state, weight_ih, weight_hh, bias_ih=None, bias_hh=None):
    h, c = state
    sums = F.linear(x, weight_ih, bias_ih) + F.linear(h, weight_hh, bias_hh)
    i, f, g, o = sums.chunk(4, dim=1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def lstm_states_apart(x, h, c, w_ih, w_hh, b_ih=None, b_hh=None):
    return lstm_plain(x, (h, c), w_ih, w_hh, b_ih, b_hh)


def lstm_loops(x_t, h_prev, c_prev, W, U, b_ih, b_hh):
    N, H = h_prev.shape
    h, c = torch.zeros_like(h_prev), torch.zeros_like(c_prev)
    for n in range(N):
        for j in range(H):
            s = [
                W[k * H + j] @ x_t[n] + b_ih[k * H + j] + U[k * H + j] @ h_prev[n] + b_hh[k * H + j]
                for k in range(4)
            ]
            c[n, j] = sigmoid(s[1]) * c_prev[n, j] + sigmoid(s[0]) * tanh(s[2])
            h[n, j] = sigmoid(s[3]) * tanh(c[n, j].clone())
    return [h, c]


def lstm_one_matrix(inp, hc, w, u, b=None):
    h, c = hc
    sums = F.linear(torch.cat([inp, h], 1), torch.cat([w, u], 1), b).unflatten(1, (4, -1))
    i, f, o = sums[:, [0, 1, 3]].sigmoid().unbind(1)
    c = f * c + i * sums[:, 2].tanh()
    return o * c.tanh(), c


def lstm_by_torch(input, hx, w_ih, w_hh, b_ih, b_hh):
    return torch.lstm_cell(input, hx, w_ih, w_hh, b_ih, b_hh)


class LstmModule(nn.Module):
    def forward(self, x, states, weight_ih, weight_hh, *, bias_ih=None, bias_hh=None):
        h, c = lstm_plain(x, states, weight_ih, weight_hh, bias_ih, bias_hh)
        return h, c


def lstm_unnamed(one, two, three, four):
    return lstm_plain(one, two, three, four)


def lstm_nested(x, h_0, c_0, w_ih, w_hh):
    h, c = lstm_plain(x, (h_0, c_0), w_ih, w_hh)
    return ((h, c),)


RIGHT_LSTM = [
    lstm_plain, lstm_states_apart, lstm_loops, lstm_one_matrix, lstm_by_torch, LstmModule(),
    lstm_unnamed, lstm_nested,
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT_LSTM, ids=name_of)
def test_every_correct_lstm_passes(answer):
    verdict = check.lstm_update(answer)
    assert verdict.passed, verdict


# ---------------------------------------------------------------- LSTM, wrong


def lstm_gates(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    """Return i, f, g and o; beginners' mistakes come afterwards."""
    i, f, g, o = (F.linear(x, w_ih, b_ih) + F.linear(h, w_hh, b_hh)).chunk(4, 1)
    return sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)


@makes("gate_order")
def lstm_forget_first(x, state, w_ih, w_hh, b_ih=None, b_hh=None):
    h, c = state
    f, i, g, o = (F.linear(x, w_ih, b_ih) + F.linear(h, w_hh, b_hh)).chunk(4, 1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


@makes("gate_order")
def lstm_candidate_last(x, h, c, w_ih, w_hh):
    i, f, o, g = (x @ w_ih.T + h @ w_hh.T).chunk(4, 1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


@makes("cell_tanh_forgotten")
def lstm_h_without_tanh(x, state, w_ih, w_hh):
    h, c = state
    i, f, g, o = lstm_gates(x, h, w_ih, w_hh)
    c = f * c + i * g
    return o * c, c


@makes("cell_tanh_forgotten")
def lstm_tanh_outside(x, state, w_ih, w_hh):
    h, c = state
    i, f, g, o = lstm_gates(x, h, w_ih, w_hh)
    c = f * c + i * g
    return tanh(o * c), c


@makes("cell_tanh_forgotten")
def lstm_tanh_kept(x, h, c, w_ih, w_hh):
    i, f, g, o = lstm_gates(x, h, w_ih, w_hh)
    c = tanh(f * c + i * g)
    return o * c, c


@makes("candidate_activation")
def lstm_four_sigmoids(x, state, w_ih, w_hh, b_ih=None, b_hh=None):
    h, c = state
    sums = F.linear(x, w_ih, b_ih) + F.linear(h, w_hh, b_hh)
    i, f, g, o = sigmoid(sums).chunk(4, 1)
    c = f * c + i * g
    return o * tanh(c), c


@makes("candidate_activation")
def lstm_linear_candidate(x, state, w_ih, w_hh):
    h, c = state
    i, f, g, o = (x @ w_ih.T + h @ w_hh.T).chunk(4, 1)
    c = sigmoid(f) * c + sigmoid(i) * g
    return sigmoid(o) * tanh(c), c


@makes("gate_activation")
def lstm_four_tanhs(x, state, w_ih, w_hh):
    h, c = state
    i, f, g, o = tanh(x @ w_ih.T + h @ w_hh.T).chunk(4, 1)
    c = f * c + i * g
    return o * tanh(c), c


@makes("gate_activation")
def lstm_activations_swapped(x, h, c, w_ih, w_hh):
    i, f, g, o = (x @ w_ih.T + h @ w_hh.T).chunk(4, 1)
    c = tanh(f) * c + tanh(i) * sigmoid(g)
    return tanh(o) * tanh(c), c


@makes("forget_gate_wrong")
def lstm_of_1997(x, state, w_ih, w_hh):
    h, c = state
    i, _, g, o = lstm_gates(x, h, w_ih, w_hh)
    c = c + i * g
    return o * tanh(c), c


@makes("forget_gate_wrong")
def lstm_forgets_the_sum(x, state, w_ih, w_hh):
    h, c = state
    i, f, g, o = lstm_gates(x, h, w_ih, w_hh)
    c = f * (c + i * g)
    return o * tanh(c), c


@makes("forget_gate_wrong")
def lstm_forgets_the_candidate(x, state, w_ih, w_hh, b_ih=None, b_hh=None):
    h, c = state
    _, f, g, o = lstm_gates(x, h, w_ih, w_hh, b_ih, b_hh)
    c = c + f * g
    return o * tanh(c), c


@makes("forget_gate_wrong")
def lstm_one_minus_f(x, h, c, w_ih, w_hh):
    i, f, g, o = lstm_gates(x, h, w_ih, w_hh)
    c = c - f * c + i * g
    return o * tanh(c), c


@makes("input_gate_wrong")
def lstm_adds_all(x, state, w_ih, w_hh):
    h, c = state
    _, f, g, o = lstm_gates(x, h, w_ih, w_hh)
    c = f * c + g
    return o * tanh(c), c


@makes("input_gate_wrong")
def lstm_coupled(x, state, w_ih, w_hh):
    h, c = state
    _, f, g, o = lstm_gates(x, h, w_ih, w_hh)
    c = g + f * (c - g)
    return o * tanh(c), c


@makes("output_gate_wrong")
def lstm_everything_shown(x, state, w_ih, w_hh):
    h, c = state
    i, f, g, _ = lstm_gates(x, h, w_ih, w_hh)
    c = f * c + i * g
    return tanh(c), c


@makes("output_gate_wrong")
def lstm_shows_candidate(x, state, w_ih, w_hh):
    h, c = state
    i, f, g, o = lstm_gates(x, h, w_ih, w_hh)
    return o * g, f * c + i * g


@makes("output_gate_wrong")
def lstm_late_output_gate(x, state, w_ih, w_hh):
    h, c = state
    i, f, g, _ = lstm_gates(x, h, w_ih, w_hh)
    c = f * c + i * g
    h = tanh(c)
    o = lstm_gates(x, h, w_ih, w_hh)[3]
    return o * h, c


@makes("old_cell_used")
def lstm_h_of_old_cell(x, state, w_ih, w_hh):
    h, c = state
    i, f, g, o = lstm_gates(x, h, w_ih, w_hh)
    h = o * tanh(c)
    c = f * c + i * g
    return h, c


@makes("old_cell_used")
def lstm_returns_old_cell(x, state, w_ih, w_hh, b_ih=None, b_hh=None):
    h, _ = lstm_plain(x, state, w_ih, w_hh, b_ih, b_hh)
    return h, state[1]


@makes("states_swapped")
def lstm_returns_c_first(x, state, w_ih, w_hh):
    return lstm_plain(x, state, w_ih, w_hh)[::-1]


@makes("states_swapped")
def lstm_takes_c_first(x, state, w_ih, w_hh):
    c, h = state
    return lstm_plain(x, (h, c), w_ih, w_hh)


@makes("states_swapped")
def lstm_swapped_throughout(x, state, w_ih, w_hh):
    c, h = state
    h, c = lstm_plain(x, (h, c), w_ih, w_hh)
    return c, h


@makes("states_swapped")
def lstm_h_twice(x, state, w_ih, w_hh):
    h, _ = lstm_plain(x, state, w_ih, w_hh)
    return h, h


@makes("cell_ignored")
def lstm_new_cell(x, state, w_ih, w_hh):
    i, _, g, o = lstm_gates(x, state[0], w_ih, w_hh)
    return o * tanh(i * g), i * g


@makes("state_ignored")
def lstm_h_unused(x, h, c, w_ih, w_hh):
    i, f, g, o = (x @ w_ih.T).chunk(4, 1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


@makes("bias_forgotten")
def lstm_no_bias(x, state, w_ih, w_hh, b_ih=None, b_hh=None):
    return lstm_plain(x, state, w_ih, w_hh)


@makes("bias_once")
def lstm_one_bias(x, state, w_ih, w_hh, b_ih=None, b_hh=None):
    return lstm_plain(x, state, w_ih, w_hh, b_ih)


@makes("weight_transposed")
def lstm_blocks_transposed(x, state, w_ih, w_hh):
    h, c = state
    u = torch.cat([h @ block for block in w_hh.chunk(4)], 1)
    i, f, g, o = (x @ w_ih.T + u).chunk(4, 1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


@makes("gates_interleaved")
def lstm_every_fourth(x, state, w_ih, w_hh):
    h, c = state
    sums = x @ w_ih.T + h @ w_hh.T
    i, f, g, o = (sums[:, k::4] for k in range(4))
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


@makes("cell_tanh_forgotten+bias_forgotten")
def lstm_two_mistakes(x, state, w_ih, w_hh, b_ih=None, b_hh=None):
    h, c = state
    i, f, g, o = lstm_gates(x, h, w_ih, w_hh)
    c = f * c + i * g
    return o * c, c


@makes("wrong_type")
def lstm_h_alone(x, state, w_ih, w_hh):
    return lstm_plain(x, state, w_ih, w_hh)[0]


@makes("wrong_type")
def lstm_stacked(x, state, w_ih, w_hh):
    return torch.stack(lstm_plain(x, state, w_ih, w_hh))


@makes("input_modified")
def lstm_cell_in_place(x, state, w_ih, w_hh):
    h, c = state
    i, f, g, o = lstm_gates(x, h, w_ih, w_hh)
    c *= f
    c += i * g
    return o * tanh(c), c


@makes("wrong_gradient")
def lstm_cell_detached(x, state, w_ih, w_hh):
    h, c = state
    i, f, g, o = lstm_gates(x, h, w_ih, w_hh)
    c = f * c + i * g
    return o * tanh(c.detach()), c


def lstm_sums(x, state, w_ih, w_hh):
    return (x @ w_ih.T + state[0] @ w_hh.T).chunk(4, 1)


@makes("forget_gate_wrong")
def lstm_remembers_at_first(x, state, w_ih, w_hh):
    i, f, g, o = lstm_sums(x, state, w_ih, w_hh)
    c = sigmoid(f + 1) * state[1] + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


@makes("gate_activation")
def lstm_output_gate_with_tanh(x, state, w_ih, w_hh):
    i, f, g, o = lstm_sums(x, state, w_ih, w_hh)
    c = sigmoid(f) * state[1] + sigmoid(i) * tanh(g)
    return tanh(o) * tanh(c), c


@makes("output_gate_wrong")
def lstm_returns_its_gate(x, state, w_ih, w_hh):
    i, f, g, o = lstm_sums(x, state, w_ih, w_hh)
    return sigmoid(o), sigmoid(f) * state[1] + sigmoid(i) * tanh(g)


@makes("cell_tanh_forgotten+forget_gate_wrong")
def lstm_never_forgets_and_is_not_squashed(x, state, w_ih, w_hh):
    i, _, g, o = lstm_sums(x, state, w_ih, w_hh)
    c = state[1] + sigmoid(i) * tanh(g)
    return sigmoid(o) * c, c


@makes("wrong_values")
def lstm_mean_of_cells(x, state, w_ih, w_hh):
    h, c = lstm_plain(x, state, w_ih, w_hh)
    return h, (c + state[1]) / 2


@makes("wrong_values")
def lstm_residual(x, state, w_ih, w_hh):
    h, c = lstm_plain(x, state, w_ih, w_hh)
    return h + state[0], c


@makes("wrong_signature")
def lstm_without_state(x, w_ih, w_hh):
    return x


@pytest.mark.parametrize(("answer", "mistake"), WRONG_LSTM)
def test_each_mistake_in_an_lstm_is_called_by_its_name(answer, mistake):
    verdict = check.lstm_update(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


def test_a_wrong_number_of_an_lstm_is_derived_in_its_own_result():
    message = check.lstm_update(lstm_mean_of_cells).message
    assert "c[0, 0] should be f*c + i*g = 0." in message
    assert "(row 0, unit 0: i = sigmoid(" in message
    message = check.lstm_update(lstm_residual).message
    assert "h[0, 0] should be o*tanh(c) = 0." in message


def test_the_state_is_written_as_one():
    assert "lstm_update(x, (h, c), weight_ih, weight_hh)" in check.lstm_update(lstm_h_twice).message
    assert "def lstm_update(x, state, weight_ih, weight_hh)" in (
        check.lstm_update(lstm_without_state).message
    )
    assert "not 2 tensors, h, c." in check.lstm_update(lstm_h_alone).message


# ---------------------------------------------------------------- the references


@pytest.mark.parametrize("question", GRU_UPDATE.questions, ids=lambda q: q.about)
def test_what_is_asked_of_a_gru_can_be_worked_out_by_its_formula(question):
    torch.testing.assert_close(
        gru_plain(**question.arguments),
        GRU_UPDATE.reference(GRU_UPDATE.complete(question.arguments)),
    )


@pytest.mark.parametrize("question", LSTM_UPDATE.questions, ids=lambda q: q.about)
def test_what_is_asked_of_an_lstm_can_be_worked_out_by_its_formula(question):
    a = LSTM_UPDATE.complete(question.arguments)
    worked = lstm_plain(a.x, (a.h, a.c), a.weight_ih, a.weight_hh, a.bias_ih, a.bias_hh)
    torch.testing.assert_close(worked, LSTM_UPDATE.reference(a))
